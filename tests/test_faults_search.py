"""A full disk, a kill and a second process during `search` and `export`: whole files or none."""

from __future__ import annotations

import json

import numpy as np
import pytest

from prune.core.network import logits
from prune.files import atomic, lock, weights
from prune.settings.spelling import counted
from test_faults import Failing, contents, start

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the converters
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture
def given(tmp_path, rng, network):
    """A network and images enough to hold some out."""
    arrays = {}
    for split, n in (("train", 6000), ("test", 80)):
        images = rng.random((n, 6)).astype(np.float32)
        arrays[f"x_{split}"] = images
        arrays[f"y_{split}"] = logits(network, images).argmax(axis=1)
    np.savez(tmp_path / "many.npz", **arrays)
    weights.save(network, tmp_path / "tiny.keras")
    return ["--weights", tmp_path / "tiny.keras", "--data", tmp_path / "many.npz", "-q"]


SEARCH = ("--macs", "60", "--criterion", "norm,magnitude", "--repair", "none")


def tries(folder):
    return json.loads((folder / "tries.json").read_text())["tries"]


def test_a_full_disk_while_searching_loses_nothing_and_it_goes_on(
    prune, given, tmp_path, monkeypatch
):
    command = ("search", *given, *SEARCH, "--out")
    assert prune(*command, tmp_path / "calm")[0] == 0
    calm, out = contents(tmp_path / "calm"), tmp_path / "out"
    failed, last = 0, 4  # the first three are of run.json
    while True:
        monkeypatch.setattr(atomic, "os", failing := Failing(last))
        status, printed, err = prune(*command, out)
        if failing.left > 0:
            break
        failed, last = failed + 1, last + 5
        assert (status, printed) == (3, "")
        assert err == "prune: the system failed the disk: No space left on device\n"
        found = contents(out)
        assert set(found) <= set(calm)
        assert json.loads(found["run.json"])["status"] in ("failed", "running")  # its last write
        for name in set(found) - {"run.json", "tries.json"}:
            assert found[name] == calm[name]
        (out / "model.keras").unlink(missing_ok=True)
    assert failed > 3 and status == 0
    assert all(contents(out)[name] == calm[name] for name in set(calm) - {"run.json"})


def test_a_killed_search_goes_on_to_the_same_end(given, tmp_path):
    out, calm = tmp_path / "out", tmp_path / "calm"
    command = ("search", *given[:-1], "--macs", "60", "--calibration", "60", "--out")
    with start(*command, out, stdout=-3, stderr=-3) as process:
        while process.poll() is None and not (out / "tries.json").exists():
            pass
        process.kill()
        process.communicate()
    known = len(tries(out))
    assert not (out / "model.keras").exists() and known
    for folder, said in ((out, f"going on: {counted(known, 'network')} measured"), (calm, "")):
        with start(*command, folder, stdout=-3, stderr=-1) as process:
            assert said in process.communicate()[1]
    assert contents(out).keys() == contents(calm).keys()
    assert all(contents(out)[n] == contents(calm)[n] for n in ("table.csv", "model.keras"))


@pytest.mark.parametrize(("last", "there"), [(4, set()), (7, {"tiny.bin"}), (10, None)])
def test_a_full_disk_while_exporting_leaves_no_file_that_names_a_model(
    prune, given, tmp_path, monkeypatch, last, there
):
    monkeypatch.setattr(atomic, "os", Failing(last))
    status, printed, _ = prune("export", *given, "--to", "openvino", "--out", tmp_path / "out")
    names = {"tiny.xml", "tiny.bin"} if there is None else there  # then the table is what fails
    assert (status, printed) == (3, "")
    assert contents(tmp_path / "out").keys() == names | {"run.json"}
    assert json.loads((tmp_path / "out" / "run.json").read_text())["status"] == "failed"


@pytest.mark.parametrize("command", [("search", *SEARCH), ("export", "--to", "onnx")])
def test_two_at_once_do_not_share_a_folder(prune, given, tmp_path, command):
    (name, *more), out = command, tmp_path / "out"
    out.mkdir()
    with lock.held(out):
        status, printed, err = prune(name, *given, *more, "--out", out)
    assert (status, printed) == (3, "") and "is in use by another process" in err
    assert not [each for each in out.iterdir() if each.suffix]
