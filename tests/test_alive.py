"""Laws of what is alive, against a search that follows single links until nothing changes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from conftest import make_network
from prune.core import alive, masks
from prune.core.network import activation

SIZES = [7, 6, 5, 4, 3]
SPARSITIES = [0, 0.5, 0.8, 0.9, 1]


def weight_masks(rng, network, sparsity):
    return {layer.name: rng.random(layer.kernel.shape) >= sparsity for layer in network[:-1]}


def mixed_masks(rng, network, sparsity):
    """Return masks of units for the first and third layer, of weights for the second."""
    kept = weight_masks(rng, network, sparsity)
    for layer in network[:-1:2]:
        kept[layer.name] = rng.random(layer.kernel.shape[1]) >= sparsity
    return kept


MASKED = [weight_masks, mixed_masks]


def searched(links, first, last):
    """Remove one unit at a time that nothing feeds or reads, unless it needs neither."""
    units = {(i, u) for i, link in enumerate(links) for u in range(len(link))}
    units |= {(len(links), u) for u in range(links[-1].shape[1])}
    while True:
        fed = {(i, u) for i, u in units if first(i, u)} | {
            (i + 1, v) for i, u in units if i < len(links) for v in np.flatnonzero(links[i][u])
        }
        read = {(i, u) for i, u in units if last(i)} | {
            (i, u)
            for i, u in units
            if i < len(links) and any((i + 1, v) in units for v in np.flatnonzero(links[i][u]))
        }
        if units <= fed & read:
            return [
                np.array([(i, u) in units for u in range(size)])
                for i, size in enumerate([*map(len, links), links[-1].shape[1]])
            ]
        units &= fed & read


@pytest.mark.parametrize("masked", MASKED)
@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_by_values_what_nothing_feeds_or_reads_goes(rng, masked, sparsity):
    network = make_network(rng, SIZES)
    network = masks.apply(network, masked(rng, network, sparsity))
    links, ends = [layer.kernel != 0 for layer in network], (0, len(network))
    wanted = searched(links, lambda i, u: i in ends, lambda i: i in ends)
    for ours, theirs in zip(alive.by_values(network), wanted, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("masked", MASKED)
@pytest.mark.parametrize("sparsity", SPARSITIES)
@pytest.mark.parametrize("name", ["relu", "sigmoid"])
@pytest.mark.parametrize("bias", [True, False])
def test_by_masks_a_unit_that_may_give_something_without_inputs_stays(
    rng, masked, sparsity, name, bias
):
    network = make_network(rng, SIZES, name, bias)
    kept = masked(rng, network, sparsity)
    links = [np.ones(layer.kernel.shape, bool) & kept.get(layer.name, True) for layer in network]

    def needs_no_inputs(i, unit):
        if i in (0, len(network)) or activation(name)(np.zeros(1)).any():
            return True
        mask = kept[network[i - 1].name]
        return bias and (mask.shape == network[i - 1].kernel.shape or mask[unit])

    wanted = searched(links, needs_no_inputs, lambda i: i == len(network))
    if not all(group.any() for group in wanted):
        wanted = [np.ones_like(group) for group in wanted]
    for ours, theirs in zip(alive.by_masks(network, kept), wanted, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_what_is_refit_has_neither_column_nor_row_of_a_removed_unit(rng, sparsity):
    network = make_network(rng, SIZES)
    kept = {layer.name: rng.random(layer.kernel.shape[1]) >= sparsity for layer in network[:-1]}
    supports = list(alive.supports(network, kept))
    for layer, (support, following) in zip(network, pairwise(supports), strict=False):
        assert not support[:, ~kept[layer.name]].any()
        assert not following[~kept[layer.name]].any()
    assert supports[-1].sum() == 3 * kept[network[-2].name].sum()


def test_a_unit_that_has_lost_its_weights_alone_stays_in_the_support_of_its_readers(rng):
    network = make_network(rng, SIZES)
    lost = {network[0].name: np.zeros((7, 6), bool)}
    first, following, *_ = alive.supports(network, lost)
    assert not first.any() and following.all()
    assert alive.units_left(network[0], lost).all()


@pytest.mark.parametrize(
    ("name", "bias", "silenced"), [("relu", 0, 1), ("relu", 1, 0), ("sigmoid", 0, 0)]
)
def test_a_unit_is_silent_if_nothing_feeds_it_and_its_constant_is_zero(rng, name, bias, silenced):
    layer = make_network(rng, [3, 4, 2], name)[0]
    layer.kernel[:, 1], layer.bias[1] = 0, bias
    np.testing.assert_array_equal(alive.silent(layer), [0, silenced, 0, 0])
    assert alive.silent(layer._replace(bias=None))[1] == (name == "relu")
