"""`prune bench --runtime`: the same networks in each runtime, held against Keras, then timed."""

from __future__ import annotations

import json
import os
import sys

import numpy as np
import pytest

from prune import PruneError
from prune.experiments import devices, timing
from prune.experiments.devices import Entry
from prune.settings.files import BENCHED
from prune.views import timings

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the converters
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.mark.slow
def test_every_runtime_times_the_network_as_it_is_masked_and_shrunk(prune, tiny, tmp_path):
    before = os.sched_getaffinity(0)
    argv = ("--k", "50", "--batch", "1,8", "--rounds", "2", "--threads", "1", "--format", "json")
    status, out, err = prune("bench", *tiny, "--runtime", ",".join(BENCHED), *argv)
    assert status == 0, err
    assert os.sched_getaffinity(0) == before
    rows = json.loads(out)
    named = [f"{name} {form}" for name in BENCHED for form in ("dense", "masked", "shrunk")]
    for method in ("weight", "unit"):
        for batch in (1, 8):
            own = [r for r in rows if (r["method"], r["batch"]) == (method, batch)]
            assert sorted(row["form"] for row in own) == sorted(named)
            seconds = {row["form"]: row["seconds"] for row in own}
            for row in own:
                _, form = row["form"].split()
                assert (row["threads"], row["rounds"]) == (1, 2)
                assert form != "dense" or row["faster"] == 1
                assert row["faster_low"] <= row["faster"] <= row["faster_high"]
                assert row["seconds_low"] <= seconds[row["form"]] <= row["seconds_high"]
    run = json.loads((tmp_path / "work" / "results" / "bench" / "run.json").read_text())
    assert {"ai_edge_litert", "onnxruntime", "openvino", "tensorflow"} <= run["versions"].keys()
    assert "flags" in run["machine"] and "On this machine (1 thread) " in err


@pytest.mark.parametrize(
    ("name", "module"),
    [("litert", "ai_edge_litert"), ("onnxruntime", "onnxruntime"), ("openvino", "openvino")],
)
def test_a_missing_runtime_is_told_before_anything_is_written(
    prune, tiny, tmp_path, monkeypatch, name, module
):
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    status, out, err = prune("bench", *tiny, "--runtime", f"numpy,{name}")
    assert (status, out) == (3, "") and len(err.splitlines()) == 1
    assert f"needs the package {module}, which is not installed" in err
    assert not list((tmp_path / "work").iterdir())


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--runtime", "onnxrun"], "unknown runtime 'onnxrun' (did you mean onnxruntime?)"),
        (["--runtime", "numpy", "--keras"], "leave out --keras, or name keras in it"),
        (["--threads", "9999"], "--threads 9999: this process may use "),
    ],
)
def test_what_cannot_be_timed_there_is_refused(prune, tiny, more, told):
    status, _, err = prune("bench", *tiny, *more)
    assert status == 2 and told in err and len(err.splitlines()) == 1


@pytest.mark.parametrize("off", [0, 5e-6, 2e-5])
def test_what_answers_otherwise_than_keras_is_not_timed(off):
    original = lambda batch: [np.ones((len(batch), 3), np.float32)]  # noqa: E731
    entry = Entry("litert", "shrunk", b"", lambda x: [original(x)[0] + np.float32(off)], original)
    field = devices.Field([], [entry])
    if off < 1e-5:
        devices.timings(field._replace(entries=[entry._replace(form="dense")]), np.zeros((9, 2)),
                        2, 1, lambda number: None)  # fmt: skip
        return
    with pytest.raises(PruneError, match="litert shrunk differs from Keras by 2e-05 in an output"):
        devices.timings(field, np.zeros((9, 2)), 2, 1, lambda number: None)


def test_a_process_is_held_to_some_cores_and_let_go():
    before = os.sched_getaffinity(0)
    with timing.held_to(1):
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before


def test_the_verdict_tells_each_runtime_apart():
    from test_timing import timed

    rows = [
        timed("weight", "litert masked", 1, 50, 1.0),
        timed("weight", "litert shrunk", 1, 50, 1.0),
        timed("unit", "litert masked", 1, 50, 1.0),
        timed("unit", "litert shrunk", 1, 50, 2.4),
    ]
    assert timings.verdict(rows) == (
        "On this machine (2 threads) masked weights pay at no k timed in litert; shrunk units pay "
        "from k = 50 at batch 1 in litert."
    )
    (axes,) = timings.picture(rows).axes
    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert drawn["weights, litert masked"] == [1.0] and drawn["units, litert shrunk"] == [2.4]


def test_what_answers_within_what_was_asked_is_timed_and_the_table_says_so():
    from test_timing import timed

    original = lambda batch: [np.ones((len(batch), 3), np.float32)]  # noqa: E731
    entry = Entry("litert", "dense", b"", lambda x: [original(x)[0] + np.float32(2e-5)], original)
    devices.timings(devices.Field([], [entry], 3e-5), np.zeros((9, 2)), 2, 1, lambda number: None)
    rows = [timed("unit", f"litert {form}", 1, 50, 1.0) for form in ("dense", "masked", "shrunk")]
    assert "does, to 1e-5 of the largest output." in timings.table(rows).note
    assert "does, to 3e-5 of the largest output." in timings.table(rows, 3e-5).note
