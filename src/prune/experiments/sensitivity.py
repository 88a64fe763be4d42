"""Each layer pruned alone -> rows, and the uneven allocation that they suggest."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from prune.core.allocate import LayerCosts, Path, allocate
from prune.core.measure import Evaluation
from prune.core.network import Network
from prune.experiments import sweep
from prune.experiments.engines import Engine
from prune.files.results import Row


class Both(NamedTuple):
    """One network on both kinds of images: training to choose by, test to report."""

    training: Evaluation
    test: Evaluation


def evaluate(network: Network, training: Engine, test: Engine) -> Both:
    """Evaluate `network` on both."""
    return Both(training(network), test(network))


def rows(
    curve: sweep.Curve, unpruned: Both, training: Engine, test: Engine
) -> Iterator[tuple[Row, Row]]:
    """Yield, for each layer and sparsity, the row on the training and that on the test images."""
    plan = curve.plan
    alone = [curve._replace(plan=plan._replace(layers=(name,))) for name in plan.layers]
    for point in sweep.points(alone):
        found = unpruned
        if not sweep.unchanged(point):
            found = evaluate(point.pruned.network, training, test)
        yield sweep.row(point, found.training), sweep.row(point, found.test)


def suggest(training: list[Row], unpruned: Evaluation, totals: list[Fraction]) -> dict[str, Path]:
    """Return the allocation that costs the training images least, by layer."""
    layers: dict[str, LayerCosts] = {}
    for row in training:
        start = [(Fraction(0), unpruned.loss)]
        layer = layers.setdefault(row.layers, LayerCosts(row.prunable, start))
        if row.k:
            layer.costs.append((Fraction(str(row.k)) / 100, row.loss))
    return allocate(layers, totals)
