"""Any Keras model on the command line, held against a plain Keras script that shares no code."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from prune.files import data

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]
# Kernels that are pruned by weight, and by group what makes its units: of `residual`.
KERNELS = ("stem", "first", "second", "wide", "skip")
GROUPS = {"stem": ["stem", "second"], "first": ["first"], "wide": ["wide", "skip"]}


@pytest.fixture(scope="module")
def model(keras):
    """A small residual network with normalisation and a depthwise layer, trained a little."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    images = keras.Input((28, 28, 1))
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="stem")(images)
    x = skip = layers.ReLU()(layers.BatchNormalization(momentum=0.8, name="stem_norm")(x))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False, name="first")(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.8, name="first_norm")(x))
    x = layers.Conv2D(8, 3, padding="same", name="second")(x)
    x = skip = layers.ReLU()(layers.Add()([x, skip]))
    x = layers.Conv2D(12, 3, strides=2, padding="same", name="wide")(x)
    x = layers.ReLU()(layers.Add()([x, layers.Conv2D(12, 1, strides=2, name="skip")(skip)]))
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = layers.GlobalAveragePooling2D()(x)
    built = keras.Model(images, layers.Dense(10, activation="softmax", name="output")(x))
    train = data.load("mnist", "train", 3000)
    built.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    built.fit(train.images.reshape(-1, 28, 28, 1), train.labels, epochs=8, verbose=0)
    return built


@pytest.fixture
def saved(model, tmp_path):
    model.save(tmp_path / "mine.keras")
    return tmp_path / "mine.keras"


def right(keras, model, changes):
    """Count what stock Keras gets right with some weights at zero."""
    other = keras.models.clone_model(model)
    other.set_weights(model.get_weights())
    for name, zeros in changes:
        layer = other.get_layer(name)
        layer.set_weights([np.where(zero, 0, w) for zero, w in zip(zeros, layer.get_weights())])
    test = data.load("mnist", "test")
    answers = other.predict(test.images.reshape(-1, 28, 28, 1), batch_size=500, verbose=0)
    return int((answers.argmax(axis=1) == test.labels).sum())


def smallest(scores, k):
    order = np.argsort(scores, axis=None, kind="stable")[: k * scores.size // 100]
    mask = np.zeros(scores.size, bool)
    mask[order] = True
    return mask.reshape(scores.shape)


def by_weight(model, k):
    for name in KERNELS:
        kernel, *others = model.get_layer(name).get_weights()
        yield name, [smallest(np.abs(kernel), k), *(np.zeros(w.shape, bool) for w in others)]


NORMS = {"stem": "stem_norm", "first": "first_norm"}


def by_unit(model, k):
    """Zero all that makes a unit, which leaves nothing for those that read it."""
    for group, makers in GROUPS.items():
        squares = sum(
            np.square(model.get_layer(name).get_weights()[0].astype(float)).sum(axis=(0, 1, 2))
            for name in makers
        )
        gone = smallest(np.sqrt(squares), k)
        for name in makers:
            yield (
                name,
                [np.broadcast_to(gone, w.shape) for w in model.get_layer(name).get_weights()],
            )
        if group in NORMS:
            yield NORMS[group], [gone, gone, *[np.zeros(len(gone), bool)] * 2]
        if group == "wide":
            depthwise = np.broadcast_to(gone[:, None], (3, 3, len(gone), 1))
            yield "depthwise", [depthwise, gone]


def test_every_point_is_that_of_a_plain_keras_script(prune, keras, model, saved):
    argv = ("compare", "--weights", saved, "--k", "0,30,60", "--format", "json")
    argv += ("--repair", "none")
    status, out, err = prune(*argv)
    assert status == 0, err
    scripts = {"weight": by_weight, "unit": by_unit}
    whole = right(keras, model, [])
    assert whole > 5000
    for row in json.loads(out):
        expected = right(keras, model, list(scripts[row["method"]](model, row["k"])))
        assert abs(row["correct"] - expected) <= 1, row
        assert row["k"] or row["correct"] == whole
        sizes = {"weight": [72, 576, 576, 864, 96], "unit": [8, 8, 12]}[row["method"]]
        assert row["pruned"] == sum(row["k"] * size // 100 for size in sizes)
        assert row["prunable"] == sum(sizes) and row["parameters"] == model.count_params()


def test_a_shrunk_model_is_a_drop_in_replacement_for_stock_keras(
    prune, keras, model, saved, tmp_path
):
    small = tmp_path / "small.keras"
    argv = ("shrink", "--method", "unit", "--k", "50", "--weights", saved, "--save", small)
    status, out, err = prune(*argv, "--limit", "200")
    assert status == 0, err
    assert "layers, given what the pruned model gives it" in err
    assert ["stem", "8", "4", "50.0%"] in [line.split() for line in out.splitlines()]
    code = (
        "import keras, sys; m = keras.saving.load_model(sys.argv[1]);"
        "print(m.input_shape, m.output_shape, m.count_params(), *[l.name for l in m.layers])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, small], capture_output=True, text=True, check=True
    )
    shapes = f"{model.input_shape} {model.output_shape}"
    assert done.stdout.startswith(shapes)
    assert done.stdout.split()[-len(model.layers) :] == [layer.name for layer in model.layers]
    assert "stem | " in (tmp_path / "work" / "results" / "shrink" / "layers.md").read_text()
    status, out, err = prune("inspect", small, "--format", "json")
    assert status == 0, err
    told = json.loads(out)
    again = tmp_path / "again.keras"  # as Keras writes it
    keras.saving.load_model(small).save(again)
    members = [zipfile.ZipFile(path).infolist() for path in (small, again)]
    deflated, stored = (sum(each.compress_size for each in own) for own in members)
    assert deflated < 0.9 * stored
    assert {group["name"]: group["units"] for group in told["groups"]} == {
        "stem": 4,
        "first": 4,
        "wide": 6,
    }
    assert [(each["layer"], each["units"]) for each in told["frozen"]] == [("output", 10)]


def test_units_of_a_model_with_normalisation_are_repaired_unless_asked_otherwise(prune, saved):
    argv = ("unit", "--weights", saved, "--k", "0,30", "--calibration", 500, "--format", "json")
    rows = {}
    for repair in ((), ("--repair", "bn"), ("--repair", "none"), ("--repair", "lstsq")):
        status, out, err = prune(*argv, "--limit", 1500, *repair)
        assert status == 0, err
        rows["".join(repair[1:])] = json.loads(out)
    assert rows[""] == rows["bn"] and [row["repair"] for row in rows[""]] == ["bn", "bn"]
    none, bn, lstsq = (rows[name][1]["correct"] for name in ("none", "bn", "lstsq"))
    assert lstsq > max(none, bn) and none != bn
    assert rows["none"][0]["correct"] == rows["bn"][0]["correct"]  # at k = 0 nothing is repaired


def test_a_study_takes_a_model_from_a_file(prune, saved, tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(f'model = "{saved}"\nmethods = "weight"\nk = [0, 60]\nlimit = 200\n')
    status, _, err = prune("study", path, "--dry-run")
    assert status == 0 and "are left" in err
    status, out, err = prune("study", path, "--format", "json")
    assert status == 0, err
    asked = ("weight", "--weights", saved, "--k", "0,60", "--limit", 200, "--format", "json")
    alone = json.loads(prune(*asked)[1])
    assert [row["correct"] for row in json.loads(out)] == [row["correct"] for row in alone]


def test_what_is_left_is_trained_and_saved_smaller(prune, saved, tmp_path):
    asked = ("shrink", "--weights", saved, "--method", "unit", "--k", "50", "--limit", 200)
    words = ("--retrain", "1", "--augment", "1", "--distill", "0.5", "--save", "small.keras")
    status, _, err = prune(*asked, *words)
    assert status == 0, err
    assert "Proof: the file as read back differs" in err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--engine", "numpy"], "engine 'numpy' runs chains of Dense layers alone"),
        (["--keep", "stam"], "no layer 'stam' to keep (did you mean stem?)"),
        (["--keep", "Conv2D"], "all that could go is kept or frozen"),
    ],
)
def test_what_cannot_be_had_yet_is_one_line(prune, saved, tmp_path, argv, message):
    status, out, err = prune("weight", "--weights", saved, "--limit", "50", *argv)
    assert (status, out) == (2, "") and message in err and err.count("\n") == 1
    assert not (tmp_path / "work" / "results").exists()
