"""How far to prune each layer, when so much of all is to go."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

Path = list[tuple[Fraction, Fraction]]  # (sparsity of all, sparsity of the layer), ascending


class LayerCosts(NamedTuple):
    """What pruning one layer alone costs."""

    size: Fraction | int  # how much could be removed
    costs: list[tuple[Fraction, float]]  # (sparsity, loss), ascending from sparsity 0


def allocate(layers: dict[str, LayerCosts], totals: list[Fraction]) -> dict[str, Path]:
    """Spread each of `totals` over the layers so that the sum of their costs is smallest.

    Costs are taken to add up, and between the points measured to go along the lower convex
    hull; then it is best to remove, everywhere, what costs least for each thing removed.  A
    larger total prunes no layer less.

    >>> flat, steep = ([(Fraction(0), 0.0), (Fraction(1), cost)] for cost in (1.0, 2.0))
    >>> paths = allocate({"a": LayerCosts(10, flat), "b": LayerCosts(30, steep)}, [Fraction(1, 2)])
    >>> [str(path[0][1]) for path in paths.values()]
    ['0', '2/3']
    """
    segments = sorted(
        (segment for name, layer in layers.items() for segment in _segments(name, layer)),
        key=lambda segment: segment.price,
    )
    everything = sum(layer.size for layer in layers.values())
    paths: dict[str, Path] = {name: [] for name in layers}
    for total in totals:
        removed = _fill(segments, total * everything)
        for name, layer in layers.items():
            paths[name].append((total, removed.get(name, Fraction(0)) / layer.size))
    return paths


class _Segment(NamedTuple):
    name: str
    removed: Fraction  # things
    price: float  # loss for each


def _segments(name: str, layer: LayerCosts) -> list[_Segment]:
    return [
        _Segment(name, (x1 - x0) * layer.size, (y1 - y0) / float((x1 - x0) * layer.size))
        for (x0, y0), (x1, y1) in pairwise(_lower_hull(layer.costs))
    ]


def _lower_hull(points: list[tuple[Fraction, float]]) -> list[tuple[Fraction, float]]:
    """Return the convex hull from below (Andrew 1979)."""
    hull: list[tuple[Fraction, float]] = []
    for point in points:
        while len(hull) > 1 and _slope(hull[-2], point) <= _slope(hull[-2], hull[-1]):
            hull.pop()
        hull.append(point)
    return hull


def _slope(a: tuple[Fraction, float], b: tuple[Fraction, float]) -> float:
    return (b[1] - a[1]) / float(b[0] - a[0])


def _fill(segments: list[_Segment], wanted: Fraction) -> dict[str, Fraction]:
    """Take segments, cheapest first, until `wanted` things are removed."""
    removed: dict[str, Fraction] = {}
    for segment in segments:
        taken = min(segment.removed, wanted)
        removed[segment.name] = removed.get(segment.name, Fraction(0)) + taken
        wanted -= taken
    return removed
