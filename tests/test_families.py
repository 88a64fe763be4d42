"""Rows of a study -> families, tables and sentences: what is claimed, and how surely."""

from __future__ import annotations

import numpy as np
import pytest

from prune.core.spread import spread
from prune.views import families, report, spread_plot, spread_tables, spread_words
from prune.views import published as known
from prune.views.canvas import png_and_svg
from prune.views.tables import to_markdown, to_text

SEEDS = range(5)
# Of each seed: how good its network is.
LUCK = [0.0, 0.002, -0.001, 0.001, -0.002]
COLUMNS = {
    "repair": "none",
    "scope": "layer",
    "hidden": "1000-1000-500-200",
    "parameters": 2_386_000,
    "epochs": 10,
    "batch_size": 128,
    "learning_rate": 0.001,
    "calibration": 20_000,
    "total": 10_000,
}


def curve(method, criterion, accuracies, seeds=SEEDS, **more):
    return [
        {"method": method, "criterion": criterion, "k": k, "seed": seed}
        | {"accuracy": share + LUCK[seed], "unpruned": 0.98 + LUCK[seed], **COLUMNS, **more}
        for seed in seeds
        for k, share in accuracies.items()
    ]


GOOD, BAD = {0: 0.98, 90: 0.979, 99: 0.9}, {0: 0.98, 90: 0.95, 99: 0.2}
ROWS = curve("weight", "magnitude", BAD) + curve("weight", "obs", GOOD)
UNITS = curve("unit", "norm", BAD)


def found(rows):
    return families.families(rows)


GRADUAL = {"retrain": 2, "schedule": "gradual", "ramp": "cubic"}


def test_families_are_told_by_what_differs_and_by_nothing_else():
    assert [each.label for each in found(ROWS)] == ["weight magnitude", "weight obs"]
    assert [each.label for each in found(ROWS[:15] + UNITS)] == ["weight", "unit"]
    other = curve("weight", "magnitude", BAD, batch_size=32)
    assert [each.label for each in found(ROWS[:15] + other)] == [
        "weight batch 128",
        "weight batch 32",
    ]
    for scope, plain, other, label in (
        ("layer", {"retrain": 2}, {"retrain": 2, "input_dropout": 0.2}, "input dropout 0.2"),
        ("layer", GRADUAL, GRADUAL | {"ramp_from": 80.0}, "from 80 %"),
        ("network", {"floor": None}, {"floor": 0.0}, "floor 0 %"),
    ):
        pair = [row | {"scope": scope} | plain for row in ROWS[:15]]
        pair += [row | {"scope": scope} | other for row in ROWS[:15]]
        assert [each.label for each in found(pair)] == ["weight", f"weight {label}"]
    repaired = curve("weight", "magnitude", BAD, repair="lstsq")
    assert [each.label for each in found(ROWS[:15] + repaired)] == ["weight", "weight lstsq"]


def test_a_family_holds_every_run_once_and_k_in_order():
    (one,) = found(UNITS[::-1] + UNITS)
    assert list(one.accuracy) == [0, 90, 99]
    assert one.accuracy[90] == {seed: 0.95 + LUCK[seed] for seed in SEEDS}
    assert one.spread(90) == spread([one.accuracy[90][seed] for seed in one.accuracy[90]])


def test_the_largest_k_held_is_each_networks_own():
    rows = curve("weight", "magnitude", GOOD, [0]) + curve("weight", "magnitude", BAD, [1])
    (one,) = found(rows)
    assert one.reach() == {0: 90, 1: 0}
    nothing = curve("weight", "magnitude", {50: 0.5}, [0])
    assert found(nothing)[0].reach() == {0: -1}


def test_a_point_after_a_fall_does_not_count():
    (one,) = found(curve("weight", "magnitude", {0: 0.98, 50: 0.9, 60: 0.98}, [0]))
    assert one.reach() == {0: 0}


def test_differences_are_taken_network_by_network():
    """The luck of the networks is much larger than the difference, and cancels."""
    magnitude, obs = found(ROWS)
    pair = families.compare(obs, magnitude, 90)
    assert pair.difference == pytest.approx((5, 0.029, 0.029, 0.029))
    assert pair.certain


def test_only_shared_seeds_and_shared_k_are_compared():
    one = curve("weight", "magnitude", GOOD, [0, 1, 2])
    other = curve("weight", "obs", {90: 0.97, 95: 0.5}, [1, 2, 3])
    pairs = list(families.comparisons(found(one + other)))
    assert [(pair.k, pair.difference.n) for pair in pairs] == [(90, 2)]
    assert families.compare(*found(one + other), 95) is None


def test_other_sizes_and_other_methods_are_not_compared():
    small = curve("weight", "magnitude", GOOD, hidden="300-100")
    assert not list(families.comparisons(found(ROWS[:15] + small + UNITS)))
    assert spread_tables.differences(found(ROWS[:15] + small + UNITS)) is None


def test_better_is_said_only_with_evidence():
    magnitude, obs = found(ROWS)
    said = spread_words.verdict(families.compare(obs, magnitude, 90))
    assert said == (
        "weight obs beats weight magnitude: +2.90 points "
        "(95 % interval +2.90 to +2.90, n = 5, pair by pair)."
    )
    unsure = [row | {"accuracy": row["accuracy"] - LUCK[row["seed"]]} for row in ROWS[15:]]
    same = [row | {"criterion": "lamp"} for row in ROWS[15:]]
    said = spread_words.verdict(families.compare(*found(unsure + same), 90))
    assert said.startswith("weight obs cannot be told from weight lamp: +0.00 points (95 %")


def test_one_network_is_no_evidence():
    rows = [row for row in ROWS if row["seed"] == 0]
    said = spread_words.conclusion(found(rows))
    assert "weight obs gives more than weight magnitude on one network, which is no evid" in said
    assert spread_tables.means(found(rows)).lines[1][1] == "95.00"


def test_curves_that_agree_on_every_network_are_equal():
    twin = [row | {"criterion": "lamp"} for row in ROWS[:15]]
    assert "gives the same as" in spread_words.conclusion(found(ROWS[:15] + twin))


def test_the_conclusion_compares_where_the_best_still_keeps_its_accuracy():
    said = spread_words.conclusion(found(ROWS))
    assert "weight magnitude up to k = 0 (n = 5); weight obs up to k = 90 (n = 5)" in said
    assert "At k = 90 weight obs beats weight magnitude: +2.90 points" in said


def test_networks_that_do_not_hold_the_first_k_are_counted_apart():
    late = [row for row in ROWS if row["k"] == 90]
    said = spread_words.conclusion(found(late))
    assert "weight magnitude not to k = 90 (n = 5); weight obs up to k = 90 (n = 5)." in said
    late[-1] = late[-1] | {"accuracy": 0.5}
    said = spread_words.conclusion(found(late))
    assert "weight obs up to k = 90 (n = 4, 1 more not to k = 90)." in said
    units = curve("unit", "norm", {90: 0.5})
    assert "of k against" not in spread_words.conclusion(found(late[5:] + units))


def test_nothing_is_better_where_nothing_is_pruned():
    falls = {0: 0.98, 50: 0.5, 90: 0.2}
    rows = curve("weight", "magnitude", falls) + curve("weight", "obs", falls | {50: 0.6})
    said = spread_words.conclusion(found(rows))
    assert "At k = 0 " not in said and "At k = 50 weight obs beats weight magnitude" in said


def test_methods_that_hold_equally_long_are_said_to():
    rows = curve("weight", "magnitude", GOOD) + curve("unit", "norm", GOOD)
    said = spread_words.conclusion(found(rows))
    assert "weight and unit hold equally long on all 5 networks." in said
    assert "+0.0 of k" not in said


def test_methods_are_held_against_each_other_where_the_same_k_were_asked():
    good_units = curve("unit", "norm", GOOD)
    said = spread_words.conclusion(found(ROWS[:15] + good_units))
    assert "weight holds for -90.0 of k against unit" in said
    fewer = [row for row in good_units if row["k"] < 99]
    assert "of k against" not in spread_words.conclusion(found(ROWS[:15] + fewer))


def test_the_table_of_means_is_by_k_for_few_and_by_family_for_many():
    table = spread_tables.means(found(ROWS))
    assert table.header == ["k", "weight magnitude", "weight obs"]
    assert [line[0] for line in table.lines] == ["0", "90", "99"]
    assert table.lines[1][2] == "97.90 (97.72 to 98.08)"
    many = ROWS + UNITS + curve("unit", "obs", {95: 0.9})
    table = spread_tables.means(found(many))
    assert table.header == ["k", "0", "90", "95", "99"]
    assert table.lines[3][0] == "unit obs" and table.lines[3][1] == ""
    assert "networks each: 5" in table.note


def test_differences_are_against_the_first_of_the_method():
    table = spread_tables.differences(found(ROWS + UNITS))
    assert table.lines == [
        ["weight obs - weight magnitude", "+0.00 (+0.00 to +0.00)"]
        + ["+2.90 (+2.90 to +2.90)", "+70.00 (+70.00 to +70.00)"]
    ]


def published_like(shift, seeds=SEEDS):
    rows = []
    for method, criterion in (("weight", "magnitude"), ("unit", "norm")):
        shifted = {k: share + shift for k, share in known.ACCURACY[method].items()}
        rows += curve(method, criterion, shifted, seeds)
    return rows


def test_published_numbers_among_the_runs_are_inside():
    table = spread_tables.published_table(found(published_like(0)))
    assert len(table.lines) == 20
    assert {line[-1] for line in table.lines} == {"yes"}
    assert table.lines[0] == ["0", "weight", "98.08", "98.08", "97.88 to 98.28", "2 of 5", "yes"]
    said = spread_words.where_published(found(published_like(0)))
    assert said.startswith("Of the 20 published numbers 20 lie within the range of 5 networks. ")
    assert "a chance of 2 / 6 at each k, so 6.7 of 20 are expected." in said


def test_published_numbers_beyond_all_runs_are_named():
    said = spread_words.where_published(found(published_like(0.003)))
    assert said.startswith("Of the 20 published numbers 0 lie within the range of 5 networks; out")
    assert "weight k = 99 (17.06% against 17.16% to 17.56%)" in said


def test_other_networks_and_other_pruning_are_not_held_against_the_published():
    for more in (
        {"hidden": "300-100"},
        {"repair": "lstsq"},
        {"scope": "network"},
        {"retrain": 2, "schedule": "one-shot"},
        {"include_output": True},
        {"total": 1_000},
    ):
        assert spread_tables.published_table(found([row | more for row in UNITS])) is None
    assert spread_words.where_published(found(published_like(0, [0]))).startswith("One network")
    others = families.families(published_like(0), "fashion-mnist")
    assert spread_words.where_published(others) == ""


def test_the_family_of_most_networks_is_held_against_the_published():
    few = [row | {"batch_size": 32} for row in published_like(0.1, [0, 1])]
    lines = spread_tables.published_lines(found(few + published_like(0)))
    assert {len(runs) for *_, runs in lines} == {5}


def test_the_picture_holds_means_bands_and_single_runs():
    figure = spread_plot.accuracy(found(ROWS))
    (axes,) = figure.axes
    lines = {line.get_label(): line for line in axes.lines}
    np.testing.assert_allclose(
        lines["weight obs"].get_xydata(), [[0, 0.98], [90, 0.979], [99, 0.9]]
    )
    dots = [line for line in axes.lines if line.get_marker() == "."]
    assert [len(line.get_xdata()) for line in dots] == [15, 15]
    bands = [band.get_datalim(axes.transData) for band in axes.collections]
    assert len(bands) == 2 and bands[0].y1 - bands[0].y0 > 0.7
    assert "published, one network" in lines


def test_the_picture_shows_the_part_where_something_is():
    late = curve("weight", "obd", {99.5: 0.981, 99.8: 0.972})
    (axes,) = spread_plot.accuracy(found(late)).axes
    assert 99 < axes.get_xlim()[0] < 99.5 and 0.95 < axes.get_ylim()[0] < 0.972
    assert list(axes.get_xticks()) == [99.5, 99.8]
    (axes,) = spread_plot.accuracy(found(ROWS)).axes
    assert axes.get_xlim()[0] < 0 and axes.get_ylim()[0] == 0 and 50 in axes.get_xticks()


def test_one_network_has_neither_band_nor_dots():
    (axes,) = spread_plot.accuracy(found([row for row in ROWS if row["seed"] == 0])).axes
    assert not [line for line in axes.lines if line.get_marker() == "."]
    assert all(len(band.get_paths()) == 0 for band in axes.collections)


def test_each_method_has_its_panel():
    figure = spread_plot.accuracy(found(ROWS + UNITS))
    assert [axes.get_title(loc="left")[:9] for axes in figure.axes] == ["By weight", "By unit: "]


def test_pictures_are_the_same_bytes_every_time():
    first, again = (png_and_svg(spread_plot.accuracy(found(ROWS))) for _ in range(2))
    assert first == again


def test_the_report_has_all_tables_and_files():
    made = report.spread(ROWS + UNITS, "mnist")
    assert list(made.files) == ["spread.csv", "comparisons.csv"]
    name, draw = made.picture
    assert name == "accuracy" and len(draw().axes) == 2
    assert len(made.tables) == 3
    lines = made.files["spread.csv"].decode().splitlines()
    assert lines[0] == "family,k,n,mean,low,high,lowest,highest" and len(lines) == 1 + 9
    assert all(to_text(table) and to_markdown(table) for table in made.tables)
