"""One network, several curves, many sparsities -> rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from prune.core import anatomy, pruning
from prune.core.anatomy import Anatomy
from prune.core.measure import Evaluation
from prune.core.outline import Counts, Outline
from prune.core.plan import Plan, Pruned
from prune.core.scopes import Scope, by_share
from prune.experiments.engines import Engine
from prune.files import sparse
from prune.files.results import Row
from prune.settings import lists
from prune.settings.pruning import NO_REPAIR
from prune.training import retrain
from prune.training.retrain import Regime, Watch

# Points: one that is finishing, and one to take over each core as it comes free.
_AT_ONCE = 2


class Curve(NamedTuple):
    """What the points of one line have in common."""

    method: str
    criterion: str
    plan: Plan
    retraining: Regime | None = None


class Point(NamedTuple):
    """A pruned network, and what it is one of."""

    curve: Curve
    pruned: Pruned


def points(curves: Iterable[Curve], watch: Watch = lambda doing: None) -> Iterator[Point]:
    """Prune along each curve in turn, lazily, and train where that was asked."""
    for curve in curves:
        doing = f"pruning by {curve.method} {curve.criterion}"
        watch(doing)
        for pruned in _pruned(curve, watch):
            yield Point(curve, pruned)
            watch(doing)  # when the next point is asked for, which may take longer than to measure


def _pruned(curve: Curve, watch: Watch) -> Iterator[Pruned]:
    method, criterion, plan, retraining = curve
    if retraining is None:
        return pruning.sweep(method, criterion, plan)
    return retrain.sweep(method, criterion, plan, retraining, watch)


def counts_of(curve: Curve) -> Scope:
    """Return the scope that removes as many things from each layer as `curve` does.

    Those are counted when they are first wanted.
    """

    @cache
    def lost() -> dict[Fraction, dict[str, Fraction]]:
        plain = curve.plan._replace(repair=NO_REPAIR)
        return {
            pruned.sparsity: {
                name: Fraction(int(np.count_nonzero(~mask)), mask.size)
                for name, mask in pruned.masks.items()
            }
            for pruned in pruning.sweep(curve.method, curve.criterion, plain)
        }

    return by_share(f"counts of {curve.criterion}", lambda layer, sparsity: lost()[sparsity][layer])


class Engines(NamedTuple):
    """Who runs a network: on the test images to report, on images held out to choose by."""

    test: Engine
    validation: Engine | None = None


class Seen(NamedTuple):
    """A point that is measured, and what is left of each layer there."""

    row: Row
    left: Counts


def rows(points: Iterable[Point], unpruned: Evaluation, engines: Engines) -> Iterator[Row]:
    """Yield one row for each point, in that order, as each is measured."""
    return (each.row for each in seen(points, unpruned, engines))


def seen(
    points: Iterable[Point], unpruned: Evaluation, engines: Engines, outline: Outline = ()
) -> Iterator[Seen]:
    """Yield each point, in that order, as it is measured, with what is left of an outline.

    `unpruned` is the test engine's evaluation of the network: where nothing has changed it stands.
    While one point is measured the next are pruned and begun, so that no core waits.
    """

    def measured(point: Point) -> Seen:
        network = point.pruned.network
        found = _seen(point, unpruned if unchanged(point) else engines.test(network), outline)
        if engines.validation is None:
            return found
        held = engines.validation(network)
        return found._replace(row=replace(found.row, validation=held.value))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        begun: deque[Future[Seen]] = deque()
        try:
            for point in points:
                begun.append(pool.submit(measured, point))
                # After a training nobody is kept waiting for the next.
                while len(begun) > (_AT_ONCE if point.curve.retraining is None else 0):
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()


def unchanged(point: Point) -> bool:
    """Tell whether nothing was removed or trained, and so nothing was refit either."""
    masks = point.pruned.masks.values()
    return point.curve.retraining is None and all(mask.all() for mask in masks)


def row(point: Point, evaluation: Evaluation) -> Row:
    """Return what was asked at a point, and what came of it."""
    return _seen(point, evaluation, ()).row


def _seen(point: Point, evaluation: Evaluation, outline: Outline) -> Seen:
    whole = anatomy.of(point.pruned.network)
    shrunk = anatomy.of(whole.shrunk())
    return Seen(_row(point, evaluation, whole, shrunk), shrunk.counts(outline) if outline else ())


def _row(point: Point, evaluation: Evaluation, whole: Anatomy, shrunk: Anatomy) -> Row:
    (method, criterion, plan, retraining), pruned = point
    masks = pruned.masks.values()
    return Row(
        method=method,
        criterion=criterion,
        k=lists.k(pruned.sparsity),
        accuracy=evaluation.accuracy,
        correct=evaluation.correct,
        total=evaluation.total,
        loss=evaluation.loss,
        pruned=sum(int(np.count_nonzero(~mask)) for mask in masks),
        prunable=sum(mask.size for mask in masks),
        nonzero=whole.nonzero(),
        parameters=whole.parameters(),
        scope=plan.scope.name,
        repair=plan.repair,
        layers="+".join(plan.layers),
        floored="+".join(pruned.floored),
        seed=plan.calibration.seed,
        effective=shrunk.nonzero(),
        macs=shrunk.multiply_adds(),
        dense_bytes=4 * shrunk.parameters(),
        file_bytes=_file_bytes(shrunk),
        metric=evaluation.metric,
        score=evaluation.score,
        **_trained(retraining),
    )


def _file_bytes(network: Any) -> int:
    """Count the bytes of a network as a sparse .npz, or as Keras writes it if it is no chain."""
    if isinstance(network, anatomy.Chain):
        return sparse.size(network.network)
    return network.file_bytes()


def _trained(retraining: Regime | None) -> dict[str, Any]:
    if retraining is None:
        return {}
    return {
        "schedule": retraining.schedule,
        "retrain": retraining.recipe.epochs,
        "start": retraining.start,
        "imitation": retraining.examples.imitation,
    }
