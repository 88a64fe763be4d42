"""Scopes: how far each layer is pruned when so much of all is asked for."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from prune.core import anatomy, ranking
from prune.core.network import Masks, Scores, Sparsity
from prune.core.ranking import (
    Ranks,
    at_floor,
    count,
    exact,
    keep_largest,
    rank,
    rank_together,
    together,
)
from prune.settings.pruning import FLOOR, ISOMORPHIC, LAYER, NETWORK, UNIT, Pruning

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


def of(asked: Pruning, network: Any) -> Scope:
    """Return the scope that is asked for, of a network."""
    whole = anatomy.of(network)
    if asked.scope == ISOMORPHIC:
        found = by_form(whole.forms())
    else:
        found = ranked_together(asked.floor) if asked.scope == NETWORK else SCOPES[asked.scope]
    return rounded(found, asked, whole)


def by_form(forms: dict[str, Hashable]) -> Scope:
    """Return the scope of one ranking for all layers of a form, of which so much is to go of each
    form (isomorphic pruning, Fang 2024)."""

    def each(run: Callable[[dict[str, Any]], dict[str, Any]], layers: dict[str, Any]) -> Any:
        """Return what `run` makes of the layers of one form at a time, in the order of all."""
        families: dict[Hashable, dict[str, Any]] = {}
        for name, values in layers.items():
            families.setdefault(forms[name], {})[name] = values
        found = {name: one for family in families.values() for name, one in run(family).items()}
        return {name: found[name] for name in layers}

    return Scope(
        ISOMORPHIC,
        lambda scores: each(lambda family: rank_together(family, FLOOR), scores),
        lambda ranks, sparsity: each(lambda family: together(family, sparsity), ranks),
        lambda masks: at_floor(masks, FLOOR),
        None,
    )


def rounded(scope: Scope, asked: Pruning, whole: Any) -> Scope:
    """Return a scope that leaves a multiple of as many units as are asked for in each group.

    It removes no more than `scope` does, and nothing from a group of fewer.
    """
    multiple = asked.round_to
    if asked.method != UNIT or multiple == 1:
        return scope
    sizes = {name: len(norms) for name, norms in whole.unit_norms().items()}

    def lost(size: int, asked_for: int) -> Fraction:
        """Return the share of so many units that goes where `asked_for` of them would."""
        return Fraction(size - min(size, -(-(size - asked_for) // multiple) * multiple), size)

    def share(group: str, sparsity: Sparsity) -> Fraction:
        size = sizes[group]
        return lost(size, count(scope.share(group, sparsity), size))

    def cut(ranks: Ranks, sparsity: Sparsity) -> Masks:
        gone = {name: int((~mask).sum()) for name, mask in scope.cut(ranks, sparsity).items()}
        own = {name: ranking.ranks(ranks[name]) for name in gone}
        return {name: keep_largest(own[name], lost(own[name].size, gone[name])) for name in own}

    return scope._replace(cut=cut, share=scope.share and share)


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
