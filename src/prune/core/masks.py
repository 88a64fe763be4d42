"""Masks applied: what they remove is zero."""

from __future__ import annotations

import numpy as np

from prune.core.alive import units_left
from prune.core.network import Layer, Masks, Network


def apply(network: Network, masks: Masks) -> Network:
    """Return a copy of `network` with the masked-out weights, or units and their biases, zero."""
    return tuple(_masked(layer, masks) if layer.name in masks else layer for layer in network)


def _masked(layer: Layer, masks: Masks) -> Layer:
    bias = None if layer.bias is None else _zeroed(layer.bias, units_left(layer, masks))
    return layer._replace(kernel=_zeroed(layer.kernel, masks[layer.name]), bias=bias)


def _zeroed(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    # Not `values * mask`, which leaves a negative zero where a negative value was.
    return np.where(mask, values, values.dtype.type(0))
