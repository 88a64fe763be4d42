"""The part of a masked network that training can change or that changes an answer."""

from __future__ import annotations

import numpy as np

from prune.core.network import Layer, Masks, Network, activation

Alive = list[np.ndarray]  # boolean: of the inputs, then of each layer's units


def alive(network: Network, masks: Masks) -> Alive:
    """Return which inputs and units carry anything, by the masks alone.

    A hidden unit does not if nothing reads it, or if nothing feeds it and its constant output is
    zero and stays so.  Nor does an input that nothing reads.  Where that leaves a layer with
    nothing at all, everything is taken to be alive.
    """
    kept = [_kept(layer, masks) for layer in network]
    found = [np.ones(kernel.shape[0], bool) for kernel in kept] + [np.ones(kept[-1].shape[1], bool)]
    changed = True
    while changed:
        before = sum(int(each.sum()) for each in found)
        for i, support in enumerate(kept):
            here = support & found[i][:, None] & found[i + 1]
            found[i] = here.any(axis=1)
            if i + 1 < len(kept) and _silent_without_inputs(network[i], masks):
                found[i + 1] &= here.any(axis=0)
        changed = sum(int(each.sum()) for each in found) != before
    return found if all(each.any() for each in found) else [np.ones_like(each) for each in found]


def _kept(layer: Layer, masks: Masks) -> np.ndarray:
    return np.broadcast_to(masks.get(layer.name, np.True_), layer.kernel.shape)


def _silent_without_inputs(layer: Layer, masks: Masks) -> bool:
    removes_units = layer.name in masks and masks[layer.name].ndim == 1
    at_zero = activation(layer.activation)(np.zeros(1, np.float32))
    return not at_zero.any() and (layer.bias is None or removes_units)


def cut(network: Network, alive: Alive) -> Network:
    """Return the network of what is `alive` alone."""
    return tuple(
        layer._replace(
            kernel=layer.kernel[inputs][:, units],
            bias=None if layer.bias is None else layer.bias[units],
        )
        for layer, inputs, units in zip(network, alive, alive[1:], strict=False)
    )


def put_back(network: Network, alive: Alive, smaller: Network) -> Network:
    """Return `network` with the values of `smaller`, which was cut from it, in their places."""
    return tuple(
        layer._replace(
            kernel=_with(layer.kernel, np.ix_(inputs, units), small.kernel),
            bias=None if layer.bias is None else _with(layer.bias, units, small.bias),
        )
        for layer, small, inputs, units in zip(network, smaller, alive, alive[1:], strict=False)
    )


def _with(whole: np.ndarray, place: object, values: np.ndarray | None) -> np.ndarray:
    changed = whole.copy()
    changed[place] = values
    return changed
