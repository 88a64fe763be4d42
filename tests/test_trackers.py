"""`--log`: what MLflow, W&B and TensorBoard keep, read back as each keeps it, is the table."""

from __future__ import annotations

import json
import re
import struct
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import planted
from attacks.material import IMAGES, LABELS, npz
from attacks.names import HOSTILE, called
from prune.files.folders import Run
from prune.files.trackers import TRACKERS, handed

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of what is not ours

COMMANDS = {
    "compare": ["compare", "--k", "0,50,99.5"],
    "sensitivity": ["sensitivity", "--k", "0,50"],
    "search": ["search", "--max-drop", "5", "--criterion", "norm", "--method", "unit"],
    "bench": ["bench", "--k", "50", "--rounds", "2", "--batch", "1,7"],
}
ASKED_FOR = {"k", "seed", "batch", "curve", "retrain", "imitation"}


@pytest.fixture(autouse=True)
def at_home(monkeypatch, tmp_path):
    """Let nothing leave this folder."""
    for name in ("DIR", "CONFIG_DIR", "CACHE_DIR", "DATA_DIR"):
        monkeypatch.setenv(f"WANDB_{name}", str(tmp_path))
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", str(tmp_path / "kept"))
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


def measured(folder="o"):
    """Return every number of a table that was not asked for: how often its column has it."""
    rows = json.loads(Path(folder, "table.json").read_text())
    return Counter(
        (name, float(np.float32(value)))
        for row in rows
        for name, value in row.items()
        if type(value) in (int, float) and name not in ASKED_FOR
    )


def tensorboard(folder="o"):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = {}
    for each in sorted(Path(folder, "tensorboard").iterdir()):
        seen = EventAccumulator(str(each), size_guidance={"scalars": 0}).Reload()
        found[each.name] = {tag: seen.Scalars(tag) for tag in seen.Tags()["scalars"]}
    return found


def mlflow_run():
    import mlflow

    (run,) = mlflow.search_runs(output_format="list")
    history = mlflow.MlflowClient().get_metric_history
    return run, {name: history(run.info.run_id, name) for name in run.data.metrics}


def wandb_records(folder):
    """Yield the records of an offline run: a log as LevelDB has it, in blocks of 32,768 bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    (path,) = folder.glob("wandb/offline-run-*/*.wandb")
    content, at, record = path.read_bytes(), 7, b""
    while at + 7 <= len(content):
        if (left := -at % 32768) < 7 and left:
            at += left
        _, size, part = struct.unpack_from("<IHB", content, at)
        record += content[at + 7 : at + 7 + size]
        at += 7 + size
        if part in (1, 4):  # whole, or its last part
            yield Record.FromString(record)
            record = b""


@pytest.mark.parametrize("name", COMMANDS)
def test_tensorboard_keeps_every_number_of_the_table(prune, tiny, name):
    status, _, err = prune(*COMMANDS[name], *tiny, "--out", "o", "--log", "tensorboard")
    assert status == 0 and "TensorBoard: tensorboard --logdir o/tensorboard\n" in err, err
    kept = Counter(
        (tag, each.value)
        for tags in tensorboard().values()
        for tag, points in tags.items()
        for each in points
    )
    assert kept == measured() and sum(kept.values()) > 10


def test_a_study_is_kept_too(prune, tiny_data, tmp_path):
    path = planted.settings(tiny_data)
    planted.plant(path, tmp_path / "work" / "o")
    assert prune("study", path, "--out", "o", "-q", "--log", "tensorboard")[0] == 0
    points = [each for tags in tensorboard().values() for each in tags["accuracy"]]
    assert len(points) == len(json.loads(Path("o/table.json").read_text()))


def test_a_run_takes_the_place_of_the_one_before(prune, tiny):
    for command, curves in (("compare", {"weight", "unit"}), ("unit", {"unit"})):
        argv = (command, *tiny, "--k", "0,50", "--out", "o", "--log", "tensorboard")
        assert prune(*argv)[0] == 0
        assert {name for name, tags in tensorboard().items() if tags} == curves


def test_all_three_keep_the_same_curves_and_settings(prune, tiny, tmp_path):
    argv = (*COMMANDS["compare"], *tiny, "--out", "o", "--seed", "7", "--format", "json")
    status, out, err = prune(*argv, "--log", ",".join(TRACKERS))
    assert status == 0 and out == Path("o/table.json").read_text(), err
    rows = json.loads(out)
    for method in ("weight", "unit"):
        own = [row for row in rows if row["method"] == method]
        accuracies = [(round(10 * row["k"]), row["accuracy"]) for row in own]

        seen = [(each.step, each.value) for each in tensorboard()[method]["accuracy"]]
        assert seen == [(step, np.float32(value)) for step, value in accuracies]

        run, metrics = mlflow_run()
        assert [(each.step, each.value) for each in metrics[f"accuracy/{method}"]] == accuracies

        steps = [
            {"/".join(item.nested_key): item.value_json for item in record.history.item}
            for record in wandb_records(tmp_path)
            if record.WhichOneof("record_type") == "history"
        ]
        name = f"accuracy/{method}"
        seen = [(json.loads(each["k"]), json.loads(each[name])) for each in steps if name in each]
        assert seen == [(row["k"], row["accuracy"]) for row in own]

    assert run.info.status == "FINISHED" and run.data.params["seed"] == "7"
    versions = json.loads(Path("o/run.json").read_text())["versions"]
    assert run.data.params["versions.numpy"] == versions["numpy"]
    (begun,) = (each.run for each in wandb_records(tmp_path) if each.HasField("run"))
    config = {each.key: json.loads(each.value_json) for each in begun.config.update}
    assert config["seed"] == 7 and config["versions.numpy"] == versions["numpy"]


@pytest.mark.parametrize("title", HOSTILE)
def test_names_of_layers_break_no_tracker(prune, tmp_path, title):
    path = called(tmp_path, HOSTILE[title])
    data = npz(tmp_path / "d.npz", x_test=IMAGES, y_test=LABELS, x_train=IMAGES, y_train=LABELS)
    argv = ("--k", "0,50", "--out", "o", "--log", "tensorboard,mlflow", "--weights", path)
    status, _, err = prune("sensitivity", *argv, "--data", data)
    assert status == 0, err
    assert all(letter == "\n" or letter.isprintable() for letter in err)
    _, metrics = mlflow_run()
    assert {f"accuracy/{name}" for name in tensorboard()} <= metrics.keys()


@pytest.mark.parametrize("name", TRACKERS)
def test_a_missing_package_is_told_before_anything_is_written(prune, tiny, monkeypatch, name):
    monkeypatch.setitem(sys.modules, TRACKERS[name].module, None)  # as if it were not installed
    status, out, err = prune("weight", *tiny, "--k", "50", "--out", "o", "--log", name)
    assert (status, out) == (3, "") and not Path("o").exists()
    assert f"needs the package {TRACKERS[name].module}, which is not installed" in err
    assert f"`pip install 'keras-prune[{name}]'`" in err and len(err.splitlines()) == 1


def test_a_folder_called_like_a_package_is_none(prune, tiny, monkeypatch):
    """W&B itself leaves a folder `wandb`, which Python would import."""
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    monkeypatch.setattr(sys, "path", [str(Path.cwd())])
    Path("wandb").mkdir()
    status, _, err = prune("weight", *tiny, "--k", "50", "--out", "o", "--log", "wandb")
    assert status == 3 and "needs the package wandb" in err


def test_what_a_tracker_does_not_take_is_not_lost(prune, tiny, monkeypatch):
    argv = ("compare", *tiny, "--k", "0,50", "--out", "o", "-q", "--format", "csv", "--html")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    status, out, err = prune(*argv, "--log", "mlflow,tensorboard")
    assert status == 4 and out == Path("o/table.csv").read_text()
    assert err.startswith("prune: MLflow did not take the rows, which are in o (MlflowException: ")
    assert err.endswith("`prune report o --log mlflow` tries again\n") and err.count("\n") == 1
    assert json.loads(Path("o/run.json").read_text())["status"] == "finished"
    assert Path("o/report.html").exists() and tensorboard().keys() == {"weight", "unit"}

    Path("o/tensorboard").rename("before")
    assert prune("report", "o", "--log", "tensorboard")[0] == 0
    assert tensorboard().keys() == {"weight", "unit"}


def test_nothing_is_handed_over_unasked_or_twice(prune, tiny, tmp_path):
    assert prune("weight", *tiny, "--k", "50", "--out", "plain", "--html")[0] == 0
    assert not Path("plain/tensorboard").exists()
    argv = ("weight", *tiny, "--k", "50", "--out", "o", "--log", "tensorboard")
    assert prune(*argv)[0] == 0
    status, _, err = prune("rerun", "o", "--out", "again")
    assert status == 0 and not Path("again/tensorboard").exists(), err


def points(*rows):
    record = {"command": ["prune", "weight"], "start": "2026-01-01T00:00:00+00:00"}
    record |= {"settings": {"parts": [{"k": [1, 2]}]}, "versions": {}, "inputs": {}}
    curves = {row["name"]: [row] for row in rows}
    return handed(Run("o", record, rows), Path("o"), curves)


@pytest.mark.parametrize(
    ("ks", "steps"),
    [((0, 50), (0, 50)), ((0.5, 12.25, 100), (50, 1225, 10000)), ((0.0, 99.0), (0, 99))],
)
def test_steps_are_whole_and_tell_every_k_apart(ks, steps):
    found = points(*({"name": f"a {k}", "k": k} for k in ks))
    assert tuple(each.step for each in found.points) == steps


def test_names_that_look_alike_stay_apart():
    alike = ("a/b__1", "a_b 1", "a/b", "a?b", "a__b", "a" * 200, "a" * 201)
    found = points(*({"name": name, "k": 0} for name in alike))
    names = {each.curve for each in found.points}
    assert len(names) == len(alike) and max(map(len, names)) < 110
    assert all(re.fullmatch(r"[\w .-]+", name, re.ASCII) for name in names)
    assert found.parameters == {"parts.0.k": "1,2"}
