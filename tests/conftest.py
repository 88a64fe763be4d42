"""What many tests share: a network small enough to print, and images for it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from prune.cli.main import main
from prune.core.network import Layer, logits
from prune.files import weights
from prune.models.late import import_keras


@pytest.fixture(scope="session")
def keras():
    """Keras, imported by the first test that asks for it."""
    return import_keras()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def network(rng):
    return make_network(rng, [6, 5, 4, 3])


def make_network(rng, sizes, activation="relu", bias=True, output="softmax"):
    layers = []
    for i, (inputs, units) in enumerate(itertools.pairwise(sizes)):
        last = i == len(sizes) - 2
        layers.append(
            Layer(
                f"dense_{i}" if i else "dense",
                rng.normal(size=(inputs, units)).astype(np.float32),
                rng.normal(size=units).astype(np.float32) if bias else None,
                output if last else activation,
            )
        )
    return tuple(layers)


@pytest.fixture
def tiny_data(rng, network, tmp_path):
    """200 images of 6 pixels, which `network` answers all right, as a file."""
    path = tmp_path / "tiny.npz"
    arrays = {}
    for split, n in (("train", 120), ("test", 80)):
        images = rng.integers(0, 256, (n, 2, 3), dtype=np.uint8)
        arrays[f"x_{split}"] = images
        answers = logits(network, images.reshape(n, 6) / 255)
        arrays[f"y_{split}"] = answers.argmax(axis=1).astype(np.uint8)
    np.savez(path, **arrays)
    return path


@pytest.fixture
def tiny(tmp_path, network, tiny_data):
    """The options that make a sweep take milliseconds."""
    path = tmp_path / "tiny.keras"
    weights.save(network, path)
    return ["--weights", path, "--data", tiny_data]


@pytest.fixture
def prune(capsys, tmp_path, monkeypatch):
    """Run the command in-process, in an empty folder; return status, stdout and stderr."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def run(*argv):
        status = main([str(word) for word in argv])
        out, err = capsys.readouterr()
        return status, out, err

    return run
