"""The largest k of each depth -> a picture."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from prune.core.spread import spread
from prune.views.canvas import STYLES, style
from prune.views.depth import Line


@style()
def largest_k(lines: list[Line]) -> Figure:
    """Draw the largest k against depth, a panel for each reading."""
    readings = list(dict.fromkeys(line.reading for line in lines))
    figure = Figure(figsize=(6.5 * len(readings), 5), layout="constrained")
    panels = figure.subplots(1, len(readings), sharey=True, squeeze=False)[0]
    for axes, reading in zip(panels, readings, strict=True):
        own = [line for line in lines if line.reading == reading]
        for line, look in zip(own, STYLES, strict=False):
            _draw(axes, line, look)
        axes.set_title(f"{reading.capitalize()} held", loc="left")
        axes.set(xlabel="hidden layers")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="best", title="pruned by")
    panels[0].set_ylabel("largest k within 1 point (mean, 95 % band)")
    panels[0].yaxis.set_major_formatter(PercentFormatter())
    return figure


def _draw(axes: Axes, line: Line, look: tuple[str, str]) -> None:
    color, marker = look
    spreads = {depth: spread(list(runs.values())) for depth, runs in line.reach.items()}
    dots = [(depth, k) for depth, runs in line.reach.items() for k in runs.values()]
    means = [each.mean for each in spreads.values()]
    axes.plot(*zip(*dots, strict=True), ".", color=color, alpha=0.4, zorder=2)
    axes.plot(list(spreads), means, color=color, marker=marker, label=line.method, linewidth=2)
    sure: dict[int, Any] = {d: each for d, each in spreads.items() if each.low is not None}
    low, high = [each.low for each in sure.values()], [each.high for each in sure.values()]
    axes.fill_between(list(sure), low, high, color=color, alpha=0.2, linewidth=0)
