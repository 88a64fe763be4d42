"""What somebody may have meant, and numbers of things."""

from __future__ import annotations

from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> str:
    """Return " (did you mean X?)" for the nearest of `known`, or nothing.

    >>> closest("magnitud", ["magnitude", "random"])
    ' (did you mean magnitude?)'
    """
    from difflib import get_close_matches  # here, since it is seldom needed

    found = get_close_matches(word, list(known), n=1)
    return f" (did you mean {found[0]}?)" if found else ""


def counted(number: int, thing: str) -> str:
    """Return a number of things.

    >>> counted(1, "network"), counted(2000, "epoch")
    ('1 network', '2,000 epochs')
    """
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
