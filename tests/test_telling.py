"""Curves are told apart by all that was asked for, and what they share is said."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from prune.core.spread import ENOUGH, spread
from prune.experiments import cells
from prune.experiments.cells import Cell
from prune.files.results import MEASURED, Row, Timing
from prune.settings.recipe import Training
from prune.settings.study import Part
from prune.views import (
    families,
    plot,
    report,
    spread_plot,
    spread_tables,
    spread_words,
    tables,
    telling,
    timings,
    words,
)
from test_families import BAD, GOOD, curve
from test_timing import timed
from test_views import ROWS, row

ASKED = {"method", "criterion", "k", "scope", "repair", "layers", "seed"}
ASKED |= {"schedule", "retrain", "start", "imitation"}


def test_every_column_was_asked_for_or_came_out():
    assert {field.name for field in fields(Row)} - MEASURED == ASKED
    places = {"batch", "form"}
    assert {field.name for field in fields(Timing)} - MEASURED <= ASKED | places


@pytest.mark.parametrize("name", [field.name for field in fields(Row)])
def test_a_column_tells_curves_apart_unless_it_was_measured(name):
    other = replace(ROWS[0], **{name: "unit" if name == "method" else 7})
    assert len(words.curves([ROWS[0], other])) == (1 if name in MEASURED | {"k"} else 2)


STUDY = {
    name: value
    for name, value in cells.columns(
        Cell(method="weight", criterion="obd", training=Training(hidden=(300,)))
    ).items()
    if name not in MEASURED
}


@pytest.mark.parametrize("name", [*STUDY, "anything", "yet"])
def test_a_column_of_a_study_tells_families_apart_whether_or_not_it_has_a_word(name):
    rows = [
        each | STUDY | {name: value} for value in (3, 4) for each in curve("weight", "obd", GOOD)
    ]
    labels = [family.label for family in families.families(rows)]
    assert len(set(labels)) == 2, labels


def test_what_is_told_of_no_curve_is_told_in_full_before_two_become_one():
    plain, odd = ({"schedule": name} for name in ("one-shot", "gradual"))
    rows = [each | more for more in (plain, odd) for each in curve("weight", "obs", GOOD)]
    assert [family.label for family in families.families(rows)] == [
        "weight schedule one-shot",
        "weight schedule gradual",
    ]


def test_an_unusual_criterion_is_named_beside_the_usual_one_of_another_method():
    pair = [row("weight", 0, 1, criterion="lamp"), row("unit", 0, 1)]
    assert list(words.curves(pair)) == ["weight lamp", "unit norm"]


def test_what_differs_between_methods_is_named():
    rows = curve(
        "weight", "obd", GOOD, retrain=30, schedule="gradual", ramp="cubic", start="pruned"
    )
    rows += curve("unit", "norm", GOOD, retrain=15, schedule="one-shot", ramp=None, start="pruned")
    assert [family.label for family in families.families(rows)] == [
        "weight obd retrained 30 epochs gradual",
        "unit norm retrained 15 epochs",
    ]


def test_one_is_one():
    again = [replace(each, retrain=epochs) for epochs in (1, 2) for each in ROWS[:4]]
    assert list(words.curves(again)) == ["weight retrained 1 epoch", "weight retrained 2 epochs"]
    one = [replace(each, seed=0) for each in ROWS[:1]]
    assert telling.shared(one, "k") == ""


SHARED = [
    ({"repair": "lstsq"}, "repair lstsq"),
    ({"scope": "network", "criterion": "random"}, "criterion random, scope network"),
    ({"retrain": 2, "schedule": "gradual", "start": "pruned"}, "retrained 2 epochs, schedule grad"),
    ({"seed": 3}, "seed 3"),
]


@pytest.mark.parametrize(("more", "said"), SHARED)
def test_what_all_curves_share_is_in_table_sentence_and_picture(more, said):
    rows = [replace(each, **more) for each in ROWS]
    assert list(words.curves(rows)) == ["weight", "unit"]
    assert f"Throughout: {said}" in tables.table(rows, with_published=False).note
    assert words.conclusion(rows, 0.98).startswith(f"Throughout: {said}")
    figure = plot.accuracy(rows, 0.98, 10, with_published=False)
    assert f"Throughout: {said}" in figure.get_supxlabel().replace("\n", " ")
    assert f"Throughout: {said}" in tables.by_layer(rows).note
    assert words.most_sensitive(rows, 0.98).startswith(f"Throughout: {said}")


def test_what_is_usual_goes_without_saying():
    assert "Throughout" not in tables.table(ROWS, with_published=False).note
    assert not plot.accuracy(ROWS, 0.98, 10, with_published=False).get_supxlabel()


def test_what_all_families_share_is_in_table_sentence_and_picture():
    rows = curve("weight", "obs", GOOD, scope="network", floor=0.0)
    made = report.spread(rows + curve("unit", "obs", BAD, scope="network", floor=0.0), "mnist")
    said = "Throughout: criterion obs, scope network, batch 128, floor 0 %."
    assert said in made.tables[0].note and made.said.startswith(said)
    _, draw = made.picture
    assert draw().get_supxlabel() == said


def test_depths_and_timings_say_what_they_share():
    rows = curve("weight", "obs", GOOD, hidden="30") + curve("weight", "obs", BAD, hidden="30-30")
    shown = report.by_depth(rows, {"width": {1: (30,), 2: (30, 30)}})
    assert shown.said.startswith("Throughout: criterion obs, batch 128.\n")
    assert "Throughout: criterion obs" in shown.tables[0].note
    times = [replace(timed("weight", "dense", 1, 95, 1), repair="lstsq", threads=1, rounds=1)]
    times += [replace(timed("weight", "sparse", 1, 95, 2), repair="lstsq", threads=1, rounds=1)]
    assert timings.verdict(times).startswith("Throughout: repair lstsq. On this machine (1 thread)")
    assert "the median of 1 round in turn, on 1 thread;" in timings.table(times).note
    assert timings.table(times).note.endswith("Throughout: repair lstsq.")


@pytest.mark.parametrize(("epochs", "said"), [(0, "without"), (2, "with")])
def test_the_title_says_whether_anything_was_retrained(epochs, said):
    rows = [replace(each, retrain=epochs) for each in ROWS]
    (axes,) = plot.accuracy(rows, 0.98, 10, with_published=False).axes
    assert axes.get_title(loc="left") == f"Accuracy after pruning, {said} retraining"


def test_the_layers_that_could_be_pruned_are_named_while_they_can_be_read():
    few = [replace(each, layers="a+b+c|") for each in ROWS]
    assert r"100 weights or 100 units in a, b and c\|, of 120" in tables.table(few, False).note
    many = [replace(each, layers="+".join("abcdefghi")) for each in ROWS]
    assert "100 weights or 100 units, of 120" in tables.table(many, False).note


def test_usual_is_what_a_study_does_by_itself():
    part = Part()
    assert telling.WORDS["hidden"].usual == cells.sizes(part.hidden[0])
    for name in ("epochs", "batch_size", "learning_rate", "calibration", "retrain_batch_size"):
        assert telling.WORDS[name].usual == getattr(part, name)
    for name in ("retrain_learning_rate", "optimizer", "decay", "momentum", "weight_decay"):
        assert telling.WORDS[name].usual == getattr(part, name)
    for name in ("input_dropout", "include_output", "ramp_from"):
        assert telling.WORDS[name].usual == getattr(part, name)
    for name in ("repair", "scope", "schedule", "ramp", "start"):
        assert telling.WORDS[name].usual == getattr(part, f"{name}s")[0]


@pytest.mark.parametrize("n", range(2, 8))
def test_of_few_networks_the_interval_is_their_range_and_is_called_so(n):
    values = [0.1 * i * i for i in range(n)]
    each = spread(values)
    assert ((each.low, each.high) == pytest.approx((values[0], values[-1]))) == (n < ENOUGH)
    assert telling.bounds(n).startswith("their range" if n < ENOUGH else "the 95 % bootstrap")
    rows = curve("weight", "obs", GOOD, range(min(n, 5)))
    (axes,) = spread_plot.accuracy(families.families(rows)).axes
    title = axes.get_title(loc="left")
    assert title.endswith("and their range" if n < ENOUGH else "95 % band")


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_few_networks_beat_nobody(n):
    magnitude = curve("weight", "magnitude", BAD, range(n))
    rows = magnitude + curve("weight", "obs", GOOD, range(n))
    found = families.families(rows)
    said = spread_words.conclusion(found)
    assert "beats" not in said and "95 %" not in said
    assert "weight obs gives more than weight magnitude" in said
    assert "is no evidence" in said if n == 1 else f"{n} networks are no evidence" in said
    assert "95 %" not in spread_tables.means(found).note
    assert "networks each: 1" in spread_tables.means(found).note or n > 1
    twin = magnitude + [each | {"criterion": "lamp"} for each in magnitude]
    assert "gives the same as" in spread_words.conclusion(families.families(twin))


def test_few_depths_are_no_evidence():
    rows = [
        each
        for sizes, shares in (("30", BAD), ("30-30", GOOD))
        for each in curve("weight", "magnitude", shares, range(3), hidden=sizes)
    ]
    said = report.by_depth(rows, {"width": {1: (30,), 2: (30, 30)}}).said
    assert "no evidence, of so few seeds: the largest k within 1 point changes by +90.00" in said
    assert "(range +90.00 to +90.00, n = 3 seeds" in said


def many(*ends):
    """Make curves, the last points of which are right so often."""
    names = ("magnitude", "obs", "random", "lamp")
    return [
        row("weight", k, n, criterion=criterion)
        for criterion, counts in zip(names, ends)
        for k, n in zip((0, 50, 90), counts)
    ]


HELD, FELL, EARLY = (980, 980, 980), (980, 975, 900), (980, 500, 100)


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (
            (HELD, FELL, HELD, FELL),
            "Of 4 curves weight magnitude and weight random keep within 1 point of 98.0 % longest, "
            "up to k = 90; weight obs and weight lamp fall first, after k = 50.",
        ),
        ((HELD,) * 3, "All 3 curves alike keep within 1 point of 98.0 % up to k = 90."),
        ((EARLY,) * 3, "All 3 curves alike keep within 1 point of 98.0 % at k = 0 alone."),
        (((5, 5, 5),) * 3, "All 3 curves alike keep within 1 point of 98.0 % at no k asked."),
        (
            (HELD, HELD, (5, 5, 5)),
            "Of 3 curves weight magnitude and weight obs keep within 1 point of 98.0 % longest, "
            "up to k = 90; weight random at no k asked.",
        ),
    ],
)
def test_ties_are_named_and_what_did_not_fall_did_not_fall(ends, said):
    assert words.conclusion(many(*ends), 0.98) == said


def test_progress_names_what_is_not_usual():
    assert telling.brief(ROWS[0]) == "weight magnitude"
    assert telling.brief(replace(ROWS[0], repair="lstsq")) == "weight magnitude lstsq"
    control = replace(ROWS[0], criterion="random", scope="counts of obs")
    assert telling.brief(control) == "weight random scope counts of obs"
