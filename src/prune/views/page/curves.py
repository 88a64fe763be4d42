"""The rows of a run -> its curves: what was measured at each k, how sure it is, what it costs."""

from __future__ import annotations

from statistics import fmean
from types import SimpleNamespace
from typing import Any, NamedTuple

from prune import PruneError
from prune.core.judge import ACCURACY
from prune.core.measure import wilson
from prune.core.spread import Spread, spread
from prune.files.folders import Cells, Run
from prune.settings import spelling
from prune.settings.pruning import NO_REPAIR
from prune.views import metrics, telling
from prune.views.metrics import Metric

# What accuracy is shown against: the column, its label, and its unit.
COSTS = {
    "k": ("k", "k: percent of the weights or units removed"),
    "parameters": ("effective", "parameters that can still matter"),
    "multiply-adds": ("macs", "multiply-adds for one input"),
    "bytes": ("file_bytes", "bytes on disk"),
    "time": ("microseconds", "microseconds for one input, of 1,000 at a time"),
}


class Interval(NamedTuple):
    """What was measured, where it may be, and of how many networks it is the mean."""

    value: float
    low: float
    high: float
    networks: int = 1


class Point(NamedTuple):
    """What was measured at one k, of one network or of several."""

    k: float
    measured: Interval
    costs: dict[str, float]  # by name of COSTS, those that are known
    places: tuple[int, ...]  # of its rows, in the table
    rows: tuple[Cells, ...]


class Curve(NamedTuple):
    """The points of one way to prune, in order of k."""

    label: str
    method: str
    criterion: str
    points: tuple[Point, ...]
    metric: Metric  # what was measured
    examples: str = "test"  # on which

    def held(self, unpruned: float) -> Point | None:
        """Return the last point up to which every one is near enough to `unpruned`."""
        last = None
        for point in self.points:
            if not self.metric.holds(point.measured.value, unpruned):
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


def tried(run: Run) -> list[Curve]:
    """Return the curves that `search` has looked along, by the examples that it chose by."""
    grouped: dict[tuple[str, int], list[Cells]] = {}
    for place, row in enumerate(run.others):
        own = {**row, "file_bytes": row["bytes"], "": place}
        grouped.setdefault((row.get("after") or "", row["curve"]), []).append(own)
    return [_tried(sorted(rows, key=lambda row: row["k"])) for rows in grouped.values()]


def _tried(rows: list[Cells]) -> Curve:
    first = rows[0]
    repair = "" if first["repair"] == NO_REPAIR else f" {first['repair']}"
    points = (
        Point(row["k"], Interval(*[row["validation"]] * 3), _costs([row]), (row[""],), (row,))
        for row in rows
    )
    trained = f" + {spelling.counted(first['retrain'], 'epoch')}" if first.get("retrain") else ""
    before = "then " if first.get("after") else ""
    label = f"{before}{first['method']} {first['criterion']}{repair}{trained}"
    return Curve(label, first["method"], first["criterion"], tuple(points), metric({}), "held-out")


def _curve(label: str, rows: list[Cells], places: dict[int, int]) -> Curve:
    at: dict[float, list[Cells]] = {}
    for row in rows:
        at.setdefault(row["k"], []).append(row)
    points = tuple(_point(k, at[k], places) for k in sorted(at))
    return Curve(label, rows[0]["method"], rows[0]["criterion"], points, metric(rows[0]))


def metric(row: Cells) -> Metric:
    """Return what a row measures, and how it is said."""
    named: Any = SimpleNamespace(metric=row.get("metric") or ACCURACY, score=row.get("score"))
    return metrics.of(named)


def told(measure: Metric, value: float) -> str:
    """Return a value as it stands by itself."""
    return measure.cell(value) + (" %" if measure.name == ACCURACY else "")


def value(row: Cells) -> float:
    """Return what a row measures."""
    found = (row.get(name) for name in ("score", "accuracy", "loss"))
    return next(each for each in found if each is not None)


def _point(k: float, rows: list[Cells], places: dict[int, int]) -> Point:
    own = tuple(places[id(row)] for row in rows)
    return Point(k, _measured(rows), _costs(rows), own, tuple(rows))


def _costs(rows: list[Cells]) -> dict[str, float]:
    """Return the mean of each cost that all rows tell."""
    costs: dict[str, float] = {}
    for name, (column, _) in COSTS.items():
        values = [row[column] for row in rows if isinstance(row.get(column), (int, float))]
        if len(values) == len(rows):
            costs[name] = fmean(values)
    return costs


def _measured(rows: list[Cells]) -> Interval:
    if len(rows) == 1:
        return _one(rows[0])
    return _spread(spread(list(map(value, rows))))


def _one(row: Cells) -> Interval:
    """Return what is known of one network: of a loss or a score no more than itself."""
    if row.get("correct") is None:
        return Interval(*[value(row)] * 3)
    return counted(row["correct"], row["total"])


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
    whole = told if isinstance(told, dict) else {}
    counts = [whole.get(name) for name in ("correct", "total")]
    if all(type(count) is int for count in counts) and 0 <= counts[0] <= counts[1] > 0:
        return counted(*counts)
    if any(type(whole.get(name)) is float for name in ("score", "loss")):
        return Interval(*[value({**whole, "accuracy": None})] * 3)
    shares = {row.get("network", row["seed"]): row.get("unpruned") for row in run.rows}
    if shares and all(isinstance(share, float) for share in shares.values()):
        return _spread(spread([share for share in shares.values() if share is not None]))
    unchanged = [row for row in run.rows if not row["pruned"] and not row.get("retrain")]
    return _one(unchanged[0]) if unchanged else None


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
    held = [(each, each.held(whole.value)) for each in asked] if whole else []
    keeping = [Chosen(each, point, True) for each, point in held if point and point.k]
    if keeping:
        return min(keeping, key=lambda one: one.point.costs.get("parameters", -one.point.k))
    removing = ((each, point) for each in asked for point in each.points if point.k)
    first = next(removing, None)
    return Chosen(*first, False) if first else None


def means(curve: Curve) -> bool:
    """Tell whether a curve is of several networks."""
    return any(point.measured.networks > 1 for point in curve.points)
