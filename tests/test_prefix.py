"""Law: an evaluation that begins behind the first layer finds what a whole one does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from conftest import make_network
from prune.core import forms, masks, measure, prefix, pruning
from prune.core.network import ACTIVATIONS
from prune.core.plan import Plan
from prune.experiments.engines import numpy_engine

SIZES = [12, 30, 20, 4]


@pytest.fixture
def images(rng):
    return rng.random((700, 12), np.float32), rng.integers(0, 4, 700)


def changed(network):
    """Yield the network pruned by units, by weights, and in a later layer alone."""
    plan = Plan(network, pruning.layers(network), (0.3, 0.7, 1))
    for curve in (("unit", "norm"), ("weight", "magnitude")):
        yield from (pruned.network for pruned in pruning.sweep(*curve, plan))
    yield masks.apply(network, {network[1].name: np.arange(20) > 7})


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_engine_finds_what_the_dense_form_does(rng, images, activation, bias):
    network = make_network(rng, SIZES, activation, bias)
    engine = numpy_engine(network, *images)
    for each in (network, *changed(network), network):
        found, wanted = engine(each), measure.evaluate(forms.dense(each), *images)
        assert (found.correct, found.total) == (wanted.correct, wanted.total)
        assert found.loss == pytest.approx(wanted.loss, rel=1e-5)


def removed(network, unit):
    return masks.apply(network, {network[0].name: np.arange(30) != unit})


def with_first(network, **values):
    return (network[0]._replace(**values), *network[1:])


def test_units_that_are_gone_and_later_layers_change_nothing_before(rng, images):
    network = make_network(rng, SIZES, "relu", bias=True)
    begun = prefix.of(network, images[0])
    later = (network[0], *make_network(rng, SIZES, "relu", bias=True)[1:])
    for other in (network, removed(network, 3), later):
        run = begun.rest(other)
        np.testing.assert_allclose(
            run(begun.outputs), forms.dense(other)(images[0]), rtol=1e-4, atol=1e-5
        )


def test_another_first_layer_is_not_taken_for_the_same(rng, images):
    network = make_network(rng, SIZES, "sigmoid", bias=True)
    kernel, bias = network[0].kernel.copy(), network[0].bias.copy()
    kernel[5, 7], bias[9] = 0, 1
    emptied = network[0].kernel.copy()
    emptied[:, 2] = 0
    begun = prefix.of(network, images[0])
    for other in (
        with_first(network, kernel=kernel),
        with_first(network, bias=bias),
        with_first(network, bias=None),
        with_first(network, activation="tanh"),
        with_first(network, kernel=emptied),  # the unit still gives what its bias says
        removed(network, 3),  # a half, for sigmoid
        make_network(rng, [12, 30, 4], "sigmoid", bias=True),
        make_network(rng, [12, 31, 20, 4], "sigmoid", bias=True),
    ):
        assert begun.rest(other) is None
    empty = with_first(network, kernel=emptied)
    for each in (network, empty):
        assert prefix.of(each, images[0]).rest(each) is not None


def test_what_comes_of_a_network_does_not_depend_on_which_came_before(rng, images):
    whole = make_network(rng, SIZES, "relu", bias=True)
    other = make_network(rng, SIZES, "relu", bias=True)
    found = [whole, *changed(whole), other, *changed(other)]
    alone = [numpy_engine(whole, *images)(network) for network in found]
    for order in (range(len(found)), range(len(found))[::-1]):
        engine = numpy_engine(whole, *images)
        together = {i: engine(found[i]) for i in order}
        assert [together[i] for i in range(len(found))] == alone


def test_of_a_first_layer_that_no_network_has_nothing_is_computed(rng, images):
    whole, other = (make_network(rng, SIZES, "relu", bias=True) for _ in range(2))

    def nothing(*given):
        raise AssertionError("computed")

    assert prefix.of(whole, images[0], nothing).rest(other) is None


def test_threads_that_come_first_at_once_find_the_same(rng, images):
    network, threads = make_network(rng, SIZES, "relu", bias=True), 8
    wanted = measure.evaluate(forms.dense(network), *images)
    for _ in range(5):
        engine, barrier = numpy_engine(network, *images), Barrier(threads)

        def run(_, engine=engine, barrier=barrier):
            barrier.wait()
            return engine(network)

        with ThreadPoolExecutor(threads) as pool:
            found = list(pool.map(run, range(threads)))
        assert {each.correct for each in found} == {wanted.correct}
        assert len(set(found)) == 1


def test_little_is_kept_and_only_what_is_of_use(rng, images):
    assert prefix.of(make_network(rng, [12, 4], "relu", bias=True), images[0]) is None
    wide = make_network(rng, [12, 1000, 4], "relu", bias=False)
    many = np.broadcast_to(images[0][:1], (25_001, 12))
    assert prefix.of(wide, many) is None
    assert prefix.of(wide, many[:100]).outputs.shape == (100, 1000)
