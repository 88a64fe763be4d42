"""Who runs the network: a function from a network to what it gets right."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import ThreadpoolController

from prune.core import forms, measure
from prune.core.measure import Evaluation
from prune.core.network import Network

Engine = Callable[[Network], Evaluation]


def numpy_engine(images: np.ndarray, labels: np.ndarray) -> Engine:
    """Evaluate on NumPy alone, each network in its fastest form.

    Images of one class stand together, since they leave the same pixels dark and the same units
    silent, which the forward pass skips a chunk at a time.  Each core takes chunks of its own:
    a BLAS that spreads every product over all cores stands still whenever another program needs
    one of them.
    """
    order = np.argsort(labels, kind="stable")
    images, labels = images[order], labels[order]
    blas = ThreadpoolController().select(user_api="blas")
    pool = ThreadPoolExecutor(cores())

    def evaluate(network: Network) -> Evaluation:
        with blas.limit(limits=1):
            return measure.evaluate(forms.fastest(network), images, labels, pool.map)

    return evaluate


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def keras_engine(images: np.ndarray, labels: np.ndarray) -> Engine:
    """Evaluate with `model.evaluate`, each network in its masked form."""
    from prune.training import keras_bridge  # here: it imports TensorFlow

    return keras_bridge.engine(images, labels)


ENGINES: dict[str, Callable[[np.ndarray, np.ndarray], Engine]] = {
    "numpy": numpy_engine,
    "keras": keras_engine,
}
