"""What who brings a model of their own meets first, each in a line that says what to do."""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest

from prune.models import keras_bridge

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]
X = np.random.default_rng(0).random((12, 6, 6, 1)).astype(np.float32)
Y = np.arange(12) % 3


def convolutional(keras, shape=(6, 6, 1), huge=1.0):
    layers = keras.layers
    convs = [layers.Conv2D(3, 3, name="first"), layers.Conv2D(4, 3, name="second")]
    pool = layers.GlobalAveragePooling2D()
    softmax = layers.Dense(3, activation="softmax", name="output")
    model = keras.Sequential([keras.Input(shape), *convs, pool, softmax])
    for layer in convs:
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel * np.float32(huge), bias])
    return model


def without_kernels(keras):
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((6, 6, 1)), layers.GlobalAveragePooling2D(), layers.Activation("softmax")]
    )


def subclassed(keras):
    class Mine(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3)

        def call(self, inputs):
            return self.dense(keras.ops.reshape(inputs, (-1, 36)))

        def get_config(self):
            return {}

    model = Mine()
    model(X)
    return model


FEW = {"x_test": X, "y_test": Y}


@pytest.mark.parametrize(
    ("build", "arrays", "options", "message"),
    [
        (
            convolutional,
            {"x_test": X[:, 1:], "y_test": Y},
            (),
            "test images have shape (5, 6, 1), but the network takes (6, 6, 1)",
        ),
        (
            convolutional,
            {"x_test": X, "y_test": Y + 3},
            (),
            "test labels go up to 5, but the network has 3 outputs (0 to 2)",
        ),
        (
            convolutional,
            {"x_test": X, "y_test": Y - 1},
            (),
            "test labels go from -1 to 1; they count from 0",
        ),
        (
            convolutional,
            {"x_test": X, "y_test": Y / 3},
            (),
            "test labels have shape (1,), but the network gives (3,)",
        ),
        (
            convolutional,
            {"x_test.left": X, "x_test.right": X, "y_test": Y},
            (),
            "test images are named left, right, but the model's are named",
        ),
        (convolutional, {"x_test": X}, (), "has no y_test; it holds x_test"),
        (convolutional, FEW, ("--keep", "*"), "there is no layer to prune by weight"),
        (convolutional, FEW, ("--isolate",), "leave out --isolate"),
        (without_kernels, FEW, (), "has no weights, so that there is nothing to prune"),
        (subclassed, FEW, (), "is of the class Mine, whose code is not in the file"),
        (
            lambda keras: convolutional(keras, (None, None, 1)),
            {"x_test": X.reshape(12, 36), "y_test": Y},
            (),
            "test images have shape (36,), but the network takes (any, any, 1)",
        ),
        (
            lambda keras: convolutional(keras, huge=1e30),
            FEW,
            (),
            "accuracy cannot be told: its outputs are nan on these data",
        ),
    ],
)
def test_what_goes_wrong_first_is_one_line(prune, tmp_path, build, arrays, options, message):
    build(keras_bridge.import_keras()).save(tmp_path / "m.keras")
    np.savez(tmp_path / "d.npz", **arrays)
    own = ("--weights", tmp_path / "m.keras", "--data", tmp_path / "d.npz")
    status, out, err = prune("weight", *own, "--k", "50", *options)
    *notes, last = err.splitlines()
    assert (status, out) == (2, "") and message in last
    assert all(note.startswith("note: ") for note in notes)


def test_training_images_are_not_needed_where_nothing_learns(prune, tmp_path):
    model = convolutional(keras_bridge.import_keras(), (None, None, 1))
    model.save(tmp_path / "m.keras")
    np.savez(tmp_path / "d.npz", x_test=X, y_test=np.eye(3)[Y])
    own = ("--weights", tmp_path / "m.keras", "--data", tmp_path / "d.npz")
    status, out, err = prune("compare", *own, "--k", "0,50", "--format", "json")
    assert status == 0, err
    alone = [row["correct"] for row in json.loads(out)]
    settings = tmp_path / "s.toml"
    methods = 'methods = ["weight", "unit"]\nk = [0, 50]\n'
    settings.write_text(f'model = "{own[1]}"\ndata = "{own[3]}"\n{methods}')
    status, out, err = prune("study", settings, "--format", "json", "--jobs", "2")
    assert status == 0, err
    assert [row["correct"] for row in json.loads(out)] == alone
    status, out, err = prune("sensitivity", *own, "--k", "50")
    assert (status, out) == (2, "") and "has no x_train and no y_train; it holds" in err


def test_a_class_of_ones_own_is_known_to_other_processes_and_to_the_next_command(prune, tmp_path):
    keras = keras_bridge.import_keras()
    own = importlib.import_module("stock_models").Doubling(3.0, name="own")
    first, second, *rest = convolutional(keras).layers
    model = keras.Sequential([keras.Input((6, 6, 1)), first, second, own, *rest])
    model.save(tmp_path / "m.keras")
    np.savez(tmp_path / "d.npz", **FEW)
    trust = "stock_models:Doubling"
    words = ("--weights", tmp_path / "m.keras", "--data", tmp_path / "d.npz", "--trust", trust)
    status, out, err = prune("compare", *words, "--k", "0,50", "--format", "json")
    assert status == 0, err
    alone = [row["correct"] for row in json.loads(out)]
    settings = tmp_path / "s.toml"
    told = f'model = "{words[1]}"\ndata = "{words[3]}"\ntrust = ["{trust}"]\n'
    settings.write_text(f'{told}methods = ["weight", "unit"]\nk = [0, 50]\n')
    status, out, err = prune("study", settings, "--format", "json", "--jobs", "2")
    assert status == 0, err
    assert [row["correct"] for row in json.loads(out)] == alone

    small = tmp_path / "small.keras"
    status, _, err = prune("shrink", *words, "--method", "unit", "--k", "50", "--save", small)
    assert status == 0, err
    again = err.splitlines()[-1]
    assert again == f"Next: prune inspect {small} --trust {trust}"
    status, _, err = prune(*again.split()[2:])
    assert status == 0 and err.endswith(f"--weights {small} --trust {trust} --data FILE.npz\n")


def test_a_study_of_a_model_without_classes_says_what_to_do(prune, tmp_path):
    keras = keras_bridge.import_keras()
    layers = keras.layers
    model = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.Flatten()])
    model.add(layers.Dense(1))
    model.save(tmp_path / "m.keras")
    np.savez(tmp_path / "d.npz", x_test=X, y_test=Y / 3)
    settings = tmp_path / "s.toml"
    own = f'model = "{tmp_path / "m.keras"}"\ndata = "{tmp_path / "d.npz"}"\n'
    settings.write_text(f'{own}methods = "weight"\nk = [0, 50]\n')
    status, out, err = prune("study", settings)
    assert (status, out) == (2, "")
    assert "is measured by its mean squared error; use `prune compare`" in err


def test_what_gains_nothing_is_named(prune, tmp_path):
    model, data = tmp_path / "model.keras", tmp_path / "data.npz"
    convolutional(keras_bridge.import_keras()).save(model)
    np.savez(data, **FEW, x_train=X, y_train=Y)
    asked = ["sensitivity", "--weights", model, "--data", data, "--k", "0,50", "--per", "bytes"]
    status, _, err = prune(*asked)  # a file holds zeros like anything else
    assert status == 2 and "pruning 'first/kernel' gains no bytes; use --per things" in err
