"""Units, groups and kernels of named arrays, on structures small enough to work out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from prune import PruneError
from prune.core import alive, criteria, masks, ranking, scopes, structure
from prune.core.calibration import Calibration
from prune.core.structure import CARRIED, FIXED, MADE, READ, Axis, Group, Kernel, Structure


def chain(network):
    """The structure of a chain of dense layers, written down without tracing anything."""
    shapes, kernels, axes, groups, before, count = {}, {}, {}, {}, None, 0
    for layer in network:
        kernel, bias = f"{layer.name}/kernel", f"{layer.name}/bias"
        shapes[kernel], shapes[bias] = layer.kernel.shape, layer.bias.shape
        output = layer is network[-1]
        kernels[kernel] = Kernel(layer.name, "kernel", (1,), output)
        if before is not None:
            axes[kernel, 0] = Axis(before, READ)
        before = np.arange(count, count + len(layer.bias))
        if not output:
            axes[kernel, 1] = axes[bias, 0] = Axis(before, MADE)
            groups[layer.name] = Group(before, (layer.name,))
            count += len(layer.bias)
    return Structure(shapes, kernels, axes, groups, ())


def arrays_of(network):
    return {f"{a.name}/kernel": a.kernel for a in network} | {
        f"{a.name}/bias": a.bias for a in network
    }


# Two makers of three units, a mover, and a reader with a place that stays.
SIDE = Structure(
    {"a/kernel": (2, 3), "b/kernel": (1, 1, 3, 2), "n/mean": (3,), "c/kernel": (4, 1)},
    {
        "a/kernel": Kernel("a", "kernel", (1,), False),
        "b/kernel": Kernel("b", "kernel", (2,), False),
        "c/kernel": Kernel("c", "kernel", (1,), True),
    },
    {
        ("a/kernel", 1): Axis(np.array([0, 1, 2]), MADE),
        ("b/kernel", 2): Axis(np.array([0, 1, 2]), MADE),
        ("n/mean", 0): Axis(np.array([0, 1, 2]), CARRIED),
        ("c/kernel", 0): Axis(np.array([0, FIXED, 1, 2]), READ),
    },
    {"a": Group(np.array([0, 1, 2]), ("a", "b"))},
    (),
)
ARRAYS = {
    "a/kernel": np.array([[3.0, 0, 1], [0, 0, 2]]),
    "b/kernel": np.array([[[[4.0, 0], [1, 2], [2, 0]]]]),
    "n/mean": np.array([5.0, 6, 7]),
    "c/kernel": np.array([[1.0], [2], [3], [4]]),
}


def test_the_norm_of_a_unit_is_over_all_kernels_that_make_it():
    norms = structure.unit_norms(SIDE, ARRAYS)
    np.testing.assert_allclose(norms["a"], np.sqrt([9 + 16, 1 + 4, 1 + 4 + 4]))


def test_a_masked_unit_loses_what_makes_and_what_reads_it_and_no_statistics():
    result = structure.masked(SIDE, ARRAYS, {"a": np.array([True, False, True])})
    np.testing.assert_array_equal(result["a/kernel"], [[3, 0, 1], [0, 0, 2]])
    np.testing.assert_array_equal(result["b/kernel"][0, 0], [[4, 0], [0, 0], [2, 0]])
    np.testing.assert_array_equal(result["c/kernel"], [[1], [2], [0], [4]])
    assert result["n/mean"] is ARRAYS["n/mean"]


def test_a_cut_array_loses_the_places_of_the_unit():
    kept = structure.left(SIDE, {"a": np.array([True, False, True])})
    result = structure.cut(SIDE, ARRAYS, kept)
    np.testing.assert_array_equal(result["c/kernel"], [[1], [2], [4]])
    np.testing.assert_array_equal(result["n/mean"], [5, 7])
    assert result["b/kernel"].shape == (1, 1, 2, 2)


def test_where_all_would_go_the_first_unit_stays():
    kept = structure.left(SIDE, {"a": np.zeros(3, bool)})
    assert kept.tolist() == [True, False, False, True]


def test_a_kernel_is_a_matrix_whatever_its_axes_are(rng):
    matrix = structure.matrices(SIDE, ARRAYS)["b/kernel"]
    np.testing.assert_array_equal(matrix, [[4, 1, 2], [0, 2, 0]])
    kernel = Kernel("depthwise", "depthwise", (2, 3), False)
    array = rng.normal(size=(3, 2, 5, 4))
    seen = structure.matrices(SIDE._replace(kernels={"k": kernel}), {"k": array})["k"]
    assert seen.shape == (6, 20)
    np.testing.assert_array_equal(seen[:, 7], array[:, :, 1, 3].ravel())
    np.testing.assert_array_equal(structure.from_matrix(seen, kernel, array.shape), array)


def test_a_weight_mask_is_of_the_matrix():
    mask = np.array([[True, False, True], [True, True, True]])
    result = structure.masked(SIDE, ARRAYS, {"b/kernel": mask})
    np.testing.assert_array_equal(result["b/kernel"][0, 0], [[4, 0], [0, 2], [2, 0]])
    assert ARRAYS["b/kernel"][0, 0, 1, 0] == 1
    assert structure.nonzero(result) == structure.nonzero(ARRAYS) - 1


def test_a_zero_that_is_masked_has_no_sign(rng):
    arrays = ARRAYS | {"a/kernel": -np.ones((2, 3))}
    result = structure.masked(SIDE, arrays, {"a": np.zeros(3, bool)})
    assert not np.signbit(result["a/kernel"]).any()


def test_places_list_everything_that_goes_with_a_group():
    listed = [(name, axis, list(at), role) for name, axis, at, role in structure.places(SIDE, "a")]
    assert ("c/kernel", 0, [0, 2, 3], READ) in listed
    assert len(listed) == 4


def test_output_kernels_are_never_pruned_and_spared_ones_only_if_named():
    depthwise = Kernel("d", "depthwise", (0,), False)
    found = SIDE._replace(kernels={**SIDE.kernels, "d/kernel": depthwise})
    assert structure.prunable(found) == ("a/kernel", "b/kernel")
    assert structure.prunable(found, ("d",)) == ("a/kernel", "b/kernel", "d/kernel")


def test_a_chain_is_pruned_as_it_always_was(network):
    found, arrays = chain(network), arrays_of(network)
    norms = structure.unit_norms(found, arrays)
    known = criteria.norm(network, Calibration(np.zeros((0, 6)), np.zeros(0, int)))
    for name, scores in norms.items():
        np.testing.assert_allclose(scores, known[name], rtol=1e-15)
    cuts = scopes.SCOPES["layer"].cut(ranking.rank(norms), 0.5)
    zeros = structure.masked(found, arrays, cuts)
    for layer in masks.apply(network, cuts):
        columns = zeros[f"{layer.name}/kernel"].any(axis=0)
        np.testing.assert_array_equal(columns, layer.kernel.any(axis=0))
        np.testing.assert_array_equal(zeros[f"{layer.name}/bias"], layer.bias)


def test_masks_that_do_not_fit_are_refused():
    with pytest.raises(PruneError, match="no kernel or group 'x' to mask"):
        structure.keep(SIDE, {"x": np.ones(3, bool)})
    with pytest.raises(PruneError, match=r"mask of 'a' must have shape \(3,\), got \(2,\)"):
        structure.keep(SIDE, {"a": np.ones(2, bool)})
    with pytest.raises(PruneError, match=r"mask of 'b/kernel' must have shape \(2, 3\), got"):
        structure.masked(SIDE, ARRAYS, {"b/kernel": np.ones((3, 2), bool)})


def test_what_nothing_reads_is_the_same_in_a_chain_and_in_its_groups(network):
    network[1].kernel[[0, 3]] = 0
    network[1].kernel[4, [0, 1, 3]] = 0  # so that it is read by a unit alone which nothing reads
    network[2].kernel[2] = 0
    found, groups = chain(network), alive.by_values(network)
    kept = alive.by_readers(found, arrays_of(network))
    for layer, units in zip(network[:-1], groups[1:]):
        np.testing.assert_array_equal(kept[found.groups[layer.name].units], units)
    assert groups[1].tolist() == [False, True, True, False, False]
    assert groups[2].tolist() == [True, True, False, True]


def test_one_unit_stays_where_nothing_would_be_left():
    nothing_read = {**ARRAYS, "c/kernel": np.zeros((4, 1))}
    assert alive.by_readers(SIDE, nothing_read).tolist() == [True, False, False, True]
    assert alive.by_readers(SIDE, ARRAYS).all()
