"""What each layer has lost, as tables; and what pruning it alone costs."""

from __future__ import annotations

from collections.abc import Iterator

from prune.core.outline import Count, Counts, Node
from prune.files.folders import Cells, Run
from prune.files.outlines import Layers
from prune.views.page.curves import Curve, Interval, metric, value
from prune.views.page.drawing import shade
from prune.views.page.html import Markup, table, tag
from prune.views.page.numbers import plain

_HEADER = ("layer", "kind", "units", "left", "parameters", "can matter", "gone %", "multiply-adds")


def differences(layers: Layers, left: Counts, drops: dict[str, float], title: str) -> Markup:
    """Return what each layer had and has."""
    header = [*_HEADER, "left", "group, or why it stays", *(["alone costs %"] if drops else [])]
    lines = [
        [*_line(node, before, after), _drop(drops, node)] if drops else _line(node, before, after)
        for node, before, after in zip(layers.outline, layers.whole, left, strict=True)
        if node.kernels and before and after
    ]
    return table(f"Each layer before and after: {title}", header, lines)


def _line(node: Node, before: Count, after: Count) -> list[object]:
    return [
        node.name,
        node.kind,
        f"{before.units:,}",
        f"{after.units:,}",
        f"{before.parameters:,}",
        f"{after.nonzero:,}",
        f"{100 * _lost(before, after):.1f}",
        f"{before.multiply_adds:,}",
        f"{after.multiply_adds:,}",
        ", ".join(node.groups) or node.stays,
    ]


def _lost(before: Count, after: Count) -> float:
    return 1 - after.nonzero / before.parameters if before.parameters else 0.0


def _drop(drops: dict[str, float], node: Node) -> str:
    return f"{100 * drops[node.name]:.2f}" if node.name in drops else ""


def sparsity(layers: Layers, curve: Curve) -> Markup:
    """Return how much of each layer is gone at each k of a curve: one network, one row a point."""
    points = [point for point in curve.points if len(point.places) == 1]
    columns = [(plain(point.k), layers.left[point.places[0]]) for point in points]
    lines = []
    for i, node in enumerate(layers.outline):
        before = layers.whole[i]
        if node.kernels and before:
            after = [left[i] for _, left in columns]
            lines.append([node.name, *(_heat(_lost(before, each)) for each in after if each)])
    header = ["layer", *(f"k = {k}" for k, _ in columns)]
    return table(f"Percent of each layer's parameters gone: {curve.label}", header, lines)


def _heat(share: float) -> Markup:
    return tag("td", f"{100 * share:.1f}", class_=f"heat z{shade(max(0.0, share))}")


def drops(run: Run, whole: Interval | None) -> dict[str, float]:
    """Return how much accuracy each layer costs, pruned alone, at the k that tells most apart.

    Of runs of `sensitivity` only; by name of the node.
    """
    accuracies = all(row.get("accuracy") is not None for row in run.rows)
    if run.command != "sensitivity" or run.layers is None or whole is None or not accuracies:
        return {}
    at: dict[float, dict[str, float]] = {}
    for row in run.rows:
        at.setdefault(row["k"], {})[row["layers"]] = whole.value - row["accuracy"]
    if not at:
        return {}
    apart = max(at.values(), key=lambda each: max(each.values()) - min(each.values()))
    return dict(_by_node(run.layers, apart))


def _by_node(layers: Layers, found: dict[str, float]) -> Iterator[tuple[str, float]]:
    for node in layers.outline:
        own = [found[name] for name in (node.name, *node.kernels, *node.groups) if name in found]
        if own:
            yield node.name, max(own)


def alone(run: Run) -> Markup:
    """Return what `sensitivity` measured, a line for each layer and a column for each k."""
    ks = list(dict.fromkeys(row["k"] for row in run.rows))
    found = {(row["layers"], row["k"]): row for row in run.rows}
    lines = [
        [layer, *(_alone(found.get((layer, k))) for k in ks)]
        for layer in dict.fromkeys(row["layers"] for row in run.rows)
    ]
    header = ["layer", *(f"k = {plain(k)}" for k in ks)]
    title = f"Test {metric(run.rows[0]).header}, each layer pruned alone"
    return table(title, header, lines)


def _alone(row: Cells | None) -> Markup:
    if row is None:
        return tag("td")
    lost = None if row.get("accuracy") is None else f"heat q{shade(1 - row['accuracy'])}"
    return tag("td", metric(row).cell(value(row)), class_=lost)
