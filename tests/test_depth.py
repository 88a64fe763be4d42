"""Depth: which networks are compared, and what may be said of them."""

from __future__ import annotations

import pytest

from prune.experiments import depth as networks
from prune.views import depth, depth_plot, families, report
from prune.views.tables import to_text
from test_families import curve

DEPTHS = [1, 2, 3]
READINGS = {
    "width": {1: (30,), 2: (30, 30), 3: (30, 30, 30)},
    "parameters": {1: (31,), 2: (30, 30), 3: (29, 29, 29)},
}


@pytest.mark.parametrize("width", [10, 300, 1000])
@pytest.mark.parametrize("depths", [[1], [1, 2, 3, 4, 5], [2, 4, 8]])
def test_parameters_held_means_as_many_as_whole_units_allow(depths, width):
    held = networks.parameters_held(depths, width, 784, 10)
    assert [len(sizes) for sizes in held.values()] == list(held) == depths
    counts = {n: networks.weights(sizes[0], n, 794) for n, sizes in held.items()}
    wanted = networks.weights(width, sorted(depths)[len(depths) // 2], 794)
    for n, count in counts.items():
        step = 794 + 2 * (n - 1) * held[n][0]
        assert abs(count - wanted) <= step / 2 + n


def test_the_middle_depth_is_in_both_readings():
    held = networks.parameters_held([1, 2, 3], 300, 784, 10)
    assert held[2] == networks.width_held([1, 2, 3], 300)[2] == (300, 300)


def test_weights_are_those_of_the_kernels():
    assert networks.weights(300, 3, 784 + 10) == 784 * 300 + 300 * 300 * 2 + 300 * 10


def rows(held):
    """Make rows of networks that keep within one point up to the k of their depth and seed."""
    found = []
    for sizes in dict.fromkeys(s for own in READINGS.values() for s in own.values()):
        for seed in range(5):
            last = held(len(sizes), seed)
            shares = {k: 0.98 if k <= last else 0.5 for k in range(0, 100, 5)}
            hidden = "-".join(map(str, sizes))
            found += curve("weight", "magnitude", shares, [seed], hidden=hidden)
    return found


def verdicts(held):
    shared, *said = report.by_depth(rows(held), READINGS).said.splitlines()
    assert shared == "Throughout: batch 128."
    return said


def test_a_rise_with_depth_is_told_with_its_interval():
    first, second = verdicts(lambda n, seed: 50 + 10 * n + (5 if seed == 3 and n > 1 else 0))
    assert first.startswith("Width held, by weight: deeper networks tolerate more pruning: ")
    assert "changes by +10.50 points with each layer more (95 % interval +10.00 to +12" in first
    assert "n = 5 seeds, 1 to 3 hidden layers)" in first
    assert second.startswith("Parameters held, by weight: deeper networks tolerate more")


def test_a_fall_with_depth_is_told():
    assert "deeper networks tolerate less" in verdicts(lambda n, seed: 90 - 10 * n)[0]


def test_without_a_trend_there_is_no_evidence():
    noise = {0: 5, 1: -5, 2: 0, 3: 10, 4: -10}
    said = verdicts(lambda n, seed: 60 + noise[seed] * (n - 2))
    assert all("no evidence that depth matters" in line for line in said)
    assert "changes by +0.00 points" in said[0]


def test_one_seed_or_one_depth_is_no_evidence():
    few = [row for row in rows(lambda n, seed: 50 + 10 * n) if row["seed"] == 0]
    assert "no evidence, for want of" in report.by_depth(few, READINGS).said
    one = {"width": {1: (30,)}}
    assert "no evidence, for want of" in report.by_depth(rows(lambda n, seed: 50), one).said


def test_the_table_has_a_line_for_each_network_of_each_reading():
    (table,) = report.by_depth(rows(lambda n, seed: 50 + 10 * n), READINGS).tables
    told = [line[:3] for line in table.lines]
    assert told[0] == ["width", "1", "30"] and told[5] == ["parameters", "3", "29-29-29"]
    assert [line[-1] for line in table.lines[:3]] == [
        *("60.0 (60.0 to 60.0)", "70.0 (70.0 to 70.0)", "80.0 (80.0 to 80.0)")
    ]
    assert to_text(table)


def test_the_picture_has_a_panel_for_each_reading_with_means_and_single_runs():
    lines = depth.lines_of(families.families(rows(lambda n, seed: 50 + 10 * n)), READINGS)
    figure = depth_plot.largest_k(lines)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Width held", "Parameters held"]
    by_label = {line.get_label(): line for line in figure.axes[0].lines}
    assert by_label["weight"].get_xydata().tolist() == [[1, 60], [2, 70], [3, 80]]
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "."]
    assert len(dots[0].get_xdata()) == 15


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--depths", "0-3"], "--depths takes numbers from 1 to 50, got 0-3"),
        (["--depths", "x"], "--depths takes seeds such as 0-4 or 0,2,5, got 'x'"),
        (["--k", "50,90"], "--k must hold 0: the largest k is told from what no pruning gives"),
        (["--seeds", "a"], "--seeds takes seeds such as 0-4 or 0,2,5, got 'a'"),
        (["--width", "0"], "expected a whole number from 1, got '0'"),
        (["--data", "none"], "data none: no such file or folder"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_computed(prune, tmp_path, argv, message):
    status, out, err = prune("depth", *argv)
    assert (status, out) == (2, "") and message in err and err.count("\n") == 1
    assert not list((tmp_path / "work").iterdir())


@pytest.mark.slow
def test_a_dry_run_tells_the_grid_of_both_readings(prune, tiny_data, tmp_path):
    argv = ("--data", tiny_data, "--width", 5, "--depths", "1-3", "--seeds", "0-1", "--epochs", 1)
    status, out, err = prune("depth", *argv, "--dry-run")
    assert status == 0, err
    assert "20 cells of 10 networks: 0 done" in err
    sizes = {line.split()[0] for line in out.splitlines()[2:]}
    assert {"5", "5-5", "5-5-5"} < sizes and len(sizes) == 5
    assert "30 tasks by a tiny probe, which may be wrong by several times" in err
    assert not list((tmp_path / "work").iterdir())
