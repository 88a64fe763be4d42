from itertools import pairwise

import numpy as np
import pytest

from chains import chain
from prune.core.obs import eliminate, rounds
from prune.core.refit import losses


@pytest.fixture
def inputs():
    rng = np.random.default_rng(0)
    return rng.normal(size=(200, 6)) @ rng.normal(size=(6, 6))


def refit_without(inputs, wanted, rows):
    """Return the kernel that does best without `rows`, and the mean square it misses by."""
    kept = [row for row in range(inputs.shape[1]) if row not in rows]
    kernel = np.zeros((inputs.shape[1], wanted.shape[1]))
    kernel[kept] = np.linalg.lstsq(inputs[:, kept], wanted, rcond=None)[0]
    return kernel, np.square(inputs @ kernel - wanted).sum() / len(inputs)


def test_the_surgeon_removes_what_brute_force_would(inputs):
    kernel = np.random.default_rng(1).normal(size=(6, 3))
    wanted = inputs @ kernel
    order, left = eliminate(np.linalg.inv(inputs.T @ inputs / 200), kernel, 6, 4)
    gone = []
    for row in order:
        costs = {r: refit_without(inputs, wanted, [*gone, r])[1] for r in set(range(6)) - set(gone)}
        assert row == min(costs, key=costs.get)
        gone.append(row)
    np.testing.assert_allclose(left, refit_without(inputs, wanted, gone)[0], atol=1e-8)


def test_the_loss_of_a_weight_is_what_brute_force_misses_by(inputs):
    layer = chain([6, 3, 2])[0]
    layer = layer._replace(kernel=layer.kernel.astype(float))
    found = losses(layer, inputs, 1e-12)
    for row in range(6):
        for unit in range(3):
            wanted = inputs @ layer.kernel[:, unit : unit + 1]
            assert found[row, unit] == pytest.approx(refit_without(inputs, wanted, [row])[1])


def test_a_row_that_may_not_go_stays(inputs):
    order, kernel = eliminate(np.linalg.inv(inputs.T @ inputs), np.ones((6, 2)), 5, 5)
    assert sorted(order) == [0, 1, 2, 3, 4]
    assert kernel[5].any()


def test_rounds_reach_every_sparsity_in_small_steps():
    asked = (0, 0.25, 0.9, 0.99, 1)
    found = list(rounds(asked))
    assert tuple(each for each, wanted in found if wanted) == asked
    kept = [1 - each for each, _ in found if 0.6 <= each < 1]
    assert all(after >= 0.7499 * before for before, after in pairwise(kept))
