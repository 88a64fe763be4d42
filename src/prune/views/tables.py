"""Rows -> tables for people: rounded, in percent, with intervals."""

from __future__ import annotations

import re
from typing import NamedTuple

from prune.core.judge import ACCURACY
from prune.core.measure import wilson
from prune.files.results import Row
from prune.views import metrics, published, telling
from prune.views.metrics import Metric
from prune.views.words import Curves, curves, reach

# Of more curves than this only the accuracies are shown, or lines are too long to read.
_WIDE = 2
_NAMED = 8  # layers


class Table(NamedTuple):
    """Texts in columns; every column is numbers, to be aligned right."""

    header: list[str]
    lines: list[list[str]]
    note: str  # what the columns mean


def table(rows: list[Row], with_published: bool) -> Table:
    """Return one line for each k: one curve in detail, or several side by side."""
    grouped = curves(rows)
    if len(grouped) > _WIDE:
        return _accuracies(grouped, _note(rows))
    detailed, metric = len(grouped) == 1, metrics.of(rows[0])
    header = ["k"]
    columns = [[f"{row.k:.15g}" for row in next(iter(grouped.values()))]]
    for label, curve in grouped.items():
        header.append(metric.header if detailed else _headed(label, metric))
        columns.append([metric.cell(metrics.value(row)) for row in curve])
        if metric.name == ACCURACY:
            header.append("95 % interval")
            columns.append([_interval(row) for row in curve])
        if with_published and published.compares(curve[0]):
            header.append("published")
            columns.append([_published(row) for row in curve])
    if detailed:
        (curve,) = grouped.values()
        if metric.name == ACCURACY:
            header.append("loss")
            columns.append([f"{row.loss:.3f}" for row in curve])
        header += [f"{curve[0].method}s removed", "nonzero"]
        columns.append([f"{row.pruned:,}" for row in curve])
        columns.append([f"{row.nonzero:,}" for row in curve])
    return Table(header, [list(line) for line in zip(*columns, strict=True)], _note(rows))


def _accuracies(grouped: Curves, note: str) -> Table:
    columns = [[f"{row.k:.15g}" for row in next(iter(grouped.values()))]]
    metric = metrics.of(next(iter(grouped.values()))[0])
    columns += [[metric.cell(metrics.value(row)) for row in curve] for curve in grouped.values()]
    return Table(["k", *grouped], [list(line) for line in zip(*columns, strict=True)], note)


def _headed(label: str, metric: Metric) -> str:
    return f"{label} %" if metric.name == ACCURACY else label


def _interval(row: Row) -> str:
    low, high = wilson(row.correct, row.total)
    return f"{100 * low:.2f} to {100 * high:.2f}"


def _published(row: Row) -> str:
    share = published.ACCURACY[row.method].get(row.k)
    return "" if share is None else f"{100 * share:.2f}"


def _note(rows: list[Row]) -> str:
    prunable = {row.method: row.prunable for row in rows}
    counts = " or ".join(f"{count:,} {method}s" for method, count in prunable.items())
    note = (
        f"Test {_measured(rows)}. k is the percent removed of the weights or "
        f"units that could be: {counts}{_where(rows)}, of {rows[0].parameters:,} parameters."
    )
    return telling.joined(note, telling.throughout(rows, "k"))


def _measured(rows: list[Row]) -> str:
    """Say what is measured, and on how many examples."""
    if rows[0].score is not None:
        return f"value of {rows[0].metric}, the larger the better"
    if rows[0].metric == ACCURACY:
        return f"accuracy on {rows[0].total:,} images"
    return f"loss, {rows[0].metric}, on {rows[0].total:,} examples: the smaller the better"


def _where(rows: list[Row]) -> str:
    """Say in which layers, if all curves share them and they are few enough to be read."""
    (layers, *others) = dict.fromkeys(row.layers for row in rows)
    names = [_marked(name) for name in layers.split("+")]
    return f" in {telling.listed(names)}" if not others and len(names) <= _NAMED else ""


_EFFECTIVE = (
    "effective: parameters that can still influence the output; smaller: how many times fewer "
    "than all"
)


def gains(rows: list[Row], multiply_adds: int) -> Table:
    """Return what is gained at each k; one image needed `multiply_adds` before."""
    grouped = curves(rows)
    header = ["k"]
    columns = [[f"{row.k:.15g}" for row in next(iter(grouped.values()))]]
    for label, curve in grouped.items():
        header += [f"{label} effective", "smaller", "less work"]
        columns.append([f"{row.effective:,}" for row in curve])
        columns.append([_times(row.parameters, row.effective) for row in curve])
        columns.append([_times(multiply_adds, row.macs) for row in curve])
        if all(row.microseconds is not None for row in curve):
            header += ["us an image", "middle half"]
            columns.append([f"{row.microseconds:.3g}" for row in curve])
            columns.append([_middle_half(row) for row in curve])
    note = (
        f"{_EFFECTIVE}; less work: how many times fewer multiply-adds an image needs, the speed-up "
        "in theory (`prune bench` times the real one)."
    )
    if "middle half" in header:
        note += (
            " us an image: microseconds in whichever form takes least, of 1,000 images at a time, "
            "the median of the rounds, and the bounds of their middle half."
        )
    return Table(header, [list(line) for line in zip(*columns, strict=True)], note)


def _middle_half(row: Row) -> str:
    return f"{row.microseconds_low:.3g} to {row.microseconds_high:.3g}"


def _times(whole: int, left: int) -> str:
    return f"{whole / left:.1f}x" if left else "all gone"


def reach_table(rows: list[Row], unpruned: float) -> Table:
    """Return the largest k up to which each curve keeps within one point, and what is left then."""
    lines = []
    for label, curve in curves(rows).items():
        last, _ = reach(curve, unpruned)
        there = next((row for row in curve if row.k == last), None)
        left = ["", "", ""]
        if there is not None:
            smaller = _times(there.parameters, there.effective)
            left = [f"{there.nonzero:,}", f"{there.effective:,}", smaller]
        lines.append([label, "none" if last is None else f"{last:.15g}", *left])
    note = f"The largest k asked up to which {_stays(metrics.of(rows[0]), unpruned)}. {_EFFECTIVE}."
    return Table(["curve", "largest k", "nonzero", "effective", "smaller"], lines, note)


def _stays(metric: Metric, unpruned: float) -> str:
    if metric.name == ACCURACY:
        return f"accuracy stays within 1 point of {unpruned:.2%}"
    return f"{metric.name} stays within a tenth of {metric.told(unpruned)}"


def by_layer(rows: list[Row]) -> Table:
    """Return one line for each k and one column for each layer, pruned alone."""
    layers = list(dict.fromkeys(row.layers for row in rows))
    cells = {(row.layers, row.k): metrics.of(row).cell(metrics.value(row)) for row in rows}
    lines = [
        [f"{k:.15g}", *(cells[layer, k] for layer in layers)]
        for k in dict.fromkeys(row.k for row in rows)
    ]
    measured = _measured(rows).replace("accuracy on", "accuracy in percent on")
    note = f"Test {measured}, each layer pruned alone."
    return Table(["k", *layers], lines, telling.joined(note, telling.throughout(rows, "k")))


def to_text(table: Table) -> str:
    """Return the table for a terminal, its columns aligned; lines are never cut."""
    widths = _widths(table)
    rule = ["-" * width for width in widths]
    lines = [_aligned(line, widths, "  ") for line in (table.header, rule, *table.lines)]
    return "\n".join(lines) + "\n"


def to_markdown(table: Table) -> str:
    """Return a Markdown table, padded so that it reads as text too."""
    table = table._replace(
        header=[_marked(text) for text in table.header],
        lines=[[_marked(text) for text in line] for line in table.lines],
    )
    widths = _widths(table)
    rule = [f"{'-' * (width - 1)}:" for width in widths]
    lines = [f"| {_aligned(line, widths, ' | ')} |" for line in (table.header, rule, *table.lines)]
    return "\n".join(lines) + f"\n\n{table.note}\n"


def _marked(text: str) -> str:
    """Return a text, which may be a name from a file, so that Markdown takes it as it is."""
    return re.sub(r"([\\`*<>\[\]|!&])", r"\\\1", text)


def _widths(table: Table) -> list[int]:
    return [max(map(len, column)) for column in zip(table.header, *table.lines, strict=True)]


def _aligned(line: list[str], widths: list[int], between: str) -> str:
    return between.join(text.rjust(width) for text, width in zip(line, widths, strict=True))
