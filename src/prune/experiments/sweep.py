"""One network, several curves, many sparsities -> rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from prune.core import criteria, masks
from prune.core.measure import Evaluation
from prune.core.network import Masks, Network, nonzero, parameters
from prune.experiments.engines import Engine
from prune.files.results import Row


class Curve(NamedTuple):
    """What the points of one line have in common."""

    method: str
    criterion: str


def rows(
    network: Network,
    unpruned: Evaluation,
    curves: Iterable[Curve],
    sparsities: list[Fraction],
    engine: Engine,
) -> Iterator[Row]:
    """Yield one row for each curve and sparsity, in that order, as each is measured.

    `unpruned` is the engine's evaluation of `network`: where nothing was removed it stands.
    """
    for curve in curves:
        ranks = masks.rank(criteria.score(network, *curve))
        for sparsity in sparsities:
            kept = masks.per_layer(ranks, sparsity)
            pruned = masks.apply(network, kept)
            untouched = all(mask.all() for mask in kept.values())
            evaluation = unpruned if untouched else engine(pruned)
            yield _row(curve, sparsity, kept, pruned, evaluation)


def _row(
    curve: Curve, sparsity: Fraction, kept: Masks, pruned: Network, evaluation: Evaluation
) -> Row:
    return Row(
        method=curve.method,
        criterion=curve.criterion,
        k=percent(sparsity),
        accuracy=evaluation.correct / evaluation.total,
        correct=evaluation.correct,
        total=evaluation.total,
        loss=evaluation.loss,
        pruned=sum(int(np.count_nonzero(~mask)) for mask in kept.values()),
        prunable=sum(mask.size for mask in kept.values()),
        nonzero=nonzero(pruned),
        parameters=parameters(pruned),
    )


def percent(sparsity: Fraction) -> float:
    """Return the k of a sparsity, an int where it is whole."""
    k = 100 * sparsity
    return int(k) if k.denominator == 1 else float(k)
