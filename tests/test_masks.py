"""Laws of ranking and masking."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from conftest import make_network
from prune import PruneError
from prune.core import criteria, masks, pruning, ranking, scopes
from prune.core.calibration import Calibration
from prune.core.network import nonzero
from prune.settings.pruning import Pruning

SPARSITIES = [0, 0.25, 0.29, 0.5, 0.58, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99, 1]

# Distinct, a long run of ties, all equal, a single one; both types that are ranked differently.
SCORES = [
    values.astype(kind)
    for kind in (np.float32, np.float64)
    for values in (
        np.arange(100.0)[::-1],
        np.repeat([0.0, 1.0, 2.0], [70, 20, 10]),
        np.repeat([-1.0, -0.0, 0.0, 3.0], 25),
        np.tile([3.0, -np.inf, -np.inf, -1.0, 0.0], 20),
        np.ones(33),
        np.ones(1),
    )
]


@pytest.mark.parametrize("scores", SCORES)
@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_drops_exactly_the_floor_of_the_share(scores, sparsity):
    mask = ranking.keep_largest(ranking.ranks(scores), sparsity)
    hundredths = round(100 * sparsity)
    assert np.count_nonzero(~mask) == hundredths * scores.size // 100


@pytest.mark.parametrize("scores", SCORES)
@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_nothing_dropped_outscores_anything_kept(scores, sparsity):
    mask = ranking.keep_largest(ranking.ranks(scores), sparsity)
    assert scores[~mask].max(initial=-np.inf) <= scores[mask].min(initial=np.inf)


@pytest.mark.parametrize("scores", SCORES)
def test_ranks_are_those_of_a_stable_sort(scores):
    order = np.argsort(scores, kind="stable")
    np.testing.assert_array_equal(np.argsort(ranking.ranks(scores)), order)


def test_ranks_of_random_floats_are_those_of_a_stable_sort(rng):
    scores = rng.normal(size=(200, 300)).astype(np.float32).round(2)
    order = np.argsort(scores, axis=None, kind="stable")
    np.testing.assert_array_equal(np.argsort(ranking.ranks(scores), axis=None), order)


def test_infinite_scores_have_a_rank():
    scores = np.array([np.inf, 1, -np.inf], np.float32)
    np.testing.assert_array_equal(ranking.ranks(scores), [2, 1, 0])


@pytest.mark.parametrize("floor", [0, Fraction(1, 100), Fraction(1, 4)])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_layers_are_ranked_together_as_a_stable_sort_would_but_for_the_floor(rng, floor, kind):
    sizes = {"a": (30, 20), "b": (40,), "c": (7, 3)}
    scores = {name: rng.normal(size=size).round(1).astype(kind) for name, size in sizes.items()}
    scores["a"][rng.random((30, 20)) < 0.7] = -np.inf
    together = np.concatenate([each.ravel() for each in scores.values()])
    last = np.concatenate([_best(each.ravel(), floor) for each in scores.values()])
    order = np.lexsort((np.where(last > 0, last, together), last > 0))
    found = ranking.rank_together(scores, floor)
    np.testing.assert_array_equal(
        np.argsort(np.concatenate([each.ravel() for each in found.values()])), order
    )
    assert [each.shape for each in found.values()] == list(sizes.values())


def _best(scores, floor):
    """Return where in the best `floor` of `scores` each one stands, from 1 up to 2; or else 0."""
    size = int(np.ceil(float(floor) * len(scores)))
    places = np.zeros(len(scores))
    for place, one in enumerate(np.argsort(scores, kind="stable")[len(scores) - size :]):
        places[one] = 1 + place / size
    return places


@pytest.mark.parametrize("scores", SCORES)
def test_a_sparser_mask_keeps_a_subset(scores):
    ranks = ranking.ranks(scores)
    kept = [ranking.keep_largest(ranks, sparsity) for sparsity in SPARSITIES]
    for denser, sparser in itertools.pairwise(kept):
        assert not np.any(sparser & ~denser)


def test_every_percent_of_every_size_is_counted_exactly():
    for k in range(101):
        for size in (1, 7, 100, 784_000):
            assert ranking.count(Fraction(k, 100), size) == k * size // 100
            assert ranking.count(k / 100, size) == k * size // 100


@pytest.mark.parametrize("sparsity", [-0.1, 1.1, 50, float("nan"), float("inf")])
def test_sparsity_must_be_a_fraction(sparsity):
    with pytest.raises(PruneError, match=f"fraction from 0 to 1, got {sparsity}"):
        ranking.keep_largest(ranking.ranks(np.ones(4)), sparsity)


def test_scores_must_not_be_nan():
    with pytest.raises(PruneError, match="got 2 that are NaN"):
        ranking.ranks(np.array([np.nan, 1, np.nan]))


def ranked(network, criterion):
    scores = criterion(network, Calibration())
    return ranking.rank({name: scores[name] for name in pruning.layers(network)})


@pytest.mark.parametrize("criterion", [criteria.magnitude, criteria.norm])
@pytest.mark.parametrize("sparsity", [0, 0.5, 1])
def test_pruning_changes_neither_network_nor_output_layer(rng, criterion, sparsity):
    network = make_network(rng, [6, 5, 4, 3])
    before = [(layer.kernel.copy(), layer.bias.copy()) for layer in network]
    ranks = ranked(network, criterion)
    pruned = masks.apply(network, scopes.SCOPES["layer"].cut(ranks, sparsity))

    for layer, (kernel, bias) in zip(network, before, strict=False):
        np.testing.assert_array_equal(layer.kernel, kernel)
        np.testing.assert_array_equal(layer.bias, bias)
    assert pruned[-1] is network[-1]


def test_a_removed_unit_loses_its_column_and_its_bias(network):
    mask = np.array([True, False, True, True, False])
    pruned = masks.apply(network, {"dense": mask})
    assert not pruned[0].kernel[:, ~mask].any() and not pruned[0].bias[~mask].any()
    np.testing.assert_array_equal(pruned[0].kernel[:, mask], network[0].kernel[:, mask])
    np.testing.assert_array_equal(pruned[0].bias[mask], network[0].bias[mask])


def test_removed_weights_leave_the_bias_alone(network):
    pruned = masks.apply(network, {"dense": np.zeros((6, 5), bool)})
    assert not pruned[0].kernel.any()
    np.testing.assert_array_equal(pruned[0].bias, network[0].bias)


def test_no_negative_zero_is_left(network):
    pruned = masks.apply(network, {"dense": np.zeros((6, 5), bool)})
    assert not np.signbit(pruned[0].kernel).any()


def test_home_network_at_90_leaves_240_400(rng):
    network = make_network(rng, [784, 1000, 1000, 500, 200, 10], bias=False)
    for criterion in (criteria.magnitude, criteria.norm):
        ranks = ranked(network, criterion)
        pruned = masks.apply(network, scopes.SCOPES["layer"].cut(ranks, Fraction(9, 10)))
        assert nonzero(pruned) == 240_400


def test_a_smaller_floor_lets_a_layer_lose_more():
    scores = {"good": np.arange(1000.0) + 1000, "poor": np.arange(1000.0)}
    for floor, left in ((Fraction(1, 100), 10), (Fraction(1, 1000), 1), (Fraction(0), 0)):
        scope = scopes.ranked_together(floor)
        cut = scope.cut(scope.rank(scores), Fraction(1, 2))
        assert np.count_nonzero(cut["poor"]) == left
        assert np.count_nonzero(cut["good"]) == 1000 - left
        assert scope.floored(cut) == ("poor",)


FAMILIES = {"a": "x", "b": "y", "c": "x", "d": "y"}
SIZES = {"a": 16, "b": 40, "c": 9, "d": 3}


@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_each_form_loses_its_share_ranked_by_itself(rng, sparsity):
    scores = {name: rng.normal(size=size).round(1) for name, size in SIZES.items()}
    scope = scopes.by_form(FAMILIES)
    cut = scope.cut(scope.rank(scores), sparsity)
    assert list(cut) == list(scores)
    together = scopes.SCOPES["network"]
    for form in ("x", "y"):
        alone = {name: scores[name] for name in SIZES if FAMILIES[name] == form}
        expected = together.cut(together.rank(alone), sparsity)
        for name, mask in expected.items():
            np.testing.assert_array_equal(cut[name], mask)


@pytest.mark.parametrize("scope", ["layer", "network", "isomorphic"])
@pytest.mark.parametrize("multiple", [1, 8, 100])
def test_what_is_kept_of_a_group_is_a_multiple_and_the_best(rng, scope, multiple):
    network = make_network(rng, [6, 40, 17, 5, 3])
    asked = Pruning("unit", "norm", scope=scope, round_to=multiple)
    plain = scopes.of(replace(asked, round_to=1), network)
    rounded = scopes.of(asked, network)
    scores = {name: criteria.norm(network, Calibration())[name] for name in pruning.layers(network)}
    for sparsity in SPARSITIES:
        masks_of = plain.cut(plain.rank(scores), sparsity)
        for name, mask in rounded.cut(rounded.rank(scores), sparsity).items():
            kept, least = np.count_nonzero(mask), np.count_nonzero(masks_of[name])
            assert kept == min(mask.size, -(-least // multiple) * multiple)
            assert scores[name][~mask].max(initial=-1) <= scores[name][mask].min(initial=np.inf)
            if rounded.share is not None:  # as who removes one by one would
                gone = ranking.count(rounded.share(name, sparsity), mask.size)
                assert gone == mask.size - kept


def test_weights_do_not_come_in_multiples(prune, tiny):
    status, _, err = prune("weight", *tiny, "--round-to", "8")
    assert status == 2 and "--round-to 8 is for units; leave it out for weights" in err
