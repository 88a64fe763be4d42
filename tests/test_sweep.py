"""Rows: what was asked, what was measured, and in which order."""

from __future__ import annotations

from contextlib import contextmanager
from fractions import Fraction

import numpy as np
import pytest

from prune import PruneError
from prune.core import criteria, forms, masks, measure, pruning, ranking, scopes
from prune.core.calibration import Calibration
from prune.core.network import nonzero
from prune.core.plan import Plan
from prune.experiments import sweep
from prune.experiments.engines import Shared, numpy_engine
from prune.experiments.sweep import Curve
from prune.settings import lists

PAIRS = [("weight", "magnitude"), ("unit", "norm")]
SPARSITIES = [Fraction(0), Fraction(1, 3), Fraction(1, 2), Fraction(1)]


SCORES = {"magnitude": criteria.magnitude, "norm": criteria.norm}


def cut(scores, sparsity):
    return ranking.keep_largest(ranking.ranks(scores), sparsity)


@pytest.fixture
def images(rng):
    return rng.random((50, 6)).astype(np.float32), rng.integers(0, 3, 50)


def curves(network, **more):
    plan = Plan(network, pruning.layers(network), tuple(SPARSITIES), **more)
    return [Curve(*pair, plan) for pair in PAIRS]


def sweep_rows(network, images, **more):
    engine = numpy_engine(network, *images)
    points = sweep.points(curves(network, **more))
    return list(sweep.rows(points, engine(network), sweep.Engines(engine)))


def test_what_is_pruned_by_is_told_before_each_point(network):
    told = []
    for count, point in enumerate(sweep.points(curves(network), told.append), 1):
        # Of whatever told last: between two curves one ends and the next begins.
        assert told[-1] == f"pruning by {point.curve.method} {point.curve.criterion}"
        assert len(told) >= count


def test_controls_prune_nothing_before_a_point_of_theirs_is_wanted(network):
    broken = (network[0]._replace(kernel=network[0].kernel * np.nan), *network[1:])
    first = curves(broken, scope=scopes.SCOPES["network"])[0]
    as_many = first._replace(plan=first.plan._replace(scope=sweep.counts_of(first)))
    with pytest.raises(PruneError, match="scores must be numbers"):
        next(sweep.points([as_many]))


def test_a_control_takes_as_many_from_each_layer_as_the_curve_it_is_for(network):
    first = curves(network, scope=scopes.SCOPES["network"])[0]
    plan = first.plan._replace(scope=sweep.counts_of(first))
    as_many = first._replace(criterion="random", plan=plan)
    for curve, control in zip(sweep.points([first]), sweep.points([as_many]), strict=True):
        lost, by_chance = curve.pruned.masks, control.pruned.masks
        assert {n: mask.sum() for n, mask in lost.items()} == {
            n: mask.sum() for n, mask in by_chance.items()
        }


def test_rows_come_by_curve_then_by_k(network, images):
    rows = sweep_rows(network, images)
    asked = [(row.method, row.k) for row in rows]
    assert asked == [
        (m, k) for m in ("weight", "unit") for k in (0, pytest.approx(100 / 3), 50, 100)
    ]


def test_every_number_is_that_of_the_masked_network(network, images):
    for row, ((_, criterion), sparsity) in zip(
        sweep_rows(network, images), [(pair, s) for pair in PAIRS for s in SPARSITIES], strict=False
    ):
        scores = SCORES[criterion](network, Calibration())
        kept = {name: cut(each, sparsity) for name, each in scores.items() if name != "dense_2"}
        pruned = masks.apply(network, kept)
        expected = measure.evaluate(forms.dense(pruned), *images)
        assert (row.correct, row.total) == (expected.correct, expected.total)
        assert row.loss == pytest.approx(expected.loss, rel=1e-5)
        assert row.accuracy == row.correct / row.total
        assert row.nonzero == nonzero(pruned)
        assert row.pruned == sum((~mask).sum() for mask in kept.values())
        assert row.parameters == 74


def test_prunable_counts_hidden_weights_or_hidden_units(network, images):
    prunable = {row.method: row.prunable for row in sweep_rows(network, images)}
    assert prunable == {"weight": 6 * 5 + 5 * 4, "unit": 5 + 4}


def test_nothing_and_everything_can_go(network, images):
    rows = {(row.method, row.k): row for row in sweep_rows(network, images)}
    assert rows["weight", 0].correct == rows["unit", 0].correct
    assert rows["weight", 0].nonzero == 74
    # All that is left at 100 is the output layer, and under weight pruning the biases.
    assert rows["unit", 100].nonzero == 4 * 3 + 3
    assert rows["weight", 100].nonzero == 5 + 4 + 4 * 3 + 3


def test_a_whole_percent_is_an_int():
    assert lists.k(Fraction(1, 4)) == 25 and isinstance(lists.k(Fraction(1, 4)), int)
    assert lists.k(Fraction(999, 1000)) == 99.9


def test_the_numpy_engine_does_not_depend_on_the_order_of_images(network, images, rng):
    order = rng.permutation(50)
    first = numpy_engine(network, *images)(network)
    second = numpy_engine(network, images[0][order], images[1][order])(network)
    assert first.correct == second.correct and first.loss == pytest.approx(second.loss)


def test_what_threads_share_is_opened_by_the_first_and_closed_by_the_last():
    happened = []

    @contextmanager
    def watched():
        happened.append("open")
        yield
        happened.append("close")

    shared = Shared(watched)
    for _ in range(2):
        with shared:
            with shared:
                happened.append("both")
            happened.append("one")
    assert happened == ["open", "both", "one", "close"] * 2
