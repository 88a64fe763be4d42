"""Times of any model: every form of every point, and the yardstick of a picture against time."""

from __future__ import annotations

import json

import numpy as np
import pytest

from prune.models import keras_bridge

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]


@pytest.fixture
def given(tmp_path, rng):
    """The options of a convolutional network of two inputs, and its images."""
    keras = keras_bridge.import_keras()
    layers = keras.layers
    image, extra = keras.Input((8, 8, 1), name="image"), keras.Input((3,), name="extra")
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3, name="conv")(image))
    x = layers.Dense(6, activation="relu", name="dense")(layers.Concatenate()([x, extra]))
    model = keras.Model([image, extra], layers.Dense(3, activation="softmax", name="kind")(x))
    model.save(tmp_path / "m.keras")
    arrays = {"x_test.image": rng.random((20, 8, 8, 1)), "x_test.extra": rng.random((20, 3))}
    np.savez(tmp_path / "d.npz", y_test=rng.integers(0, 3, 20), **arrays)
    options = ("--weights", tmp_path / "m.keras", "--data", tmp_path / "d.npz", "--k", "0,50")
    return (*options, "--format", "json")


def test_bench_times_the_whole_and_the_shrunk_form(prune, given):
    status, out, err = prune("bench", *given, "--batch", "4", "--rounds", "2")
    assert status == 0, err
    rows = json.loads(out)
    forms = [row["form"] for row in rows if row["method"] == "unit" and row["k"] == 50]
    assert forms == ["dense", "shrunk", "fastest"] and all(row["seconds"] > 0 for row in rows)
    assert len({row["macs"] for row in rows if row["method"] == "unit"}) == 2
    assert "shrunk units" in err and "mixed" not in err


def test_accuracy_is_drawn_against_measured_time(prune, given):
    status, out, err = prune("compare", *given, "--x", "time")
    assert status == 0, err
    assert all(row["microseconds"] > 0 for row in json.loads(out))
