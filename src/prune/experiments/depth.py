"""Networks of several depths: of one width, or of as many parameters."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

Sizes = tuple[int, ...]  # of the hidden layers


def width_held(depths: Sequence[int], width: int) -> dict[int, Sizes]:
    """Return the networks whose hidden layers all have `width` units, by depth."""
    return {depth: (width,) * depth for depth in depths}


def parameters_held(
    depths: Sequence[int], width: int, inputs: int, classes: int
) -> dict[int, Sizes]:
    """Return networks of equal layers that have as many weights as the middle one of `width`.

    >>> parameters_held([1, 2, 3], 300, 784, 10)
    {1: (413,), 2: (300, 300), 3: (253, 253, 253)}
    """
    middle = sorted(depths)[len(depths) // 2]
    wanted = weights(width, middle, inputs + classes)
    return {depth: (_width(depth, wanted, inputs + classes),) * depth for depth in depths}


def weights(width: int, depth: int, ends: int) -> int:
    """Count the weights of a network; `ends` are its inputs and its outputs together."""
    return width * ends + (depth - 1) * width**2


def _width(depth: int, wanted: int, ends: int) -> int:
    if depth == 1:
        return max(1, round(wanted / ends))
    # The positive root of (depth - 1) w^2 + ends w = wanted.
    square = depth - 1
    return max(1, round((sqrt(ends**2 + 4 * square * wanted) - ends) / (2 * square)))
