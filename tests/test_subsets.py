import numpy as np
import pytest

from prune.core.subsets import batches, equations, inverted, restrict


@pytest.fixture
def matrix():
    inputs = np.random.default_rng(0).normal(size=(500, 220))
    return inputs.T @ inputs / 500


@pytest.mark.parametrize("kept", [0, 1, 40, 110, 150, 200, 219, 220])
def test_a_subset_solves_its_own_equations(matrix, kept):
    rows = np.random.default_rng(kept).permutation(220) < kept
    right = np.arange(440.0).reshape(220, 2)
    subset = restrict(equations(matrix, 0.0), rows)
    own = matrix[np.ix_(rows, rows)]
    wanted = np.zeros_like(right)
    wanted[rows] = np.linalg.solve(own, right[rows])
    np.testing.assert_allclose(subset.solve(right), wanted, atol=1e-6)
    np.testing.assert_allclose(subset.diagonal[rows], np.linalg.inv(own).diagonal(), rtol=1e-6)


def test_an_inverse_by_halves_is_the_inverse(matrix):
    np.testing.assert_allclose(inverted(matrix) @ matrix, np.eye(220), atol=1e-8)


def test_a_ridge_makes_zero_solvable():
    assert np.isfinite(equations(np.zeros((3, 3)), 1e-3).inverse).all()


def test_batches_hold_each_column_once_and_group_equals():
    kept = np.random.default_rng(0).random((7, 400)) < 0.3
    groups = [group for batch in batches(kept) for group in batch]
    assert sorted(np.concatenate(groups)) == list(range(400))
    assert len(groups) == len(np.unique(kept, axis=1).T)
    for group in groups:
        assert (kept[:, group] == kept[:, group[:1]]).all()


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_inputs_that_are_almost_alike_do_not_break_a_subset(share):
    rng = np.random.default_rng(0)
    inputs = np.abs(rng.normal(size=(400, 1)) + 0.01 * rng.normal(size=(400, 300)))
    gram = (inputs.T @ inputs / 400).astype(np.float32)
    rows = rng.random(300) > share
    exact = gram.astype(float) + 1e-6 * np.trace(gram) / 300 * np.eye(300)
    wanted = np.linalg.inv(exact[np.ix_(rows, rows)]).diagonal()
    found = restrict(equations(gram, 1e-6), rows).diagonal[rows]
    np.testing.assert_allclose(found, wanted, rtol=1e-3)
