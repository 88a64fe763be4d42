"""What a first layer gives to many images, kept for all networks that begin with it.

Pruning units, or later layers alone, leaves the columns of the first kernel as they were or
empties them; to multiply by it is a third of the home network's work.
"""

from __future__ import annotations

from functools import cached_property
from threading import Lock

import numpy as np

from prune.core import forms
from prune.core.alive import bias, silent
from prune.core.forms import Run
from prune.core.measure import CHUNK, Map
from prune.core.network import Layer, Network, activation, preactivations

_MOST_BYTES = 100_000_000  # of outputs that are kept


class Prefix:
    """The first layer of a network, and what it gives; several threads may ask at once."""

    def __init__(self, network: Network, images: np.ndarray, over: Map = map) -> None:
        """Take the layer and the images; nothing is computed yet."""
        self._layer, self._images, self._over = network[0], images, over
        self._one_at_a_time = Lock()

    @property
    def outputs(self) -> np.ndarray:
        """What the layer gives to all images, (n, units), computed when it is first needed."""
        with self._one_at_a_time:
            return self._outputs

    @cached_property
    def _outputs(self) -> np.ndarray:
        layer, images = self._layer, self._images
        activate = activation(layer.activation)
        outputs = np.empty((len(images), layer.kernel.shape[1]), np.float32)

        def chunk(start: int) -> None:
            here = slice(start, start + CHUNK)
            with np.errstate(over="ignore", invalid="ignore"):
                outputs[here] = activate(preactivations(layer, images[here]))

        list(self._over(chunk, range(0, len(images), CHUNK)))
        return outputs

    def rest(self, network: Network) -> Run | None:
        """Return what runs `network` from `outputs` on, if it begins with the layer.

        Units may be missing, if what is left of them is zero for every image.
        """
        layer, *others = network
        if not others or not _comparable(layer, self._layer):
            return None
        left = ~silent(layer)
        if not (_same(layer, self._layer) | ~left).all():
            return None
        if left.all():
            return forms.mixed(tuple(others))
        follower = others[0]._replace(kernel=others[0].kernel[left])
        run = forms.mixed((follower, *others[1:]))
        return lambda outputs: run(outputs[:, left])


def _comparable(layer: Layer, whole: Layer) -> bool:
    return (layer.activation, layer.kernel.shape) == (whole.activation, whole.kernel.shape)


def _same(layer: Layer, whole: Layer) -> np.ndarray:
    """Tell which units are the same."""
    return (layer.kernel == whole.kernel).all(axis=0) & (bias(layer) == bias(whole))


def of(network: Network, images: np.ndarray, over: Map = map) -> Prefix | None:
    """Return the first layer's outputs, unless keeping them is of no use or takes much memory."""
    size = 4 * len(images) * network[0].kernel.shape[1]
    return Prefix(network, images, over) if len(network) > 1 and size <= _MOST_BYTES else None
