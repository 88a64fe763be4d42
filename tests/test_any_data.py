"""What any model is measured on and by: inputs of every shape, and answers of every kind."""

from __future__ import annotations

import json

import numpy as np
import pytest

from prune.core import losses

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]
N = 70


@pytest.fixture
def measured(prune, tmp_path):
    """Measure a model on arrays; return its rows, and what was said."""

    def measure(model, *options, method="weight", **arrays):
        model.save(tmp_path / "m.keras")
        np.savez(tmp_path / "d.npz", **arrays)
        own = ("--weights", tmp_path / "m.keras", "--data", tmp_path / "d.npz")
        status, out, err = prune(method, *own, "--k", "0,50", "--format", "json", *options)
        assert status == 0, err
        return json.loads(out), err

    return measure


def small(keras, shape, classes=3, activation="softmax"):
    layers = keras.layers
    keras.utils.set_random_seed(1)
    flat = [layers.Conv2D(4, 3, activation="relu"), layers.Flatten()] if len(shape) == 3 else []
    hidden = layers.Dense(5, activation="relu", name="hidden")
    return keras.Sequential([keras.Input(shape), *flat, hidden, layers.Dense(classes, activation)])


def two_sided(keras):
    """Two inputs, two outputs: one tells three classes apart, one is a number."""
    layers = keras.layers
    keras.utils.set_random_seed(1)
    image, extra = keras.Input((6, 6, 1), name="image"), keras.Input((2,), name="extra")
    x = layers.Flatten()(layers.Conv2D(4, 3, activation="relu")(image))
    x = layers.Dense(8, activation="tanh")(layers.Concatenate()([x, extra]))
    outputs = [
        layers.Dense(3, activation="softmax", name="kind")(x),
        layers.Dense(1, name="size")(x),
    ]
    return keras.Model([image, extra], outputs)


@pytest.mark.parametrize("shape", [(6, 6), (36,), (6, 6, 1), (1, 6, 6)])
def test_images_fit_whether_flat_or_with_sides_of_one(keras, measured, rng, shape):
    model = small(keras, (6, 6, 1))
    images, labels = rng.random((N, 6, 6, 1)).astype(np.float32), rng.integers(0, 3, N)
    right = (model.predict(images, verbose=0).argmax(axis=1) == labels).sum()
    rows, _ = measured(model, x_test=images.reshape(N, *shape), y_test=labels)
    assert (rows[0]["correct"], rows[0]["total"]) == (right, N) and "metric" not in rows[0]


@pytest.mark.parametrize("activation", ["softmax", None])
@pytest.mark.parametrize("kind", ["numbers", "decimals", "column", "rows"])
def test_labels_in_every_form_are_the_same(keras, measured, rng, kind, activation):
    model = small(keras, (4,), activation=activation)
    inputs, labels = rng.normal(size=(N, 4)).astype(np.float32), rng.integers(0, 3, N)
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=activation is None),
        metrics=["accuracy"],
    )
    loss, accuracy = model.evaluate(inputs, labels, verbose=0)
    forms = {
        "numbers": labels,
        "decimals": labels.astype(float),
        "column": labels[:, None],
        "rows": np.eye(3)[labels],
    }
    rows, _ = measured(model, x_test=inputs, y_test=forms[kind])
    assert rows[0]["accuracy"] == pytest.approx(accuracy)
    assert rows[0]["loss"] == pytest.approx(loss, rel=1e-4)


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_one_output_tells_two_classes_apart(keras, measured, rng, activation):
    model = small(keras, (8, 8, 1), 1, activation)
    inputs, labels = rng.normal(size=(N, 8, 8, 1)).astype(np.float32), rng.integers(0, 2, N)
    loss = keras.losses.BinaryCrossentropy(from_logits=activation is None)
    right = (model.predict(inputs, verbose=0)[:, 0] > (0.5 if activation else 0)) == labels
    model.compile(loss=loss)
    rows, _ = measured(model, x_test=inputs, y_test=labels)
    assert rows[0]["correct"] == right.sum()
    assert rows[0]["loss"] == pytest.approx(model.evaluate(inputs, labels, verbose=0), rel=1e-4)


def test_numbers_are_measured_by_their_squared_error_and_said_so(keras, measured, rng, tmp_path):
    model = small(keras, (8, 8, 1), 1, None)
    inputs, wanted = rng.normal(size=(N, 8, 8, 1)).astype(np.float32), rng.normal(size=N)
    rows, err = measured(model, x_test=inputs, y_test=wanted)
    expected = np.square(model.predict(inputs, verbose=0)[:, 0] - wanted).mean()
    assert rows[0]["loss"] == pytest.approx(expected, rel=1e-5)
    assert (rows[0]["accuracy"], rows[0]["correct"]) == (None, None)
    assert (rows[0]["total"], rows[0]["metric"]) == (N, "mean squared error")
    assert "keeps a mean squared error within a tenth of" in err and "leaves" in err
    folder = tmp_path / "work" / "results" / "weight"
    assert "Test loss, mean squared error, on 70 examples" in (folder / "table.md").read_text()
    header = (folder / "table.csv").read_text().splitlines()[0]
    assert header.endswith(",microseconds_high,metric,score")
    assert (folder / "accuracy.svg").exists()


def test_the_loss_that_a_file_was_trained_by_is_the_one_measured(keras, measured, rng):
    model = small(keras, (8, 8, 1), 2, None)
    inputs, wanted = rng.normal(size=(N, 8, 8, 1)).astype(np.float32), rng.normal(size=(N, 2))
    model.compile("sgd", "mae")
    rows, _ = measured(model, x_test=inputs, y_test=wanted)
    assert rows[0]["metric"] == "mean absolute error"
    assert rows[0]["loss"] == pytest.approx(model.evaluate(inputs, wanted, verbose=0), rel=1e-5)


def test_a_smaller_file_is_measured_by_the_loss_of_the_whole(keras, measured, prune, rng, tmp_path):
    model = small(keras, (8, 8, 1), 2, None)
    inputs, wanted = rng.normal(size=(N, 8, 8, 1)).astype(np.float32), rng.normal(size=(N, 2))
    model.compile("sgd", "mae")
    rows, _ = measured(model, method="unit", x_test=inputs, y_test=wanted)
    asked = ("--data", tmp_path / "d.npz", "--method", "unit", "--k", "50", "--format", "json")
    save = ("--save", tmp_path / "small.keras")
    status, out, err = prune("shrink", "--weights", tmp_path / "m.keras", *asked, *save)
    assert status == 0, err
    assert json.loads(out)["loss"] == pytest.approx([row["loss"] for row in rows], rel=1e-5)
    own = keras.saving.load_model(save[1]).evaluate(inputs, wanted, verbose=0)
    assert own == pytest.approx(rows[1]["loss"], rel=1e-5)


def test_several_inputs_and_outputs_go_by_their_names(keras, measured, rng):
    model = two_sided(keras)
    inputs = {
        "image": rng.random((N, 6, 6, 1)).astype(np.float32),
        "extra": rng.normal(size=(N, 2)).astype(np.float32),
    }
    wanted = {"kind": rng.integers(0, 3, N), "size": rng.normal(size=N)}
    model.compile(loss=["sparse_categorical_crossentropy", "mse"])
    expected, *_ = model.evaluate(list(inputs.values()), list(wanted.values()), verbose=0)
    arrays = {f"x_test.{name}": array for name, array in inputs.items()}
    arrays |= {f"y_test.{name}": array for name, array in wanted.items()}
    rows, _ = measured(model, **arrays)
    assert rows[0]["metric"] == "cross-entropy + mean squared error"
    assert rows[0]["loss"] == pytest.approx(expected, rel=1e-4)
    arrays |= {name.replace("test", "train"): array for name, array in arrays.items()}
    with pytest.raises(AssertionError, match="--retrain trains classifiers of one input; this mod"):
        measured(model, "--retrain", "1", **arrays)


def test_tokens_are_not_divided_and_sequences_are_measured_by_cross_entropy(keras, measured, rng):
    layers = keras.layers
    keras.utils.set_random_seed(1)
    tokens = keras.Input((None,))
    x = layers.LSTM(6, return_sequences=True)(layers.Embedding(200, 4)(tokens))
    model = keras.Model(tokens, layers.Dense(7, activation="softmax")(x))
    inputs, wanted = rng.integers(0, 200, (N, 5)), rng.integers(0, 7, (N, 5))
    model.compile(loss="sparse_categorical_crossentropy")
    rows, _ = measured(model, x_test=inputs, y_test=wanted)
    assert rows[0]["metric"] == "cross-entropy" and rows[0]["accuracy"] is None
    assert rows[0]["loss"] == pytest.approx(model.evaluate(inputs, wanted, verbose=0), rel=1e-4)


@pytest.mark.parametrize(
    "name",
    [
        *("mse", "mae", "huber", "log_cosh", "poisson", "mape", "msle"),
        *("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"),
    ],
)
def test_every_loss_is_the_one_of_keras(keras, rng, name):
    own = losses.named(name)
    answers, wanted = rng.random((20, 4)).astype(np.float32) * 3, rng.random((20, 4))
    if own == losses.CROSS_ENTROPY:
        wanted = rng.integers(0, 4, 20)
    logits = {"from_logits": True} if own in losses.ON_LOGITS else {}
    expected = keras.losses.get(name)(wanted, answers, **logits)
    np.testing.assert_allclose(losses.LOSSES[own](wanted, answers), expected, rtol=1e-4)
