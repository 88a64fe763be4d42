"""Good files of every format, as Keras lays them out: refusing these would be no reading."""

from __future__ import annotations

import json
import zipfile
from itertools import pairwise

import h5py
import numpy as np
import pytest

from prune.core.network import logits
from prune.files import weights

DEEP = (6, *range(20, 8, -1), 3)  # more than ten layers, all of different sizes
RNG = np.random.default_rng(3)
KERNELS = [RNG.normal(size=pair) / pair[0] for pair in pairwise(DEEP)]
BIASES = [RNG.normal(size=side) / 4 for side in DEEP[1:]]
IMAGES = RNG.random((9, 6))


def answer(kernels, biases, activation):
    """Return the logits by the formula, in float64."""
    x = IMAGES
    for kernel, bias in zip(kernels[:-1], biases[:-1]):
        x = activation(x @ kernel + bias)
    return x @ kernels[-1] + biases[-1]


def relu(x):
    return np.maximum(x, 0)


def assert_right(path, activation=relu, given="relu", tolerance=1e-5):
    network = weights.load(path, given).network
    assert len(network) == len(KERNELS)
    found = logits(network, IMAGES.astype(np.float32))
    np.testing.assert_allclose(found, answer(KERNELS, BIASES, activation), atol=tolerance)


def names(i):
    return f"dense_{i}" if i else "dense"


def keras3(file, kind="f4", optimizer=False, **packed):
    for i, (kernel, bias) in enumerate(zip(KERNELS, BIASES)):
        file.create_dataset(f"layers/{names(i)}/vars/0", data=kernel.astype(kind), **packed)
        file[f"layers/{names(i)}/vars/1"] = bias.astype(kind)
        file[f"layers/{names(i)}/vars"].attrs["name"] = f"layer {i} of mine"
    file.create_group("vars").attrs["name"] = "sequential"
    if optimizer:
        file["optimizer/vars/0"] = np.int64(469)
        file["optimizer/vars/1"] = np.float32(0.001)
        for i, kernel in enumerate(KERNELS):
            file[f"optimizer/vars/{2 + i}"] = kernel


def made(path, put=keras3, libver=None, **how):
    with h5py.File(path, "w", libver=libver) as file:
        put(file, **how)
    return path


@pytest.mark.parametrize(
    ("how", "tolerance"),
    [
        ({}, 1e-5),
        ({"optimizer": True}, 1e-5),
        ({"kind": "f2"}, 1e-2),
        ({"kind": "f8"}, 1e-5),
        ({"kind": ">f4"}, 1e-5),
        ({"compression": "gzip"}, 1e-5),
        ({"compression": "gzip", "shuffle": True, "chunks": (3, 2)}, 1e-5),
        ({"libver": "v108"}, 1e-5),
        ({"libver": ("v108", "latest")}, 1e-5),
    ],
    ids=str,
)
def test_weights_files_of_keras_3_are_right(tmp_path, how, tolerance):
    assert_right(made(tmp_path / "a.weights.h5", **how), tolerance=tolerance)


ODD = ["weights", "a b.weights.h5", "ä\u202e.h5", "-q", "a;b|c.h5", "x.keras", "'\".h5", "a\nb.h5"]


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_odd_file_names_are_names(tmp_path, name):
    assert_right(made(tmp_path / name))


def test_what_a_file_does_not_tell_is_as_given(tmp_path):
    assert_right(made(tmp_path / "a.weights.h5"), np.tanh, "tanh")


def legacy(file, stem="layer", **more):
    file.attrs["layer_names"] = [f"{stem}_{i}".encode() for i in range(len(KERNELS))]
    for i, (kernel, bias) in enumerate(zip(KERNELS, BIASES)):
        holder = file.create_group(f"{stem}_{i}")
        listed = [f"{stem}_{i}/kernel:0", f"{stem}_{i}/bias:0"]
        holder.attrs["weight_names"] = [each.encode() for each in listed]
        holder[listed[0]], holder[listed[1]] = kernel.astype("f"), bias.astype("f")


@pytest.mark.parametrize("stem", ["layer", "ä ö", "x" * 50])
def test_legacy_weights_files_are_right(tmp_path, stem):
    assert_right(made(tmp_path / "a.h5", legacy, stem=stem))


def configuration(activation):
    layers = [{"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [None, 6]}}]
    for i in range(len(KERNELS)):
        last = i == len(KERNELS) - 1
        own = {"name": f"layer_{i}", "activation": "softmax" if last else activation}
        layers.append({"class_name": "Dense", "config": own})
    return json.dumps({"class_name": "Sequential", "config": {"layers": layers}})


def whole_model(file):
    file.attrs["model_config"] = configuration("tanh")
    file.attrs["keras_version"] = b"2.15.0"
    file.attrs["training_config"] = "{}"
    legacy(file.create_group("model_weights"))


def test_legacy_whole_models_are_right(tmp_path):
    assert_right(made(tmp_path / "a.h5", whole_model), np.tanh)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_keras_archives_are_right(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "a.keras", "w", method) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", configuration("tanh"))
        archive.writestr("model.weights.h5", made(tmp_path / "w").read_bytes())
        archive.writestr("assets/words.txt", "a\n")
    assert_right(tmp_path / "a.keras", np.tanh)


def test_a_read_only_folder_is_read(tmp_path):
    path = made(tmp_path / "a.weights.h5")
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        assert_right(path)
    finally:
        tmp_path.chmod(0o755)


def test_a_symbolic_link_to_a_file_is_the_file(tmp_path):
    made(tmp_path / "a.weights.h5")
    (tmp_path / "latest").symlink_to("a.weights.h5")
    assert_right(tmp_path / "latest")
