"""Who runs the network: a function from a network to what it gets right."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from prune import PruneError
from prune.core import anatomy, forms, measure, prefix
from prune.core import judge as judges
from prune.core.forms import Run
from prune.core.judge import ACCURACY, Judge
from prune.core.measure import Evaluation, Runs
from prune.core.network import Network
from prune.files.data import Data
from prune.models import keras_bridge, running
from prune.settings.pruning import KERAS, NUMPY

Engine = Callable[[Network], Evaluation]  # several threads may call it at once


def numpy_engine(
    whole: Network, images: np.ndarray, judge: Judge | np.ndarray, threads: int | None = None
) -> Engine:
    """Evaluate on NumPy alone, each network in its fastest form, by labels or another judge.

    Images of one class stand together, since they leave the same pixels dark and the same units
    silent, which the forward pass skips a chunk at a time.  Each core takes chunks of its own:
    a BLAS that spreads every product over all cores stands still whenever another program needs
    one of them.  `threads` is how many, or else all.  What the first layer of the `whole` network
    gives is kept for those pruned from it that have it too.  What comes of a network does not
    depend on which others came before, to the last digit.
    """
    judge = judge if isinstance(judge, Judge) else judges.classes(judge)
    if judge.metric == ACCURACY:
        order = np.argsort(judge.labels, kind="stable")
        images, judge = images[order], judge.part(order)
    pool = ThreadPoolExecutor(threads or cores())
    blas = ThreadpoolController().select(user_api="blas")
    one_thread = Shared(partial(blas.limit, limits=1))
    begun = prefix.of(whole, images, pool.map)

    def evaluate(network: Network) -> Evaluation:
        with one_thread:
            if begun and (rest := begun.rest(network)):
                return measure.judged(_alone(rest), begun.outputs, judge, pool.map)
            return measure.judged(_alone(forms.mixed(network)), images, judge, pool.map)

    return evaluate


def _alone(run: Run) -> Runs:
    return lambda images: [run(images)]


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


def _in_numpy(whole: Network, seen: Data, threads: int | None) -> Engine:
    judge = judges.classes(seen.labels) if seen.judge is None else seen.judge
    return numpy_engine(whole, seen.images, judge, threads)


def _in_keras(whole: Any, seen: Data, threads: int | None) -> Engine:
    """Evaluate in Keras: chains with `model.evaluate`, in their masked form."""
    if not anatomy.is_chain(whole):
        return running.Engine(whole, seen.inputs, seen.judge, threads or cores())
    if seen.judge is not None and seen.judge.metric != ACCURACY:
        raise PruneError(
            f"engine 'keras' measures chains of Dense layers by accuracy alone, and these are "
            f"measured by their {seen.judge.metric}; leave out --engine"
        )
    evaluate, one_at_a_time = keras_bridge.engine(seen.images, seen.labels), Lock()

    def alone(network: Network) -> Evaluation:
        with one_at_a_time:  # there is one model, which takes the weights of each in turn
            return evaluate(network)

    return alone


# Of the network that others are pruned from, data that fit it, and the threads there are.
ENGINES: dict[str, Callable[[Any, Data, int | None], Engine]] = {
    NUMPY: _in_numpy,
    KERAS: _in_keras,
}


def scored(function: Callable[[Any], float]) -> Engine:
    """Evaluate by a function of a Keras model that gives one number, the larger the better."""
    name = getattr(function, "__name__", type(function).__name__)

    def evaluate(network: Any) -> Evaluation:
        found = float(function(network.model()))
        return Evaluation(None, 1, None, name, found)

    return evaluate
