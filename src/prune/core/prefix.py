"""What a first layer gives to many images, kept for all networks that begin with it.

Pruning units, or later layers alone, leaves the columns of the first kernel as they were or
empties them; to multiply by it is a third of the home network's work.
"""

from __future__ import annotations

import numpy as np

from prune.core import forms
from prune.core.forms import Run
from prune.core.measure import CHUNK, Map
from prune.core.network import Layer, Network, activation, preactivations

_MOST_BYTES = 100_000_000  # of outputs that are kept


class Prefix:
    """The first layer of a network, and its `outputs` (n, units)."""

    def __init__(self, network: Network, images: np.ndarray, over: Map = map) -> None:
        """Run all images through the layer, a chunk at a time."""
        self._layer = layer = network[0]
        activate = activation(layer.activation)
        self.outputs = np.empty((len(images), layer.kernel.shape[1]), np.float32)

        def chunk(start: int) -> None:
            here = slice(start, start + CHUNK)
            with np.errstate(over="ignore", invalid="ignore"):
                self.outputs[here] = activate(preactivations(layer, images[here]))

        list(over(chunk, range(0, len(images), CHUNK)))

    def rest(self, network: Network) -> Run | None:
        """Return what runs `network` from `outputs` on, if it begins with the layer.

        Units may be missing, if what is left of them is zero for every image.
        """
        layer, *others = network
        left = layer.kernel.any(axis=0)
        if not others or not _begins_with(layer, self._layer, left):
            return None
        if left.all():
            return forms.fastest(tuple(others))
        follower = others[0]._replace(kernel=others[0].kernel[left])
        run = forms.fastest((follower, *others[1:]))
        return lambda outputs: run(outputs[:, left])


def _begins_with(layer: Layer, whole: Layer, left: np.ndarray) -> bool:
    """Tell whether `layer` is `whole`, where it is `left`, and zero elsewhere."""
    if (layer.activation, layer.kernel.shape) != (whole.activation, whole.kernel.shape):
        return False
    bias, wanted = (np.zeros(len(left)) if x.bias is None else x.bias for x in (layer, whole))
    silent = activation(layer.activation)(bias) == 0
    as_it_was = (layer.kernel == whole.kernel).all(axis=0) & (bias == wanted)
    return bool(np.where(left, as_it_was, silent).all())


def of(network: Network, images: np.ndarray, over: Map = map) -> Prefix | None:
    """Return the first layer's outputs, unless keeping them is of no use or takes much memory."""
    size = 4 * len(images) * network[0].kernel.shape[1]
    return Prefix(network, images, over) if len(network) > 1 and size <= _MOST_BYTES else None
