"""Tables, and the record of a run."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, fields, replace

import pytest

from prune import EnvironmentFailure
from prune.files import atomic, results, runs
from prune.files.results import Epoch, Row

ASKED = ("weight", "magnitude", 97.5)
MEASURED = (1 / 3, 1, 3, 0.1, 5, 10, 7, 12)
ROW = Row(*ASKED, *MEASURED, "layer", "none", "a+b", "", 0, 7, 6, 28, 90)


def test_the_columns_are_those_that_scripts_depend_on():
    assert [field.name for field in fields(Row)][:11] == [
        *("method", "criterion", "k", "accuracy", "correct", "total"),
        *("loss", "pruned", "prunable", "nonzero", "parameters"),
    ]


def test_csv_and_json_hold_full_precision():
    (read,) = csv.DictReader(io.StringIO(results.to_csv([ROW])))
    assert float(read["accuracy"]) == ROW.accuracy
    assert json.loads(results.to_json([ROW, ROW])) == [results.values(ROW)] * 2
    assert asdict(ROW).items() - results.values(ROW).items() == {
        ("metric", "accuracy"),
        ("score", None),
    }


def test_what_is_measured_is_told_where_it_is_not_accuracy():
    other = replace(ROW, accuracy=None, correct=None, metric="mean squared error")
    (read,) = csv.DictReader(io.StringIO(results.to_csv([other])))
    assert (read["accuracy"], read["metric"]) == ("", "mean squared error")
    assert (
        list(read)[-2:] == ["metric", "score"] == list(json.loads(results.to_json([other]))[0])[-2:]
    )
    assert results.to_csv([other]).startswith(results.to_csv([]).strip())


def test_no_rows_are_still_a_table():
    assert json.loads(results.to_json([])) == []
    assert results.to_csv([]).startswith("method,criterion,k,")


def test_history_has_a_line_an_epoch():
    text = results.to_csv([Epoch(1, 0.5, 0.9, 0.4, 0.91)], Epoch)
    assert text == "epoch,loss,accuracy,test_loss,test_accuracy\n1,0.5,0.9,0.4,0.91\n"


def record():
    return runs.Record(["prune", "weight"], {"k": [50.0]})


def status(folder):
    return json.loads((folder / "run.json").read_text())["status"]


def test_a_run_is_running_then_finished(tmp_path):
    with runs.recorded(tmp_path, record()):
        assert status(tmp_path) == "running"
    assert status(tmp_path) == "finished"


@pytest.mark.parametrize(
    ("error", "expected"), [(KeyboardInterrupt, "interrupted"), (ValueError, "failed")]
)
def test_a_run_records_how_it_ended(tmp_path, error, expected):
    with pytest.raises(error), runs.recorded(tmp_path, record()):
        raise error
    assert status(tmp_path) == expected


def test_a_run_tells_what_made_it(tmp_path):
    with runs.recorded(tmp_path, record()):
        pass
    found = json.loads((tmp_path / "run.json").read_text())
    assert set(found) == {
        *("command", "status", "start", "seconds", "settings", "inputs", "results"),
        "process",
        *("versions", "machine", "git", "folder"),
    }
    assert {"prune", "python", "numpy", "blas", "h5py"} <= set(found["versions"])


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "f"
    atomic.write(path, b"old")

    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        atomic.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_written_file_has_ordinary_permissions(tmp_path):
    atomic.write(tmp_path / "a", b"")
    (tmp_path / "b").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_a_folder_that_cannot_be_written_is_found_out_first(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFailure, match="cannot write to the folder .*--out"):
        runs.prove_writable(tmp_path / "file" / "out", "--out")
