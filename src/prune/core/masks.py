"""Masks: which weights or units stay.  Ranked once, cut at any sparsity."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from prune import PruneError
from prune.core.network import Layer, Masks, Network, Scores

Ranks = dict[str, np.ndarray]  # like Scores, but positions in the order of removal


def ranks(scores: np.ndarray) -> np.ndarray:
    """Return, for each score, how many are removed before it: 0 for the smallest.

    Ties go by position: the earlier one is removed first.  Not-a-number is refused, since it
    has no place in an order.

    >>> ranks(np.array([3.0, 1.0, 2.0, 1.0]))
    array([3, 0, 2, 1], dtype=uint32)
    """
    if np.isnan(scores).any():
        raise PruneError(f"scores must be numbers, got {int(np.isnan(scores).sum())} that are NaN")
    positions = np.empty(scores.size, np.uint32)
    positions[_order(scores.ravel())] = np.arange(scores.size, dtype=np.uint32)
    return positions.reshape(scores.shape)


def _order(scores: np.ndarray) -> np.ndarray:
    """Return the stable ascending order of `scores`, as `argsort(kind="stable")` does."""
    if scores.dtype != np.float32:
        return np.argsort(scores, kind="stable")
    # A float of 32 bits and its position fit one integer of 64.  Sorting those is stable by
    # construction and several times faster, since NumPy sorts plain integers with SIMD.
    # Positive floats order like their bits; negative ones like their complement.
    bits = (scores + np.float32(0)).view(np.uint32)  # adding 0 makes -0.0 tie with 0.0
    sign = np.uint32(0x80000000)
    ascending = np.where(bits & sign, ~bits, bits | sign).astype(np.uint64)
    keys = (ascending << np.uint64(32)) | np.arange(scores.size, dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.intp)


def count(sparsity: Fraction | float, size: int) -> int:
    """Return how many of `size` things go: `floor(sparsity * size)`, computed exactly.

    A float stands for the decimal it prints, so that 0.29 of 100 is 29, and not the 28 that
    comes of 0.29 * 100 = 28.999999999999996.

    >>> count(0.29, 100), count(Fraction(1, 3), 10)
    (29, 3)
    """
    exact = sparsity if isinstance(sparsity, Fraction) else _decimal(sparsity)
    if not 0 <= exact <= 1:
        raise PruneError(f"sparsity must be a fraction from 0 to 1, got {sparsity}")
    return int(exact * size)


def _decimal(sparsity: float) -> Fraction:
    try:
        return Fraction(str(sparsity))
    except ValueError:
        raise PruneError(f"sparsity must be a fraction from 0 to 1, got {sparsity}") from None


def keep_largest(ranks: np.ndarray, sparsity: Fraction | float) -> np.ndarray:
    """Return a mask, shaped like `ranks`, that drops exactly the lowest `sparsity` of them.

    A sparser mask always keeps a subset of what a denser one keeps.

    >>> keep_largest(ranks(np.array([3.0, 1.0, 2.0, 1.0])), 0.5)
    array([ True, False,  True, False])
    """
    # By rank and not by threshold: comparing with the k-th score drops one too many, and drops
    # none or all of a run of equal scores.
    return ranks >= count(sparsity, ranks.size)


def rank(scores: Scores) -> Ranks:
    """Rank every layer by itself."""
    return {name: ranks(values) for name, values in scores.items()}


def per_layer(ranks: Ranks, sparsity: Fraction | float) -> Masks:
    """Prune every layer to the same sparsity."""
    return {name: keep_largest(values, sparsity) for name, values in ranks.items()}


def apply(network: Network, masks: Masks) -> Network:
    """Return a copy of `network` with the masked-out weights, or units and their biases, zero."""
    return tuple(_masked(layer, masks.get(layer.name)) for layer in network)


def _masked(layer: Layer, mask: np.ndarray | None) -> Layer:
    if mask is None:
        return layer
    removes_units = mask.ndim == 1
    bias = _zeroed(layer.bias, mask) if removes_units and layer.bias is not None else layer.bias
    return layer._replace(kernel=_zeroed(layer.kernel, mask), bias=bias)


def _zeroed(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    # Not `values * mask`, which leaves a negative zero where a negative value was.
    return np.where(mask, values, values.dtype.type(0))
