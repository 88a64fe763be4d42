"""What can be read in a picture: curves told apart, labels side by side, nothing over a line."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from prune.views import canvas, families, plot, spread_plot
from test_families import BAD, GOOD, curve
from test_views import ROWS, row


def in_grey(look):
    return look.marker, look.hollow, look.dashes


@pytest.mark.parametrize("kinds", [1, 2, 4, 7, 8, 12, 16])
def test_every_two_of_sixteen_curves_can_be_told_apart_in_grey(kinds):
    each = [i % kinds for i in range(16)]
    for order in (each, sorted(each), each[::-1]):
        looks = canvas.looks(order)
        assert len(set(map(in_grey, looks))) == len(looks) == 16
        if kinds < len(canvas.STYLES):  # a single point has no dashes
            assert len({(look.color, look.marker, look.hollow) for look in looks}) == 16


def test_a_kind_keeps_its_colour_and_curves_of_one_kind_have_their_own():
    colors = [look.color for look in canvas.looks(["a", "b", "a", "b", "c"])]
    assert colors[0] == colors[2] and colors[1] == colors[3] and len(set(colors)) == 3
    assert len({look.color for look in canvas.looks(["a", "a", "a"])}) == 3


def test_what_is_drawn_is_the_look():
    repaired = [
        replace(each, repair="lstsq", accuracy=each.accuracy / 2, correct=each.correct / 2)
        for each in ROWS
    ]
    (axes,) = plot.accuracy([*ROWS, *repaired], 0.98, 10, with_published=False).axes
    lines = {container.get_label(): container[0] for container in axes.containers}
    assert lines["weight lstsq"].get_markerfacecolor() == "white"
    assert lines["weight"].get_markerfacecolor() == lines["weight"].get_color()
    rows = curve("weight", "obs", GOOD) + curve("weight", "obd", BAD)
    worse = {k: share / 2 for k, share in BAD.items()}
    rows += curve("weight", "obs", worse, repair="lstsq")
    (axes,) = spread_plot.accuracy(families.families(rows)).axes
    lines = {line.get_label(): line for line in axes.lines}
    assert lines["weight obs lstsq"].get_markerfacecolor() == "white"
    assert lines["weight obs lstsq"].get_color() == lines["weight obs"].get_color()


def test_a_curve_that_covers_another_says_so():
    twin = [replace(each, repair="lstsq") for each in ROWS[:4]]
    (axes,) = plot.accuracy([*ROWS, *twin], 0.98, 10, with_published=False).axes
    labels = {container.get_label() for container in axes.containers}
    assert labels == {"weight", "unit", "weight lstsq (covers weight)"}
    rows = curve("weight", "obs", GOOD) + curve("weight", "obd", GOOD)
    (axes,) = spread_plot.accuracy(families.families(rows)).axes
    labels = {line.get_label() for line in axes.lines}
    assert {"weight obs", "weight obd (covers weight obs)"} <= labels


def sixteen():
    names = ("magnitude", "obs", "obd", "taylor")
    return [
        row(method, k, n, criterion=name, repair=repair)
        for method in ("weight", "unit")
        for name in names
        for repair in ("none", "lstsq")
        for k, n in [(0, 980), (50, 975), (90, 900), (99, 400)]
    ]


def boxes(figure, artists):
    renderer = FigureCanvasAgg(figure).get_renderer()
    return [artist.get_window_extent(renderer) for artist in artists if artist.get_visible()]


def laid_out(figure):
    FigureCanvasAgg(figure).draw()
    return figure


def single(x="k"):
    costs = {0: 2_386_000, 50: 1_200_000, 90: 240_000, 99: 24_000}
    rows = [replace(each, file_bytes=costs[each.k]) for each in sixteen()]
    return plot.accuracy(rows, 0.98, 10, with_published=True, x=x)


def study():
    rows = [each for name in ("obs", "obd") for each in curve("weight", name, GOOD)]
    return spread_plot.accuracy(families.families(rows + curve("unit", "norm", BAD)))


@pytest.mark.parametrize("draw", [single, lambda: single("bytes"), study])
def test_names_stand_beside_the_curves_and_cover_nothing(draw):
    figure = laid_out(draw())
    for axes in figure.axes:
        (legend,) = boxes(figure, [axes.get_legend()])
        assert all(not legend.overlaps(other.get_window_extent()) for other in figure.axes)
        assert legend.y0 >= 0 and legend.x1 <= figure.bbox.x1 + 1
        assert not axes.texts


def costing(*costs):
    rows = [replace(row("weight", k, 980), file_bytes=cost) for k, cost in enumerate(costs)]
    return plot.accuracy(rows, 0.98, 10, with_published=False, x="bytes")


def test_less_than_one_is_no_milli():
    rows = [replace(row("weight", k, 980), microseconds=time) for k, time in ((0, 20.0), (90, 0.4))]
    figure = laid_out(plot.accuracy(rows, 0.98, 10, with_published=False, x="time"))
    # Where a unit would be, matplotlib 3.9 leaves a space.
    labels = [label.get_text().strip() for label in figure.axes[0].get_xticklabels()]
    assert "0.5" in labels and "10" in labels


def at(*ks, correct=(980, 500)):
    heights = np.linspace(*correct, len(ks)).astype(int)
    return plot.accuracy([row("weight", k, int(n)) for k, n in zip(ks, heights)], 0.98, 10, True)


@pytest.mark.parametrize(
    "draw",
    [
        *(single, lambda: single("bytes"), study),
        lambda: costing(1_000, 9_000_000),
        lambda: costing(90_000, 1_900_000),
        lambda: costing(1_200_000, 4_900_000),
        lambda: costing(1_200_000, 1_400_000),
        lambda: costing(1_000_000),
        lambda: at(*range(101)),
        lambda: at(0, 25, 50, 60, 70, 80, 90, 95, 97, 99),
        lambda: at(*(90 + i / 10 for i in range(100))),
        lambda: at(100, correct=(100, 100)),
        lambda: at(0, correct=(1000, 1000)),
        lambda: at(0, 50, 99, correct=(100, 90)),
    ],
)
def test_labels_of_axes_do_not_overlap_and_there_are_some(draw):
    figure = laid_out(draw())
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
            assert ticks
            extents = boxes(figure, [tick.label1 for tick in ticks])
            assert not [1 for one, other in combinations(extents, 2) if one.overlaps(other)]
            assert not any(tick.label1.get_text() for tick in axis.get_minor_ticks())


def test_what_matters_has_its_room():
    """Above 90 % of k, and of accuracy, lies more than a third of each axis."""
    for figure in (single(), study()):
        axes = figure.axes[0]
        (left, bottom), (right, top) = axes.transData.transform([(90, 0.9), (99, 0.98)])
        inside = axes.get_window_extent()
        assert right - left > inside.width / 3 and top - bottom > inside.height / 4
