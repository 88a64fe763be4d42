"""Ranking: what goes before what, and how much of it at a sparsity.  Ranked once, cut at any."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from math import ceil

import numpy as np

from prune import PruneError
from prune.core.network import Masks, Scores, Sparsity

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
    gone = np.isneginf(scores)
    if not gone.any():
        return _order_of_finite(scores)
    # In rounds of pruning almost all are gone, and those are in order as they stand.
    left = np.flatnonzero(~gone)
    return np.concatenate([np.flatnonzero(gone), left[_order_of_finite(scores[left])]])


def _order_of_finite(scores: np.ndarray) -> np.ndarray:
    if scores.dtype != np.float32:
        return np.argsort(scores, kind="stable")
    # A float of 32 bits and its position fit one integer of 64.  Sorting those is stable by
    # construction and several times faster, since NumPy sorts plain integers with SIMD.
    # Positive floats order like their bits; negative ones like their complement.
    bits = (scores + np.float32(0)).view(np.int32)  # adding 0 makes -0.0 tie with 0.0
    flipped = (bits >> 31) | np.int32(-0x80000000)  # all bits of a negative, else the sign
    ascending = (bits ^ flipped).view(np.uint32).astype(np.uint64)
    keys = (ascending << np.uint64(32)) | np.arange(scores.size, dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.intp)


def count(sparsity: Sparsity, size: int) -> int:
    """Return how many of `size` things go: `floor(sparsity * size)`, computed exactly.

    A float stands for the decimal it prints, so that 0.29 of 100 is 29, and not the 28 that
    comes of 0.29 * 100 = 28.999999999999996.

    >>> count(0.29, 100), count(Fraction(1, 3), 10)
    (29, 3)
    """
    return int(exact(sparsity) * size)


def exact(sparsity: Sparsity) -> Fraction:
    """Return a sparsity as the fraction it stands for; it must be from 0 to 1."""
    try:
        fraction = sparsity if isinstance(sparsity, Fraction) else Fraction(str(sparsity))
    except ValueError:  # not a number, or infinite
        fraction = Fraction(-1)
    if not 0 <= fraction <= 1:
        raise PruneError(f"sparsity must be a fraction from 0 to 1, got {sparsity}")
    return fraction


def keep_largest(ranks: np.ndarray, sparsity: Sparsity) -> np.ndarray:
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
    with ThreadPoolExecutor() as pool:  # NumPy sorts outside of Python's lock
        return dict(zip(scores, pool.map(ranks, scores.values()), strict=True))


def rank_together(scores: Scores, floor: Fraction) -> Ranks:
    """Rank the things of all layers in one order, by score; ties go by position.

    The best of each layer, `floor` of it, come after all others, and then the layers thin out
    evenly.  So every layer lives as long as it can, masks stay nested, and counts exact.
    """
    values = np.concatenate([layer.ravel() for layer in scores.values()])
    if not floor:
        return _split(ranks(values), scores)
    places = np.concatenate([_places(layer, floor) for layer in rank(scores).values()])
    reserved = places >= 0
    keys = np.where(reserved, places, values)
    first, last = np.flatnonzero(~reserved), np.flatnonzero(reserved)
    order = np.concatenate([first[_order(keys[first])], last[_order(keys[last])]])
    positions = np.empty(len(order), np.uint32)
    positions[order] = np.arange(len(order), dtype=np.uint32)
    return _split(positions, scores)


def _places(ranks: np.ndarray, floor: Fraction) -> np.ndarray:
    """Return where in the reserved part of its layer each thing stands, 0 to 1; else negative."""
    reserved = _reserved(floor, ranks.size)
    return (ranks.ravel().astype(np.float64) - (ranks.size - reserved)) / max(reserved, 1)


def _reserved(floor: Fraction, size: int) -> int:
    return ceil(floor * size)


def _split(values: np.ndarray, like: Scores) -> Ranks:
    ends = np.cumsum([layer.size for layer in like.values()])[:-1]
    parts = np.split(values, ends)
    return {name: part.reshape(like[name].shape) for name, part in zip(like, parts, strict=True)}


def together(ranks: Ranks, sparsity: Sparsity) -> Masks:
    """Prune all layers as one, `sparsity` of everything; `ranks` are of `rank_together`."""
    removed = count(sparsity, sum(layer.size for layer in ranks.values()))
    return {name: layer >= removed for name, layer in ranks.items()}


def at_floor(masks: Masks, floor: Fraction) -> tuple[str, ...]:
    """Name the layers that the floor alone has kept, or no longer keeps, from losing more."""
    return tuple(
        name
        for name, mask in masks.items()
        if np.count_nonzero(mask) <= _reserved(floor, mask.size)
    )
