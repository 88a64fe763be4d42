"""Who runs the network: a function from a network to what it gets right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from prune.core import measure
from prune.core.measure import Evaluation
from prune.core.network import Network
from prune.core.shrink import shrink

Engine = Callable[[Network], Evaluation]


def numpy_engine(images: np.ndarray, labels: np.ndarray) -> Engine:
    """Evaluate on NumPy alone, each network in its shrunk form.

    Inputs that are zero in every image (116 of MNIST's 784 pixels in the test set) are dropped
    once, with their rows of the first kernel.
    """
    lit = images.any(axis=0)
    images = images[:, lit]

    def evaluate(network: Network) -> Evaluation:
        first = network[0]._replace(kernel=network[0].kernel[lit])
        return measure.evaluate(shrink((first, *network[1:])), images, labels)

    return evaluate


def keras_engine(images: np.ndarray, labels: np.ndarray) -> Engine:
    """Evaluate with `model.evaluate`, each network in its masked form."""
    from prune.training import keras_bridge  # here: it imports TensorFlow

    return keras_bridge.engine(images, labels)


ENGINES: dict[str, Callable[[np.ndarray, np.ndarray], Engine]] = {
    "numpy": numpy_engine,
    "keras": keras_engine,
}
