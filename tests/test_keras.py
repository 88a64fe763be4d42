"""Keras as the independent oracle: of the forward pass, of the files, of the whole sweep."""

from __future__ import annotations

import json

import numpy as np
import pytest

from conftest import make_network
from prune.core.network import ACTIVATIONS, arrays, logits
from prune.files import data, weights

# Keras itself uses what NumPy deprecates, and warns of what it will save all the same.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]


def dense_chain(keras, network):
    """Build the model by hand, layer by layer, and not from our own configuration."""
    model = keras.Sequential([keras.layers.Input((network[0].kernel.shape[0],))])
    for layer in network:
        units, bias = layer.kernel.shape[1], layer.bias is not None
        model.add(keras.layers.Dense(units, activation=layer.activation, use_bias=bias))
    model.set_weights(arrays(network))
    return model


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_are_those_of_keras(keras, rng, activation):
    network = make_network(rng, [6, 20, 4], activation, output="linear")
    images = 3 * rng.normal(size=(50, 6)).astype(np.float32)
    np.testing.assert_allclose(
        logits(network, images), dense_chain(keras, network)(images), rtol=2e-5, atol=2e-5
    )


@pytest.mark.parametrize(
    ("layer", "options"),
    [("LeakyReLU", {}), ("LeakyReLU", {"negative_slope": 0.05}), ("ELU", {"alpha": 0.5})],
)
@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_activation_layers_are_read_from_files_of_keras(keras, rng, tmp_path, layer, options, name):
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((2, 3)),
            layers.Flatten(),
            layers.Dense(5, name="first"),
            getattr(layers, layer)(**options),
            layers.Dropout(0.5),
            layers.Dense(4, activation="tanh", use_bias=False),
            layers.Dense(3),
            layers.Softmax(),
        ]
    )
    model.save(tmp_path / name)
    found = weights.load(tmp_path / name)
    assert next(layer.name for layer in found.network) == "first" and found.assumed == ""
    assert_same_answers(keras, model, found.network, rng)


def assert_same_answers(keras, model, network, rng):
    images = rng.normal(size=(30, 2, 3)).astype(np.float32)
    ours = logits(network, images.reshape(30, 6))
    shares = np.exp(ours) / np.exp(ours).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, model.predict(images, verbose=0), rtol=1e-4, atol=1e-6)


def fitted(keras, bias=True):
    model = keras.Sequential(
        [
            keras.layers.Input((6,)),
            *(keras.layers.Dense(units, activation="relu", use_bias=bias) for units in (5, 4)),
            keras.layers.Dense(3, activation="softmax", use_bias=bias),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(np.ones((8, 6)), np.zeros(8), verbose=0)
    return model


def save_legacy_weights(model, path):
    import h5py
    from keras.src.legacy.saving import legacy_h5_format

    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)


@pytest.mark.parametrize("bias", [True, False])
def test_every_kind_of_file_that_keras_writes_is_read(keras, tmp_path, bias):
    model = fitted(keras, bias)
    model.save_weights(tmp_path / "a.weights.h5")  # with the optimizer's state
    model.save(tmp_path / "b.keras")
    model.save(tmp_path / "c.h5")
    save_legacy_weights(model, tmp_path / "d.h5")
    formats = {}
    for path in sorted(tmp_path.iterdir()):
        found = weights.load(path)
        formats[path.name] = found.format
        for ours, theirs in zip(arrays(found.network), model.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert [layer.activation for layer in found.network] == ["relu", "relu", "softmax"]
    assert list(formats.values()) == ["weights.h5", "keras", "h5", "legacy weights h5"]


def test_a_functional_model_is_read(keras, tmp_path, rng):
    inputs = keras.layers.Input((2, 3))
    hidden = keras.layers.Dense(5, activation="gelu", name="z")(keras.layers.Flatten()(inputs))
    outputs = keras.layers.Dense(3, activation="softmax", name="a")(hidden)
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "m.keras")
    found = weights.load(tmp_path / "m.keras").network
    assert [layer.name for layer in found] == ["z", "a"]
    assert_same_answers(keras, model, found, rng)


@pytest.mark.parametrize("name", ["a.weights.h5", "a.h5"])
def test_stock_keras_loads_weights_from_what_we_save_under_any_name(keras, rng, tmp_path, name):
    network = make_network(rng, [6, 5, 4, 3])
    weights.save(network, tmp_path / name)
    model = fitted(keras)
    model.load_weights(tmp_path / name)
    for ours, theirs in zip(arrays(network), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["a.keras", "a.h5"])
@pytest.mark.parametrize("activation", ["leaky_relu(0.3)", "elu(0.5)", "tanh"])
def test_stock_keras_loads_the_model_from_what_we_save(keras, rng, tmp_path, name, activation):
    network = make_network(rng, [6, 5, 4, 3], activation)
    weights.save(network, tmp_path / name)
    assert_same_answers(
        keras, with_images(keras, keras.models.load_model(tmp_path / name)), network, rng
    )


def test_stock_keras_gives_the_accuracy_of_what_was_shrunk(keras, prune, tmp_path):
    for method in ("unit", "weight"):
        argv = ("--method", method, "--k", 90, "--save", "s.keras", "--force", "--format", "json")
        status, out, err = prune("shrink", *argv)
        assert status == 0, err
        test = data.load("mnist", "test")
        model = keras.models.load_model(tmp_path / "work" / "s.keras")
        model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        right = 10_000 * model.evaluate(test.images, test.labels, batch_size=500, verbose=0)[1]
        assert abs(round(right) - json.loads(out)["correct"][1]) <= 1


def test_stock_keras_reads_compressed_weights(keras, rng, tmp_path):
    network = make_network(rng, [6, 5, 4, 3])
    (tmp_path / "c.weights.h5").write_bytes(
        weights.writer(tmp_path / "c.weights.h5", compress=True)(network)
    )
    model = dense_chain(keras, network)
    model.set_weights([0 * array for array in arrays(network)])
    model.load_weights(tmp_path / "c.weights.h5")
    for ours, theirs in zip(arrays(network), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def with_images(keras, model):
    return keras.Sequential([keras.layers.Input((2, 3)), keras.layers.Flatten(), model])


def keras_sweep(keras, network, images, labels, ks):
    """The straightforward way: copy, zero by argsort, evaluate; no code of ours but the arrays."""
    model = dense_chain(keras, network)
    from_logits = network[-1].activation == "linear"
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits),
        metrics=["accuracy"],
    )
    for method in ("weight", "unit"):
        for k in ks:
            model.set_weights(arrays(network))
            for layer in model.layers[:-1]:
                kernel, *bias = layer.get_weights()
                by_weight = method == "weight"
                scores = np.abs(kernel) if by_weight else np.linalg.norm(kernel, axis=0)
                gone = np.argsort(scores, axis=None, kind="stable")[: k * scores.size // 100]
                if by_weight:
                    kernel.flat[gone] = 0
                else:
                    kernel[:, gone] = 0
                    for values in bias:
                        values[gone] = 0
                layer.set_weights([kernel, *bias])
            yield round(model.evaluate(images, labels, verbose=0)[1] * len(labels))


KS = [0, 25, 50, 70, 80, 90, 95, 99, 100]


@pytest.mark.parametrize("engine", ["numpy", "keras"])
@pytest.mark.parametrize(
    "made",
    [
        {"sizes": [30, 40, 30, 20, 5], "bias": True},
        {"sizes": [30, 40, 30, 20, 5], "activation": "tanh"},
        {"sizes": [30, 40, 30, 5], "activation": "sigmoid", "output": "linear"},
        {"sizes": [30, 50, 5], "bias": False},
        {"sizes": [30, *[25] * 12, 5], "activation": "elu"},
    ],
    ids=["biases", "tanh", "sigmoid", "one hidden layer", "twelve hidden layers"],
)
def test_a_sweep_agrees_with_plain_keras_to_one_image(keras, prune, rng, tmp_path, made, engine):
    network = make_network(rng, **made)
    images = rng.random((1000, 30)).astype(np.float32)
    labels = logits(network, images).argmax(axis=1)
    np.savez(tmp_path / "d.npz", x_test=images, y_test=labels)
    weights.save(network, tmp_path / "w.keras")
    argv = ("--weights", tmp_path / "w.keras", "--data", tmp_path / "d.npz", "--engine", engine)
    status, out, err = prune("compare", *argv, "--k", *KS, "--format", "json")
    assert status == 0, err
    ours = [row["correct"] for row in json.loads(out)]
    assert ours[0] == 1000
    theirs = list(keras_sweep(keras, network, images, labels, KS))
    assert max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) <= 1
