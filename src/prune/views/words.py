"""Rows -> what they say, in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from prune.core.judge import ACCURACY
from prune.files.results import Row
from prune.settings.files import BY_BYTES, BY_K, BY_MACS, BY_PARAMETERS, BY_TIME
from prune.views import metrics, telling
from prune.views.metrics import Metric

_MARGIN = 1.02  # of times: where memory happens to lie makes as much
# Of more curves than this a sentence names the best and the worst only.
_FEW = 2


class Cost(NamedTuple):
    """What accuracy is shown against: its label, its unit in a sentence, and its value."""

    label: str
    unit: str
    value: Callable[[Row], float | None]
    bounds: Callable[[Row], tuple[float, float]] | None = None  # of what is measured by the clock


AXES = {
    BY_K: Cost("k: percent of the weights or units removed", "percent", lambda row: row.k),
    BY_PARAMETERS: Cost(
        "parameters that can still matter", "parameters", lambda row: row.effective
    ),
    BY_MACS: Cost("multiply-adds for one image", "multiply-adds", lambda row: row.macs),
    BY_BYTES: Cost(
        "bytes on disk (of a chain as sparse .npz, else as plain .keras)",
        "bytes",
        lambda row: row.file_bytes,
    ),
    BY_TIME: Cost(
        "microseconds for an image, of 1,000 at a time",
        "microseconds an image",
        lambda row: row.microseconds,
        lambda row: (row.microseconds_low, row.microseconds_high),
    ),
}


Curves = dict[str, list[Row]]  # by label, in order of k


def curves(rows: list[Row]) -> Curves:
    """Group rows into curves, named by method and by whatever else tells them apart."""
    return telling.curves(rows, "k")


def reach(curve: list[Row], unpruned: float) -> tuple[float | None, float | None]:
    """Return the last k up to which every point is near the unpruned, and the k after it."""
    last = None
    for row in curve:
        if not metrics.of(row).holds(metrics.value(row), unpruned):
            return last, row.k
        last = row.k
    return last, None


def conclusion(rows: list[Row], unpruned: float) -> str:
    """Say up to where each curve keeps its accuracy, and where the highest k leaves it."""
    grouped = curves(rows)
    said = _first_and_last if len(grouped) > _FEW else _each
    return telling.joined(telling.throughout(rows, "k"), said(grouped, unpruned))


def _each(grouped: Curves, unpruned: float) -> str:
    metric, extents = _metric(grouped), []
    for i, (label, curve) in enumerate(grouped.items()):
        last, _ = reach(curve, unpruned)
        method, *rest = label.split(" ", 1)
        named = f"{method} pruning" + "".join(f" ({words})" for words in rest)
        keeps = "" if i else f" keeps {metric.near} {metric.told(unpruned)}"
        extents.append(f"{named}{keeps} {_up_to(last)}")
    highest = max(curve[-1].k for curve in grouped.values())
    ends = " and ".join(metric.told(metrics.value(curve[-1])) for curve in grouped.values())
    sentence = f"{', '.join(extents)}; k = {highest:.15g} leaves {ends}."
    return sentence[0].upper() + sentence[1:]


def _metric(grouped: Curves) -> Metric:
    return metrics.of(next(iter(grouped.values()))[0])


def cheapest(rows: list[Row], unpruned: float, x: str) -> str:
    """Say what is the least, of one of AXES but k, that keeps each curve within one point.

    Where a clock cannot tell several apart, all are named.
    """
    axis = AXES[x]
    least: dict[str, list[Row]] = {}
    for label, curve in curves(rows).items():
        last, _ = reach(curve, unpruned)
        if last is not None:
            least[label] = _least([row for row in curve if row.k <= last], axis)
    alike: dict[str, list[str]] = {}  # by what is said of them, so that equals share it
    for label in sorted(least, key=lambda label: axis.value(least[label][0])):
        alike.setdefault(_with(least[label], axis), []).append(label)
    told = [f"{telling.listed(labels)} {said}" for said, labels in alike.items()]
    order = [least[labels[0]][0] for labels in alike.values()]
    for i, (before, after) in enumerate(pairwise(order), 1):
        if axis.bounds and not _costs_more(after, before, axis):
            told[i] += " (too close to tell)"
    bound = "point" if metrics.of(rows[0]).name == ACCURACY else "bound"
    return f"Cheapest within that {bound}: {', '.join(told) or 'nothing asked'}."


def _with(tied: list[Row], axis: Cost) -> str:
    *first, last = (f"{k:.15g}" for k in sorted(row.k for row in tied))
    ks = f"{', '.join(first)} or {last}" if first else last
    return f"at k = {ks} with {_number(axis.value(tied[0]))} {axis.unit}"


def _least(rows: list[Row], axis: Cost) -> list[Row]:
    """Return the row of least cost, and after it those that cannot be told from it."""
    least = min(rows, key=axis.value)
    if axis.bounds is None:
        return [least]
    return [least, *(row for row in rows if row != least and not _costs_more(row, least, axis))]


def _costs_more(row: Row, other: Row, axis: Cost) -> bool:
    """Tell whether `row` costs more than `other`; of what is measured, beyond their spread."""
    if axis.bounds is None:
        return axis.value(row) > axis.value(other)
    (low, _), (_, high) = axis.bounds(row), axis.bounds(other)
    return low > high and axis.value(row) > _MARGIN * axis.value(other)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3g}"


def _first_and_last(grouped: Curves, unpruned: float) -> str:
    reached: dict[float | None, list[str]] = {}
    for label, curve in grouped.items():
        reached.setdefault(reach(curve, unpruned)[0], []).append(label)
    order = sorted(reached, key=lambda k: -1 if k is None else k)
    least, most = order[0], order[-1]
    metric = _metric(grouped)
    within = f"{metric.near} {metric.told(unpruned)}"
    if len(reached) == 1:
        return f"All {len(grouped)} curves alike keep {within} {_up_to(most)}."
    keep = "keep" if reached[most][1:] else "keeps"
    longest = f"{telling.listed(reached[most])} {keep} {within} longest, {_up_to(most)}"
    fall = "fall" if reached[least][1:] else "falls"
    where = _up_to(None) if least is None else f"{fall} first, after k = {least:.15g}"
    first = f"{telling.listed(reached[least])} {where}"
    return f"Of {len(grouped)} curves {longest}; {first}."


def most_sensitive(rows: list[Row], unpruned: float) -> str:
    """Say, of rows of single layers, which layer can lose least and which most."""
    extents = {
        layer: reach([row for row in rows if row.layers == layer], unpruned)[0]
        for layer in dict.fromkeys(row.layers for row in rows)
    }
    told = ", ".join(f"{layer} {_up_to(k)}" for layer, k in extents.items())
    metric = metrics.of(rows[0])
    said = f"Pruned alone, each {_stays(metric)} {metric.told(unpruned)}: {told}."
    return telling.joined(telling.throughout(rows, "k"), said)


def _stays(metric: Metric) -> str:
    return f"{'stays' if metric.name == ACCURACY else 'keeps'} {metric.near}"


def _up_to(k: float | None) -> str:
    if k is None:
        return "at no k asked"
    return f"up to k = {k:.15g}" if k else "at k = 0 alone"
