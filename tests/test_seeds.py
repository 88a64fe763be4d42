"""`--seeds` on the ordinary commands: a study of networks that are trained alike."""

from __future__ import annotations

import csv

import pytest

import planted
from prune.cli import sweep


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--seeds", "4-0"], "--seeds takes seeds such as 0-4 or 0,2,5, got '4-0'"),
        (["--seeds", "0-4", "--k", "101"], "--k takes percents from 0 to 100, got 101"),
        (["--seeds", "0-4", "--criterion", "magnitud"], "unknown --criterion 'magnitud' (did you"),
        (["--seeds", "0-4", "--scope", "network", "--criterion", "obs"], "units of different"),
        (["--seeds", "0-4", "--data", "none"], "data none: no such file or folder"),
        (["--seeds", "0", "--weights", "a.h5"], "prunes them alike; leave out --weights"),
        (["--seeds", "0", "--x", "time"], "prunes them alike; leave out --x"),
        (["--seeds", "0", "--k-map", "a.json"], "k-map a.json: no such file"),
        (["--seeds", "0", "--ramp", "exponential"], "--ramp is about training: give --retrain"),
        (["--seeds", "0", "--include-output"], "include-output is for weights alone"),
        (["--seeds", "0", "--seed", "3"], "prunes them alike; leave out --seed"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_trained(prune, tmp_path, argv, message):
    status, out, err = prune("compare", *argv)
    assert (status, out) == (2, "") and message in err and err.count("\n") == 1
    assert not list((tmp_path / "work").iterdir())


def test_the_short_form_is_the_study_of_the_reference_recipe(prune, tiny_data, tmp_path):
    """With networks that are there already, so that nothing is trained."""
    text = 'seeds = "0-1"\nmethods = "unit"\nk = [0, 90]\nlimit = 40\n'
    path = planted.settings(tiny_data, text)
    work = tmp_path / "work"
    planted.plant(path, work / "results" / "o", limit=40)
    (work / "results" / "o" / "networks").rename(work / sweep.NETWORKS)
    argv = ("unit", "--seeds", "0-1", "--data", tiny_data, "--k", "0,90", "--limit", 40)
    status, _, err = prune(*argv)
    assert status == 0, err
    assert "2 cells of 2 networks: 0 done, 2 to do, 0 networks to train" in err
    lines = (work / "results" / "unit-seeds" / "table.csv").read_text().splitlines()
    assert len(list(csv.DictReader(lines))) == 4
    assert "2 done, 0 to do" in prune(*argv)[2]


def test_one_cell_of_one_network_is_one(prune, tiny_data, tmp_path):
    path = planted.settings(tiny_data, 'seeds = "0"\nmethods = "unit"\nk = [0]\nlimit = 40\n')
    work = tmp_path / "work"
    planted.plant(path, work / "results" / "o", limit=40)
    (work / "results" / "o" / "networks").rename(work / sweep.NETWORKS)
    argv = ("unit", "--seeds", "0", "--data", tiny_data, "--k", "0", "--limit", 40)
    status, _, err = prune(*argv)
    assert status == 0 and "1 cell of 1 network: 0 done, 1 to do, 0 networks to train" in err, err
    assert "1 networks" not in err
