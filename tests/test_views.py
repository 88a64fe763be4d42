"""Tables, sentences and pictures: the data in them, not their pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from conftest import make_network
from prune.core.measure import wilson
from prune.files.results import Epoch, Row
from prune.views import canvas, plot, published, tables, words


def row(method, k, correct, total=1000, criterion=None, scope="layer", repair="none"):
    counts = (correct / total, correct, total, 0.25, k, 100, 50, 120)
    criterion = criterion or {"weight": "magnitude", "unit": "norm"}[method]
    return Row(method, criterion, k, *counts, scope, repair, "dense", "", 0, 45, 40, 180, 200)


ROWS = [row("weight", k, n) for k, n in [(0, 980), (50, 975), (90, 970), (99, 400)]]
ROWS += [row("unit", k, n) for k, n in [(0, 980), (50, 971), (90, 969), (99, 975)]]


def test_exactly_one_point_less_is_within_one_point():
    assert words.reach(ROWS[:4], 0.98) == (90, 99)


def test_what_recovers_after_a_fall_has_not_held():
    assert words.reach(ROWS[4:], 0.98) == (50, 90)


def test_the_conclusion_names_every_curve():
    assert words.conclusion(ROWS, 0.98) == (
        "Weight pruning keeps within 1 point of 98.0 % up to k = 90, unit pruning up to k = 50; "
        "k = 99 leaves 40.0 % and 97.5 %."
    )


def test_a_curve_that_never_holds_is_said_so():
    assert words.conclusion([row("unit", 90, 500)], 0.98) == (
        "Unit pruning keeps within 1 point of 98.0 % at no k asked; k = 90 leaves 50.0 %."
    )


def test_criteria_are_named_where_a_method_has_several():
    several = [row("weight", 0, 1, criterion=c) for c in ("magnitude", "random")]
    assert list(words.curves(several)) == ["weight magnitude", "weight random"]
    more = [*several, row("unit", 0, 1, criterion="random")]
    assert list(words.curves(more)) == ["weight magnitude", "weight random", "unit random"]


def test_whatever_else_differs_is_named():
    differing = [row("weight", 0, 1), row("weight", 0, 1, scope="network", repair="lstsq")]
    assert list(words.curves(differing)) == ["weight", "weight lstsq scope network"]


def test_one_curve_is_shown_in_detail():
    table = tables.table(ROWS[:4], with_published=False)
    assert table.header == [
        "k",
        "accuracy %",
        "95 % interval",
        "loss",
        "weights removed",
        "nonzero",
    ]
    assert table.lines[0] == ["0", "98.00", "96.93 to 98.70", "0.250", "0", "50"]


def test_two_curves_stand_side_by_side_with_the_published_numbers():
    table = tables.table(ROWS, with_published=True)
    assert table.header[1:4] == ["weight %", "95 % interval", "published"]
    assert table.lines[2][1:] == [
        *("97.00", "95.75 to 97.89", "95.49"),
        *("96.90", "95.63 to 97.81", "38.02"),
    ]


def test_markdown_and_text_hold_the_same_cells():
    table = tables.table(ROWS, with_published=True)
    markdown = [line for line in tables.to_markdown(table).splitlines() if line.startswith("|")]
    text = tables.to_text(table).splitlines()
    for number, line in enumerate(table.lines):
        assert [cell.strip() for cell in markdown[number + 2].strip("|").split("|")] == line
        assert text[number + 2].split() == " ".join(line).split()


MANY = [
    row(method, k, n, criterion=criterion)
    for method, criterion, at in [
        ("weight", "magnitude", (980, 975, 900)),
        ("weight", "obs", (980, 980, 979)),
        ("weight", "random", (980, 500, 100)),
    ]
    for k, n in zip((0, 50, 90), at)
]


def test_of_many_curves_the_best_and_the_worst_are_named():
    assert words.conclusion(MANY, 0.98) == (
        "Of 3 curves weight obs keeps within 1 point of 98.0 % longest, up to k = 90; "
        "weight random falls first, after k = 0."
    )


def test_many_curves_are_shown_without_intervals():
    table = tables.table(MANY, with_published=True)
    assert table.header == ["k", "weight magnitude", "weight obs", "weight random"]
    assert table.lines[1] == ["50", "97.50", "98.00", "50.00"]


def test_how_far_each_curve_goes():
    table = tables.reach_table(MANY, 0.98)
    assert table.lines == [
        ["weight magnitude", "50", "50", "45", "2.7x"],
        ["weight obs", "90", "50", "45", "2.7x"],
        ["weight random", "0", "50", "45", "2.7x"],
    ]
    nowhere = tables.reach_table([row("weight", 90, 100)], 0.98)
    assert nowhere.lines == [["weight", "none", "", "", ""]]


def test_only_what_was_pruned_alike_is_held_against_the_published_numbers():
    assert published.compares(row("weight", 0, 1)) and published.compares(row("unit", 0, 1))
    assert not published.compares(row("weight", 0, 1, criterion="obs"))
    assert not published.compares(row("weight", 0, 1, repair="lstsq"))
    assert not published.compares(row("weight", 0, 1, scope="network"))


def by_layer():
    return [
        replace(row("weight", k, n), layers=layer)
        for layer, at in (("a", (980, 960)), ("b$", (980, 979)))
        for k, n in zip((0, 50), at)
    ]


def test_the_map_holds_a_line_for_each_layer():
    axes, bar = plot.sensitivity(by_layer()).axes
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.98, 0.96], [0.98, 0.979]])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", r"b\$"]
    assert "test accuracy" in bar.get_ylabel()


def test_layers_are_shown_side_by_side_and_told():
    table = tables.by_layer(by_layer())
    assert table.header == ["k", "a", "b$"]
    assert table.lines == [["0", "98.00", "98.00"], ["50", "96.00", "97.90"]]
    assert words.most_sensitive(by_layer(), 0.98) == (
        "Pruned alone, each stays within 1 point of 98.0 %: a at k = 0 alone, b$ up to k = 50."
    )


def lines_by_label(axes):
    return {container.get_label(): container[0] for container in axes.containers}


def test_the_lines_drawn_hold_the_points():
    (axes,) = plot.accuracy(ROWS, 0.98, 10, with_published=False).axes
    lines = lines_by_label(axes)
    np.testing.assert_allclose(
        lines["weight"].get_xydata(), [[0, 0.98], [50, 0.975], [90, 0.97], [99, 0.4]]
    )
    assert list(lines) == ["weight", "unit"]


@pytest.mark.parametrize(("x", "left"), [("parameters", 45), ("macs", 40), ("bytes", 200)])
def test_points_can_be_drawn_against_what_they_cost(x, left):
    (axes,) = plot.accuracy(ROWS, 0.98, 10, with_published=True, x=x).axes
    assert {float(at) for at in lines_by_label(axes)["weight"].get_xdata()} == {left}
    assert axes.get_xscale() == "log"
    assert not [line for line in axes.lines if "published" in str(line.get_label())]


def test_a_criterion_keeps_its_colour_and_its_repair_is_dashed():
    repaired = [
        replace(each, repair="lstsq", accuracy=each.accuracy / 2, correct=each.correct / 2)
        for each in MANY
    ]
    (axes,) = plot.accuracy([*MANY, *repaired], 0.98, 10, with_published=False).axes
    lines = lines_by_label(axes)
    plain, dashed = lines["weight obs"], lines["weight obs lstsq"]
    assert plain.get_color() == dashed.get_color() != lines["weight random"].get_color()
    assert (plain.get_linestyle(), dashed.get_linestyle()) == ("-", "--")


def test_the_bars_are_wilson_intervals():
    (axes,) = plot.accuracy(ROWS[:1], 0.98, 10, with_published=False).axes
    ((_, _, (bars,)),) = axes.containers
    np.testing.assert_allclose(bars.get_segments()[0][:, 1], wilson(980, 1000))


def test_unpruned_and_chance_are_drawn_and_published_lines_only_when_asked():
    (plain,) = plot.accuracy(ROWS, 0.98, 4, with_published=False).axes
    heights = {float(line.get_ydata()[0]) for line in plain.lines if len(line.get_xdata()) == 2}
    assert {0.98, 0.25} <= heights
    (compared,) = plot.accuracy(ROWS, 0.98, 4, with_published=True).axes
    faint = [line for line in compared.lines if "published" in str(line.get_label())]
    assert [line.get_ydata()[6] for line in faint] == [0.9549, 0.3802]
    assert not [line for line in plain.lines if "published" in str(line.get_label())]


def test_the_picture_of_training_holds_its_course():
    epochs = [Epoch(1, 0.5, 0.9, 0.4, 0.91), Epoch(2, 0.3, 0.95, 0.35, 0.93)]
    (axes,) = plot.history(epochs).axes
    training, test = axes.lines
    np.testing.assert_allclose(training.get_xydata(), [[1, 0.9], [2, 0.95]])
    np.testing.assert_allclose(test.get_xydata(), [[1, 0.91], [2, 0.93]])


def test_pictures_are_the_same_bytes_every_time_whatever_the_users_style():
    import matplotlib as mpl

    first = canvas.png_and_svg(plot.accuracy(ROWS, 0.98, 10, with_published=True))
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black"}):
        second = canvas.png_and_svg(plot.accuracy(ROWS, 0.98, 10, with_published=True))
    assert first == second
    assert b"<dc:date>" not in first[1]


def test_only_the_published_structure_is_the_home_network(rng):
    sizes = [784, 1000, 1000, 500, 200, 10]
    home = make_network(rng, sizes, bias=False)
    assert published.is_home(home)
    assert not published.is_home(make_network(rng, sizes, "tanh", bias=False))
    assert not published.is_home(make_network(rng, [784, 10], bias=False))
    assert not published.is_home(make_network(rng, sizes))


@pytest.mark.parametrize(("method", "at_90"), [("weight", 0.9549), ("unit", 0.3802)])
def test_published_numbers_are_those_of_the_source(method, at_90):
    assert published.ACCURACY[method][90] == at_90
    assert len(published.ACCURACY[method]) == 10


def test_what_is_gained_is_counted_and_not_what_was_asked():
    table = tables.gains(ROWS[:4], 80)
    assert table.header == ["k", "weight effective", "smaller", "less work"]
    assert table.lines[1] == ["50", "45", "2.7x", "2.0x"]  # 120 / 45 and 80 / 40


def test_where_nothing_is_left_no_ratio_is_told():
    (line,) = tables.gains([replace(ROWS[0], effective=0, macs=0)], 80).lines
    assert line == ["0", "0", "all gone", "all gone"]


def test_measured_time_joins_what_is_gained():
    timed = [timed_at(each, 2.5) for each in ROWS[:4]]
    table = tables.gains(timed, 80)
    assert table.lines[0][-2:] == ["2.5", "2.25 to 2.75"]
    assert "the bounds of their middle half" in table.note
    assert "middle half" not in tables.gains(ROWS[:4], 80).note


def timed_at(row, microseconds, spread=0.1):
    bounds = ((1 - spread) * microseconds, (1 + spread) * microseconds)
    return replace(
        row, microseconds=microseconds, microseconds_low=bounds[0], microseconds_high=bounds[1]
    )


def test_the_cheapest_that_holds_is_named_for_each_curve_cheapest_first():
    costs = [30, 20, 10, 5, 40, 15, 9, 1]
    rows = [timed_at(each, float(cost)) for each, cost in zip(ROWS, costs)]
    assert words.cheapest(rows, 0.98, "time") == (
        "Cheapest within that point: weight at k = 90 with 10 microseconds an image, "
        "unit at k = 50 with 15 microseconds an image."
    )


def test_curves_that_cost_the_same_share_what_is_said_of_them():
    rows = [replace(each, file_bytes=9) for each in ROWS if each.k == 0]
    assert words.cheapest(rows, 0.98, "bytes") == (
        "Cheapest within that point: weight and unit at k = 0 with 9 bytes."
    )


def test_what_the_clock_cannot_tell_apart_is_not_ranked():
    costs = [20, 10.5, 10, 5, 40, 10.9, 9, 1]
    rows = [timed_at(each, float(cost), 0.05) for each, cost in zip(ROWS, costs)]
    assert words.cheapest(rows, 0.98, "time") == (
        "Cheapest within that point: weight at k = 50 or 90 with 10 microseconds an image, "
        "unit at k = 50 with 10.9 microseconds an image (too close to tell)."
    )
    close = [timed_at(each, float(cost), 0.001) for each, cost in zip(ROWS, costs)]
    said = words.cheapest(close, 0.98, "time")
    assert "weight at k = 90 with" in said and "told" not in said
    # A difference that repeats in every round, but that the place in memory makes too.
    equal = [timed_at(each, cost, 0) for each, cost in zip(ROWS, [10.1, 10.0, 10.1, 9] * 2)]
    assert "weight at k = 0, 50 or 90 with" in words.cheapest(equal, 0.98, "time")


def test_the_picture_against_time_shows_the_spread():
    rows = [timed_at(each, 10.0) for each in ROWS]
    with_spread, without = (
        len(plot.accuracy(rows, 0.98, 4, False, x).axes[0].collections) for x in ("time", "macs")
    )
    assert with_spread == without + 2  # bars along the axis, for each curve


def test_where_no_curve_holds_nothing_is_cheapest():
    rows = [row("weight", 90, 500)]
    assert words.cheapest(rows, 0.98, "bytes") == "Cheapest within that point: nothing asked."
