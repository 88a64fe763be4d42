"""Names from files, made harmless once, at the door: for terminals, tables, pictures, shells."""

from __future__ import annotations

from prune.files import limits


def printable(text: str) -> str:
    """Return `text` with all that could steer a terminal or break a line written out.

    >>> print(printable("a\\x1b[31m\\n"))
    a\\x1b[31m\\n
    """
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def short(name: str) -> str:
    """Return a layer's name as it is used everywhere: printable, and of bounded length."""
    name = printable(name)
    return name if len(name) <= limits.NAME else f"{name[: limits.NAME]}..."
