"""Numbers as a person reads them."""

from __future__ import annotations

_UNITS = ((1e9, " G"), (1e6, " M"), (1e3, " k"))


def percent(share: float, digits: int = 2) -> str:
    """Return a share in percent.

    >>> percent(0.98061)
    '98.06 %'
    """
    return f"{100 * share:.{digits}f} %"


def plain(k: float) -> str:
    """Return a number with the digits that it was given with."""
    return f"{k:.15g}"


def short(value: float) -> str:
    """Return a large number in few letters.

    >>> short(2_386_000), short(784), short(1_500)
    ('2.39 M', '784', '1.5 k')
    """
    for size, unit in _UNITS:
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def size(count: float) -> str:
    """Return bytes in few letters.

    >>> size(9_544_000)
    '9.54 MB'
    """
    return f"{short(count)}B" if count >= 1000 else f"{count:.0f} bytes"


def times(before: float, after: float) -> str:
    """Say how many times less there is.

    >>> times(9, 3), times(9, 9)
    ('3 times less', 'not less')
    """
    return f"{before / after:.3g} times less" if 0 < after < before else "not less"
