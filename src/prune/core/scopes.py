"""Scopes: how far each layer is pruned when so much of all is asked for."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from prune.core.network import Masks, Scores, Sparsity
from prune.core.ranking import Ranks, at_floor, exact, keep_largest, rank, rank_together, together
from prune.settings.pruning import FLOOR, LAYER, NETWORK

Share = Callable[[str, Sparsity], Sparsity]  # of one layer, when so much of all is asked for


class Scope(NamedTuple):
    """How far each layer is pruned when so much is asked for."""

    name: str
    rank: Callable[[Scores], Ranks]
    cut: Callable[[Ranks, Sparsity], Masks]
    floored: Callable[[Masks], tuple[str, ...]]
    share: Share | None  # of a layer, where it is known before anything is ranked


def by_share(name: str, share: Share) -> Scope:
    """Return a scope that ranks every layer by itself, and cuts it to its own share."""

    def cut(ranks: Ranks, sparsity: Sparsity) -> Masks:
        return {
            layer: keep_largest(values, share(layer, sparsity)) for layer, values in ranks.items()
        }

    return Scope(name, rank, cut, lambda masks: (), share)


def ranked_together(floor: Fraction) -> Scope:
    """Return the scope of one ranking for all layers, each of which keeps `floor` to the last."""
    return Scope(
        NETWORK,
        lambda scores: rank_together(scores, floor),
        together,
        lambda masks: at_floor(masks, floor),
        None,
    )


SCOPES: dict[str, Scope] = {
    LAYER: by_share(LAYER, lambda layer, sparsity: sparsity),
    NETWORK: ranked_together(FLOOR),
}


def allocated(path: dict[str, list[tuple[Fraction, Fraction]]]) -> Scope:
    """Return the scope of an uneven allocation.

    `path` gives, for each layer, points (sparsity of all, sparsity of the layer), ascending in
    both; between them, and from (0, 0) to (1, 1), each layer goes in straight lines.
    """

    def share(layer: str, sparsity: Sparsity) -> Fraction:
        asked = exact(sparsity)
        points = [(Fraction(0), Fraction(0)), *path[layer], (Fraction(1), Fraction(1))]
        for (x0, y0), (x1, y1) in pairwise(points):
            if x0 <= asked < x1:
                return y0 + (y1 - y0) * (asked - x0) / (x1 - x0)
        return Fraction(1)

    return by_share("map", share)
