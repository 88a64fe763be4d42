from itertools import pairwise

import numpy as np
import pytest

from chains import CHAINS, PLAIN, SIGMOID, TANH, WITH_BIAS, calibration, chain, error
from prune.core import masks, ranking
from prune.core.alive import supports
from prune.core.calibration import draw
from prune.core.network import activation, arrays, preactivations
from prune.core.refit import Shown, outputs, refit
from prune.core.repair import aim, refit_all


def test_calibration_is_a_fair_sample_of_a_file_that_is_sorted_by_class():
    labels = np.repeat(np.arange(10), 100)
    drawn = draw(labels[:, None].astype(np.float32), labels, 200, seed=0)
    for part in (drawn.labels, drawn.labels[:100], drawn.labels[100:]):  # as refit holds one out
        assert set(part) == set(range(10))
    np.testing.assert_array_equal(drawn.images[:, 0], drawn.labels)
    assert (draw(labels[:, None], labels, 200, seed=1).labels != drawn.labels).any()


def all_kept(network):
    return {layer.name: np.ones(layer.kernel.shape, bool) for layer in network}


def half_kept(network, method="weight", seed=0):
    rng = np.random.default_rng(seed)
    shapes = {layer.name: layer.kernel.shape for layer in network[:-1]}
    if method == "unit":
        shapes = {name: shape[1:] for name, shape in shapes.items()}
    return {
        name: ranking.keep_largest(ranking.ranks(rng.random(shape)), 0.5)
        for name, shape in shapes.items()
    }


def repaired(network, dropped, images):
    start = masks.apply(network, dropped)
    return refit_all(start, dropped, aim(network, images))[0]


@pytest.mark.parametrize("network", CHAINS)
def test_repair_with_nothing_pruned_changes_nothing(network):
    images = calibration(network).images
    same = repaired(network, all_kept(network), images)
    for before, after in zip(arrays(network), arrays(same), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("network", CHAINS)
def test_refitting_a_layer_that_already_fits_changes_nothing_but_rounding(network):
    layer, images = network[0], calibration(network).images
    support = np.ones(layer.kernel.shape, bool)
    fitted, _ = refit(layer, Shown(images, outputs(layer, images)), support)
    np.testing.assert_allclose(fitted.kernel, layer.kernel, atol=1e-4)


@pytest.mark.parametrize("method", ["weight", "unit"])
@pytest.mark.parametrize("network", CHAINS)
def test_repair_brings_unseen_answers_nearer(network, method):
    dropped, fresh = half_kept(network, method), calibration(network, 300, seed=9).images
    fixed = repaired(network, dropped, calibration(network).images)
    assert error(network, fixed, fresh) < 0.9 * error(network, masks.apply(network, dropped), fresh)


@pytest.mark.parametrize("method", ["weight", "unit"])
@pytest.mark.parametrize("network", CHAINS)
def test_what_is_pruned_stays_exactly_zero(network, method):
    dropped = half_kept(network, method)
    fixed = repaired(network, dropped, calibration(network).images)
    for layer, support in zip(fixed, supports(network, dropped), strict=True):
        assert not layer.kernel[~support].any()
        if layer.bias is not None and method == "unit" and layer.name in dropped:
            assert not layer.bias[~dropped[layer.name]].any()


def test_a_bias_takes_part():
    dropped = half_kept(WITH_BIAS)
    fixed = repaired(WITH_BIAS, dropped, calibration(WITH_BIAS).images)
    assert not np.allclose(fixed[0].bias, WITH_BIAS[0].bias)


def test_a_linear_layer_takes_its_least_squares_answer():
    network = chain([12, 10, 8, 4], "linear")
    images, layer = calibration(network).images, network[0]
    support = np.random.default_rng(1).random(layer.kernel.shape) < 0.5
    start = layer._replace(kernel=layer.kernel * support)
    wanted = outputs(layer, images)
    fitted = refit(start, Shown(images, wanted), support).layer.kernel
    for unit in range(10):
        rows = support[:, unit]
        best = np.linalg.lstsq(images[:, rows], wanted[:, unit], rcond=None)[0]
        np.testing.assert_allclose(fitted[rows, unit], best, atol=2e-3)


def test_the_order_of_units_does_not_matter():
    dropped, images = half_kept(TANH), calibration(TANH).images
    order = np.random.default_rng(0).permutation(10)
    first, second = TANH[:2]
    turned = (
        first._replace(kernel=first.kernel[:, order], bias=first.bias[order]),
        second._replace(kernel=second.kernel[order]),
        *TANH[2:],
    )
    moved = dict(dropped)
    moved["layer_0"] = dropped["layer_0"][:, order]
    moved["layer_1"] = dropped["layer_1"][order]
    difference = error(repaired(TANH, dropped, images), repaired(turned, moved, images), images)
    assert difference < 1e-6


@pytest.mark.parametrize("n", [1, 2, 5])
def test_fewer_images_than_inputs_give_finite_weights(n):
    for network in CHAINS:
        fixed = repaired(network, half_kept(network), calibration(network, n).images)
        assert all(np.isfinite(array).all() for array in arrays(fixed))


def test_dead_inputs_and_units_give_finite_weights():
    images = calibration(PLAIN).images.copy()
    images[:, ::2] = 0
    dead = (PLAIN[0]._replace(kernel=-np.abs(PLAIN[0].kernel)), *PLAIN[1:])
    fixed = repaired(dead, half_kept(dead), images)
    assert all(np.isfinite(array).all() for array in arrays(fixed))


def test_nothing_left_is_nothing_left():
    none = {layer.name: np.zeros(layer.kernel.shape, bool) for layer in PLAIN[:-1]}
    fixed = repaired(PLAIN, none, calibration(PLAIN).images)
    assert not any(layer.kernel.any() for layer in fixed[:-1])


def test_the_next_kernel_drops_the_rows_of_removed_units():
    dropped = half_kept(SIGMOID, "unit")
    fixed = repaired(SIGMOID, dropped, calibration(SIGMOID).images)
    for layer, following in pairwise(fixed):
        if layer.name in dropped:
            assert not following.kernel[~dropped[layer.name]].any()
            assert following.kernel[dropped[layer.name]].any()


def test_a_steep_activation_does_not_overshoot():
    layer = chain([12, 10, 4], "elu(6.0)")[0]
    layer = layer._replace(kernel=-0.02 * np.abs(layer.kernel))  # where the slope is 6
    images = calibration((layer,)).images
    wanted, support = outputs(layer, images), np.add.outer(range(12), range(10)) % 2 == 0
    start = layer._replace(kernel=layer.kernel * support)
    fitted = refit(start, Shown(images, wanted), support).layer
    missed = [np.square(outputs(each, images) - wanted).mean() for each in (start, fitted)]
    assert missed[1] < 0.5 * missed[0]


@pytest.mark.parametrize("network", CHAINS)
def test_a_layer_without_its_zero_rows_and_columns_puts_out_the_same(network):
    dropped, images = half_kept(network, "unit"), calibration(network).images
    layer = masks.apply(network, dropped)[0]
    wanted = activation(layer.activation)(preactivations(layer, images))
    np.testing.assert_allclose(outputs(layer, images), wanted, atol=1e-5)
