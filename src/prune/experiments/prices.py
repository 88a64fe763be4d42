"""What a network costs: the bytes of its file, and how long it takes to answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from prune.core import alive, anatomy, forms, inputs
from prune.core.inputs import Inputs
from prune.experiments import timing
from prune.files import keras_writer
from prune.models import running, saving

_BATCH, _ROUNDS = 500, 7  # of what is timed


def file_bytes(network: Any) -> int:
    """Count the bytes of the `.keras` file of what matters in a network, deflated.

    Zeros make it short, and stock Keras opens it.
    """
    if anatomy.is_chain(network):
        return len(keras_writer.keras_bytes(alive.shrink(network), compress=True))
    return len(saving.content(network.shrunk().model(), compress=True))


def stopwatch(whole: Any, fed: Inputs) -> Callable[[Any], float]:
    """Return what tells how many times as fast as the whole network another answers."""
    batch = inputs.part(fed, slice(_BATCH))
    first = _run(whole)

    def faster(network: Any) -> float:
        runs = [first, _run(network)]
        slow, fast = timing.interleaved(runs, [batch], _ROUNDS, lambda number: None)
        return fast.times_faster(slow)[0]

    return faster


def _run(network: Any) -> timing.Timed:
    if anatomy.is_chain(network):
        return forms.mixed(network)
    return running.runs(network.shrunk().model())


class Prices(NamedTuple):
    """How what a network costs is found out."""

    file: Callable[[Any], int]  # the bytes of its file
    faster: Callable[[Any], float]  # how many times as fast as the whole one
