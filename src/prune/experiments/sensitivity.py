"""Each layer pruned alone -> rows, and the uneven allocation that they suggest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from prune import PruneError
from prune.core.allocate import LayerCosts, Path, allocate
from prune.core.measure import Evaluation
from prune.core.network import Network
from prune.core.plan import Pruned
from prune.experiments import sweep
from prune.experiments.engines import Engine
from prune.files.results import Row
from prune.settings.pruning import BYTES, MACS, THINGS


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


def unpruned_row(curve: sweep.Curve, unpruned: Evaluation) -> Row:
    """Return the row of the network as it is."""
    none = Pruned(Fraction(0), curve.plan.network, {})
    return sweep.row(sweep.Point(curve, none), unpruned)


def suggest(
    training: list[Row], whole: Row, totals: list[Fraction], per: str = THINGS
) -> dict[str, Path]:
    """Return the allocation that costs the training images least, by layer.

    `totals` are shares of what pruning all layers gains `per` what is asked.  Each layer is
    measured alone: what two of them gain from a kernel that both cut is counted twice.
    """
    layers: dict[str, list[_Step]] = {}
    for row in training:
        steps = layers.setdefault(row.layers, [_Step(Fraction(0), Fraction(0), whole.loss)])
        gain = Fraction(_GAINS[per](row, whole))
        if gain > steps[-1].gain:
            steps.append(_Step(Fraction(str(row.k)) / 100, gain, row.loss))
    for name, steps in layers.items():
        if len(steps) == 1:
            raise PruneError(f"pruning {name!r} gains no {per}; use --per {THINGS}, or --keep it")
    sizes = {name: steps[-1].gain / steps[-1].sparsity for name, steps in layers.items()}
    costs = {
        name: LayerCosts(sizes[name], [(step.gain / sizes[name], step.loss) for step in steps])
        for name, steps in layers.items()
    }
    return {
        name: [(total, _sparsity(layers[name], share * sizes[name])) for total, share in path]
        for name, path in allocate(costs, totals).items()
    }


class _Step(NamedTuple):
    """How far a layer was pruned alone, what that gained, and the loss there."""

    sparsity: Fraction
    gain: Fraction
    loss: Any


_GAINS: dict[str, Callable[[Row, Row], Any]] = {
    THINGS: lambda row, whole: Fraction(str(row.k)) / 100 * row.prunable,
    MACS: lambda row, whole: whole.macs - row.macs,
    BYTES: lambda row, whole: whole.file_bytes - row.file_bytes,
}


def _sparsity(steps: list[_Step], gain: Fraction) -> Fraction:
    """Return how far a layer is to go for a gain, in straight lines between its steps."""
    for a, b in pairwise(steps):
        if gain <= b.gain:
            return a.sparsity + (b.sparsity - a.sparsity) * (gain - a.gain) / (b.gain - a.gain)
    return steps[-1].sparsity
