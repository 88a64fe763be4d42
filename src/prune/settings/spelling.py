"""What somebody may have meant."""

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
