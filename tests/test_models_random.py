"""Laws of pruning any model, over random graphs."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from prune.core import ranking, scopes, structure
from prune.models import arrays, cut, proof
from prune.models.trace import trace
from random_models import Generator, randomised

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]

COUNT = 200
SPARSITIES = [0, 0.3, 0.5, 0.8, 1]


@pytest.mark.parametrize("seed", range(COUNT))
def test_a_random_model_keeps_the_laws_of_pruning(keras, seed):
    keras.utils.clear_session(free_memory=False)
    model = randomised(Generator(keras, seed).model(), seed)
    found, before, called = trace(model), arrays.arrays(model), calls(model)
    norms = structure.unit_norms(found, before)
    assert norms, "nothing to prune"
    ranks = ranking.rank(norms)
    sparsity = SPARSITIES[seed % len(SPARSITIES)]
    cuts = {each: scopes.SCOPES["layer"].cut(ranks, each) for each in SPARSITIES}

    units = cuts[sparsity]
    small, whole = cut.shrunk(model, units), cut.masked(model, units)
    told = proof.prove(whole, small, units, original=model)
    assert told.holds, told.worst
    assert_sizes(found, before, small, units)
    assert told.changed > 0 or sparsity < 0.5
    if sparsity == 0:  # the model itself
        assert told.changed == 0
        assert_same(arrays.arrays(small), before)
        assert small.get_config()["layers"] == model.get_config()["layers"]
    assert_masks_are_exact_and_nested(norms, cuts)
    assert_weights_are_exact(found, before)
    assert_same(arrays.arrays(model), before)
    assert calls(model) == called
    assert small.output_shape == model.output_shape
    assert [layer.name for layer in small.layers] == [layer.name for layer in model.layers]


def assert_sizes(found, before, small, units):
    """Every axis has lost exactly the units that are masked; more stay only where all would go."""
    sizes = {
        (name, axis): (before[name].shape[axis] - lost(found, units, name, axis), size)
        for name, array in arrays.arrays(small).items()
        for axis, size in enumerate(array.shape)
    }
    assert all(size >= max(left, 1) for left, size in sizes.values())
    if all(left for left, _ in sizes.values()):
        assert all(size == left for left, size in sizes.values())


def lost(found, units, array, axis):
    count = 0
    for group, mask in units.items():
        numbers = found.groups[group].units[~mask]
        if (array, axis) in found.axes:
            count += int(np.isin(found.axes[array, axis].units, numbers).sum())
    return count


def assert_masks_are_exact_and_nested(scores, cuts):
    """Each kernel or group loses exactly its share, and keeps it lost when more goes."""
    for name, own in scores.items():
        kept = [cuts[sparsity][name] for sparsity in SPARSITIES]
        for sparsity, mask in zip(SPARSITIES, kept):
            assert np.count_nonzero(~mask) == int(Fraction(str(sparsity)) * own.size)
        for denser, sparser in pairwise(kept):
            assert not np.any(sparser & ~denser)


def assert_weights_are_exact(found, before):
    """By weight each kernel but the output's has exactly its share of zeros, and nothing else."""
    matrices = structure.matrices(found, before)
    scores = {name: np.abs(matrices[name]) for name in structure.prunable(found)}
    ranks = ranking.rank(scores)
    cuts = {each: scopes.SCOPES["layer"].cut(ranks, each) for each in SPARSITIES}
    assert_masks_are_exact_and_nested(scores, cuts)
    zeros = structure.masked(found, before, cuts[0.8])
    for name, array in before.items():
        lost = int(Fraction("0.8") * array.size) if name in scores else 0
        assert structure.nonzero({name: array}) - structure.nonzero({name: zeros[name]}) == lost


def assert_same(one, other):
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in other)


def calls(model):
    return [len(operation._inbound_nodes) for operation in model.operations]
