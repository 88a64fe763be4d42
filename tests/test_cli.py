"""The command, in-process: exit codes, what goes where, and every message."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import signal
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

import prune as package
from conftest import make_network
from prune.cli import signals
from prune.files import results, weights
from prune.settings.kinds import percents

TABLES = {"table.csv", "table.json", "table.md", "layers.json", "run.json"}
FILES = TABLES | {"accuracy.png", "accuracy.svg"}


@pytest.mark.parametrize("command", ["weight", "unit", "compare"])
def test_a_sweep_writes_all_its_files(prune, tiny, tmp_path, command):
    status, out, err = prune(command, *tiny, "--k", "0,50", "100")
    assert status == 0, err
    folder = tmp_path / "work" / "results" / command
    assert {path.name for path in folder.iterdir()} == FILES
    assert out.split("\n")[0].split()[0] == "k"
    assert "Next: prune " in err.splitlines()[-1]
    assert "pruning keeps within 1 point" in err


def test_json_and_csv_are_exactly_the_files(prune, tiny, tmp_path):
    for form, name in (("json", "table.json"), ("csv", "table.csv"), ("markdown", "table.md")):
        status, out, _ = prune("compare", *tiny, "--k", "0,50", "--format", form, "--out", "o")
        assert status == 0
        assert out == (tmp_path / "work" / "o" / name).read_text()
    rows = json.loads((tmp_path / "work" / "o" / "table.json").read_text())
    assert [(row["method"], row["k"]) for row in rows] == [
        *(("weight", 0), ("weight", 50), ("unit", 0), ("unit", 50))
    ]
    table = csv.DictReader(io.StringIO((tmp_path / "work" / "o" / "table.csv").read_text()))
    assert [float(row["accuracy"]) for row in table] == [row["accuracy"] for row in rows]


def test_the_same_command_twice_gives_the_same_bytes(prune, tiny, tmp_path):
    for out in ("a", "b"):
        assert prune("compare", *tiny, "--out", out)[0] == 0
    for name in FILES - {"run.json"}:
        first, second = (tmp_path / "work" / out / name for out in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()


def test_run_json_tells_settings_defaults_and_inputs(prune, tiny, tmp_path):
    prune("unit", *tiny, "--k", "0:50:25", "--limit", "30", "--out", "o")
    run = json.loads((tmp_path / "work" / "o" / "run.json").read_text())
    assert run["status"] == "finished"
    assert run["command"][:2] == ["prune", "unit"]
    assert run["settings"]["k"] == [0, 25, 50]
    assert (run["settings"]["engine"], run["settings"]["seed"]) == ("numpy", 0)
    assert run["settings"]["limit"] == run["inputs"]["data"]["images"] == 30
    assert run["inputs"]["weights"]["sha256"] == weights.load(tiny[1]).sha256


def test_quiet_leaves_only_results(prune, tiny):
    status, out, err = prune("weight", *tiny, "-q")
    assert (status, err) == (0, "") and out


def test_off_a_terminal_each_point_is_a_plain_line(prune, tiny):
    _, _, err = prune("unit", *tiny, "--k", "0,50")
    assert next(line for line in err.splitlines() if line.startswith("unit norm k")).startswith(
        "unit norm k = 0: "
    )
    assert "\x1b" not in err


def test_fewer_images_are_the_first_ones(prune, tiny, network):
    _, out, _ = prune("weight", *tiny, "--limit", "7", "--k", "0", "--format", "json")
    (row,) = json.loads(out)
    assert row["total"] == 7


def test_a_file_that_does_not_tell_is_remarked_on(prune, tmp_path, rng, tiny_data):
    import h5py

    path = tmp_path / "plain.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = rng.normal(size=(6, 4)).astype("f")
        file["layers/dense_1/vars/0"] = rng.normal(size=(4, 3)).astype("f")
    _, _, err = prune("weight", "--weights", path, "--data", tiny_data)
    assert "does not tell activations; relu is assumed" in err
    _, _, err = prune("weight", "--weights", path, "--data", tiny_data, "--activation", "tanh")
    assert "does not tell activations; tanh is assumed" in err


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (["0,25,50"], [0, 25, 50]),
        (["0", "25", "50"], [0, 25, 50]),
        (["0:90:30"], [0, 30, 60, 90]),
        (["0:1:0.25", "90,", "50,50"], [0, 0.25, 0.5, 0.75, 1, 50, 90]),
        (["50%"], [50]),
        (["99.9", "0", "100"], [0, 99.9, 100]),
        (["0:10:4"], [0, 4, 8]),
        (["1e1"], [10]),
    ],
)
def test_lists_of_k(tokens, expected):
    assert list(percents().typed(" ".join(tokens))) == [Fraction(str(k)) / 100 for k in expected]


@pytest.mark.parametrize(
    ("k", "message"),
    [
        (["-5"], "--k takes percents from 0 to 100, got -5"),
        (["-5,10"], "--k takes percents from 0 to 100, got -5"),
        (["101"], "--k takes percents from 0 to 100, got 101"),
        (["nan"], "--k takes percents from 0 to 100, got 'nan'"),
        (["inf"], "--k takes percents from 0 to 100, got 'inf'"),
        (["1e999999"], "--k takes percents from 0 to 100, got '1e999999'"),
        (["a,b"], "--k takes percents such as 0,25,50 or 0:90:10, got 'a'"),
        ([""], "--k is an empty list"),
        ([","], "--k is an empty list"),
        ([], "argument --k: expected at least one argument"),
        (["0:90"], "--k takes ranges as start:stop:step, such as 0:90:10, got '0:90'"),
        (["0:90:0"], "--k takes ranges as start:stop:step"),
        (["90:0:10"], "--k takes ranges as start:stop:step"),
        (["0:100:0.0001"], "--k 0:100:0.0001 would be 1,000,001 points"),
    ],
)
def test_wrong_lists_of_k(prune, tmp_path, k, message):
    assert_refused(prune("weight", "--k", *k), message)
    assert not list((tmp_path / "work").iterdir())


def assert_refused(outcome, message, expected=2):
    status, out, err = outcome
    assert (status, out) == (expected, "")
    assert err.startswith("prune: ") and err.count("\n") == 1
    assert message in err


def test_half_a_percent_is_taken_with_a_hint(prune, tiny):
    status, _, err = prune("weight", *tiny, "--k", "0.5")
    assert status == 0
    assert "k is in percent: 0.5 removes 0.5 %; for 50 % give --k 50" in err
    assert "k is in percent" not in prune("weight", *tiny, "--k", "0.5,50")[2]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["wieght"], "unknown command 'wieght' (did you mean weight?); choose from weight, unit"),
        (["xyz"], "unknown command 'xyz'; choose from weight"),
        (["weight", "--enigne", "keras"], "unknown argument --enigne (did you mean --engine?)"),
        (["weight", "--eng", "keras"], "unknown argument --eng"),
        (["criteria", "extra"], "unknown argument extra"),
        (["-q", "weight"], "-q goes after the command: `prune weight -q`"),
        (
            ["weight", "--criterion", "magnitud"],
            "unknown --criterion 'magnitud' (did you mean magn",
        ),
        (["weight", "--repair", "lsq"], "unknown repair 'lsq' (did you mean lstsq?); choose from"),
        (["weight", "--k-map", "a.json", "--scope", "network"], "leave out --scope network"),
        (
            ["unit", "--criterion", "obs", "--scope", "network", "--limit", "10"],
            "criterion 'obs' cannot rank units of different layers (scope 'network')",
        ),
        (["sensitivity", "--criterion", "random,lamp"], "sensitivity takes one --criterion"),
        (
            ["weight", "--keep", "dens"],
            "no layer 'dens' to keep (did you mean dense?); the network has",
        ),
        (
            ["weight", "--k-map", "none.json"],
            "k-map none.json: no such file; `prune sensitivity` writes one",
        ),
        (["weight", "--activation", "nonsense"], "activation 'nonsense' cannot be evaluated"),
        (["weight", "--engine", "kears"], "unknown --engine 'kears' (did you mean keras?)"),
        (["weight", "--format", "xml"], "unknown --format 'xml'; choose from table, csv, json"),
        (["weight", "--limit", "0"], "expected a whole number from 1, got '0'"),
        (["weight", "--seed", "-1"], "expected a whole number from 0, got '-1'"),
        (["weight", "--data", "none"], "data none: no such file or folder"),
        (["weight", "--weights", "none.h5"], "weights none.h5: no such file"),
        (["weight", "--weights", "."], "weights .: is a folder"),
        (["inspect"], "the following arguments are required: FILE"),
        (["inspect", "none.h5"], "weights none.h5: no such file"),
        (["train"], "the following arguments are required: --save"),
        (["train", "--save", "a.txt"], "its name must end in .keras, .h5, .hdf5"),
        (
            ["train", "--save", "a.h5", "--hidden", "10,x"],
            "expected a whole number from 1, got 'x'",
        ),
        (["train", "--save", "a.h5", "--learning-rate", "0"], "expected a number above 0, got '0'"),
        (["train", "--save", "a.h5", "--learning-rate", "x"], "expected a number above 0, got 'x'"),
    ],
)
def test_wrong_usage_is_one_line(prune, tmp_path, argv, message):
    assert_refused(prune(*argv), message)
    assert not list((tmp_path / "work").iterdir())


def test_an_existing_file_is_not_overwritten(prune, tmp_path):
    (tmp_path / "work" / "a.h5").write_bytes(b"mine")
    assert_refused(prune("train", "--save", "a.h5"), "a.h5 exists; give --force to overwrite it")
    assert (tmp_path / "work" / "a.h5").read_bytes() == b"mine"


def test_data_that_do_not_fit_are_refused(prune, tiny, tmp_path, rng):
    np.savez(tmp_path / "d.npz", x_test=np.zeros((4, 7)), y_test=np.zeros(4, int))
    assert_refused(
        prune("weight", *tiny[:2], "--data", tmp_path / "d.npz"), "images have shape (7,)"
    )
    np.savez(tmp_path / "d.npz", x_test=np.zeros((4, 6)), y_test=np.full(4, 3))
    assert_refused(prune("weight", *tiny[:2], "--data", tmp_path / "d.npz"), "labels go up to 3")


def test_a_folder_that_cannot_be_written_is_exit_3(prune, tiny, tmp_path):
    (tmp_path / "file").touch()
    outcome = prune("weight", *tiny, "--out", tmp_path / "file" / "out")
    assert_refused(outcome, "cannot write to the folder", expected=3)


def test_debug_shows_the_traceback(prune):
    status, _, err = prune("weight", "--k", "101", "--debug")
    assert status == 2 and "Traceback" in err and err.splitlines()[-1].startswith("prune: ")


def test_no_command_shows_help_and_is_wrong_usage(prune):
    status, out, _ = prune()
    assert status == 2 and "examples:" in out


def test_help_leads_with_examples(prune):
    status, out, _ = prune("weight", "--help")
    assert status == 0
    assert out.index("examples:") < out.index("usage:") < out.index("options:")


def test_version_names_what_computes(prune):
    status, out, _ = prune("--version")
    assert status == 0
    assert out.startswith(f"prune {package.__version__} (Python ") and "tensorflow 2" in out


@pytest.mark.parametrize(("pixels", "others"), [(6, " --data FILE.npz"), (784, "")])
def test_inspect_proposes_data_of_ones_own_where_others_do_not_fit(
    prune, tmp_path, rng, pixels, others
):
    weights.save(make_network(rng, [pixels, 5, 3], "relu"), tmp_path / "a.keras")
    _, _, err = prune("inspect", tmp_path / "a.keras")
    proposed = f"Next: prune compare --weights {tmp_path / 'a.keras'}{others}"
    assert err.splitlines()[-1] == proposed


def test_inspect_tells_what_is_in_a_file(prune, tmp_path, rng):
    network = make_network(rng, [6, 5, 3], "tanh")
    network[0].kernel[:, 0] = 0
    weights.save(network, tmp_path / "a.keras")
    status, out, _ = prune("inspect", tmp_path / "a.keras", "--format", "json")
    assert status == 0
    size = (tmp_path / "a.keras").stat().st_size
    assert json.loads(out) == {
        "bytes": size,
        "dense_bytes": 4 * 53,
        "file": str(tmp_path / "a.keras"),
        "format": "keras",
        "sha256": weights.load(tmp_path / "a.keras").sha256,
        "parameters": 6 * 5 + 5 + 5 * 3 + 3,
        "layers": [
            {
                "name": "dense",
                "inputs": 6,
                "units": 5,
                "activation": "tanh",
                "bias": True,
                "zeros": 6,
            },
            {
                **{"name": "dense_1", "inputs": 5, "units": 3},
                **{"activation": "softmax", "bias": True, "zeros": 0},
            },
        ],
    }
    status, out, err = prune("inspect", tmp_path / "a.keras")
    assert "6 (20.0%)" in out and "53 parameters" in out
    assert "Next: prune compare --weights" in err


def test_several_criteria_and_repairs_are_several_curves(prune, tiny):
    argv = ("--criterion", "magnitude,obs,random", "--repair", "none,lstsq", "--k", "0,50")
    status, out, err = prune("weight", *tiny, *argv, "--format", "json")
    assert status == 0, err
    found = {(row["criterion"], row["repair"]) for row in json.loads(out)}
    # What obs leaves is refit already.
    assert found == {
        *(("magnitude", "none"), ("magnitude", "lstsq"), ("obs", "none")),
        *(("random", "none"), ("random", "lstsq")),
    }


def test_compare_gives_each_method_the_criteria_it_knows(prune, tiny):
    _, out, _ = prune(
        "compare", *tiny, "--criterion", "norm,taylor", "--k", "50", "--format", "json"
    )
    found = [(row["method"], row["criterion"]) for row in json.loads(out)]
    assert found == [("weight", "taylor"), ("unit", "norm"), ("unit", "taylor")]


SHARED_BY_ALL = [
    (("--repair", "lstsq", "--calibration", "40"), "repair lstsq, calibration 40"),
    (("--scope", "network", "--floor", "2.5"), "scope network, floor 2.5 %"),
    (("--keep", "dense_1"), "without dense_1"),
]


@pytest.mark.parametrize(("argv", "said"), SHARED_BY_ALL)
@pytest.mark.parametrize("command", ["compare", "bench", "sensitivity"])
def test_what_no_column_tells_is_said_too(prune, tiny, tmp_path, command, argv, said):
    argv += ("--batch", "1", "--rounds", "1") if command == "bench" else ()
    status, _, err = prune(command, *tiny, "--k", "0,50", *argv, "--out", "o")
    assert status == 0 and f"Throughout: {said}." in err, err
    assert f"Throughout: {said}." in (tmp_path / "work" / "o" / "table.md").read_text()


@pytest.mark.parametrize(
    ("more", "compared"), [([], True), (["--keep", "dense"], False), (["--include-output"], False)]
)
def test_the_published_network_compares_where_the_same_layers_go(prune, more, compared):
    status, out, _ = prune("weight", "--k", "50", "--limit", "10", *more)
    assert status == 0 and ("published" in out) == compared


@pytest.mark.parametrize(
    ("argv", "used"),
    [
        (["weight"], False),
        (["unit", "--criterion", "random"], False),
        (["weight", "--repair", "lstsq"], True),
        (["unit", "--criterion", "activation"], True),
        (["sensitivity"], True),
    ],
)
def test_calibration_that_nothing_looks_at_is_remarked_on(prune, tiny, argv, used):
    status, _, err = prune(*argv, *tiny, "--k", "0,50", "--calibration", "40")
    assert status == 0 and ("note: --calibration 40 is not used: " in err) != used
    assert "--calibration" not in prune(*argv, *tiny, "--k", "0,50")[2]


def test_controls_are_random_and_random_with_the_same_counts(prune, tiny):
    argv = ("--scope", "network", "--controls", "--k", "0,50,80", "--format", "json")
    _, out, _ = prune("weight", *tiny, *argv)
    rows = json.loads(out)
    assert list(dict.fromkeys((row["criterion"], row["scope"]) for row in rows)) == [
        *(("magnitude", "network"), ("random", "network"), ("random", "counts of magnitude"))
    ]
    assert len({row["pruned"] for row in rows if row["k"] == 80}) == 1
    _, out, _ = prune("weight", *tiny, "--controls", "--k", "50", "--format", "json")
    assert [row["criterion"] for row in json.loads(out)] == ["magnitude", "random"]


def test_layers_can_be_kept_and_the_output_pruned(prune, tiny):
    _, out, _ = prune("weight", *tiny, "--keep", "dense", "--k", "100", "--format", "json")
    (row,) = json.loads(out)
    assert (row["layers"], row["prunable"], row["pruned"]) == ("dense_1", 20, 20)
    _, out, _ = prune("weight", *tiny, "--include-output", "--k", "100", "--format", "json")
    (row,) = json.loads(out)
    assert row["prunable"] == 30 + 20 + 12
    outcome = prune("unit", *tiny, "--include-output", "--k", "50", "--out", "x")
    assert_refused(outcome, "each of its units is a class and cannot be removed")
    outcome = prune("weight", *tiny, "--keep", "dense,dense_1")
    assert_refused(outcome, "there is no layer to prune by weight: --keep names every hidden layer")


def test_the_picture_can_show_what_is_left(prune, tiny, tmp_path):
    pictures = set()
    for x in ("k", "parameters", "macs", "bytes"):
        assert prune("compare", *tiny, "--x", x, "--k", "0,50,100", "--out", "o")[0] == 0
        pictures.add((tmp_path / "work" / "o" / "accuracy.png").read_bytes())
    assert len(pictures) == 4


def test_the_network_scope_says_which_layers_its_floor_holds(prune, tiny):
    _, out, err = prune("unit", *tiny, "--scope", "network", "--k", "90", "--format", "json")
    (row,) = json.loads(out)
    assert row["floored"] and "only its floor keeps" in err


def test_sensitivity_writes_an_allocation_that_can_be_used(prune, tiny, tmp_path):
    status, out, err = prune("sensitivity", *tiny, "--k", "0,50,90")
    assert status == 0, err
    folder = tmp_path / "work" / "results" / "sensitivity"
    assert {path.name for path in folder.iterdir()} == {
        *("table.csv", "table.json", "table.md", "training.csv", "allocation.json", "layers.json"),
        *("sensitivity.png", "sensitivity.svg", "run.json"),
    }
    assert out.split("\n")[0].split() == ["k", "dense", "dense_1"]
    assert "Next: prune weight --k-map results/sensitivity/allocation.json" in err
    for command in (["weight"], ["unit"], ["unit", "--criterion", "obs"]):
        argv = ("--k-map", folder / "allocation.json", "--k", "50", "--format", "json")
        status, out, err = prune(*command, *tiny, *argv)
        assert status == 0, err
        (row,) = json.loads(out)
        assert row["scope"] == "map"
        if command == ["weight"]:
            assert row["prunable"] // 2 - 2 <= row["pruned"] <= row["prunable"] // 2


def test_the_rows_of_sensitivity_are_of_single_layers(prune, tiny, tmp_path):
    _, out, _ = prune("sensitivity", "--method", "unit", *tiny, "--k", "50", "--format", "json")
    rows = json.loads(out)
    assert [(row["layers"], row["prunable"]) for row in rows] == [("dense", 5), ("dense_1", 4)]
    training = (tmp_path / "work" / "results" / "sensitivity" / "training.csv").read_text()
    totals = {row["total"] for row in csv.DictReader(io.StringIO(training))}
    assert totals == {"120"} and {row["total"] for row in rows} == {80}


def test_criteria_are_listed_with_their_sources(prune):
    status, out, _ = prune("criteria")
    assert status == 0 and "weight  magnitude " in out and "LAMP, Lee 2021" in out
    _, out, _ = prune("criteria", "--format", "json")
    assert {(each["method"], each["criterion"]) for each in json.loads(out)} >= {
        *(("weight", "obs"), ("unit", "obs"), ("weight", "lamp"), ("unit", "norm"))
    }


def test_the_names_in_help_are_those_of_the_code():
    from prune.core.pruning import REPAIRS
    from prune.core.ramp import RAMPS
    from prune.core.scopes import SCOPES
    from prune.experiments.engines import ENGINES
    from prune.settings import files, pruning
    from prune.settings import recipe as words_of
    from prune.training import recipe, retrain
    from prune.views import words

    assert tuple(words.AXES) == files.AXES
    assert (*SCOPES, pruning.ISOMORPHIC) == pruning.SCOPES  # which takes a network to make
    assert tuple(REPAIRS) == pruning.REPAIRS
    assert tuple(ENGINES) == pruning.ENGINES
    assert tuple(RAMPS) == words_of.RAMPS
    assert tuple(retrain.SCHEDULES) == words_of.SCHEDULES
    assert tuple(retrain.STARTS) == words_of.STARTS
    assert tuple(recipe.OPTIMIZERS) == words_of.OPTIMIZERS
    assert tuple(recipe.DECAYS) == words_of.DECAYS


def test_the_next_command_looks_where_the_curve_falls(prune, tiny, monkeypatch, network):
    _, _, err = prune("weight", *tiny, "--k", "0,100")
    line = err.splitlines()[-1]
    assert line.startswith("Next: prune weight --k 0:100:10 --weights ")
    assert f"--data {tiny[3]}" in line


@pytest.mark.parametrize(
    ("error", "expected", "message"),
    [
        (KeyboardInterrupt, 130, "interrupted"),
        (signals.Terminated, 143, "terminated"),
        (MemoryError, 3, "out of memory"),
        (OSError(28, "No space left on device", "t.csv"), 3, "failed t.csv: No space left"),
        (ImportError("no module h5py"), 3, "a package is missing or broken: no module h5py"),
        (
            ZeroDivisionError("x"),
            3,
            "internal error (ZeroDivisionError: x); run again with --debug",
        ),
    ],
)
def test_whatever_ends_a_run_is_one_line(
    prune, tiny, tmp_path, monkeypatch, error, expected, message
):
    def fail(*table):
        raise error

    monkeypatch.setattr(results, "to_csv", fail)
    status, out, err = prune("weight", *tiny, "--k", "0", "--out", "o")
    assert (status, out) == (expected, "")
    assert message in err.splitlines()[-1]
    ended = (
        "interrupted"
        if issubclass(getattr(error, "__class__", error), type)
        and issubclass(error, KeyboardInterrupt)
        else "failed"
    )
    assert json.loads((tmp_path / "work" / "o" / "run.json").read_text())["status"] == ended


def command(*argv, **more):
    return subprocess.Popen([sys.executable, "-m", "prune", *map(str, argv)], text=True, **more)


def test_a_reader_that_stops_early_is_no_error(tiny, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    with command(
        "weight", *tiny, "--out", tmp_path / "o", stdout=writer, stderr=subprocess.PIPE
    ) as process:
        _, err = process.communicate()
    os.close(writer)
    assert process.returncode == 0
    assert "prune:" not in err and "Traceback" not in err and "Exception" not in err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_stdout_is_exit_3(tiny, tmp_path):
    with (
        open("/dev/full", "w") as full,
        command(
            "weight", *tiny, "--out", tmp_path / "o", stdout=full, stderr=subprocess.PIPE
        ) as process,
    ):
        _, err = process.communicate()
    assert process.returncode == 3
    assert err.splitlines()[-1] == "prune: the system failed stdout: No space left on device"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_stderr_is_exit_3_but_wrong_usage_stays_what_it_is(tiny, tmp_path):
    started = ("weight", *tiny, "--out", tmp_path / "o")
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}
    for more, status in ([], 3), (["--debug"], 3), (["--k", "101"], 2):
        with (
            open("/dev/full", "w") as full,
            command(*started, *more, stdout=subprocess.PIPE, stderr=full, env=buffered) as process,
        ):
            process.communicate()
        assert process.returncode == status
    assert json.loads((tmp_path / "o" / "run.json").read_text())["status"] == "failed"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
@pytest.mark.parametrize(
    ("argv", "unbuffered"),
    [
        *((["criteria"], each) for each in ("", "1")),
        *((["--help"], each) for each in ("", "1")),
        (["weight", "--help"], ""),
    ],
)
def test_results_of_any_length_name_the_stdout_that_is_full(argv, unbuffered):
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with (
        open("/dev/full", "w") as full,
        command(*argv, stdout=full, stderr=subprocess.PIPE, env=environment) as process,
    ):
        _, err = process.communicate()
    assert process.returncode == 3
    assert err == "prune: the system failed stdout: No space left on device\n"


@pytest.mark.parametrize("option", ["--out", "--weights", "--data", "--k-map"])
def test_a_path_of_nothing_is_refused(prune, option):
    for argv in ([option, ""], [f"{option}="], [option, "  "]):
        assert_refused(prune("weight", *argv), f"argument {option}: expected the name of a file")
    assert_refused(prune("inspect", ""), "argument FILE: expected the name of a file or folder")


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_closed_stream_is_no_bug(tiny, tmp_path, closed):
    words = [sys.executable, "-m", "prune", "weight", *map(str, tiny), "--out", str(tmp_path / "o")]
    done = subprocess.run(
        f"{shlex.join(words)} {closed}", shell=True, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "internal error" not in done.stdout + done.stderr


def test_a_reader_of_stderr_that_stops_early_does_not_stop_the_run(tiny, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    with command(
        "weight", *tiny, "--out", tmp_path / "o", stdout=subprocess.PIPE, stderr=writer
    ) as process:
        out, _ = process.communicate()
    os.close(writer)
    assert process.returncode == 0 and "accuracy" in out


def test_names_from_files_cannot_steer_the_terminal(prune, tmp_path, network):
    red = (network[0]._replace(name="\x1b[31mred\n"), *network[1:])
    weights.save(red, tmp_path / "a.keras")
    status, out, _ = prune("inspect", tmp_path / "a.keras")
    assert status == 0 and "\x1b" not in out and "\\x1b[31mred\\n" in out


def test_a_network_without_hidden_layers_has_nothing_to_prune(prune, tmp_path, rng):
    weights.save(make_network(rng, [6, 3]), tmp_path / "a.keras")
    outcome = prune("weight", "--weights", tmp_path / "a.keras", "--limit", 10)
    assert_refused(
        outcome, "data mnist: test images have shape (28, 28), but the network takes (6,)"
    )
    np.savez(tmp_path / "d.npz", x_test=np.zeros((4, 6)), y_test=np.zeros(4, int))
    outcome = prune("weight", "--weights", tmp_path / "a.keras", "--data", tmp_path / "d.npz")
    assert_refused(outcome, "the network has only its output layer, whose weights go with")
    again = ("--weights", tmp_path / "a.keras", "--data", tmp_path / "d.npz", "--k", "50")
    assert prune("weight", *again, "--include-output")[0] == 0
    assert "prune weight --include-output" in outcome[2]


def test_weights_that_overflow_are_refused(prune, tmp_path, tiny, network):
    huge = tuple(layer._replace(kernel=layer.kernel * np.float32(1e25)) for layer in network)
    weights.save(huge, tmp_path / "a.keras")
    outcome = prune("weight", "--weights", tmp_path / "a.keras", *tiny[2:], "-q")
    assert_refused(outcome, "the network's outputs overflow float32")


def test_sigterm_is_exit_143(tmp_path):
    with command(
        "compare",
        "--k",
        "0:100:0.1",
        "--out",
        tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stderr.readline()  # the first point is done
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert err.splitlines()[-1] == (
        "prune: terminated; files already written are whole; give the same command again"
    )
    assert json.loads((tmp_path / "run.json").read_text())["status"] == "interrupted"


def test_the_network_may_stand_right_after_the_command(prune, tiny):
    option, path, *data = tiny
    argv = [*data, "--k", "0,50", "--format", "csv"]
    status, printed, _ = prune("weight", path, *argv)
    assert status == 0 and printed == prune("weight", option, path, *argv)[1]
    assert "no such file" in prune("unit", "nothing.keras")[2]
