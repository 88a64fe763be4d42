"""What a study keeps: believed only if it is whole and of the same settings."""

from __future__ import annotations

import json
import subprocess

import pytest

import planted
from prune.core.network import arrays
from prune.files import atomic

SETTINGS = {"seed": 1, "k": [0, 50]}
ROWS = [{"k": 0, "accuracy": 0.9, "name": "ü"}, {"k": 50, "accuracy": 0.1 + 0.2, "name": ""}]


@pytest.fixture
def store(tmp_path):
    return planted.store(tmp_path)


def test_rows_come_back_as_they_went(store):
    assert store.rows("a", SETTINGS) is None
    store.add_rows("a", SETTINGS, ROWS)
    assert store.rows("a", SETTINGS) == ROWS
    assert store.rows("b", SETTINGS) is None and not store.set_aside


def test_a_network_comes_back_as_it_went(store, network):
    store.add_network("n", SETTINGS, network, [{"epoch": 1}])
    assert store.trained("n", SETTINGS)["epochs"] == [{"epoch": 1}]
    for ours, theirs in zip(arrays(store.network("n")), arrays(network), strict=True):
        assert (ours == theirs).all()


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[]",
        lambda text: text.replace("0.9", "0.8"),
        lambda text: text.replace('"seed": 1', '"seed": 2'),
        lambda text: text.replace('"sha256"', '"sha"'),
        lambda text: text.replace('"rows"', '"lines"'),
    ],
)
def test_a_cell_that_is_not_what_was_written_is_set_aside_and_named(store, damage):
    store.add_rows("a", SETTINGS, ROWS)
    path = store.cells / "a.json"
    path.write_text(damage(path.read_text()))
    damaged = path.read_bytes()
    assert store.rows("a", SETTINGS) is None
    assert store.set_aside == [store.cells / "a.json.corrupt"]
    assert store.set_aside[0].read_bytes() == damaged and not path.exists()
    store.add_rows("a", SETTINGS, ROWS)
    assert store.rows("a", SETTINGS) == ROWS


def test_a_cell_of_other_settings_is_not_believed(store):
    store.add_rows("a", SETTINGS, ROWS)
    assert store.rows("a", SETTINGS | {"seed": 2}) is None
    assert len(store.set_aside) == 1


def test_a_damaged_network_is_set_aside_with_its_record(store, network):
    store.add_network("n", SETTINGS, network, [])
    path = store.networks / "n.keras"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert store.trained("n", SETTINGS) is None
    names = {path.name for path in store.networks.iterdir()}
    assert names == {".gitignore", "n.keras.corrupt", "n.json.corrupt"}


def test_a_network_without_its_record_or_a_record_without_its_network_does_not_count(
    store, network
):
    store.add_network("n", SETTINGS, network, [])
    (store.networks / "n.keras").unlink()
    assert store.trained("n", SETTINGS) is None
    store.add_network("n", SETTINGS, network, [])
    (store.networks / "n.json").unlink()
    assert store.trained("n", SETTINGS) is None


def test_who_only_looks_moves_nothing(tmp_path, store):
    store.add_rows("a", SETTINGS, ROWS)
    (store.cells / "a.json").write_text("{")
    looking = type(store)(store.cells, store.networks, looks_only=True)
    assert looking.rows("a", SETTINGS) is None and len(looking.set_aside) == 1
    assert (store.cells / "a.json").read_text() == "{"


def test_version_control_leaves_the_folders_alone(store, tmp_path):
    store.add_rows("a", SETTINGS, ROWS)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    done = subprocess.run(
        ["git", "-C", str(tmp_path), "status", "--short"], capture_output=True, text=True
    )
    assert done.stdout == ""


def test_a_full_disk_leaves_what_was_there(store, monkeypatch):
    store.add_rows("a", SETTINGS, ROWS)
    before = {path: path.read_bytes() for path in store.cells.iterdir()}

    def fail(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        store.add_rows("a", SETTINGS, ROWS[:1])
    assert {path: path.read_bytes() for path in store.cells.iterdir()} == before


def test_times_are_kept_apart_and_may_be_lost(store):
    store.add_time("b", 1.5)
    store.add_time("a", 2)
    assert store.times() == {"a": 2.0, "b": 1.5}
    (store.cells / "times.csv").write_text("nonsense")
    assert store.times() == {}


def test_what_a_killed_process_left_half_written_is_removed(store):
    for folder in (store.cells, store.networks):
        (folder / ".a.json.x1.part").write_bytes(b"{")
    store.tidy()
    assert [path.name for path in store.cells.iterdir()] == [".gitignore"]
    assert [path.name for path in store.networks.iterdir()] == [".gitignore"]


def test_starting_over_forgets_cells_and_own_networks_but_not_shared_ones(tmp_path, network):
    own = planted.store(tmp_path / "a")
    shared = type(own)(tmp_path / "b" / "cells", tmp_path / "networks")
    shared.prepare()
    for store in (own, shared):
        store.add_rows("a", SETTINGS, ROWS)
        store.add_network("n", SETTINGS, network, [])
        store.clear()
        assert store.rows("a", SETTINGS) is None
    assert own.trained("n", SETTINGS) is None
    assert json.loads((shared.networks / "n.json").read_text())["settings"] == SETTINGS
