"""The rows of a run -> its curves: what was measured at each k, how sure it is, what it costs."""

from __future__ import annotations

from statistics import fmean
from typing import NamedTuple

from prune import PruneError
from prune.core.measure import wilson
from prune.core.spread import Spread, spread
from prune.files.folders import Cells, Run
from prune.views import telling
from prune.views.words import TOLERANCE

# What accuracy is shown against: the column, its label, and its unit.
COSTS = {
    "k": ("k", "k: percent of the weights or units removed"),
    "parameters": ("effective", "parameters that can still matter"),
    "multiply-adds": ("macs", "multiply-adds for one input"),
    "bytes": ("file_bytes", "bytes on disk"),
    "time": ("microseconds", "microseconds for one input, of 1,000 at a time"),
}


class Interval(NamedTuple):
    """An accuracy, where it may be, and of how many networks it is the mean."""

    share: float
    low: float
    high: float
    networks: int = 1


class Point(NamedTuple):
    """What was measured at one k, of one network or of several."""

    k: float
    accuracy: Interval
    costs: dict[str, float]  # by name of COSTS, those that are known
    places: tuple[int, ...]  # of its rows, in the table
    rows: tuple[Cells, ...]


class Curve(NamedTuple):
    """The points of one way to prune, in order of k."""

    label: str
    method: str
    criterion: str
    points: tuple[Point, ...]

    def held(self, unpruned: float) -> Point | None:
        """Return the last point up to which every one is within a point of `unpruned`."""
        last = None
        for point in self.points:
            # The counts are whole; a hair of tolerance keeps exactly one point inside.
            if point.accuracy.share < unpruned - TOLERANCE - 1e-12:
                break
            last = point
        return last


def curves(run: Run) -> list[Curve]:
    """Return the curves of a run, in the order of its table."""
    places = {id(row): i for i, row in enumerate(run.rows)}
    try:
        grouped = telling.curves(run.rows, "k", "seed")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PruneError(
            f"{run.name}: its table holds what prune does not write ({error})"
        ) from error
    return [_curve(label, rows, places) for label, rows in grouped.items()]


def _curve(label: str, rows: list[Cells], places: dict[int, int]) -> Curve:
    at: dict[float, list[Cells]] = {}
    for row in rows:
        at.setdefault(row["k"], []).append(row)
    points = tuple(_point(k, at[k], places) for k in sorted(at))
    return Curve(label, rows[0]["method"], rows[0]["criterion"], points)


def _point(k: float, rows: list[Cells], places: dict[int, int]) -> Point:
    costs = {"k": k}
    for name, (column, _) in COSTS.items():
        values = [row[column] for row in rows if isinstance(row.get(column), (int, float))]
        if len(values) == len(rows):
            costs[name] = fmean(values)
    return Point(k, _accuracy(rows), costs, tuple(places[id(row)] for row in rows), tuple(rows))


def _accuracy(rows: list[Cells]) -> Interval:
    if len(rows) == 1:
        (row,) = rows
        return counted(row["correct"], row["total"])
    return _spread(spread([row["accuracy"] for row in rows]))


def _spread(found: Spread) -> Interval:
    """Return a mean; of one network alone nothing tells where it may be."""
    low, high = (found.mean if bound is None else bound for bound in (found.low, found.high))
    return Interval(found.mean, low, high, found.n)


def counted(correct: int, total: int) -> Interval:
    """Return the share of right answers."""
    return Interval(correct / total, *wilson(correct, total))


def unpruned(run: Run) -> Interval | None:
    """Return what the network does before anything is pruned, if the run tells."""
    told = run.record["results"].get("unpruned")
    counts = [told.get(name) for name in ("correct", "total")] if isinstance(told, dict) else [None]
    if all(type(count) is int for count in counts) and 0 <= counts[0] <= counts[1] > 0:
        return counted(*counts)
    shares = {row.get("network", row["seed"]): row.get("unpruned") for row in run.rows}
    if shares and all(isinstance(share, float) for share in shares.values()):
        return _spread(spread([share for share in shares.values() if share is not None]))
    whole = [row for row in run.rows if not row["pruned"] and not row.get("retrain")]
    return counted(whole[0]["correct"], whole[0]["total"]) if whole else None


class Chosen(NamedTuple):
    """The point that a page shows first: its curve, itself, and whether it keeps the accuracy."""

    curve: Curve
    point: Point
    keeps: bool


def chosen(found: list[Curve], whole: Interval | None, method: str | None = None) -> Chosen | None:
    """Return the point within one point of the unpruned accuracy that leaves the least.

    Random pruning is a control, and is not chosen.  Where none keeps the accuracy, it is the
    first point of the first curve that removes anything.
    """
    asked = [each for each in found if method in (None, each.method) and each.criterion != "random"]
    held = [(each, each.held(whole.share)) for each in asked] if whole else []
    keeping = [Chosen(each, point, True) for each, point in held if point and point.k]
    if keeping:
        return min(keeping, key=lambda one: one.point.costs.get("parameters", -one.point.k))
    removing = ((each, point) for each in asked for point in each.points if point.k)
    first = next(removing, None)
    return Chosen(*first, False) if first else None


def means(curve: Curve) -> bool:
    """Tell whether a curve is of several networks."""
    return any(point.accuracy.networks > 1 for point in curve.points)
