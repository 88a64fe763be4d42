"""Families -> pictures: the mean with its band, and single runs as dots."""

from __future__ import annotations

from itertools import chain

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prune.core.spread import ENOUGH, spread
from prune.views import published, scales
from prune.views.canvas import (
    Look,
    covering,
    legend_beside,
    looks,
    plain,
    reference,
    size,
    style,
    under,
)
from prune.views.families import Family
from prune.views.spread_tables import published_lines, throughout


@style()
def accuracy(found: list[Family]) -> Figure:
    """Draw accuracy against k, a panel for each method."""
    methods = list(dict.fromkeys(family.method for family in found))
    width, height = size(list(_names(found).values()))
    figure = Figure(figsize=(width * len(methods), height), layout="constrained")
    for axes, method in zip(
        figure.subplots(1, len(methods), squeeze=False)[0], methods, strict=True
    ):
        own = [family for family in found if family.method == method]
        _panel(axes, own)
        for line in published_lines(own)[:1]:
            _published(axes, line[0])
        axes.set_title(_title(method, own), loc="left")
        legend_beside(axes)
    under(figure, throughout(found))
    return figure


def _title(method: str, found: list[Family]) -> str:
    sizes = sorted({len(family.unpruned) for family in found})
    if sizes == [1]:
        return f"By {method}: 1 network"
    band = ", 95 % band" if sizes[-1] >= ENOUGH else " and their range"
    return f"By {method}: mean of {' or '.join(map(str, sizes))} networks{band}"


def _panel(axes: Axes, found: list[Family]) -> None:
    whole = spread([share for family in found for share in family.unpruned.values()]).mean
    each = [runs.values() for family in found for runs in family.accuracy.values()]
    scales.stretch_accuracy(axes, [whole, *chain.from_iterable(each)])
    scales.stretch_k(axes, {k for family in found for k in family.accuracy})
    kinds = [family.first["criterion"] for family in found]
    names = _names(found)
    for family, look in zip(found, looks(kinds), strict=True):
        _draw(axes, family, (names[family.label], look))
    reference(axes, whole, f"unpruned {whole:.2%}")
    axes.set_ylabel(scales.accuracy_label(found[0].first["total"]))


def _names(found: list[Family]) -> dict[str, str]:
    return covering(
        {
            family.label: tuple((k, family.spread(k).mean) for k in family.accuracy)
            for family in found
        }
    )


def _draw(axes: Axes, family: Family, shown: tuple[str, Look]) -> None:
    name, look = shown
    spreads = {k: family.spread(k) for k in family.accuracy}
    dots = [(k, share) for k, runs in family.accuracy.items() for share in runs.values()]
    if len(family.unpruned) > 1:
        faint = {"color": look.color, "alpha": 0.35, "markersize": 5, "zorder": 2}
        axes.plot(*zip(*dots, strict=True), ".", **faint)
    axes.plot(
        list(spreads),
        [each.mean for each in spreads.values()],
        markersize=5,
        linewidth=1.5,
        label=plain(name),
        zorder=3,
        **look.drawn(),
    )
    sure = {k: each for k, each in spreads.items() if each.low is not None}
    low, high = [each.low for each in sure.values()], [each.high for each in sure.values()]
    axes.fill_between(list(sure), low, high, color=look.color, alpha=0.2, linewidth=0)


def _published(axes: Axes, method: str) -> None:
    points = published.ACCURACY[method]
    style = {"color": "black", "linestyle": "", "marker": "x", "markersize": 7, "zorder": 4}
    axes.plot(list(points), list(points.values()), label="published, one network", **style)
