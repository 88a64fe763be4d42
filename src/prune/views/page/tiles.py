"""What comes first: a sentence, and the figures that changed, before and after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from prune.core.judge import ACCURACY
from prune.files.folders import Cells, Run
from prune.views.page.curves import Chosen, Interval, counted, told
from prune.views.page.html import Markup, tag
from prune.views.page.numbers import percent, plain, short, size, times

_FLOAT = 4  # bytes


class Tile(NamedTuple):
    """A figure before and after."""

    title: str
    before: str
    after: str
    note: str


def tiles(run: Run, found: Chosen | None, whole: Interval | None) -> Markup:
    """Return the tiles of a run, as far as it tells."""
    if run.command == "shrink":
        shown = list(_saved(run.record["results"]))
    elif run.command == "search":
        shown = list(_found(run))
    elif run.others:
        shown = list(_timed(run))
    else:
        shown = list(_measured(run, found, whole)) if found else []
    return tag("div", *map(_tile, shown), class_="tiles") if shown else Markup("")


def _tile(tile: Tile) -> Markup:
    arrow = tag("span", " → ", class_="dim", aria_label="becomes") if tile.before else ""
    value = tag("p", tag("span", tile.before, class_="dim"), arrow, tag("b", tile.after))
    return tag(
        "div",
        tag("p", tile.title, class_="title"),
        value,
        tag("p", tile.note, class_="note"),
        class_="tile",
    )


def _measured(run: Run, found: Chosen, whole: Interval | None) -> Iterator[Tile]:
    point, measure = found.point, found.curve.metric
    before = told(measure, whole.value) if whole else ""
    title = f"{measure.name[:1].upper()}{measure.name[1:]}"
    note = (
        interval(point.measured)
        if measure.name == ACCURACY
        else f"{run.rows[0]['total']:,} examples"
    )
    yield Tile(title, before, told(measure, point.measured.value), note)
    parameters = run.rows[0]["parameters"]
    if "bytes" in point.costs:
        plain_bytes = _whole_bytes(run, parameters)
        after = point.costs["bytes"]
        yield Tile("Bytes", size(plain_bytes), size(after), times(plain_bytes, after))
    if "time" in point.costs:
        yield from _by_clock(run, point.costs["time"])
    elif "parameters" in point.costs:
        after = point.costs["parameters"]
        yield Tile("Parameters", short(parameters), short(after), times(parameters, after))
    if "multiply-adds" in point.costs and (work := _unpruned(run, "macs")):
        after = point.costs["multiply-adds"]
        yield Tile("Multiply-adds", short(work), short(after), times(work, after))


def _whole_bytes(run: Run, parameters: int) -> float:
    return _unpruned(run, "file_bytes") or _FLOAT * parameters


def _unpruned(run: Run, column: str) -> float | None:
    """Return what the network had before: from a row that removes nothing."""
    values = (row.get(column) for row in run.rows if not row["pruned"])
    return next((value for value in values if isinstance(value, (int, float))), None)


def _by_clock(run: Run, after: float) -> Iterator[Tile]:
    before = _unpruned(run, "microseconds")
    said = f"{before:.3g} ms" if before else ""
    faster = f"{before / after:.3g} times faster" if before and after else ""
    yield Tile("Time for 1,000 inputs", said, f"{after:.3g} ms", faster)


def interval(accuracy: Interval) -> str:
    """Say where an accuracy may be."""
    bounds = f"{100 * accuracy.low:.2f} to {100 * accuracy.high:.2f}"
    if accuracy.networks > 1:
        return f"mean of {accuracy.networks} networks, {bounds}"
    return f"95 % interval {bounds}"


def _saved(results: dict[str, Any]) -> Iterator[Tile]:
    """Yield what `shrink` saved, which run.json tells in pairs."""
    total = results.get("total")
    right = _pair(results, "correct")
    if right and type(total) is int and total >= max(right) > 0:
        before, after = (counted(int(each), total) for each in right)
        yield Tile("Accuracy", percent(before.value), percent(after.value), interval(after))
    for name, title, said in (
        ("bytes", "Bytes", size),
        ("parameters", "Parameters", short),
        ("multiply_adds", "Multiply-adds", short),
    ):
        if pair := _pair(results, name):
            yield Tile(title, said(pair[0]), said(pair[1]), times(*pair))


def _pair(results: dict[str, Any], name: str) -> tuple[float, float] | None:
    pair = results.get(name)
    numbers = isinstance(pair, list) and len(pair) == 2 and all(type(n) is int for n in pair)
    return (pair[0], pair[1]) if numbers else None


def _found(run: Run) -> Iterator[Tile]:
    """Yield what `search` has chosen, if it has: accuracy by the examples that it chose by."""
    for row in run.others:
        if row["chosen"]:
            how = f"{row['method']} {row['criterion']}, k = {plain(row['k'])}"
            yield Tile("Accuracy, held out", "", percent(row["validation"]), how)
            yield Tile("Bytes", "", size(row["bytes"]), "of its file, deflated")
            yield Tile("Parameters", "", short(row["effective"]), "that can still matter")
            yield Tile("Multiply-adds", "", short(row["macs"]), "for one input")


def _timed(run: Run) -> Iterator[Tile]:
    """Yield, for each batch, what is fastest."""
    for batch in dict.fromkeys(row["batch"] for row in run.others):
        own = [row for row in run.others if row["batch"] == batch]
        best = max(own, key=lambda row: row["faster"])
        before = best["seconds"] * best["faster"]
        yield Tile(
            f"Time for {batch:,} at once",
            f"{1000 * before:.3g} ms",
            f"{1000 * best['seconds']:.3g} ms",
            f"{best['faster']:.3g} times faster: {_timed_as(best)}",
        )


def _timed_as(row: Cells) -> str:
    """Name what was timed: a point in one form, or a model."""
    if "model" in row:
        return str(row["model"])
    return f"{row['method']} k = {plain(row['k'])}, {row['form']}"
