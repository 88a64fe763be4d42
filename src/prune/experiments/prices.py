"""What a network costs: the bytes of its file, and how long it takes to answer."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

from prune.core import alive, anatomy, forms, inputs
from prune.core.inputs import Inputs
from prune.core.network import Network
from prune.experiments import timing
from prune.files import keras_writer
from prune.models import running, saving

_BATCH, _ROUNDS = 500, 7  # of what is timed


def file_bytes(network: Any) -> int:
    """Count the bytes of the `.keras` file of what matters in a network, deflated.

    Zeros make it short, and stock Keras opens it.
    """
    if anatomy.is_chain(network):
        return len(chain_content(alive.shrink(network)))
    return len(deflated(saving.content(network.shrunk().model())))


def chain_content(network: Network) -> bytes:
    """Return the deflated `.keras` file of a chain of dense layers."""
    return deflated(keras_writer.keras_bytes(network))


def deflated(archive: bytes) -> bytes:
    """Return the same archive with every member deflated; stock Keras opens it all the same."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(buffer, "w") as new:
        for member in old.infolist():
            plain = zipfile.ZipInfo(member.filename)  # dated 1980: same bytes every time
            new.writestr(plain, old.read(member), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


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
