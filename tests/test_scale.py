"""What is done to images before a network sees them: said, recorded, and no cause of nonsense."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from conftest import make_network
from prune import PruneError
from prune.cli import studies as command
from prune.cli.console import Console
from prune.core.network import logits
from prune.experiments import cells, grid, perform
from prune.files import data, studies, weights
from prune.models import keras_bridge

LIMITS = {"test": 80, "train": 120}


def written(folder, network, make):
    """Write images made by `make(rng, n)`, which `network` answers all right as they are."""
    rng = np.random.default_rng(1)
    arrays = {}
    for split, n in LIMITS.items():
        images = make(rng, n)
        arrays[f"x_{split}"] = images
        answers = logits(network, images.reshape(n, -1).astype(np.float32))
        arrays[f"y_{split}"] = answers.argmax(axis=1)
    np.savez(folder / "d.npz", **arrays)
    weights.save(network, folder / "n.keras")
    return ["--weights", folder / "n.keras", "--data", folder / "d.npz", "--k", "0,50"]


def raw(rng, n):
    return rng.integers(0, 256, (n, 2, 3), dtype=np.uint8)


@pytest.fixture
def of_bytes(rng, tmp_path):
    """A network of raw bytes, whose biases drown whatever is divided by 255."""
    first, *rest = make_network(rng, [6, 8, 3])
    shifted = first._replace(bias=(-127 * first.kernel.sum(axis=0)).astype(np.float32))
    return written(tmp_path, (shifted, *rest), raw)


def accuracy(out):
    return json.loads(out)[0]["accuracy"]


def test_a_network_of_raw_bytes_is_right_as_they_are(prune, of_bytes):
    status, out, err = prune("weight", *of_bytes, "--scale", "none", "--format", "json")
    assert (status, accuracy(out)) == (0, 1)
    assert "WARNING" not in err and "keeps within 1 point" in err


@pytest.mark.parametrize("command", ["weight", "unit", "compare", "sensitivity"])
def test_where_dividing_leaves_guessing_a_warning_names_scale_and_nothing_is_concluded(
    prune, of_bytes, tmp_path, command
):
    status, _, err = prune(command, *of_bytes, "--format", "json", "--out", "o")
    (warning,) = (line for line in err.splitlines() if line.startswith("prune: WARNING: "))
    assert "the images were divided by 255, with --scale none it gets 100.0 % right" in warning
    assert status == 0 and "within 1 point" not in err
    run = json.loads((tmp_path / "work" / "o" / "run.json").read_text())
    assert run["results"]["conclusion"] in warning
    assert f"\nNext: prune {command} --scale none " in err
    assert prune(command, *of_bytes, "-q")[2] == f"{warning}\n"


def test_shrink_warns_of_a_network_that_guesses(prune, of_bytes):
    argv = ("shrink", *of_bytes[:4], "--k", "50", "--save", "small.keras")
    assert "prune: WARNING: The unpruned network gets " in prune(*argv)[2]
    assert "WARNING" not in prune(*argv, "--force", "--scale", "none")[2]


def test_decimals_that_were_to_be_divided_are_named_too(prune, rng, tmp_path):
    network = make_network(rng, [6, 8, 3], bias=False)
    first, *rest = network
    shifted = first._replace(bias=(-0.5 * first.kernel.sum(axis=0)).astype(np.float32))
    argv = written(tmp_path, (shifted, *rest), lambda rng, n: raw(rng, n) / 255)
    with np.load(tmp_path / "d.npz") as archive:
        arrays = dict(archive)
    labels = rng.integers(0, 3, 40)
    np.savez(tmp_path / "d.npz", **arrays | {"x_test": rng.random((40, 6)), "y_test": labels})
    err = prune("weight", *argv)[2]
    assert "the images were taken as they are, with --scale 255 it gets " in err
    assert "see that they are of the kind that it was trained on." in err


def table(rng, n):
    return rng.normal(size=(n, 7))


def images_from_minus_one(rng, n):
    return raw(rng, n) / 127.5 - 1


@pytest.mark.parametrize(("make", "inputs"), [(table, 7), (images_from_minus_one, 6)])
def test_decimals_of_any_range_are_taken_as_they_are_and_that_is_said(
    prune, rng, tmp_path, make, inputs
):
    argv = written(tmp_path, make_network(rng, [inputs, 8, 3]), make)
    status, out, err = prune("weight", *argv, "--format", "json", "--out", "o")
    assert (status, accuracy(out)) == (0, 1)
    assert "note: the images are float64 and were taken as they are (--scale to change)" in err
    run = json.loads((tmp_path / "work" / "o" / "run.json").read_text())
    assert run["inputs"]["data"]["stored"] == "float64"
    assert (run["inputs"]["data"]["divisor"], run["inputs"]["data"]["shift"]) == (1, 0)
    assert run["settings"]["scale"] == "auto"
    assert "were taken" not in prune("weight", *argv, "--scale", "none")[2]


@pytest.fixture
def of_both_sides(rng, tmp_path):
    """A network of images from -1 to 1, which knows a good part of those from 0 to 1 too.

    Each of three pixels stands for a class, the first with something in hand.
    """
    first, last = make_network(rng, [6, 3, 3])
    passing = first._replace(kernel=np.eye(6, 3, dtype=np.float32), bias=np.full(3, 2, np.float32))
    unfair = np.array([0.6, 0, 0], np.float32)
    deciding = last._replace(kernel=np.eye(3, dtype=np.float32), bias=unfair)
    argv = written(tmp_path, (passing, deciding), images_from_minus_one)
    with np.load(tmp_path / "d.npz") as archive:
        arrays = dict(archive)
    stored = {
        name: np.rint((values + 1) * 127.5).astype(np.uint8) if name[0] == "x" else values
        for name, values in arrays.items()
    }
    np.savez(tmp_path / "d.npz", **stored)
    return argv


@pytest.mark.parametrize("command", ["weight", "sensitivity"])
def test_what_another_scale_would_make_right_is_warned_of_and_concluded_after(
    prune, of_both_sides, tmp_path, command
):
    status, out, err = prune(command, *of_both_sides, "--format", "json", "--out", "o")
    assert status == 0 and accuracy(out) > 0.5
    (warning,) = (line for line in err.splitlines() if line.startswith("prune: WARNING: "))
    assert "The images were divided by 255, and the unpruned network seems to be" in warning
    assert "with --scale 127.5 it gets 100.0 % of the first 80 right, as they are " in warning
    run = json.loads((tmp_path / "work" / "o" / "run.json").read_text())
    said = run["results"]["conclusion"]
    assert said.startswith(warning.removeprefix("prune: WARNING: ")) and "within 1 point" in said
    assert f"Next: prune {command} --scale 127.5 " in err
    argv = (command, *of_both_sides, "--scale", "127.5", "--format", "json", "--out", "o")
    status, out, err = prune(*argv)
    assert (status, accuracy(out)) == (0, 1) and "WARNING" not in err
    recorded = json.loads((tmp_path / "work" / "o" / "run.json").read_text())["inputs"]["data"]
    assert (recorded["divisor"], recorded["shift"]) == (127.5, -1)


def test_the_scale_to_both_sides_is_that_of_whoever_does_it_by_hand(tmp_path):
    images, labels = np.arange(256, dtype=np.uint8)[:, None], np.zeros(256, np.uint8)
    np.savez(tmp_path / "d.npz", x_test=images, y_test=labels)
    read = data.load(str(tmp_path / "d.npz"), "test", scale="127.5")
    np.testing.assert_allclose(read.images, images / 127.5 - 1, atol=1e-7)
    np.testing.assert_allclose(read.scale.undone(read.images), images, atol=1e-4)


def mnist(make):
    """Return some of MNIST, with its bytes put through `make`."""
    with np.load(data.MNIST) as archive:
        arrays = {name: archive[name][:2000] for name in archive.files}
    return {name: make(values) if name[0] == "x" else values for name, values in arrays.items()}


def tabular():
    """Return a standardised table, of which a half is negative, of three classes."""
    rng = np.random.default_rng(2)
    rows, labels = rng.normal(size=(900, 7)), rng.integers(0, 3, 900)
    rows += 1.5 * np.eye(3, 7)[labels]
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    return {"x_train": rows[:600], "y_train": labels[:600], "x_test": rows[600:]} | {
        "y_test": labels[600:]
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize(
    ("make", "scale"),
    [
        (lambda: mnist(lambda pixels: pixels), ["--scale", "none"]),
        (lambda: mnist(lambda pixels: pixels.astype(np.float32)), []),
        (lambda: mnist(lambda pixels: pixels / 127.5 - 1), []),
        (tabular, []),
    ],
    ids=["raw bytes", "raw decimals", "images from -1 to 1", "a standardised table"],
)
def test_a_network_is_as_right_as_stock_keras_finds_it(prune, tmp_path, make, scale):
    keras, arrays = keras_bridge.import_keras(), make()
    keras.utils.set_random_seed(0)
    sides = arrays["x_train"].shape[1:]
    layers = [keras.Input(sides), keras.layers.Flatten(), keras.layers.Dense(100, "relu")]
    model = keras.Sequential([*layers, keras.layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(arrays["x_train"], arrays["y_train"], epochs=5, verbose=0)
    _, expected = model.evaluate(arrays["x_test"], arrays["y_test"], verbose=0)
    model.save(tmp_path / "n.keras")
    np.savez(tmp_path / "d.npz", **arrays)
    argv = ["--weights", tmp_path / "n.keras", "--data", tmp_path / "d.npz", *scale]
    status, out, err = prune("compare", *argv, "--k", "0", "--format", "json")
    assert status == 0 and "WARNING" not in err
    total = len(arrays["y_test"])
    for row in json.loads(out):
        # An image whose two best answers are nearly alike may fall either way.
        assert abs(row["correct"] - expected * total) < 1.5
    assert expected > 0.5


def test_bytes_need_no_note(prune, tiny):
    assert "--scale" not in prune("weight", *tiny, "--k", "0")[2]


def test_what_is_next_keeps_the_scale(prune, of_bytes):
    err = prune("weight", *of_bytes, "--scale", "none")[2]
    assert "--scale none" in err.splitlines()[-1]


def test_a_study_reads_by_its_scale_and_cells_of_another_scale_are_other_cells(tmp_path, rng):
    images, labels = rng.integers(-9, 10, (20, 6)), rng.integers(0, 3, 20)
    path = tmp_path / "d.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    text = f'data = "{path}"\nseeds = 0\nk = 50\n'
    with pytest.raises(PruneError, match="test images hold|train images hold"):
        command._source(Console(True), studies.parse(text), True)
    study = studies.parse(f'scale = "none"\n{text}')
    source = command._source(Console(True), study, True)
    np.testing.assert_array_equal(perform.images(source, "test").images, images)
    cell = grid.cells(study)[0]
    found = cells.identity(cell, source)
    assert found.pop("scale") == "none"
    assert found == cells.identity(cell, replace(source, scale="auto"))


@pytest.mark.parametrize("value", ["255", '"255"', "127.5", '"127.5"'])
def test_a_study_takes_a_scale_for_the_whole_file(value):
    assert studies.parse(f"scale = {value}\n").scale == value.strip('"')
    assert studies.parse("").scale == "auto"
