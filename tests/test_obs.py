from itertools import pairwise

import numpy as np
import pytest

from chains import chain
from prune.core.eliminate import Reader, eliminate
from prune.core.network import Layer
from prune.core.obs import rounds
from prune.core.refit import losses, with_ones


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


def reader(inputs, kernel, owners, energy=1.0, bias=None):
    layer = Layer("reader", kernel, bias, "linear")
    seen = with_ones(inputs, layer)
    kept = np.ones(len(kernel), bool)
    return Reader(layer, kept, seen.T @ seen / len(seen), energy).reading(np.array(owners))


@pytest.fixture(autouse=True)
def undamped(monkeypatch):
    monkeypatch.setattr("prune.core.eliminate.RIDGE", 1e-12)


# Whose each of six rows is: of a unit of its own, or two of each unit, or some of nobody's.
@pytest.mark.parametrize("owners", [[0, 1, 2, 3, 4, 5], [0, 1, 2, 0, 1, 2], [-1, 0, 1, 1, 2, -1]])
def test_the_surgeon_removes_what_brute_force_would(inputs, owners):
    rng = np.random.default_rng(1)
    kernels, energies = (rng.normal(size=(6, 3)), rng.normal(size=(6, 2))), (2.0, 0.5)
    readers = [reader(inputs, each, owners, e) for each, e in zip(kernels, energies, strict=True)]
    units = max(owners) + 1

    def rows(gone):
        return [row for row, owner in enumerate(owners) if owner in gone]

    def missed(gone):
        return sum(
            refit_without(inputs, inputs @ kernel, rows(gone))[1] / energy
            for kernel, energy in zip(kernels, energies, strict=True)
        )

    gone = []
    for unit in eliminate(readers, np.ones(units, bool), units - 1):
        costs = {each: missed([*gone, each]) for each in set(range(units)) - set(gone)}
        assert unit == min(costs, key=costs.get)
        gone.append(unit)
    for each, kernel in zip(readers, kernels, strict=True):
        best, _ = refit_without(inputs, inputs @ kernel, rows(gone))
        np.testing.assert_allclose(each.layer().kernel, best, atol=1e-8)


def test_the_loss_of_a_weight_is_what_brute_force_misses_by(inputs):
    layer = chain([6, 3, 2])[0]
    layer = layer._replace(kernel=layer.kernel.astype(float))
    found = losses(layer, inputs, 1e-12)
    for row in range(6):
        for unit in range(3):
            wanted = inputs @ layer.kernel[:, unit : unit + 1]
            assert found[row, unit] == pytest.approx(refit_without(inputs, wanted, [row])[1])


def test_a_row_that_may_not_go_stays(inputs):
    one = reader(inputs, np.ones((6, 2)), [0, 1, 2, 3, 4, -1], bias=np.ones(2))
    left = np.array([True, True, False, True, True])
    assert sorted(eliminate([one], left, 4)) == [0, 1, 3, 4]
    layer = one.layer()
    assert layer.kernel[5].any() and layer.kernel[2].any() and layer.bias.any()
    assert not layer.kernel[[0, 1, 3, 4]].any()


def test_rounds_reach_every_sparsity_in_small_steps():
    asked = (0, 0.25, 0.9, 0.99, 1)
    found = list(rounds(asked))
    assert tuple(each for each, wanted in found if wanted) == asked
    kept = [1 - each for each, _ in found if 0.6 <= each < 1]
    assert all(after >= 0.7499 * before for before, after in pairwise(kept))
