"""Physically remove what cannot change the output: same function, smaller arrays."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from prune.core.network import Network, activation


def shrink(network: Network) -> Network:
    """Cut every hidden unit without incoming or without outgoing weights, to the fixed point.

    A unit without incoming weights has a constant output, `activation(bias)`; where that is not
    zero it is folded into the next layer's bias.  The result computes the same logits as
    `network`, up to rounding, whatever zeroed the weights.  Inputs stay, used or not: who runs
    the network gives all of them.  Arrays that lose nothing are shared with `network`, which is
    not changed.
    """
    alive = _alive(network)
    if all(each.all() for each in alive):
        return network
    constants = np.zeros(0, np.float32)  # what the units removed so far gave, without inputs
    layers = []
    for layer, (ins, outs) in zip(network, pairwise(alive), strict=True):
        bias = layer.bias if layer.bias is not None else np.zeros(len(outs), layer.kernel.dtype)
        if constants.any():
            bias = bias + constants @ layer.kernel[~ins]
        left = bias[outs]
        kernel = _taken(_taken(layer.kernel, ins, 0), outs, 1)
        has_bias = layer.bias is not None or left.any()
        layers.append(layer._replace(kernel=kernel, bias=left if has_bias else None))
        # Those removed for what they give, not for what they get, are no constants; but what
        # they give goes to the removed alone.
        constants = bias[~outs] if outs.all() else activation(layer.activation)(bias[~outs])
    return tuple(layers)


def _taken(kernel: np.ndarray, alive: np.ndarray, axis: int) -> np.ndarray:
    return kernel if alive.all() else kernel.compress(alive, axis)


def _alive(network: Network) -> list[np.ndarray]:
    """Tell which inputs, units of each layer in turn, and outputs stay.

    Inputs and outputs all do; a unit does while it gets something from one that stays, and
    gives something to one that stays.
    """
    # As numbers, so that what is linked to something alive is one fast product away; counts of
    # links are exact in float32 up to 2 ** 24 of them.
    links = [(layer.kernel != 0).astype(np.float32) for layer in network]
    alive = [np.ones(len(each), np.float32) for each in links]
    alive.append(np.ones(links[-1].shape[1], np.float32))
    before = None
    while (count := sum(map(np.count_nonzero, alive))) != before:
        before = count
        for i in range(1, len(links)):
            gets, gives = alive[i - 1] @ links[i - 1] > 0, links[i] @ alive[i + 1] > 0
            alive[i] = alive[i] * (gets & gives)
    return [each > 0 for each in alive]
