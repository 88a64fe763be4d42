"""Rows -> pictures of accuracy."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from prune.core.judge import ACCURACY
from prune.core.measure import wilson
from prune.files.results import Epoch, Row
from prune.settings.files import BY_K
from prune.settings.pruning import UNIT, WEIGHT
from prune.views import metrics, published, scales, telling
from prune.views.canvas import (
    STYLES,
    Look,
    canvas,
    covering,
    legend_beside,
    looks,
    plain,
    reference,
    size,
    style,
)
from prune.views.words import AXES, Curves, curves

_FAINT = 0.4
_BRIGHT = 0.6  # of the colour scale: from here on, text on it is black
_LONG = 24  # letters; more would leave no room for the picture


@style()
def accuracy(
    rows: list[Row], unpruned: float, classes: int, with_published: bool, x: str = "k"
) -> Figure:
    """Draw accuracy against one of AXES: one line for each curve, with 95 % intervals.

    The published numbers are known against k alone.
    """
    grouped = curves(rows)
    names = _names(grouped, x)
    figure, axes = canvas(_title(rows), telling.throughout(rows, "k"), size(list(names.values())))
    metric = metrics.of(rows[0])
    shares = metric.name == ACCURACY
    bounds = [bound for row in rows for bound in _interval(row)]
    high = not shares or scales.stretch_accuracy(axes, [unpruned, *bounds])
    kinds = [(curve[0].method, curve[0].criterion) for curve in grouped.values()]
    for (label, curve), look in zip(grouped.items(), looks(kinds), strict=True):
        _draw_curve(axes, plain(names[label]), curve, (look, x))
        if with_published and x == BY_K and published.compares(curve[0]):
            _draw_published(axes, label, curve[0].method, look.color)
    unpruned_said = f"{unpruned:.2%}" if shares else metric.told(unpruned)
    reference(axes, unpruned, f"unpruned {unpruned_said}")
    if not high:
        reference(axes, 1 / classes, f"chance {100 / classes:.3g}%", "-.")
    axes.set(xlabel=AXES[x].label, ylabel=_measured(rows[0]))
    if x == BY_K:
        scales.stretch_k(axes, {row.k for row in rows})
    else:
        scales.logarithmic(axes)
    legend_beside(axes)
    return figure


def _names(grouped: Curves, x: str) -> dict[str, str]:
    value = AXES[x].value
    points = {
        label: tuple((value(row), metrics.value(row)) for row in curve)
        for label, curve in grouped.items()
    }
    return covering(points)


def _title(rows: list[Row]) -> str:
    trained = "with" if rows[0].retrain else "without"
    name = plain(metrics.of(rows[0]).name)
    return f"{name[:1].upper()}{name[1:]} after pruning, {trained} retraining"


def _measured(row: Row) -> str:
    """Say what stands on the vertical axis."""
    if row.metric == ACCURACY:
        return scales.accuracy_label(row.total)
    if row.score is not None:
        return f"{plain(row.metric)}: more is better"
    return f"test loss, {row.metric}: less is better, {row.total:,} examples"


def _interval(row: Row) -> tuple[float, float]:
    """Return between what the value is with 95 % confidence; a loss is but itself."""
    if row.correct is None:
        return metrics.value(row), metrics.value(row)
    return wilson(row.correct, row.total)


def _draw_curve(axes: Axes, label: str, curve: list[Row], shown: tuple[Look, str]) -> None:
    look, x = shown
    # On a logarithmic axis there is no place for nothing left.
    curve = [row for row in curve if x == BY_K or AXES[x].value(row) > 0]
    heights = [metrics.value(row) for row in curve]
    bounds = [_interval(row) for row in curve]
    below = [height - low for height, (low, _) in zip(heights, bounds, strict=True)]
    above = [high - height for height, (_, high) in zip(heights, bounds, strict=True)]
    axes.errorbar(
        [AXES[x].value(row) for row in curve],
        heights,
        yerr=[below, above],
        xerr=_spread(curve, x),
        linewidth=1.5,
        elinewidth=1,
        capsize=2,
        label=label,
        zorder=3,
        **look.drawn(),
    )


def _spread(curve: list[Row], x: str) -> list[list[float]] | None:
    """Return how far what a clock has measured goes below and above; None of what is counted."""
    value, bounds = AXES[x].value, AXES[x].bounds
    if bounds is None or None in bounds(curve[0]):
        return None
    below = [value(row) - bounds(row)[0] for row in curve]
    return [below, [bounds(row)[1] - value(row) for row in curve]]


def _draw_published(axes: Axes, label: str, method: str, color: str) -> None:
    points = published.ACCURACY[method]
    axes.plot(
        list(points),
        list(points.values()),
        color=color,
        alpha=_FAINT,
        linestyle="--",
        marker={WEIGHT: "x", UNIT: "+"}[method],
        linewidth=1.5,
        label=f"{label}, published",
    )


@style()
def sensitivity(rows: list[Row]) -> Figure:
    """Draw a map of accuracy: a line for each layer, pruned alone, a column for each k."""
    layers = list(dict.fromkeys(row.layers for row in rows))
    ks = list(dict.fromkeys(row.k for row in rows))
    heights = {(row.layers, row.k): metrics.value(row) for row in rows}
    metric, colors = metrics.of(rows[0]), _colors(rows)
    grid = [[heights[layer, k] for k in ks] for layer in layers]
    title = f"{metric.name[:1].upper()}{metric.name[1:]} when one layer alone is pruned"
    figure, axes = canvas(title, telling.throughout(rows, "k"))
    image = axes.imshow(grid, cmap=colors.map, vmin=colors.low, vmax=colors.high, aspect="auto")
    for y, line in enumerate(grid):
        for x, height in enumerate(line):
            color = "black" if colors.brightness(height) > _BRIGHT else "white"
            axes.text(x, y, colors.text(height), ha="center", va="center", color=color, fontsize=9)
    axes.set_xticks(range(len(ks)), [f"{k:.15g}%" for k in ks])
    axes.set_yticks(range(len(layers)), [_drawn(layer) for layer in layers])
    axes.set(xlabel="k: percent of the layer removed")
    axes.grid(visible=False)
    shares = metric.name == ACCURACY
    label = f"test accuracy ({rows[0].total:,} images)" if shares else _measured(rows[0])
    bar = figure.colorbar(image, label=label)
    if shares:
        bar.ax.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    return figure


class _Colors(NamedTuple):
    """How values are coloured: the better the brighter."""

    low: float
    high: float
    map: str = "viridis"
    text: Callable[[float], str] = "{:.1%}".format

    def brightness(self, value: float) -> float:
        """Return how far along the map a value is."""
        share = (value - self.low) / (self.high - self.low or 1)
        return share if self.map == "viridis" else 1 - share


def _colors(rows: list[Row]) -> _Colors:
    if rows[0].metric == ACCURACY:
        return _Colors(0, 1)
    values = [metrics.value(row) for row in rows]
    less_is_better = rows[0].score is None
    kind = "viridis_r" if less_is_better else "viridis"
    return _Colors(min(values), max(values), kind, "{:.3g}".format)


def _drawn(name: str) -> str:
    """Return a layer's name as it is drawn."""
    return plain(name if len(name) <= _LONG else f"{name[:_LONG]}...")


@style()
def history(epochs: list[Epoch]) -> Figure:
    """Draw the accuracy while training, and on the test images after each epoch."""
    figure, axes = canvas("Training")
    numbers = [epoch.epoch for epoch in epochs]
    lines = {
        "training": [epoch.accuracy for epoch in epochs],
        "test (reported, never chosen by)": [epoch.test_accuracy for epoch in epochs],
    }
    for (label, heights), (color, marker) in zip(lines.items(), STYLES, strict=False):
        axes.plot(numbers, heights, color=color, marker=marker, linewidth=2, label=label)
    axes.set(xlabel="epoch", ylabel="accuracy")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=1))
    axes.legend(loc="lower right")
    return figure
