"""A pruned network -> the file of a smaller one, read back and proved to give the same answers."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from prune import PruneError
from prune.core import alive, anatomy, measure
from prune.core.inputs import Inputs, named, part
from prune.core.measure import Difference
from prune.core.network import Network
from prune.files import models, weights
from prune.files.keras_layers.trust import of_words
from prune.files.weights import Writer
from prune.models import build, proof, running, saving
from prune.models.net import Net, net

# The largest difference of logits, relative to the largest logit, that rounding explains: of the
# order of summation in float32, and of the weights themselves in float16.
ROUNDING, ROUNDING_HALF = 1e-5, 1e-2
_PROVED = 64  # images, layer by layer


class Saved(NamedTuple):
    """What will be saved, as it will be read, and how it compares with what it stands for."""

    content: bytes
    network: Any
    difference: Difference
    layers: int | None = None  # that were compared one by one
    worst: float | None = None  # by how much of its range the worst of them differs


def units(network: Any) -> dict[str, int]:
    """Return how many units each layer with a kernel has."""
    if anatomy.is_chain(network):
        return {layer.name: layer.kernel.shape[1] for layer in network}
    return network.units()


def chain(pruned: Network, images: np.ndarray, writer: Writer, path: Path, half: bool) -> Saved:
    """Return the file of a smaller chain of dense layers."""
    shrunk = alive.shrink(pruned)
    if empty := next((layer.name for layer in shrunk if not layer.kernel.size), None):
        raise PruneError(
            f"nothing is left to save: no unit of layer {empty!r} matters any more; give a smaller "
            "--k"
        )
    content = writer(shrunk)
    written = weights.parse(content, path).network
    difference = measure.compare(pruned, written, images)
    _refuse(difference, ROUNDING_HALF if half else ROUNDING)
    return Saved(content, written, difference)


def model_content(network: Net) -> bytes:
    """Return the deflated `.keras` file of a model, which tells the loss it is measured by."""
    return saving.content(saving.telling(network.model(), network.loss), compress=True)


def model(pruned: Net, inputs: Inputs, path: Path) -> Saved:
    """Return the file of a smaller model of any other kind, proved layer by layer."""
    if path.suffix != ".keras":
        raise PruneError(f"cannot save to {path}: this model is saved as .keras; give such a name")
    shrunk = pruned.shrunk()
    content = model_content(shrunk)
    file = models.parse(content, of_words(pruned.trust))
    written = net(build.build(file), pruned.loss, pruned.trust)
    some = list(named(part(inputs, slice(_PROVED))).values())
    masks = {name: shrunk.kept[group.units] for name, group in pruned.structure.groups.items()}
    told = proof.prove(pruned.model(), written.model(), masks, inputs=some)
    if not told.holds:
        raise PruneError(
            f"the shrunk model differs from the pruned one: {told.apart}; nothing was saved; "
            "please report it"
        )
    difference = running.compare(pruned, written, inputs)
    exact = difference
    if _is_beyond(difference, ROUNDING):  # of many layers, where float64 tells what is not
        with suppress(Exception):  # some layers cannot compute so, and float32 has to do
            exact = running.compare(pruned, written, inputs, "float64")
    _refuse(exact, ROUNDING)
    return Saved(content, written, difference, len(told.layers), told.worst.share)


def _refuse(difference: Difference, rounding: float) -> None:
    if _is_beyond(difference, rounding):
        allowed = rounding * difference.scale
        raise PruneError(
            f"the shrunk network differs from the pruned one by {difference.largest:.3g} in a "
            f"logit, more than rounding explains ({allowed:.3g}); nothing was saved"
        )


def _is_beyond(difference: Difference, rounding: float) -> bool:
    return not difference.largest <= rounding * difference.scale
