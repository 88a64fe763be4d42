"""Several runs side by side, joined on network and data; what cannot be compared is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import sqrt
from typing import NamedTuple

from prune.core.measure import wilson
from prune.core.spread import spread
from prune.files.folders import Cells
from prune.views.page import chart
from prune.views.page.chart import Fullness
from prune.views.page.curves import Curve, metric, told
from prune.views.page.facts import Facts
from prune.views.page.html import Markup, joined, table, tag
from prune.views.page.numbers import plain, short, size

_MOST = 20  # curves in one chart
_PAIRS = 30  # of runs that are told of


def section(found: Sequence[Facts], charts: Fullness) -> Markup:
    """Return the runs side by side, their curves in one chart, and their differences."""
    return joined([_overview(found), *_charts(found, charts), *_differences(found)])


def _overview(found: Sequence[Facts]) -> Markup:
    header = (
        "run",
        "command",
        "network",
        "data",
        "unpruned",
        "within 1 point",
        "there",
        "parameters",
        "multiply-adds",
        "bytes",
    )
    return table("The runs", header, [_line(facts) for facts in found], "runs")


def _line(facts: Facts) -> list[object]:
    chosen = facts.chosen if facts.is_sweep else None
    own: list[object] = [
        facts.run.name,
        facts.run.command,
        facts.network_name,
        f"{facts.data_name} {facts.data}",
        _measured(facts, facts.whole.value) if facts.whole else "",
    ]
    if chosen is None:
        return [*own, "", "", "", "", ""]
    far = f"{chosen.curve.label}, k = {plain(chosen.point.k)}" if chosen.keeps else "at no k asked"
    costs = chosen.point.costs
    shown = (("parameters", short), ("multiply-adds", short), ("bytes", size))
    numbers = [said(costs[name]) if name in costs else "" for name, said in shown]
    there = chosen.point.measured
    bounds = " to ".join(chosen.curve.metric.cell(each) for each in (there.low, there.high))
    accuracy = f"{told(chosen.curve.metric, there.value)} ({bounds})"
    return [*own, far, accuracy, *numbers]


def _measured(facts: Facts, value: float) -> str:
    return told(metric(facts.run.rows[0]), value)


def _charts(found: Sequence[Facts], full: Fullness) -> Iterator[Markup]:
    """Yield a chart for each data set, with the curves of all runs on it."""
    for i, (data, own) in enumerate(_by_data(found).items()):
        curves = [
            curve._replace(label=f"{facts.run.name}: {curve.label}")
            for facts in own
            for curve in facts.curves
        ]
        if len(own) > 1 and len(curves) <= _MOST:
            title = tag("h3", f"On {own[0].data_name} {data}")
            yield tag("section", title, chart.section(curves, None, f"all{i}", "parameters", full))


def _by_data(found: Sequence[Facts]) -> dict[str, list[Facts]]:
    grouped: dict[str, list[Facts]] = {}
    for facts in found:
        if facts.is_sweep and facts.data:
            grouped.setdefault(facts.data, []).append(facts)
    return grouped


class Pair(NamedTuple):
    """A curve of each of two runs, and how much better the second is at each k."""

    first: str
    second: str
    method: str
    gains: dict[float, str]


def _differences(found: Sequence[Facts]) -> Iterator[Markup]:
    pairs: list[Pair] = []
    refused: list[str] = []
    for one, other in combinations(found, 2):
        own, why = _compared(one, other)
        pairs += own
        refused += [f"{one.run.name} and {other.run.name}: {why}"] if why else []
    if pairs:
        yield _table(pairs[:_PAIRS])
        yield tag("p", _NOTE + _more(len(pairs)), class_="note")
    if refused:
        yield tag("h3", "What cannot be compared")
        yield tag("ul", *(tag("li", each) for each in refused[:_PAIRS]))
        if left_out := _more(len(refused)):
            yield tag("p", left_out, class_="note")


def _more(pairs: int) -> str:
    """Say how many are left out, if any are."""
    left_out = pairs - _PAIRS
    return f" {left_out:,} more pairs are left out; report fewer runs." if left_out > 0 else ""


_NOTE = (
    "Points of accuracy by which the second is better than the first, on the same networks and "
    "test images. Of one network the interval is Newcombe's for two sets of images, and so wider "
    "than that of pairs; of several it is of the differences, network by network: bootstrap, 95 %."
)


def _table(pairs: list[Pair]) -> Markup:
    ks = sorted({k for pair in pairs for k in pair.gains})
    names = [f"{pair.first} against {pair.second}" for pair in pairs]
    lines = [[plain(k), *(pair.gains.get(k, "") for pair in pairs)] for k in ks]
    return table("Paired differences", ["k", *names], lines)


def _compared(one: Facts, other: Facts) -> tuple[list[Pair], str]:
    """Return the pairs of curves of two runs, or why there are none."""
    if not (one.is_sweep and other.is_sweep):
        kinds = " and ".join(dict.fromkeys(f.run.command for f in (one, other) if not f.is_sweep))
        return [], f"{kinds} has no curve of the whole network"
    if not one.data or one.data != other.data:
        return [], f"other test images ({one.data}; {other.data})"
    if not one.networks & other.networks:
        return [], "the same test images, but other networks; they stand side by side only"
    metrics = [row["metric"] for row in (*one.run.rows, *other.run.rows) if row.get("metric")]
    if metrics:
        return [], f"{metrics[0]} was measured, of which no differences are taken"
    pairs = [
        pair for pair in (_pair(one, other, both) for both in _matched(one, other)) if pair.gains
    ]
    return pairs, "" if pairs else "no k that both have by one method"


def _matched(one: Facts, other: Facts) -> Iterator[tuple[Curve, Curve]]:
    """Yield curves of one name in both; of methods without, the best curve of each."""
    for method in dict.fromkeys(curve.method for curve in one.curves):
        own = [curve for curve in one.curves if curve.method == method]
        theirs = {curve.label: curve for curve in other.curves if curve.method == method}
        named = [(curve, theirs[curve.label]) for curve in own if curve.label in theirs]
        best = one.chosen_by(method), other.chosen_by(method)
        if not named and best[0] and best[1]:
            named = [(best[0].curve, best[1].curve)]
        yield from named


def _pair(one: Facts, other: Facts, both: tuple[Curve, Curve]) -> Pair:
    first, second = both
    theirs = {(_network(other, row), point.k): row for point in second.points for row in point.rows}
    gains = {}
    for point in first.points:
        rows = [(row, theirs.get((_network(one, row), point.k))) for row in point.rows]
        shared = [(before, after) for before, after in rows if after]
        if shared:
            gains[point.k] = _gain(shared)
    names = [f"{f.run.name}: {c.label}" for f, c in zip((one, other), both, strict=True)]
    return Pair(names[0], names[1], first.method, gains)


def _network(facts: Facts, row: Cells) -> str:
    return str(row.get("network") or next(iter(facts.networks), ""))


def _gain(shared: list[tuple[Cells, Cells]]) -> str:
    """Say by how much the second of each pair is better, and how sure that is."""
    differences = [after["accuracy"] - before["accuracy"] for before, after in shared]
    if len(shared) == 1:
        ((before, after),) = shared
        low, high = newcombe(
            (before["correct"], before["total"]), (after["correct"], after["total"])
        )
        return _points(differences[0], low, high)
    found = spread(differences)
    return _points(found.mean, found.low or 0.0, found.high or 0.0)


def _points(mean: float, low: float, high: float) -> str:
    return f"{100 * mean:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"


def newcombe(before: tuple[int, int], after: tuple[int, int]) -> tuple[float, float]:
    """Return the 95 % interval of a difference of two proportions (Newcombe 1998, method 10).

    >>> [round(bound, 4) for bound in newcombe((48, 80), (56, 70))]
    [0.0524, 0.3339]
    """
    shares = [correct / total for correct, total in (before, after)]
    (low, high), (low_after, high_after) = wilson(*before), wilson(*after)
    difference = shares[1] - shares[0]
    return (
        difference - sqrt((shares[1] - low_after) ** 2 + (high - shares[0]) ** 2),
        difference + sqrt((high_after - shares[1]) ** 2 + (shares[0] - low) ** 2),
    )
