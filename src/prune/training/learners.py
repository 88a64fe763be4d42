"""What training asks of a network, whether it is a chain of dense layers or any other model.

Networks of values, of moments and of booleans have one form, so that all are masked, cut and put
back alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import isqrt, prod
from typing import Any, Protocol

import numpy as np

from prune.core import alive as chains
from prune.core import anatomy, masks, network, structure
from prune.core.alive import Alive
from prune.core.measure import CHUNK
from prune.core.network import Layer, Masks, Network
from prune.models import arrays as models_arrays
from prune.models import fresh, keras_bridge
from prune.models.net import Net, net
from prune.training import outputs


class Learner(Protocol):
    """The parts of a network that training needs, and the networks that it makes of it."""

    fused: bool  # whether XLA makes its steps faster

    def masked(self, held: Masks) -> Any:
        """Return the network with what is masked out at zero."""

    def filled(self, value: Any) -> Any:
        """Return a network of the same form in which every value is the same."""

    def arrays(self) -> list[np.ndarray]:
        """List all values, in the order of `variables`."""

    def with_arrays(self, arrays: list[np.ndarray]) -> Any:
        """Return the network with other values."""

    def fresh(self, seed: tuple[int, ...]) -> Any:
        """Return the network with values as before training."""

    def widest(self) -> int:
        """Return how many units the widest layer, or group, has."""

    def narrowed(self, share: Fraction) -> Any:
        """Return a network of so large a share of the units of each, but one at least."""

    def alive(self, held: Masks) -> Any:
        """Tell what carries anything now or after a training that holds the masks."""

    def size(self, alive: Any) -> int:
        """Count the weights that are alive."""

    def cut(self, alive: Any) -> Any:
        """Return the network of what is alive."""

    def put_back(self, alive: Any, small: Any) -> Any:
        """Return the network with the values of a `small` one where that was cut."""

    def model(self) -> Any:
        """Return a Keras model of it."""

    def variables(self, model: Any) -> list[Any]:
        """List the variables of such a model that hold its values."""

    def inputs(self, alive: Any) -> np.ndarray:
        """Tell which numbers of an image anything reads, boolean, (inputs,)."""

    def shape(self) -> tuple[int, ...]:
        """Return the shape of an image, as far as it is known: (inputs,) if it is not."""

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Return what the network answers, (n, classes)."""


@dataclass(frozen=True)
class ChainLearner:
    """A chain of dense layers, trained without its output's softmax."""

    network: Network
    fused = True

    def masked(self, held: Masks) -> Network:
        """Return the network with weights, or units and their biases, at zero."""
        return masks.apply(self.network, held)

    def filled(self, value: Any) -> Network:
        """Return the network with one value everywhere."""
        return tuple(_filled(layer, value) for layer in self.network)

    def arrays(self) -> list[np.ndarray]:
        """List kernels and biases."""
        return network.arrays(self.network)

    def with_arrays(self, arrays: list[np.ndarray]) -> Network:
        """Return the network with other kernels and biases."""
        return network.with_arrays(self.network, arrays)

    def fresh(self, seed: tuple[int, ...]) -> Network:
        """Return the network with kernels drawn as Keras does by default, and no biases.

        They are uniform within sqrt(6 / (inputs + units)) (Glorot 2010).
        """
        rng = np.random.default_rng(seed)
        return tuple(_drawn(layer, rng) for layer in self.network)

    def widest(self) -> int:
        """Return how many units the widest hidden layer has."""
        return max(layer.kernel.shape[1] for layer in self.network[:-1])

    def narrowed(self, share: Fraction) -> Network:
        """Return the chain of the first units of each hidden layer."""
        hidden = [_first(layer.kernel.shape[1], share) for layer in self.network[:-1]]
        inputs, classes = len(self.network[0].kernel), self.network[-1].kernel.shape[1]
        return self.cut([np.ones(inputs, bool), *hidden, np.ones(classes, bool)])

    def alive(self, held: Masks) -> Alive:
        """Tell which units carry anything, of the inputs and of each layer."""
        return chains.by_masks(self.network, held)

    def size(self, alive: Alive) -> int:
        """Count the weights between units that are alive."""
        return sum(int(a.sum()) * int(b.sum()) for a, b in pairwise(alive))

    def cut(self, alive: Alive) -> Network:
        """Return the chain of the units that are alive."""
        return chains.cut(self.network, alive)

    def put_back(self, alive: Alive, small: Network) -> Network:
        """Return the whole chain with the values of a small one."""
        return chains.put_back(self.network, alive, small)

    def model(self) -> Any:
        """Return a Keras model that gives logits, whatever the output's activation."""
        last = self.network[-1]._replace(activation="linear")
        return keras_bridge.build((*self.network[:-1], last))

    def variables(self, model: Any) -> list[Any]:
        """List kernels and biases."""
        return model.trainable_variables

    def inputs(self, alive: Alive) -> np.ndarray:
        """Tell which inputs the first layer reads."""
        return alive[0]

    def shape(self) -> tuple[int, ...]:
        """Return the shape of a square image, if it has as many inputs."""
        inputs = len(self.network[0].kernel)
        side = isqrt(inputs)
        return (side, side) if side**2 == inputs else (inputs,)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Return what NumPy makes of the images."""
        starts = range(0, len(images), CHUNK)
        chunks = [network.logits(self.network, images[start : start + CHUNK]) for start in starts]
        return np.concatenate(chunks)


def _first(size: int, share: Fraction) -> np.ndarray:
    """Tell which units are among so large a share of them, but one at least."""
    return np.arange(size) < max(1, int(share * size))


def _filled(layer: Layer, value: Any) -> Layer:
    bias = None if layer.bias is None else np.full(layer.bias.shape, value)
    return layer._replace(kernel=np.full(layer.kernel.shape, value), bias=bias)


def _drawn(layer: Layer, rng: np.random.Generator) -> Layer:
    limit = np.sqrt(6 / sum(layer.kernel.shape))
    kernel = rng.uniform(-limit, limit, layer.kernel.shape).astype(np.float32)
    bias = None if layer.bias is None else np.zeros_like(layer.bias)
    return layer._replace(kernel=kernel, bias=bias)


@dataclass(frozen=True)
class NetLearner:
    """Any model of Keras: what is alive are units, (units + 1,), as of `structure.keep`."""

    network: Net
    fused = False  # XLA takes tens of times as long for a convolution on a processor

    def masked(self, held: Masks) -> Net:
        """Return the network with kernels, or units and all that goes with them, at zero."""
        return self.network.masked(held)

    def filled(self, value: Any) -> Net:
        """Return the network with one value everywhere."""
        return self._with(
            {name: np.full(array.shape, value) for name, array in self.network.arrays.items()}
        )

    def _with(self, arrays: structure.Arrays) -> Net:
        return replace(self.network, arrays=arrays)

    def arrays(self) -> list[np.ndarray]:
        """List all weights, statistics too."""
        return list(self.network.left.values())

    def with_arrays(self, arrays: list[np.ndarray]) -> Net:
        """Return the network with other weights."""
        left = dict(zip(self.network.arrays, arrays, strict=True))
        return self._put(self.network.kept, left)

    def fresh(self, seed: tuple[int, ...]) -> Net:
        """Return the network with values as its initializers draw them.

        They depend on the sizes of layers, so that one of fewer units becomes one of its own.
        """
        whole = self.network if self.network.kept.all() else net(self.network.model())
        return replace(whole, arrays=fresh.arrays(whole.template, seed))

    def widest(self) -> int:
        """Return how many units the largest group has."""
        return max(
            (len(group.units) for group in self.network.structure.groups.values()), default=1
        )

    def narrowed(self, share: Fraction) -> Net:
        """Return the network of the first units of each group."""
        groups = self.network.structure.groups
        held = {name: _first(len(group.units), share) for name, group in groups.items()}
        return self.cut(structure.left(self.network.structure, held))

    def alive(self, held: Masks) -> np.ndarray:
        """Tell which units are not removed as a whole; of each array one stays at least."""
        found = self.network.traced
        # Where a layer divides by how many there are, fewer would not be the same.
        return structure.left(found.structure, {} if found.binder.scales else held)

    def size(self, alive: np.ndarray) -> int:
        """Count the entries of all arrays between units that are alive."""
        return structure.parameters(self.cut(alive).left)

    def cut(self, alive: np.ndarray) -> Net:
        """Return the network of the units that are alive: the same one, which has others aside."""
        return replace(self.network, kept=alive)

    def put_back(self, alive: np.ndarray, small: Net) -> Net:
        """Return the whole network with the values of a small one."""
        return self._put(alive, small.left)

    def _put(self, kept: np.ndarray, left: structure.Arrays) -> Net:
        own = self.network
        return self._with(structure.put_back(own.structure, own.arrays, kept, left))

    def model(self) -> Any:
        """Return a Keras model of the units that are kept."""
        return self.network.model()

    def variables(self, model: Any) -> list[Any]:
        """List all its weights, statistics too."""
        own = models_arrays.variables(model)
        return [own[name] for name in self.network.arrays]

    def inputs(self, alive: np.ndarray) -> np.ndarray:
        """Tell that every number of an image is read."""
        return np.ones(prod(self.shape()), bool)

    def shape(self) -> tuple[int, ...]:
        """Return the shape of an image."""
        return tuple(self.network.template.inputs[0].shape[1:])

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Return what Keras makes of the images."""
        return outputs.of(self.model(), images.reshape(len(images), *self.shape()))


def of(asked: Any) -> Any:
    """Return what answers for a network."""
    return ChainLearner(asked) if anatomy.is_chain(asked) else NetLearner(asked)
