"""Rows -> pictures of accuracy."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from prune.core.measure import wilson
from prune.files.results import Epoch, Row
from prune.settings.files import BY_K
from prune.settings.pruning import UNIT, WEIGHT
from prune.views import published, scales, telling
from prune.views.canvas import (
    STYLES,
    Look,
    canvas,
    legend_beside,
    looks,
    plain,
    reference,
    size,
    style,
)
from prune.views.words import AXES, curves

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
    figure, axes = canvas(_title(rows), telling.throughout(rows, "k"), size(list(grouped)))
    bounds = [bound for row in rows for bound in wilson(row.correct, row.total)]
    high = scales.stretch_accuracy(axes, [unpruned, *bounds])
    kinds = [(curve[0].method, curve[0].criterion) for curve in grouped.values()]
    for (label, curve), look in zip(grouped.items(), looks(kinds), strict=True):
        _draw_curve(axes, plain(label), curve, (look, x))
        if with_published and x == BY_K and published.compares(curve[0]):
            _draw_published(axes, label, curve[0].method, look.color)
    reference(axes, unpruned, f"unpruned {unpruned:.2%}")
    if not high:
        reference(axes, 1 / classes, f"chance {100 / classes:.3g}%", "-.")
    axes.set(xlabel=AXES[x].label, ylabel=scales.accuracy_label(rows[0].total))
    if x == BY_K:
        scales.stretch_k(axes, {row.k for row in rows})
    else:
        scales.logarithmic(axes)
    legend_beside(axes)
    return figure


def _title(rows: list[Row]) -> str:
    trained = "with" if rows[0].retrain else "without"
    return f"Accuracy after pruning, {trained} retraining"


def _draw_curve(axes: Axes, label: str, curve: list[Row], shown: tuple[Look, str]) -> None:
    look, x = shown
    # On a logarithmic axis there is no place for nothing left.
    curve = [row for row in curve if x == BY_K or AXES[x].value(row) > 0]
    heights = [row.accuracy for row in curve]
    bounds = [wilson(row.correct, row.total) for row in curve]
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
    heights = {(row.layers, row.k): row.accuracy for row in rows}
    grid = [[heights[layer, k] for k in ks] for layer in layers]
    title = "Accuracy when one layer alone is pruned"
    figure, axes = canvas(title, telling.throughout(rows, "k"))
    image = axes.imshow(grid, cmap="viridis", vmin=0, vmax=1, aspect="auto")
    for y, line in enumerate(grid):
        for x, height in enumerate(line):
            color = "black" if height > _BRIGHT else "white"
            axes.text(x, y, f"{height:.1%}", ha="center", va="center", color=color, fontsize=9)
    axes.set_xticks(range(len(ks)), [f"{k:.15g}%" for k in ks])
    axes.set_yticks(range(len(layers)), [_drawn(layer) for layer in layers])
    axes.set(xlabel="k: percent of the layer removed")
    axes.grid(visible=False)
    bar = figure.colorbar(image, label=f"test accuracy ({rows[0].total:,} images)")
    bar.ax.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    return figure


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
