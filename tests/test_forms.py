"""Law: every form of a network gives the same answers, whatever was removed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from conftest import make_network
from prune.core import forms, masks, pruning
from prune.core.alive import shrink
from prune.core.forms import FORMS
from prune.core.network import ACTIVATIONS, logits
from prune.core.plan import Plan
from prune.core.products import live_product, look

NAMES = [*ACTIVATIONS, "leaky_relu(0.3)", "elu(0.5)"]


def networks(rng, depth, activation, bias):
    """Yield random networks of both methods, and one that has lost a whole layer."""
    sizes = [12, *rng.integers(5, 14, depth), 4]
    network = make_network(rng, sizes, activation, bias)
    for curve in (("unit", "norm"), ("weight", "magnitude")):
        plan = Plan(network, pruning.layers(network), (0, 0.3, 0.7, 0.9, 0.99, 1))
        yield from (pruned.network for pruned in pruning.sweep(*curve, plan))
    whole = network[rng.integers(depth)]
    yield masks.apply(network, {whole.name: np.zeros(whole.kernel.shape, bool)})


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", NAMES)
def test_all_forms_agree_to_a_hundred_thousandth(rng, activation, bias):
    for depth in range(1, 7):
        images = rng.normal(size=(20, 12)).astype(np.float32)
        for network in networks(rng, depth, activation, bias):
            wanted = logits(tuple(wide(layer) for layer in network), images.astype(np.float64))
            for form in FORMS.values():
                found = form.prepare(network)(images)
                assert np.abs(found - wanted).max() <= 1e-5 * np.abs(wanted).max()


def wide(layer):
    bias = None if layer.bias is None else layer.bias.astype(np.float64)
    return layer._replace(kernel=layer.kernel.astype(np.float64), bias=bias)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", NAMES)
def test_nothing_that_can_go_is_left_and_shrinking_twice_changes_nothing(rng, activation, bias):
    for depth in range(1, 7):
        for network in networks(rng, depth, activation, bias):
            shrunk = shrink(network)
            assert shrink(shrunk) is shrunk
            for layer, following in itertools.pairwise(shrunk):
                assert layer.kernel.any(axis=0).all() and following.kernel.any(axis=1).all()


@pytest.mark.parametrize("images", [1, 15, 16, 500])
def test_one_image_and_many_give_the_same_answers_in_every_form(rng, images):
    network = make_network(rng, [300, 200, 50, 4])
    (pruned,) = pruning.sweep(
        "weight", "magnitude", Plan(network, pruning.layers(network), (0.98,))
    )
    inputs = np.maximum(rng.normal(size=(images, 300)), 0).astype(np.float32)
    wanted = logits(pruned.network, inputs)
    for form in FORMS.values():
        found = form.prepare(pruned.network)(inputs)
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


def hidden(rng, share):
    """Return a network of one large hidden layer with `share` of its weights left."""
    network = make_network(rng, [700, 400, 3], bias=False)
    kernel = np.where(rng.random((700, 400)) < share, network[0].kernel, 0).astype(np.float32)
    return (network[0]._replace(kernel=kernel), network[1])


@pytest.mark.parametrize(("share", "images"), [(0.5, 200), (0.2, 200), (0.2, 1), (0.1, 1)])
def test_where_much_is_left_the_product_is_dense(rng, share, images):
    network = hidden(rng, share)
    inputs = rng.normal(size=(images, 700)).astype(np.float32)
    np.testing.assert_array_equal(forms.mixed(network)(inputs), forms.dense(network)(inputs))


@pytest.mark.parametrize(("share", "images"), [(0.05, 200), (0.01, 200), (0.02, 1)])
def test_where_little_is_left_the_product_is_sparse(rng, share, images):
    network = hidden(rng, share)
    inputs = rng.normal(size=(images, 700)).astype(np.float32)
    first, last = shrink(network)
    found = forms.mixed(network)(inputs)
    rows = forms._sparse(first.kernel)(inputs)
    np.testing.assert_array_equal(found, np.maximum(rows, 0) @ last.kernel)
    assert not np.array_equal(found, forms.dense(network)(inputs))


def test_silent_inputs_make_the_dense_product_cheaper_than_the_sparse(rng):
    network = hidden(rng, 0.1)
    inputs = rng.normal(size=(200, 700)).astype(np.float32)
    inputs[:, 200:] = 0  # the dense product then leaves out what the sparse one multiplies
    found = forms.mixed(network)(inputs)
    rows = inputs[:, :200] @ network[0].kernel[:200]
    np.testing.assert_array_equal(found, np.maximum(rows, 0) @ network[1].kernel)


@pytest.mark.parametrize(("images", "units"), [(1, 64), (17, 3000), (300, 600), (70_000, 200)])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_inputs_that_are_seldom_or_never_there_change_no_sum(rng, images, units, kind):
    inputs = rng.normal(size=(images, 90)).astype(kind)
    inputs[:, ::3] = 0
    inputs[:, 1::3] *= rng.random((images, 30)) < 0.03
    inputs[images // 2] = 0
    before, kernel = inputs.copy(), rng.normal(size=(90, units)).astype(kind)
    assert (look(inputs, units) is None) == (images == 1)
    found = live_product(inputs, kernel)
    assert found.dtype == kind
    wanted = before.astype(np.float64) @ kernel.astype(np.float64)
    np.testing.assert_allclose(found, wanted, atol=1e-4 if kind == np.float32 else 1e-12)
    np.testing.assert_array_equal(inputs, before)


def test_without_inputs_all_sums_are_zero(recwarn):
    found = live_product(np.ones((20, 0), np.float32), np.ones((0, 64), np.float32))
    np.testing.assert_array_equal(found, np.zeros((20, 64), np.float32))
    assert not recwarn.list


def test_each_input_costs_as_the_images_it_is_in_or_as_all_of_them():
    inputs = np.zeros((120, 4), np.float32)
    inputs[:5, 1], inputs[:10, 2], inputs[:, 3] = 1, -1, 2
    # of 120 images 5 and 10; a value alone takes the time of six
    assert look(inputs, 10**9).costs == pytest.approx([0, 6 * 5 / 120, 6 * 10 / 120, 1])


@pytest.mark.parametrize(
    ("images", "units"),
    [(1000, 0), (0, 1000), (1000, 64), (32, 200), (1000, 1000)],
)
def test_where_little_can_be_saved_nothing_is_left_out(rng, images, units):
    # Few units or few images; or enough of both, but hardly any zeros.
    inputs = rng.normal(size=(images, 784)).astype(np.float32)
    inputs[:, : 60 if units == 1000 else 700] = 0
    kernel = rng.normal(size=(784, units)).astype(np.float32)
    assert look(inputs, units) is None
    np.testing.assert_array_equal(live_product(inputs, kernel), inputs @ kernel)


def test_where_almost_nothing_is_left_nobody_asks_which_inputs_are_silent(rng):
    network = hidden(rng, 0.02)
    inputs = rng.normal(size=(200, 700)).astype(np.float32)
    inputs[:, 70:] = 0
    first, last = shrink(network)
    rows = np.maximum(forms._sparse(first.kernel)(inputs), 0)
    np.testing.assert_array_equal(forms.mixed(network)(inputs), rows @ last.kernel)


@pytest.mark.parametrize("form", FORMS)
def test_inputs_are_not_changed(rng, network, form):
    images = rng.normal(size=(20, 6)).astype(np.float32)
    kernels = [layer.kernel.copy() for layer in network]
    before = images.copy()
    FORMS[form].prepare(network)(images)
    np.testing.assert_array_equal(images, before)
    for layer, kernel in zip(network, kernels):
        np.testing.assert_array_equal(layer.kernel, kernel)
