"""What is alive: which units can change an answer, and the network without the others.

A network links groups of units: its inputs, the units of each hidden layer, its outputs.  In a
chain every layer links one group with the next, by its kernel.  A unit is alive if it lies on a
path of links to an output, from an input or from a unit that gives something without inputs.
What counts as a link, and which units need no inputs, depends on what is known:

- of a finished network its values (`by_values`): what is zero links nothing, and no unit needs
  to stay for the constant that it gives without inputs: `shrink` folds it into the next bias.
- of a network in training the masks alone (`by_masks`): what they keep may become other than
  zero, a constant too, and nothing folds it.
- of any other network of groups which arrays read a unit (`by_readers`): what feeds it is not
  asked, since what its layers make of zero is not known here.  A unit that the graph alone reads,
  as attention its keys, goes once all that makes it is zero.
- of a network that is refit which units are removed (`supports`): one that has merely lost its
  weights may still give a constant, which the next layer is refit to.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from prune.core import structure as structures
from prune.core.network import Layer, Masks, Network, activation
from prune.core.structure import CARRIED, MADE, READ, Arrays, Structure

Alive = list[np.ndarray]  # boolean, (units,) of each group: inputs, each layer's units in turn


def by_values(network: Network) -> Alive:
    """Tell what can change an answer, a constant apart; inputs and outputs all stay.

    Inputs, used or not: who runs the network gives all of them.
    """
    units = [np.zeros(layer.kernel.shape[1], bool) for layer in network[:-1]]
    inputs = np.ones(len(network[0].kernel), bool)
    return [inputs, *_on_paths([layer.kernel != 0 for layer in network], units)[1:]]


def by_masks(network: Network, masks: Masks) -> Alive:
    """Tell what carries anything now or after a training that holds the masks.

    A hidden unit does not if nothing reads it, or if nothing feeds it and its constant output is
    zero and stays so.  Nor does an input that nothing reads.  Where that leaves a group with
    nothing at all, everything is taken to be alive.
    """
    links = [
        np.broadcast_to(masks.get(layer.name, np.True_), layer.kernel.shape) for layer in network
    ]
    groups = _on_paths(links, [_may_give(layer, masks) for layer in network[:-1]])
    whole = all(units.any() for units in groups)
    return groups if whole else [np.ones_like(units) for units in groups]


def by_readers(structure: Structure, arrays: Arrays) -> np.ndarray:
    """Tell which units something reads, (units + 1,), directly or through others that are read.

    What nothing reads can be cut whatever it gives.  A unit that no array reads, since it goes
    where only the graph could tell, stays as long as anything makes it: without, it is as masked.
    """
    kept, given = structures.keep(structure, {}), _given(structure, arrays)
    present = {name: arrays[name] != 0 for name, _ in structure.axes}
    before = None
    while before != (before := int(kept.sum())):
        read, readers = np.zeros(len(kept), bool), np.zeros(len(kept), bool)
        for (name, axis), along in structure.axes.items():
            if along.role == READ:
                read[along.units] |= _any(structure, present[name], (name, axis), kept)
                readers[along.units] = True
        kept &= read | (~readers & given)
        kept[-1] = True  # which stands for all that is fixed
    return structures.with_dead(structure, kept)


def _given(structure: Structure, arrays: Arrays) -> np.ndarray:
    empty = structures.empty_units(structure, arrays)
    return structures.keep(structure, {name: ~units for name, units in empty.items()})


def _any(
    structure: Structure, present: np.ndarray, place: tuple[str, int], kept: np.ndarray
) -> np.ndarray:
    """Tell which slices along an axis hold anything for a unit that stays."""
    name, axis = place
    for other in range(present.ndim):
        along = structure.axes.get((name, other))
        if other != axis and along is not None and along.role in (MADE, CARRIED):
            shape = [-1 if each == other else 1 for each in range(present.ndim)]
            present = present & kept[along.units].reshape(shape)
    return present.any(axis=tuple(each for each in range(present.ndim) if each != axis))


def _on_paths(links: list[np.ndarray], giving: list[np.ndarray]) -> Alive:
    """Tell what lies on a path to an output, from an input or from what gives without inputs.

    `links` are (units of a group, units of the next), `giving` (units,) of each hidden group.
    """
    fed = [np.ones(len(links[0]), bool)]
    for link, always in zip(links[:-1], giving, strict=True):
        fed.append(always | _taken(link, fed[-1], 0).any(axis=0))
    groups = [np.ones(links[-1].shape[1], bool)]
    for link, units in zip(reversed(links), reversed(fed), strict=True):
        groups.append(units & (link & groups[-1]).any(axis=1))
    return groups[::-1]


def _taken(matrix: np.ndarray, some: np.ndarray, axis: int) -> np.ndarray:
    return matrix if some.all() else matrix.compress(some, axis)


def _may_give(layer: Layer, masks: Masks) -> np.ndarray:
    """Tell which units may give something, while training, although nothing feeds them."""
    if activation(layer.activation)(np.zeros(1, np.float32)).any():
        return np.ones(layer.kernel.shape[1], bool)
    return units_left(layer, masks) & (layer.bias is not None)


def units_left(layer: Layer, masks: Masks) -> np.ndarray:
    """Tell which units are not removed as a whole, (units,); a mask of weights removes none."""
    mask = masks.get(layer.name)
    removes_units = mask is not None and mask.shape != layer.kernel.shape
    return mask if removes_units else np.ones(layer.kernel.shape[1], bool)


def supports(network: Network, masks: Masks) -> Iterator[np.ndarray]:
    """Yield which weights of each layer may be other than zero once refit, (inputs, units).

    A removed unit takes its column with it, and its row of the next kernel.
    """
    before = np.ones(len(network[0].kernel), bool)
    for layer in network:
        yield before[:, None] & masks.get(layer.name, np.ones(layer.kernel.shape[1], bool))
        before = units_left(layer, masks)


def linked(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell which inputs something reads, and which units something feeds, by one layer alone."""
    return weights.any(axis=1), weights.any(axis=0)


def silent(layer: Layer) -> np.ndarray:
    """Tell which units give zero for every input, since nothing feeds them."""
    _, fed = linked(layer.kernel)
    return ~fed & (activation(layer.activation)(bias(layer)) == 0)


def bias(layer: Layer) -> np.ndarray:
    """Return the bias, (units,): zeros where there is none."""
    return np.zeros(layer.kernel.shape[1], layer.kernel.dtype) if layer.bias is None else layer.bias


def shrink(network: Network) -> Network:
    """Cut every hidden unit without incoming or without outgoing weights, to the fixed point.

    A unit without incoming weights has a constant output, `activation(bias)`; where that is not
    zero it is folded into the next layer's bias.  The result computes the same logits as
    `network`, up to rounding, whatever zeroed the weights.  Arrays that lose nothing are shared
    with `network`, which is not changed.
    """
    groups = by_values(network)
    if all(units.all() for units in groups):
        return network
    constants = np.zeros(0, np.float32)  # what the units removed so far gave, without inputs
    layers = []
    for layer, (inputs, units) in zip(network, pairwise(groups), strict=True):
        whole = bias(layer)
        if constants.any():
            whole = whole + constants @ layer.kernel[~inputs]
        left = whole[units]
        kernel = _taken(_taken(layer.kernel, inputs, 0), units, 1)
        has_bias = layer.bias is not None or left.any()
        layers.append(layer._replace(kernel=kernel, bias=left if has_bias else None))
        # Those removed for what they give, not for what they get, are no constants; but what
        # they give goes to the removed alone.
        lost = whole[~units]
        constants = activation(layer.activation)(lost) if lost.size else lost
    return tuple(layers)


def cut(network: Network, groups: Alive) -> Network:
    """Return the network of what is in `groups` alone, in arrays of its own."""
    return tuple(
        layer._replace(
            kernel=layer.kernel[inputs][:, units],
            bias=None if layer.bias is None else layer.bias[units],
        )
        for layer, (inputs, units) in zip(network, pairwise(groups), strict=True)
    )


def put_back(network: Network, groups: Alive, smaller: Network) -> Network:
    """Return `network` with the values of `smaller`, which was cut from it, in their places."""
    return tuple(
        layer._replace(
            kernel=_with(layer.kernel, np.ix_(inputs, units), small.kernel),
            bias=None if layer.bias is None else _with(layer.bias, units, small.bias),
        )
        for layer, small, (inputs, units) in zip(network, smaller, pairwise(groups), strict=True)
    )


def _with(whole: np.ndarray, place: object, values: np.ndarray | None) -> np.ndarray:
    changed = whole.copy()
    changed[place] = values
    return changed
