"""How far to prune for a budget: the search along one curve, whose points are nested.

The further it is pruned the smaller a network is, and, nearly always, the less it gets right: along
a curve what is asked changes once, from met to missed or from missed to met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Generic, NamedTuple, TypeVar

from prune.core.network import Sparsity

Point = TypeVar("Point")
_RUNGS = 3  # of a finer ladder


class Stretch(NamedTuple, Generic[Point]):
    """Where along a curve the answer changes: the last point before, and the first after."""

    before: Point | None
    after: Point | None


Climb = Callable[[Sequence[Sparsity]], Iterable[Point]]  # a point at each, ascending, lazily


def boundary(
    climb: Climb[Point],
    changed: Callable[[Point], bool],
    ladder: Sequence[Sparsity],
    finest: Fraction,
    below: Sparsity = Fraction(0),
) -> Stretch[Point]:
    """Return the two points between which `changed` turns True, at most `finest` apart.

    Every ladder is climbed from below and left at the first point that has changed; the next one
    has a few rungs between the two.  `ladder` ascends; it is not looked `below` that sparsity.

    >>> percent = [Fraction(k, 100) for k in (25, 50, 75)]
    >>> found = boundary(lambda ks: ks, lambda k: k > Fraction(6, 10), percent, Fraction(1, 100))
    >>> [float(k) for k in found]
    [0.6, 0.61]
    """
    before = after = None
    above: Sparsity | None = None
    while ladder:
        for sparsity, point in zip(ladder, climb(ladder), strict=False):
            if changed(point):
                after, above = point, sparsity
                break
            before, below = point, sparsity
        ladder = _between(below, above, finest)
    return Stretch(before, after)


def _between(below: Sparsity | None, above: Sparsity | None, finest: Fraction) -> list[Sparsity]:
    """Return a few rungs between two that are known, on multiples of `finest`."""
    if above is None:
        return []
    start = Fraction(0) if below is None else Fraction(below)
    places = (start + (Fraction(above) - start) * i / (_RUNGS + 1) for i in range(1, _RUNGS + 1))
    rungs = {round(place / finest) * finest for place in places}
    return sorted(rung for rung in rungs if start < rung < above)
