"""Law: a shrunk network computes the logits of the masked one, and nothing in it can go."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from conftest import make_network
from prune.core import masks, pruning
from prune.core.alive import shrink
from prune.core.network import ACTIVATIONS, logits, parameters
from prune.core.plan import Plan

NAMES = [*ACTIVATIONS, "leaky_relu(0.3)", "elu(0.5)"]


def prune(network, method, criterion, sparsity):
    plan = Plan(network, pruning.layers(network), (sparsity,))
    return next(pruning.sweep(method, criterion, plan)).network


@pytest.mark.parametrize("sparsity", [0, 0.25, 0.5, 0.8, 0.95, 1])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", NAMES)
@pytest.mark.parametrize("curve", [("unit", "norm"), ("weight", "magnitude")])
def test_shrunk_agrees_with_masked(rng, curve, activation, bias, sparsity):
    network = make_network(rng, [6, 9, 8, 7, 3], activation, bias)
    masked = prune(network, *curve, sparsity)
    images = rng.normal(size=(20, 6)).astype(np.float32)
    np.testing.assert_allclose(
        logits(shrink(masked), images), logits(masked, images), rtol=2e-5, atol=2e-5
    )


def test_removed_units_are_physically_gone(network):
    shrunk = shrink(prune(network, "unit", "norm", 0.6))
    assert [layer.kernel.shape for layer in shrunk] == [(6, 2), (2, 2), (2, 3)]


def test_nothing_removable_is_left_and_shrinking_again_changes_nothing(rng):
    for sparsity in (0.5, 0.8, 0.9, 0.97):
        network = make_network(rng, [20, 15, 15, 10, 4])
        shrunk = shrink(prune(network, "weight", "magnitude", sparsity))
        for layer, following in itertools.pairwise(shrunk):
            assert layer.kernel.any(axis=0).all() and following.kernel.any(axis=1).all()
        assert shrink(shrunk) is shrunk


def test_a_unit_that_only_feeds_dead_units_goes_too(rng):
    network = make_network(rng, [4, 3, 3, 2])
    dead = network[1].kernel.copy()
    dead[2] = 0  # unit 2 of the first layer feeds nothing
    first, _, last = shrink((network[0], network[1]._replace(kernel=dead), network[2]))
    assert first.kernel.shape == (4, 2)
    assert last.kernel.shape == (3, 2)


def test_the_constant_of_a_removed_sigmoid_unit_moves_into_the_next_bias(rng):
    network = make_network(rng, [4, 3, 2], "sigmoid", bias=False)
    masked = masks.apply(network, {"dense": np.array([True, False, True])})
    shrunk = shrink(masked)
    np.testing.assert_allclose(shrunk[1].bias, 0.5 * network[1].kernel[1], rtol=1e-6)


def test_a_network_without_dead_units_is_returned_as_it_is(network):
    assert shrink(network) is network


def test_everything_gone_leaves_the_output_bias(network):
    shrunk = shrink(prune(network, "unit", "norm", 1))
    assert parameters(shrunk) == 3
    np.testing.assert_array_equal(logits(shrunk, np.ones((2, 6))), [network[2].bias] * 2)
