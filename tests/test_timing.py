"""Timing: what is run, in which order, on what; and what is made of the seconds."""

from __future__ import annotations

import csv
import json
import time
from dataclasses import replace

import numpy as np
import pytest

from prune.core.forms import FORMS
from prune.core.network import fingerprint
from prune.experiments import bench, timing
from prune.experiments.timing import Samples
from prune.files.results import Row, Timing
from prune.views import timings


def test_every_round_runs_all_in_turn_and_every_other_backwards():
    ran = []
    images = np.zeros((1, 3))
    runs = [lambda batch, name=name: ran.append(name) for name in "abc"]
    found = timing.interleaved(runs, [images], 4, ran.append)
    assert ran[6:] == [*"abc", 1, *"cba", 2, *"abc", 3, *"cba", 4]
    assert [len(each.seconds) for each in found] == [4, 4, 4]


def test_a_batch_that_takes_long_is_run_once_a_sample():
    ran = []

    def slow(batch):
        ran.append(batch)
        sum(range(1_000_000))  # longer than a sample should take

    timing.interleaved([slow], timing.batches(np.zeros((600, 2)), 1), 3, lambda number: None)
    assert len(ran) == 2 + 3


def test_batches_are_of_the_size_asked_and_in_order():
    images = np.arange(2000).reshape(1000, 2)
    (whole,) = timing.batches(images, 1000)
    np.testing.assert_array_equal(whole, images)
    ones = timing.batches(images, 1)
    assert len(ones) == 500 and all(len(each) == 1 for each in ones)
    np.testing.assert_array_equal(np.concatenate(ones), images[:500])


@pytest.mark.parametrize("size", [1, 31, 32, 1000, 1700])
def test_a_shared_batch_runs_every_image_once(size):
    seen = []
    images = np.arange(size, dtype=float).reshape(size, 1)
    with timing.on_all_cores(size) as share:
        share(lambda batch: seen.append(batch[:, 0]))(images)
    assert sorted(np.concatenate(seen)) == list(range(size))


def test_ratios_are_taken_round_by_round():
    slow, fast = Samples([4.0, 40.0, 6.0]), Samples([2.0, 10.0, 3.0])
    assert fast.times_faster(slow) == (2.0, 2.0, 3.0)
    assert (fast.median(), fast.quartiles()) == (3.0, (2.5, 6.5))
    assert Samples([2.0]).times_faster(Samples([5.0])) == (2.5, 2.5, 2.5)


CRITERION = {"weight": "magnitude", "unit": "norm"}


def timed(method, form, batch, k, faster, spread=0.0):
    return Timing(
        method, CRITERION[method], k, "layer", "none", batch, form, 0.01, 0.009, 0.011,
        faster, faster - spread, faster + spread, 100, 90, 21, 2,
    )  # fmt: skip


ROWS = [
    *(timed("weight", "sparse", 1, k, f) for k, f in [(0, 0.1), (90, 0.7), (95, 1.3), (99, 4)]),
    *(timed("weight", "sparse", 1000, k, f) for k, f in [(0, 0.2), (90, 1.5), (95, 2), (99, 8)]),
    *(timed("unit", "shrunk", b, k, f) for b in (1, 1000) for k, f in [(0, 1.2), (25, 1.5)]),
]


def test_the_verdict_says_from_where_on_it_pays():
    assert timings.verdict(ROWS) == (
        "On this machine (2 threads) sparse weights pay from k = 95 at batch 1 and from k = 90 at "
        "batch 1,000; shrunk units pay from k = 25 at batch 1 and 1,000."
    )


def test_what_is_slower_again_later_has_not_paid_before():
    rows = [timed("weight", "sparse", 1, k, f) for k, f in [(50, 2), (90, 0.9), (95, 2)]]
    assert timings.pays(rows, "weight", "sparse", 1) == 95


def test_a_ratio_within_its_noise_does_not_pay():
    rows = [timed("weight", "sparse", 1, 90, 1.2, spread=0.5)]
    assert timings.pays(rows, "weight", "sparse", 1) is None
    assert timings.verdict(rows).endswith("sparse weights pay at no k timed.")


def test_where_nothing_was_removed_nothing_pays():
    assert timings.pays([timed("unit", "shrunk", 1, 0, 1.5)], "unit", "shrunk", 1) is None


def test_a_ratio_that_the_rounds_do_not_agree_on_is_not_told():
    rows = [timed("weight", form, 1, 50, 1.0) for form in ("dense", "mixed", "sparse")]
    rows[1:] = [replace(rows[1], faster=1.1, faster_low=0.98, faster_high=1.2),
                replace(rows[2], faster=0.8, faster_low=0.7, faster_high=0.9)]  # fmt: skip
    assert timings.table(rows).lines[0][4:] == ["10", "10 (as dense)", "10 (0.80x)"]


@pytest.mark.parametrize(
    ("faster", "said"),
    [
        (0.7, "is at worst 0.70 times as fast as dense: weight k = 90 at batch 1."),
        (0.97, "is nowhere slower than dense, as far as can be told."),
    ],
)
def test_what_prune_runs_is_called_slower_only_where_it_is(faster, said):
    rows = [
        timed("weight", "mixed", 1, 50, 1.5),
        timed("weight", "mixed", 1, 90, faster, spread=0.02),
        timed("weight", "sparse", 1, 50, 0.1),
    ]
    assert timings.own_choice(rows) == f"What prune itself runs (mixed) {said}"


def test_the_picture_holds_the_ratios():
    rows = ROWS + [replace(row, form="fastest") for row in ROWS]
    figure = timings.picture(rows)
    (first, _) = figure.axes
    drawn = {line.get_label(): list(line.get_ydata()) for line in first.lines}
    assert drawn["weights, sparse"] == [0.1, 0.7, 1.3, 4]
    assert drawn["units, fastest"] == [1.2, 1.5]


def test_bench_times_every_form_of_both_methods(prune, tiny, tmp_path):
    argv = ("--k", "0,50", "--batch", "1,40", "--rounds", "2", "--format", "json")
    status, out, err = prune("bench", *tiny, *argv)
    assert status == 0, err
    rows = json.loads(out)
    assert [(r["batch"], r["method"], r["k"], r["form"]) for r in rows] == [
        (batch, method, k, form)
        for batch in (1, 40)
        for method in ("weight", "unit")
        for k in (0, 50)
        for form in (*FORMS, "fastest")
    ]
    assert all(row["seconds_low"] <= row["seconds"] <= row["seconds_high"] for row in rows)
    assert all(row["faster"] == 1 for row in rows if row["form"] == "dense")
    points = [rows[i : i + 5] for i in range(0, len(rows), 5)]
    for *forms, fastest in points:
        assert fastest["seconds"] == min(form["seconds"] for form in forms)
        (choice,) = (form for form in forms if form["form"] == fastest["choice"])
        assert {**fastest, "form": choice["form"], "choice": ""} == choice
    # Without anything removed both methods leave the same network, which is timed once.
    for weight, unit in zip(points[0], points[2]):
        assert (weight["seconds"], weight["faster"]) == (unit["seconds"], unit["faster"])
    assert {row["rounds"] for row in rows} == {2}
    out_folder = tmp_path / "work" / "results" / "bench"
    assert {path.name for path in out_folder.iterdir()} == {
        "table.csv", "table.json", "table.md", "times.png", "times.svg", "run.json",
    }  # fmt: skip
    with (out_folder / "table.csv").open() as file:
        assert [float(row["seconds"]) for row in csv.DictReader(file)] == [
            row["seconds"] for row in rows
        ]
    assert "On this machine (" in err and "What prune itself runs (mixed) is " in err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--batch", "0"), "expected a whole number from 1, got '0'"),
        (("--batch", "1000"), "--batch 1000 needs as many test images, got 80"),
        (("--rounds", "100000"), "--rounds 100,000 would take days; give at most 1,000"),
        (("--controls",), "bench takes one --criterion a method, one --repair and no --controls"),
    ],
)
def test_what_cannot_be_timed_is_said(prune, tiny, tmp_path, argv, message):
    status, out, err = prune("bench", *tiny, *argv)
    assert (status, out) == (2, "")
    assert message in err
    assert not (tmp_path / "work" / "results").exists()


@pytest.mark.slow
def test_keras_is_timed_on_the_same_networks(prune, tiny):
    argv = ("--k", "50", "--batch", "8", "--rounds", "1", "--keras", "--format", "json")
    status, out, err = prune("bench", *tiny, *argv)
    assert status == 0, err
    named = {row["form"] for row in json.loads(out)} - {*FORMS, "fastest"}
    assert named == {
        f"keras {how} {what}" for how in ("predict", "compiled") for what in ("dense", "shrunk")
    }


@pytest.mark.slow
def test_what_is_timed_in_keras_gives_the_same_answers(rng, network):
    from prune.core.network import logits
    from prune.models import keras_bridge

    images = rng.normal(size=(8, 6)).astype(np.float32)
    sums = logits(network, images)
    wanted = np.exp(sums) / np.exp(sums).sum(axis=1, keepdims=True)
    for run in keras_bridge.runs(network).values():
        np.testing.assert_allclose(run(images), wanted, rtol=1e-4, atol=1e-6)


def test_one_network_has_one_time_however_many_curves_hold_it(prune, tiny):
    argv = ("--k", "0,50", "--criterion", "magnitude,random,norm", "--format", "json")
    status, out, err = prune("compare", *tiny, *argv, "--x", "time")
    assert status == 0, err
    rows = json.loads(out)
    times = {"microseconds", "microseconds_low", "microseconds_high"}
    assert len({tuple(row[name] for name in times) for row in rows if row["k"] == 0}) == 1
    assert len({row["microseconds"] for row in rows if row["k"] == 50}) > 1
    for row in rows:
        assert row["microseconds_low"] <= row["microseconds"] <= row["microseconds_high"]


@pytest.mark.parametrize("slow", ["dense", "mixed"])
def test_the_time_of_a_network_is_that_of_its_fastest_form(network, monkeypatch, slow):
    images = np.zeros((50, 6), np.float32)

    def dawdling(network):
        run = FORMS["shrunk"].prepare(network)
        return lambda images: (time.sleep(0.01), run(images))

    forms = {"dense": FORMS["dense"], "mixed": FORMS["mixed"]}
    monkeypatch.setattr(bench, "FORMS", forms | {slow: forms[slow]._replace(prepare=dawdling)})
    lineup = bench.Lineup()
    lineup.add(network)
    row = Row("weight", "magnitude", 0, *[1] * 8, "layer", "none", "", "", *[0] * 5)
    (found,) = lineup.timed([row], images, lambda number: None)
    assert found.microseconds < 1e6 * 0.01 / len(images)


def test_networks_are_told_apart_by_every_value(network):
    first = network[0]
    kernel, bias = first.kernel.copy(), first.bias.copy()
    kernel[2, 3] += 1
    bias[1] = 0
    others = [
        first._replace(kernel=kernel),
        first._replace(bias=bias),
        first._replace(bias=None),
        first._replace(activation="tanh"),
    ]
    found = {fingerprint((each, *network[1:])) for each in (first, *others)}
    assert len(found) == 5
    copy = tuple(layer._replace(kernel=layer.kernel.copy()) for layer in network)
    assert fingerprint(copy) == fingerprint(network)


def test_what_is_nearly_as_fast_as_the_fastest_is_promising():
    runs = {
        name: lambda batch, seconds=seconds: time.sleep(seconds)
        for name, seconds in (("slow", 0.05), ("fast", 0.02), ("near", 0.02))
    }
    assert timing.promising(runs, np.zeros((1, 1))) == ["fast", "near"]


def test_only_when_asked_for_rows_carry_the_time_they_take(prune, tiny):
    status, out, err = prune("compare", *tiny, "--k", "0,50", "--x", "time", "--format", "json")
    assert status == 0, err
    assert all(row["microseconds"] > 0 for row in json.loads(out))
    assert "Cheapest within that point: " in err
    _, out, _ = prune("compare", *tiny, "--k", "0,50", "--format", "json")
    assert [row["microseconds"] for row in json.loads(out)] == [None] * 4


def test_a_clock_that_tells_little_is_warned_of():
    rows = [timed("unit", "dense", 1, 50, 1.0), timed("unit", "shrunk", 1, 50, 2.0)]
    assert timings.noise(rows) == ""
    wild = replace(rows[1], seconds_low=1.0, seconds_high=2.5)
    assert timings.noise([rows[0], wild]).startswith("WARNING: shrunk took 2.5 times as long in")
