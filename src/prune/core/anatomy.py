"""What pruning asks of a network, whether it is a chain of dense layers or any other model.

A chain is a plain tuple of layers, for which the answers stand here; any other network answers
for itself.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np

from prune import PruneError
from prune.core import alive, masks, network
from prune.core.inputs import Shape
from prune.core.network import Layer, Masks, Network, Scores
from prune.core.outline import INPUT, Count, Counts, Node, Outline
from prune.settings.spelling import closest


class Anatomy(Protocol):
    """The parts of a network, and the networks that pruning makes of it."""

    @property
    def loss(self) -> str:
        """What it was trained by, as Keras calls it; empty where that is not known."""

    def kernels(self) -> Scores:
        """Return every kernel as its matrix (inputs, units), by name."""

    def unit_norms(self) -> Scores:
        """Return the L2 norm of each unit's incoming weights, (units,), by group, in float64."""

    def layers(
        self, method: str, keep: Collection[str], include_output: bool, include: Collection[str]
    ) -> tuple[str, ...]:
        """Name what may be pruned: kernels of weights, groups of units, but those to `keep`."""

    def output(self) -> str:
        """Name the layer whose units are the classes."""

    def inputs(self) -> dict[str, Shape]:
        """Return the shape of each input, by name."""

    def outputs(self) -> dict[str, Shape]:
        """Return the shape of each output, by name."""

    def as_they_are(self) -> Collection[str]:
        """Name the inputs that are no amounts, but say which: they are not to be divided."""

    def masked(self, masks: Masks) -> Any:
        """Return the network with what is masked out at zero."""

    def shrunk(self) -> Any:
        """Return the network of the same answers without the units that cannot matter."""

    def parameters(self) -> int:
        """Count the entries of all arrays."""

    def nonzero(self) -> int:
        """Count those that are not zero."""

    def multiply_adds(self) -> int:
        """Count the multiply-adds that one input needs: those with weights that are not zero."""

    def fingerprint(self) -> bytes:
        """Return what two networks have in common only if every value of them is the same."""

    def outline(self) -> Outline:
        """Return its layers, and what each reads."""

    def counts(self, outline: Outline) -> Counts:
        """Count what each node of the outline has, or of a smaller network has left."""


class Chain(NamedTuple):
    """A chain of dense layers: each hidden layer is a group of its own."""

    network: Network

    def kernels(self) -> Scores:
        """Return each layer's kernel."""
        return {layer.name: layer.kernel for layer in self.network}

    def unit_norms(self) -> Scores:
        """Return the norm of each column of each kernel."""
        # In double precision, or the squares of small weights vanish.
        kernels = {name: kernel.astype(np.float64) for name, kernel in self.kernels().items()}
        return {name: np.linalg.norm(kernel, axis=0) for name, kernel in kernels.items()}

    def layers(
        self, method: str, keep: Collection[str], include_output: bool, include: Collection[str]
    ) -> tuple[str, ...]:
        """Name all layers but the output, unless it is included, and those to `keep`."""
        known = [layer.name for layer in self.network]
        for name in keep:
            if name not in known:
                raise PruneError(
                    f"no layer {name!r} to keep{closest(name, known)}; the network has "
                    f"{', '.join(known)}"
                )
        names = known if include_output else known[:-1]
        return tuple(name for name in names if name not in keep)

    def output(self) -> str:
        """Name the last layer."""
        return self.network[-1].name

    @property
    def loss(self) -> str:
        """Its file may tell, but who reads chains does not ask."""
        return ""

    def inputs(self) -> dict[str, Shape]:
        """Return the inputs of the first layer."""
        return {"": (len(self.network[0].kernel),)}

    def outputs(self) -> dict[str, Shape]:
        """Return the units of the last layer."""
        return {"": (self.network[-1].kernel.shape[1],)}

    def as_they_are(self) -> Collection[str]:
        """Whatever a kernel multiplies is an amount."""
        return ()

    def masked(self, masked: Masks) -> Network:
        """Return a copy with weights, or units and their biases, at zero."""
        return masks.apply(self.network, masked)

    def shrunk(self) -> Network:
        """Cut the units that nothing feeds or reads."""
        return alive.shrink(self.network)

    def parameters(self) -> int:
        """Count the entries of kernels and biases."""
        return network.parameters(self.network)

    def nonzero(self) -> int:
        """Count those that are not zero."""
        return network.nonzero(self.network)

    def multiply_adds(self) -> int:
        """Count the weights that are not zero."""
        return network.multiply_adds(self.network)

    def fingerprint(self) -> bytes:
        """Return a digest of all layers."""
        return network.fingerprint(self.network)

    def outline(self) -> Outline:
        """Return the inputs, and each layer after the one that it reads."""
        names = [INPUT, *(layer.name for layer in self.network)]
        last = self.network[-1].name
        layers = (
            Node(name, "Dense", (before,), () if name == last else (name,), (name,))
            for before, name in pairwise(names)
        )
        *hidden, output = layers
        return (Node(INPUT, INPUT), *hidden, output._replace(stays="an output of the model"))

    def counts(self, outline: Outline) -> Counts:
        """Count the entries of each kernel with its bias."""
        inputs = Count(len(self.network[0].kernel), 0, 0, 0)
        return (inputs, *map(_count, self.network))


def _count(layer: Layer) -> Count:
    alone = (layer,)
    units, work = layer.kernel.shape[1], network.multiply_adds(alone)
    return Count(units, network.parameters(alone), network.nonzero(alone), work)


def is_chain(asked: Any) -> bool:
    """Tell whether a network is a chain of dense layers."""
    return isinstance(asked, tuple)


def of(asked: Any) -> Any:
    """Return what answers for a network."""
    return Chain(asked) if is_chain(asked) else asked
