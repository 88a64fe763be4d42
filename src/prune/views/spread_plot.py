"""Families -> pictures: the mean with its band, and single runs as dots."""

from __future__ import annotations

from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from prune.core.spread import spread
from prune.views import published
from prune.views.canvas import STYLES, style
from prune.views.families import Family
from prune.views.spread_tables import published_lines

# What matters happens close to 100 %, of k as of accuracy: there both axes are stretched.
_TICKS_K = (0, 25, 50, 70, 80, 90, 95, 97, 99, 100)
_TICKS_ACCURACY = (0.1, 0.5, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 1)
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
    place = {"xycoords": ("axes fraction", "data"), "ha": "right", "va": "bottom"}
    axes.annotate(f"unpruned {whole:.2%}", (1, whole), fontsize=10, color="#444444", **place)
    dashes = {"none": "-"}
    for family, (color, marker) in zip(found, cycle(STYLES), strict=False):
        _draw(axes, family, color, marker, dashes.get(family.first["repair"], (0, (4, 1))))
    axes.set_xscale("function", functions=_stretch(100 * _BEYOND_K))
    axes.set_yscale("function", functions=_stretch(_BEYOND_ACCURACY))
    last = max(max(family.accuracy) for family in found)
    axes.set(xlabel="k: percent removed (stretched towards 100)")
    axes.set_xlim(-2, last + (100 - last) / 3)
    best = max(max(runs.values()) for family in found for runs in family.accuracy.values())
    axes.set_ylim(0, min(1, best + 0.4 * (1 - best)))
    axes.set_ylabel(f"test accuracy (stretched towards 100 %), {found[0].first['total']:,} images")
    axes.xaxis.set_major_locator(FixedLocator(_TICKS_K))
    axes.yaxis.set_major_locator(FixedLocator(_TICKS_ACCURACY))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda k, _: f"{k:g}%"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:.0%}"))


def _stretch(end: float):  # noqa: ANN202
    """Return a scale that is stretched towards `end`, and its inverse."""

    def forward(x: np.ndarray) -> np.ndarray:
        return -np.log10(np.maximum(1 - np.asarray(x) / end, 1e-9))

    def backward(y: np.ndarray) -> np.ndarray:
        return end * (1 - 10.0 ** -np.asarray(y))

    return forward, backward


def _draw(axes: Axes, family: Family, color: str, marker: str, dashes: object) -> None:
    spreads = {k: family.spread(k) for k in family.accuracy}
    dots = [(k, share) for k, runs in family.accuracy.items() for share in runs.values()]
    if len(family.unpruned) > 1:
        axes.plot(*zip(*dots, strict=True), ".", color=color, alpha=0.35, markersize=5, zorder=2)
    axes.plot(
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


def _published(axes: Axes, method: str) -> None:
    points = published.ACCURACY[method]
    style = {"color": "black", "linestyle": "", "marker": "x", "markersize": 7, "zorder": 4}
    axes.plot(list(points), list(points.values()), label="published, one network", **style)
