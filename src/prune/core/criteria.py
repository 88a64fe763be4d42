"""Scores: how much each weight, or each unit, matters.

A criterion takes a layer and returns one score per thing that can be removed, so the shape of
its answer says what is pruned: (inputs, units) for single weights, (units,) for whole units.
Larger means keep.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from prune.core.network import Layer, Network, Scores, prunable


def magnitude(layer: Layer) -> np.ndarray:
    """Score each weight by its absolute value (Janowsky 1989; Han 2015)."""
    return np.abs(layer.kernel)


def norm(layer: Layer) -> np.ndarray:
    """Score each unit by the L2 norm of its column of the kernel (Li 2017, with L1)."""
    return np.linalg.norm(layer.kernel, axis=0)


# By method and name; the first of each method is its default.
CRITERIA: dict[str, dict[str, Callable[[Layer], np.ndarray]]] = {
    "weight": {"magnitude": magnitude},
    "unit": {"norm": norm},
}


def score(network: Network, method: str, criterion: str) -> Scores:
    """Score every prunable layer, by layer name."""
    return {layer.name: CRITERIA[method][criterion](layer) for layer in prunable(network)}
