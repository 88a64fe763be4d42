"""What pruning asks of a network, whether it is a chain of dense layers or any other model.

A chain is a plain tuple of layers, for which the answers stand here; any other network answers
for itself.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np

from prune import PruneError
from prune.core import alive, chain, masks, network
from prune.core.calibration import Calibration
from prune.core.chain import ChainGoal
from prune.core.inputs import Shape
from prune.core.network import Layer, Masks, Network, Scores
from prune.core.outline import INPUT, Count, Counts, Node, Outline
from prune.core.passage import See, Visit
from prune.core.structure import Reading
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

    def forms(self) -> dict[str, Hashable]:
        """Return of each kernel, and of each group, what is the same for all of its form."""

    def fingerprint(self) -> bytes:
        """Return what two networks have in common only if every value of them is the same."""

    def outline(self) -> Outline:
        """Return its layers, and what each reads."""

    def counts(self, outline: Outline) -> Counts:
        """Count what each node of the outline has, or of a smaller network has left."""

    def supports(self, masks: Masks) -> Masks:
        """Tell which weights of each kernel may be other than zero once refit, by its name."""

    def readings(self) -> dict[str, list[Reading]]:
        """Return which kernels read the units of each group, in the order of data."""

    def blind(self) -> dict[str, str]:
        """Name the kernels of which no inputs can be had, and say why."""

    def goal(self, given: Any, see: See) -> Any:
        """Return the `Goal` of what it puts out on some inputs, and show all kernels on the way."""

    def passed(self, goal: Any, visit: Visit) -> Any:
        """Return what becomes of it on a passage of the images of a goal."""

    def normalised(self) -> bool:
        """Tell whether statistics normalise anything."""

    def renewed(self, given: Any) -> Any:
        """Return it with the statistics of its normalisations as some inputs give them."""

    def rms_inputs(self, calibration: Calibration) -> Scores:
        """Return the root mean square of each kernel's inputs, (inputs, 1) or (inputs, units)."""

    def weight_slopes(self, calibration: Calibration, power: int) -> Scores:
        """Return the mean over images of |gradient| ** power of each weight, by kernel."""

    def unit_slopes(self, calibration: Calibration, power: int) -> Scores:
        """Return that of |output times its gradient| of each unit, by group."""


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

    def supports(self, masks: Masks) -> Masks:
        """Take from each kernel its columns that are removed, and its rows of what is."""
        names = (layer.name for layer in self.network)
        return dict(zip(names, alive.supports(self.network, masks), strict=True))

    def readings(self) -> dict[str, list[Reading]]:
        """Each hidden layer is read by the next."""
        return {
            layer.name: [Reading(reader.name, np.arange(len(reader.kernel)))]
            for layer, reader in pairwise(self.network)
        }

    def blind(self) -> dict[str, str]:
        """Inputs are known of all."""
        return {}

    def goal(self, images: np.ndarray, see: See) -> ChainGoal:
        """Run the images through all layers."""
        return chain.goal(self.network, images, see)

    def passed(self, goal: ChainGoal, visit: Visit) -> Network:
        """Visit one layer after the other."""
        return chain.passed(self.network, goal, visit)

    def normalised(self) -> bool:
        """Nothing is."""
        return False

    def renewed(self, given: Any) -> Network:
        """There are no statistics."""
        return self.network

    def rms_inputs(self, calibration: Calibration) -> Scores:
        """Return those of each layer."""
        return chain.rms_inputs(self.network, calibration)

    def weight_slopes(self, calibration: Calibration, power: int) -> Scores:
        """Return those of each kernel."""
        return chain.weight_slopes(self.network, calibration, power)

    def unit_slopes(self, calibration: Calibration, power: int) -> Scores:
        """Return those of each hidden layer."""
        return chain.unit_slopes(self.network, calibration, power)

    def forms(self) -> dict[str, Hashable]:
        """All layers are dense ones."""
        return {layer.name: "Dense" for layer in self.network}

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
