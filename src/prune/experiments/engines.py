"""Who runs the network: a function from a network to what it gets right."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from threading import Lock

import numpy as np
from threadpoolctl import ThreadpoolController

from prune.core import anatomy, forms, measure, prefix
from prune.core.measure import Evaluation
from prune.core.network import Network
from prune.models import keras_bridge, running
from prune.settings.pruning import KERAS, NUMPY

Engine = Callable[[Network], Evaluation]  # several threads may call it at once


def numpy_engine(
    whole: Network, images: np.ndarray, labels: np.ndarray, threads: int | None = None
) -> Engine:
    """Evaluate on NumPy alone, each network in its fastest form.

    Images of one class stand together, since they leave the same pixels dark and the same units
    silent, which the forward pass skips a chunk at a time.  Each core takes chunks of its own:
    a BLAS that spreads every product over all cores stands still whenever another program needs
    one of them.  `threads` is how many, or else all.  What the first layer of the `whole` network
    gives is kept for those pruned from it that have it too.  What comes of a network does not
    depend on which others came before, to the last digit.
    """
    order = np.argsort(labels, kind="stable")
    images, labels = images[order], labels[order]
    pool = ThreadPoolExecutor(threads or cores())
    blas = ThreadpoolController().select(user_api="blas")
    one_thread = Shared(partial(blas.limit, limits=1))
    begun = prefix.of(whole, images, pool.map)

    def evaluate(network: Network) -> Evaluation:
        with one_thread:
            if begun and (rest := begun.rest(network)):
                return measure.evaluate(rest, begun.outputs, labels, pool.map)
            return measure.evaluate(forms.mixed(network), images, labels, pool.map)

    return evaluate


class Shared:
    """A context that the first of several threads opens for all, and the last one closes."""

    def __init__(self, make: Callable[[], AbstractContextManager[object]]) -> None:
        """Share what `make` gives."""
        self._make, self._lock = make, Lock()
        self._inside, self._open = 0, ExitStack()

    def __enter__(self) -> None:
        """Open it, if nobody is inside."""
        with self._lock:
            if not self._inside:
                self._open.enter_context(self._make())
            self._inside += 1

    def __exit__(self, *failure: object) -> None:
        """Close it, if nobody is left inside."""
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._open.close()


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def keras_engine(whole: Network, images: np.ndarray, labels: np.ndarray) -> Engine:
    """Evaluate with `model.evaluate`, each network in its masked form, whatever `whole` is."""
    if not anatomy.is_chain(whole):
        return running.Engine(whole, images, labels)
    evaluate, one_at_a_time = keras_bridge.engine(images, labels), Lock()

    def alone(network: Network) -> Evaluation:
        with one_at_a_time:  # there is one model, which takes the weights of each in turn
            return evaluate(network)

    return alone


# Of the network that others are pruned from, images and labels.
ENGINES: dict[str, Callable[[Network, np.ndarray, np.ndarray], Engine]] = {
    NUMPY: numpy_engine,
    KERAS: keras_engine,
}
