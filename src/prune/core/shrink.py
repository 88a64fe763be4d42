"""Physically remove what cannot change the output: same function, smaller arrays."""

from __future__ import annotations

import numpy as np

from prune.core.network import Layer, Network, activation


def shrink(network: Network) -> Network:
    """Cut every hidden unit without incoming or without outgoing weights, to the fixed point.

    A unit whose column is zero has a constant output, `activation(bias)`; where that is not
    zero it is folded into the next layer's bias.  The result computes the same logits as
    `network`, up to rounding, whatever zeroed the weights.  Arrays that lose nothing are shared
    with `network`, which is not changed.
    """
    while (smaller := _cut_once(network)) is not network:
        network = smaller
    return network


def _cut_once(network: Network) -> Network:
    for i in range(len(network) - 1):
        alive = network[i].kernel.any(axis=0) & network[i + 1].kernel.any(axis=1)
        if not alive.all():
            pair = _cut(network[i], network[i + 1], alive)
            network = network[:i] + pair + network[i + 2 :]
    return network


def _cut(layer: Layer, following: Layer, alive: np.ndarray) -> tuple[Layer, Layer]:
    """Remove the units of `layer` that are not `alive`, and their rows from `following`."""
    bias = layer.bias if layer.bias is not None else np.zeros(len(alive), layer.kernel.dtype)
    # What has no outgoing weights contributes nothing here, constant or not.
    constant = activation(layer.activation)(bias[~alive]) @ following.kernel[~alive]
    if constant.any():
        folded = constant if following.bias is None else following.bias + constant
        following = following._replace(bias=folded)
    return (
        layer._replace(
            kernel=layer.kernel[:, alive],
            bias=None if layer.bias is None else layer.bias[alive],
        ),
        following._replace(kernel=following.kernel[alive]),
    )
