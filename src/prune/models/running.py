"""Models on labelled images: how much they get right."""

from __future__ import annotations

import numpy as np

from prune.core import measure
from prune.core.forms import Run
from prune.core.measure import CHUNK, Difference, Evaluation
from prune.models import arrays as models_arrays
from prune.models.late import keras
from prune.models.net import KERAS, Net

_SMALLEST = 1e-7  # of a probability, as Keras clips them


class Engine:
    """Evaluates the networks that are pruned from one; several threads may call it at once."""

    def __init__(self, whole: Net, images: np.ndarray, labels: np.ndarray) -> None:
        """Take the images, (n, inputs), and labels, (n,), n at least 1."""
        self._images = images.reshape(len(images), *whole.input_shape)
        self._labels, self._whole = labels, whole
        self._runner: keras.Model | None = None  # of all units, whose arrays change

    def __call__(self, network: Net) -> Evaluation:
        """Evaluate a network, in its shrunk form if that is smaller."""
        small = network.shrunk()
        with KERAS:
            return measure.evaluate(self._run(small), self._images, self._labels)

    def _run(self, network: Net) -> Run:
        if not network.kept.all():
            return _answers(network.model())
        if self._runner is None:
            self._runner = self._whole.model()
        models_arrays.assign(self._runner, network.arrays)
        return _answers(self._runner)


def _answers(model: keras.Model) -> Run:
    """Return what gives the logits of at most a chunk of images, (n, classes)."""
    outputs = _outputs(model)
    return lambda images: _logits(outputs(images))


def _outputs(model: keras.Model) -> Run:
    """Return what gives the outputs of at most a chunk of images, (n, classes)."""

    def run(images: np.ndarray) -> np.ndarray:
        number = len(images)
        if number < CHUNK:  # of one size, or another would be compiled
            missing = np.zeros((CHUNK - number, *images.shape[1:]), images.dtype)
            images = np.concatenate([images, missing])
        return np.asarray(model.predict_on_batch(images), np.float32)[:number]

    return run


def _logits(outputs: np.ndarray) -> np.ndarray:
    """Return logits of whatever a classifier puts out; probabilities are told by their sum."""
    if outputs.shape[1] == 1:
        outputs = np.column_stack([1 - outputs, outputs])
    if (outputs >= 0).all() and np.allclose(outputs.sum(axis=1), 1, atol=1e-3):
        return np.log(np.maximum(outputs, _SMALLEST))
    return outputs


def compare(first: Net, second: Net, images: np.ndarray) -> Difference:
    """Compare the outputs of two networks on `images` (n, inputs), n at least 1."""
    shaped = images.reshape(len(images), *first.input_shape)
    with KERAS:
        return measure.differing(_outputs(first.model()), _outputs(second.model()), shaped)
