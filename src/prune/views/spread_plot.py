"""Families -> pictures: the mean with its band, and single runs as dots."""

from __future__ import annotations

from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from prune.core.spread import spread
from prune.views import published
from prune.views.canvas import STYLES, style
from prune.views.families import Family
from prune.views.spread_tables import published_lines

# What matters happens close to 100 %, of k as of accuracy: there both axes are stretched.
_TICKS_K = (0, 25, 50, 70, 80, 90, 95, 97, 99, 100)
_TICKS_ACCURACY = (0.1, 0.5, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 1)
# From such a k or accuracy on, there is nothing to show of what lies before.
_LATE, _HIGH = 90, 0.9
_TICKS_HIGH = (0.9, 0.93, 0.95, 0.96, 0.97, 0.975, 0.98, 0.985, 0.99, 0.995, 1)
_MANY = 5  # curves
_BEYOND_K, _BEYOND_ACCURACY = 1.005, 1.005  # where each axis would reach infinity


@style()
def accuracy(found: list[Family]) -> Figure:
    """Draw accuracy against k, a panel for each method."""
    methods = list(dict.fromkeys(family.method for family in found))
    figure = Figure(figsize=(8 * len(methods), 5.5), layout="constrained")
    for axes, method in zip(
        figure.subplots(1, len(methods), squeeze=False)[0], methods, strict=True
    ):
        own = [family for family in found if family.method == method]
        _panel(axes, own)
        for line in published_lines(own)[:1]:
            _published(axes, line[0])
        axes.set_title(_title(method, own), loc="left")
        if len(own) > _MANY:  # more would hide the curves
            axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=10)
        else:
            axes.legend(loc="lower left", fontsize=10)
    return figure


def _title(method: str, found: list[Family]) -> str:
    sizes = sorted({len(family.unpruned) for family in found})
    number = " or ".join(map(str, sizes))
    networks = "network" if sizes == [1] else "networks"
    return f"By {method}: mean of {number} {networks}" + (", 95 % band" if sizes != [1] else "")


def _panel(axes: Axes, found: list[Family]) -> None:
    whole = spread([share for family in found for share in family.unpruned.values()]).mean
    axes.axhline(whole, color="#666666", linewidth=1, linestyle=":")
    ks = sorted({k for family in found for k in family.accuracy})
    each = [runs.values() for family in found for runs in family.accuracy.values()]
    best, worst = max(map(max, each)), min(whole, *map(min, each))
    high = worst >= _HIGH
    # Curves that fall leave room at the right; where they do not, they are near it all along.
    side = (0.01, "left", "top") if high else (1, "right", "bottom")
    place = {"xycoords": ("axes fraction", "data"), "ha": side[1], "va": side[2]}
    axes.annotate(f"unpruned {whole:.2%}", (side[0], whole), fontsize=10, color="#444444", **place)
    dashes = {"none": "-"}
    for place, (family, (color, marker)) in enumerate(zip(found, cycle(STYLES), strict=False)):
        line = _draw(axes, family, color, marker, dashes.get(family.first["repair"], (0, (4, 1))))
        if place >= len(STYLES):  # colours and markers come again, hollow
            line.set_markerfacecolor("white")
    axes.set_xscale("function", functions=_stretch(100 * _BEYOND_K))
    axes.set_yscale("function", functions=_stretch(_BEYOND_ACCURACY))
    axes.set(xlabel="k: percent removed (stretched towards 100)")
    axes.set_xlim(ks[0] - 0.4 * (100 - ks[0]) if ks[0] else -2, ks[-1] + (100 - ks[-1]) / 3)
    axes.set_ylim(worst - 0.4 * (1 - worst) if high else 0, min(1, best + 0.4 * (1 - best)))
    axes.set_ylabel(f"test accuracy (stretched towards 100 %), {found[0].first['total']:,} images")
    axes.xaxis.set_major_locator(FixedLocator(_TICKS_K if ks[0] < _LATE else ks))
    axes.yaxis.set_major_locator(FixedLocator(_TICKS_HIGH if high else _TICKS_ACCURACY))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda k, _: f"{k:g}%"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}%"))


def _stretch(end: float):  # noqa: ANN202
    """Return a scale that is stretched towards `end`, and its inverse."""

    def forward(x: np.ndarray) -> np.ndarray:
        return -np.log10(np.maximum(1 - np.asarray(x) / end, 1e-9))

    def backward(y: np.ndarray) -> np.ndarray:
        return end * (1 - 10.0 ** -np.asarray(y))

    return forward, backward


def _draw(axes: Axes, family: Family, color: str, marker: str, dashes: object) -> Line2D:
    spreads = {k: family.spread(k) for k in family.accuracy}
    dots = [(k, share) for k, runs in family.accuracy.items() for share in runs.values()]
    if len(family.unpruned) > 1:
        axes.plot(*zip(*dots, strict=True), ".", color=color, alpha=0.35, markersize=5, zorder=2)
    (line,) = axes.plot(
        list(spreads),
        [each.mean for each in spreads.values()],
        color=color,
        marker=marker,
        markersize=5,
        linestyle=dashes,
        linewidth=2,
        label=family.label,
        zorder=3,
    )
    sure = {k: each for k, each in spreads.items() if each.low is not None}
    low, high = [each.low for each in sure.values()], [each.high for each in sure.values()]
    axes.fill_between(list(sure), low, high, color=color, alpha=0.2, linewidth=0)
    return line


def _published(axes: Axes, method: str) -> None:
    points = published.ACCURACY[method]
    style = {"color": "black", "linestyle": "", "marker": "x", "markersize": 7, "zorder": 4}
    axes.plot(list(points), list(points.values()), label="published, one network", **style)
