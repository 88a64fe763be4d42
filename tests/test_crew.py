"""Several processes and a real Dask cluster: the same bytes, whoever is lost on the way."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from threading import Thread

import pytest

import planted
from prune import EnvironmentFailure
from prune.experiments import crew, grid, study
from prune.files import studies

pytestmark = pytest.mark.slow

# Enough work for somebody to be killed in the middle of it.
LONG = planted.TEXT.replace("0-2", "0-9")


def state(tiny_data, out, text=LONG):
    path = planted.settings(tiny_data, text)
    store = planted.plant(path, out)
    return study.look(grid.cells(studies.load(path)), planted.source(tiny_data), store)


@pytest.fixture
def expected(tiny_data, tmp_path):
    alone = state(tiny_data, tmp_path / "alone")
    with crew.processes(1) as one:
        list(study.run(alone, one))
    return alone.rows


def test_several_processes_give_what_one_gives(tiny_data, tmp_path, expected):
    found = state(tiny_data, tmp_path / "out")
    with crew.processes(2) as two:
        assert two.threads == max(1, len(os.sched_getaffinity(0)) // 2)
        list(study.run(found, two))
    assert not found.failures
    assert {cell: [row["correct"] for row in rows] for cell, rows in found.rows.items()} == {
        cell: [row["correct"] for row in rows] for cell, rows in expected.items()
    }


def test_a_killed_process_is_made_up_for(tiny_data, tmp_path, expected):
    found = state(tiny_data, tmp_path / "out")
    with crew.processes(2) as two:
        said = []
        course = study.run(found, two, said.append)
        next(course)
        victim = multiprocessing.active_children()[0]
        os.kill(victim.pid, signal.SIGKILL)
        list(course)
    assert not found.failures and not found.missing
    names = "|".join(map(found.name, found.cells))
    assert said
    for line in said:
        assert re.fullmatch(f"the worker of ({names}) was lost; it will be tried again", line)


def test_workers_do_not_outlive_a_killed_parent(tiny_data, tmp_path):
    path = planted.settings(tiny_data, LONG)
    planted.plant(path, tmp_path / "out")
    argv = [sys.executable, "-m", "prune", "study", str(path), "--out", str(tmp_path / "out")]
    with subprocess.Popen([*argv, "--jobs", "2"], stderr=subprocess.PIPE, text=True) as parent:
        parent.stderr.readline()
        parent.stderr.readline()  # a cell is done, so there are workers
        children = _children(parent.pid)
        assert len(children) >= 2
        parent.kill()
    for _ in range(200):
        if not any(_alive(child) for child in children):
            return
        time.sleep(0.05)
    pytest.fail("workers are still there")


def _children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(word) for word in found.stdout.split()]


def _alive(pid):
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(found.stdout.strip()) and not found.stdout.startswith("Z")


def worker(address):
    words = [sys.executable, "-m", "distributed.cli.dask_worker", address]
    words += ["--no-nanny", "--nthreads", "1", "--no-dashboard"]
    return subprocess.Popen(words, stderr=subprocess.DEVNULL)


@pytest.fixture
def cluster():
    """A scheduler and two workers, each a process of its own; yield its address and them."""
    pytest.importorskip("distributed")
    module = [sys.executable, "-m", "distributed.cli"]
    scheduler = subprocess.Popen(
        [*module[:2], "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
        + ["--no-dashboard"],
        stderr=subprocess.PIPE,
        text=True,
    )
    address = ""
    while not address:
        line = scheduler.stderr.readline()
        assert line, "the scheduler did not start"
        found = re.search(r"tcp://127\.0\.0\.1:\d+", line)
        address = found[0] if found else ""
    Thread(target=scheduler.stderr.read, daemon=True).start()
    workers = [worker(address), worker(address)]
    yield address, workers
    for process in [*workers, scheduler]:
        process.kill()
        process.wait()


def _await_workers(address, number):
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(number, timeout=60)


@pytest.mark.filterwarnings("ignore")  # what Dask and its loops warn of is not ours
def test_a_cluster_gives_the_same_though_a_worker_is_killed_half_way(
    tiny_data, tmp_path, expected, cluster, prune
):
    address, workers = cluster
    _await_workers(address, 2)
    found = state(tiny_data, tmp_path / "out")
    said = []
    with crew.cluster(address) as both:
        assert both.width == 2
        course = study.run(found, both, said.append)
        for _ in range(len(found.cells) // 2):
            next(course)
        workers[0].kill()
        workers[0].wait()
        list(course)
    assert not found.failures and not found.missing
    (line,) = said
    assert re.fullmatch(r"lost of the cluster: tcp://[\d.:]+; 1 worker left to go on", line)
    networks = ("--networks", found.store.networks)
    argv = ("study", tmp_path / "tiny.toml", "--out", "o", *networks, "--scheduler", address)
    status, _, err = prune(*argv)
    assert status == 0 and "40 of 40: " in err
    assert {cell: [row["correct"] for row in rows] for cell, rows in found.rows.items()} == {
        cell: [row["correct"] for row in rows] for cell, rows in expected.items()
    }


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_without_workers_is_told(cluster):
    address, workers = cluster
    _await_workers(address, 2)
    for worker in workers:
        worker.kill()
        worker.wait()
    for _ in range(200):
        try:
            with crew.cluster(address):
                time.sleep(0.05)  # not noticed yet
        except EnvironmentFailure as error:
            assert f"the cluster at {address} has no workers; start one: `dask worker" in str(error)
            return
    pytest.fail("nothing was told")


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_loses_all_workers_says_so_and_goes_on_with_a_new_one(
    tiny_data, tmp_path, cluster
):
    address, workers = cluster
    _await_workers(address, 2)
    found, said = state(tiny_data, tmp_path / "out"), []

    def say(text):
        said.append(text)
        if "has no workers" in text:
            workers.append(worker(address))

    with crew.cluster(address) as both:
        course = study.run(found, both, say)
        next(course)
        for each in workers:
            each.kill()
        list(course)
    assert not found.failures and not found.missing
    waiting = f"the cluster at {address} has no workers; start one: `dask worker {address}`"
    assert [line for line in said if "lost" not in line] == [f"{waiting}; waiting for one"]


@pytest.mark.filterwarnings("ignore")
def test_an_address_where_nothing_listens_is_told(prune, tiny_data):
    path = planted.settings(tiny_data)
    status, _, err = prune("study", path, "--scheduler", "tcp://127.0.0.1:1", "-q")
    assert status == 3
    assert "no Dask scheduler answers at tcp://127.0.0.1:1" in err and err.count("\n") == 1


def test_a_study_trains_its_networks_and_the_same_seed_gives_the_same(tiny_data, tmp_path, prune):
    path = planted.settings(tiny_data, planted.TEXT.replace("0-2", "0-1"))
    for out, jobs in (("a", 1), ("b", 2)):
        status, _, err = prune("study", path, "--out", out, "--jobs", jobs)
        assert status == 0, err
        assert "8 to do, 2 networks to train for them" in err
    first, again = (tmp_path / "work" / out / "networks" for out in "ab")
    for network in first.glob("*.keras"):
        assert network.read_bytes() == (again / network.name).read_bytes()


def test_networks_are_the_same_bytes_however_many_train_at_a_time(tmp_path):
    # So wide that Keras would share a product among threads, as it does not with tiny ones.
    text = "limit = 2000\nseeds = [0, 1]\nhidden = [1000, 300]\nepochs = 1\nk = 0\n"
    (tmp_path / "wide.toml").write_text(text)
    made = []
    for jobs in "12":
        out = tmp_path / jobs
        words = [
            sys.executable,
            "-m",
            "prune",
            "study",
            str(tmp_path / "wide.toml"),
            "--jobs",
            jobs,
        ]
        subprocess.run([*words, "--out", str(out)], check=True, capture_output=True)
        made.append({path.name: path.read_bytes() for path in out.glob("networks/*.keras")})
    assert len(made[0]) == 2 and made[0] == made[1]


def test_training_that_diverges_fails_its_cells_and_names_them(tiny_data, prune):
    text = planted.TEXT + "[[part]]\n[[part]]\nseeds = 7\nlearning-rate = 1e30\n"
    path = planted.settings(tiny_data, text)
    status, _, err = prune("study", path, "--out", "o")
    assert status == 4
    assert re.search(r"failed: s7-8-5-b32-e1-\w+: training diverged: the loss was nan", err)
    assert err.count("its network s7-8-5-b32-e1-") == 4
    assert "4 of 16 cells failed" in err


def test_what_is_pruned_is_trained_on_and_learns_nothing_of_what_is_held_out(tiny_data, prune):
    text = (
        planted.TEXT.replace("0-2", "0")
        + """
retrain = [0, 2]
[[part]]
methods = "weight"
repairs = "none"
schedules = ["one-shot", "iterative"]
starts = ["pruned", "rewind"]
"""
    )
    status, out, err = prune("study", planted.settings(tiny_data, text), "--format", "json")
    assert status == 0, err
    rows = json.loads(out)
    trained = [row for row in rows if row["retrain"]]
    assert len(rows) == 3 + len(trained) == 3 + 4 * 3
    for row in trained:
        assert row["nonzero"] <= row["parameters"] - row["pruned"]
        assert row["validation"] * 10 == pytest.approx(round(row["validation"] * 10))
    assert {(row["schedule"], row["start"], row["rewind"]) for row in trained} == {
        *(("one-shot", "pruned", None), ("one-shot", "rewind", 1)),
        *(("iterative", "pruned", None), ("iterative", "rewind", 1)),
    }
    assert "weight retrained 2 epochs iterative rewind up to k = " in err
