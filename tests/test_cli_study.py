"""`prune study`, in-process: files, messages, exit codes, and going on where it was."""

from __future__ import annotations

import csv
import json
import random
import signal
import subprocess
import sys
import time
from dataclasses import fields
from functools import partial

import pytest

import planted
from prune.experiments import cells
from prune.files import lock
from prune.files.results import Row

FILES = {"table.csv", "table.json", "table.md", "spread.csv", "accuracy.png", "accuracy.svg"}
FILES |= {"comparisons.csv"}


@pytest.fixture
def path(tiny_data):
    return planted.settings(tiny_data)


@pytest.fixture
def out(path, tmp_path):
    planted.plant(path, tmp_path / "work" / "o")
    return tmp_path / "work" / "o"


def contents(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


def table(folder):
    return list(csv.DictReader((folder / "table.csv").read_text().splitlines()))


def test_a_study_writes_its_files_and_says_how_sure_it_is(prune, path, out):
    status, printed, err = prune("study", path, "--out", "o")
    assert status == 0, err
    assert {each.name for each in out.iterdir()} == FILES | {"run.json", "cells", "networks"}
    assert "12 cells of 3 networks: 0 done, 12 to do, 0 networks to train for them" in err
    assert "n = 3" in err and err.splitlines()[-1].startswith("Next: prune ")
    assert printed.splitlines()[0].split()[0] == "k"
    rows = table(out)
    assert len(rows) == 36
    own = [field.name for field in fields(Row) if field.name in cells.FIRST_COLUMNS]
    assert list(rows[0])[: len(own)] == own
    assert {"hidden", "epochs", "batch_size", "unpruned", "network"} < set(rows[0])


def test_run_json_tells_the_whole_grid_and_the_networks(prune, path, out):
    prune("study", path, "--out", "o")
    run = json.loads((out / "run.json").read_text())
    assert run["status"] == "finished" and run["results"]["done"] == 12
    (part,) = run["settings"]["study"]["parts"]
    assert part["seeds"] == [0, 1, 2] and part["k"] == [0, 50, 90]
    assert len(run["results"]["networks"]) == 3
    assert run["inputs"]["data"]["test"] == planted.source(path.with_name("tiny.npz")).test


def test_again_it_says_what_it_finds_and_writes_the_same(prune, path, out):
    prune("study", path, "--out", "o")
    first = contents(out)
    for name in FILES:
        (out / name).unlink()
    status, _, err = prune("study", path, "--out", "o")
    assert status == 0 and "12 done, 0 to do" in err and "of 12: " not in err
    assert contents(out) == first


def test_only_what_a_longer_file_adds_is_done(prune, path, out, tiny_data):
    prune("study", path, "--out", "o")
    planted.settings(tiny_data, planted.TEXT + "[[part]]\n[[part]]\nk = [0, 99]\n")
    _, _, err = prune("study", path, "--out", "o")
    assert "24 cells of 3 networks: 12 done, 12 to do" in err


def test_fresh_starts_over(prune, path, out, tmp_path):
    shared = tmp_path / "shared"
    (out / "networks").rename(shared)
    argv = ("study", path, "--out", "o", "--networks", shared)
    prune(*argv)
    first = contents(out)
    _, _, err = prune(*argv, "--fresh")
    assert "12 cells of 3 networks: 0 done, 12 to do, 0 networks to train" in err
    assert contents(out) == first


def test_what_is_printed_is_exactly_the_file(prune, path, out):
    for form, name in (("csv", "table.csv"), ("json", "table.json"), ("markdown", "table.md")):
        _, printed, _ = prune("study", path, "--out", "o", "--format", form)
        assert printed == (out / name).read_text()


def test_a_dry_run_prints_the_grid_and_an_estimate_and_does_nothing(prune, path, out):
    before = sorted(str(each) for each in out.rglob("*"))
    status, printed, err = prune("study", path, "--out", "o", "--dry-run")
    assert status == 0
    assert sorted(str(each) for each in out.rglob("*")) == before
    lines = [line.split() for line in printed.splitlines()]
    assert len(lines) == 2 + 4 and lines[2][-3:] == ["3", "0", "0"]
    assert "(12 tasks by a tiny probe, which may be wrong by several times)." in err


def test_the_estimate_is_from_cells_that_are_done_where_there_are_any(prune, path, out, tiny_data):
    prune("study", path, "--out", "o")
    planted.settings(tiny_data, planted.TEXT + "[[part]]\n[[part]]\nk = [0, 99]\n")
    _, _, err = prune("study", path, "--out", "o", "--dry-run")
    assert "12 tasks by the seconds of like ones that are done" in err and "probe" not in err
    prune("study", path, "--out", "o")
    _, printed, err = prune("study", path, "--out", "o", "--dry-run")
    assert printed.splitlines()[2].split()[-3:] == ["3", "3", "0"]
    assert "All is done" in err


def test_a_corrupt_cell_is_named_and_done_again(prune, path, out):
    prune("study", path, "--out", "o")
    first = contents(out)
    cell = next((out / "cells").glob("s1-*.json"))
    cell.write_text(cell.read_text()[:100])
    _, _, err = prune("study", path, "--out", "o")
    assert f"note: {cell.name} is not what was written; set aside as {cell.name}.corrupt" in err
    assert "11 done, 1 to do" in err
    assert contents(out) == first


def test_a_failing_cell_gives_exit_code_4_and_the_others_are_there(prune, path, out):
    planted.plant(path, out, broken=[1])
    status, printed, err = prune("study", path, "--out", "o")
    assert status == 4 and printed
    assert err.count("failed: s1-8-5-b32-e1-") == 4
    assert "overflow float32" in err
    assert err.splitlines()[-1] == "4 of 12 cells failed; the same command tries again"
    assert len(table(out)) == 24
    run = json.loads((out / "run.json").read_text())
    assert len(run["results"]["failures"]) == 4
    planted.plant(path, out)
    status, _, err = prune("study", path, "--out", "o")
    assert status == 0 and "8 done, 4 to do" in err


def test_when_all_cells_fail_there_is_no_table(prune, path, out):
    planted.plant(path, out, broken=[0, 1, 2])
    status, printed, err = prune("study", path, "--out", "o")
    assert (status, printed) == (4, "") and "12 of 12 cells failed" in err
    assert not (out / "table.csv").exists()


def test_quiet_leaves_only_results_and_that_networks_guess(prune, path, out):
    status, printed, err = prune("study", path, "--out", "o", "-q")
    assert status == 0 and printed
    # Nobody has trained those that are planted.
    assert err.startswith("prune: WARNING: 3 of 3 networks before any pruning: hardly better than")
    assert err.count("\n") == 1


def test_the_folder_is_named_after_the_file(prune, path, tmp_path):
    planted.plant(path, tmp_path / "work" / "results" / "study-tiny")
    assert prune("study", path)[0] == 0
    assert (tmp_path / "work" / "results" / "study-tiny" / "table.csv").exists()


@pytest.mark.parametrize(
    ("argv", "status", "message"),
    [
        (["study"], 2, "the following arguments are required: FILE"),
        (["study", "none.toml"], 2, "study none.toml: No such file or directory"),
        (["study", "{path}", "--jobs", "0"], 2, "expected a whole number from 1, got '0'"),
        (["study", "{path}", "--out", "/proc/none"], 3, "cannot write to the folder /proc/none"),
        (["study", "{path}", "--job", "2"], 2, "unknown argument --job (did you mean --jobs?)"),
        (
            ["study", "{path}", "--scheduler", "nonsense://1"],
            3,
            "no Dask scheduler answers at nonsense://1",
        ),
    ],
)
def test_what_is_wrong_is_told_in_one_line(prune, path, argv, status, message):
    found = prune(*(str(path) if word == "{path}" else word for word in argv), "-q")
    assert found[:2] == (status, "")
    assert found[2].startswith("prune: ") and found[2].count("\n") == 1 and message in found[2]


def test_two_processes_in_one_folder_are_one_too_many(prune, path, out):
    with lock.held(out / "cells"):
        status, _, err = prune("study", path, "--out", "o")
    assert status == 3 and "o/cells is in use by another process; wait for it, or choose" in err


COMMAND = [sys.executable, "-m", "prune", "study"]


def start(path, out, *more):
    """Start the command in a process of its own."""
    argv = [*COMMAND, str(path), "--out", str(out), "-q", *more]
    return subprocess.Popen(
        argv,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # What a shell starts in the background ignores Ctrl-C, and so would this.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def finished(out):
    return len(list((out / "cells").glob("s*.json")))


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_and_ends_with_the_same_bytes(prune, path, out, tmp_path):
    prune("study", path, "--out", "o")
    other = tmp_path / "other"
    planted.plant(path, other)
    moments = random.Random(7)
    killed = 0
    for wanted in (0, 1, 4, 7, 11):
        process = start(path, other)
        while finished(other) < wanted and process.poll() is None:
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.05))
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        process.stderr.close()
    assert killed >= 3
    assert prune("study", path, "--out", other)[0] == 0
    assert contents(other) == contents(out)
    assert not list(other.rglob("*.corrupt"))


@pytest.mark.slow
def test_interrupted_it_says_so_and_keeps_what_is_done(prune, tiny_data, out):
    # So many that none waits for a machine that is busy elsewhere.
    path = planted.settings(tiny_data, planted.TEXT.replace("0-2", "0-39"))
    planted.plant(path, out)
    process = start(path, out, "--jobs", "2")
    while not finished(out) and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert (
        err.decode()
        == "prune: interrupted; files already written are whole; give the same command again\n"
    )
    assert json.loads((out / "run.json").read_text())["status"] == "interrupted"
    done = finished(out)
    _, _, err = prune("study", path, "--out", "o")
    assert f"160 cells of 40 networks: {done} done" in err


def test_a_picture_that_cannot_be_drawn_leaves_the_numbers(prune, path, out, monkeypatch):
    from matplotlib.figure import Figure

    def fail(*given, **more):
        raise RuntimeError("no font")

    monkeypatch.setattr(Figure, "draw", fail)
    status, printed, err = prune("study", path, "--out", "o", "-q")
    assert status == 4 and printed
    told = "the picture could not be drawn (RuntimeError: no font); the tables are complete"
    assert err.splitlines()[-1] == f"prune: {told}"
    assert len(table(out)) == 36 and not (out / "accuracy.png").exists()
