"""Counting right answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import log_softmax

from prune import PruneError
from prune.core import forms, losses, measure
from prune.core.network import Layer, activation, nonzero, parameters

# Answers the class of its one lit pixel.
COPY = (Layer("dense", np.eye(4, dtype=np.float32), None, "softmax"),)


def test_a_network_right_on_three_of_four_images():
    found = measure.evaluate(forms.dense(COPY), np.eye(4, dtype=np.float32), np.array([0, 1, 2, 0]))
    assert (found.correct, found.total) == (3, 4)


def test_chunks_do_not_change_the_answer(monkeypatch, network, rng):
    images, labels = rng.normal(size=(25, 6)).astype(np.float32), rng.integers(0, 3, 25)
    run = forms.dense(network)
    whole = measure.evaluate(run, images, labels)
    monkeypatch.setattr(measure, "CHUNK", 10)
    assert measure.evaluate(run, images, labels) == pytest.approx(whole)


def test_cross_entropy_agrees_with_scipy(rng):
    logits, labels = rng.normal(size=(30, 5)) * 500, rng.integers(0, 5, 30)
    expected = -log_softmax(logits, axis=1)[np.arange(30), labels]
    np.testing.assert_allclose(losses.cross_entropy(logits, labels), expected, atol=1e-12)


@pytest.mark.parametrize(("correct", "total"), [(0, 10), (10, 10), (3, 7), (9808, 10_000), (1, 1)])
def test_wilson_agrees_with_scipy(correct, total):
    expected = stats.binomtest(correct, total).proportion_ci(method="wilson")
    assert measure.wilson(correct, total) == pytest.approx(tuple(expected), abs=1e-12)


def test_an_interval_holds_its_proportion():
    for total in range(1, 200):
        for correct in (0, 1, total // 2, total):
            low, high = measure.wilson(correct, total)
            assert 0 <= low <= correct / total <= high <= 1


def test_parameters_count_biases_and_zeros(network):
    assert parameters(network) == 6 * 5 + 5 + 5 * 4 + 4 + 4 * 3 + 3
    zeroed = (network[0]._replace(bias=np.zeros(5, np.float32)), *network[1:])
    assert nonzero(zeroed) == parameters(network) - 5


def test_an_unknown_activation_is_named():
    with pytest.raises(
        PruneError, match="activation 'swoosh' cannot be evaluated; choose from relu"
    ):
        activation("swoosh")


@pytest.mark.parametrize(
    "name", ["relu(2)", "leaky_relu()", "leaky_relu(x)", "elu(1.2.3)", "", "leaky_relu(0.1"]
)
def test_a_malformed_activation_is_refused(name):
    with pytest.raises(PruneError, match="cannot be evaluated"):
        activation(name)


INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    ("ours", "theirs", "largest", "scale"),
    [
        ([1, -4], [1, -3.5], 0.5, 4),
        ([1, -4], [1, NAN], NAN, 4),  # which hides behind no comparison
        ([NAN, -4], [NAN, -4], NAN, 4),
        ([-INF, 2], [-INF, 2.5], 0.5, 2),
        ([-INF, 2], [INF, 2], INF, 2),
        ([INF, 2], [3, 2], INF, 2),
    ],
)
def test_what_is_no_number_is_as_far_apart_as_can_be(ours, theirs, largest, scale):
    first, second = (
        lambda fed, each=each: [np.tile(np.float32([each]), (len(fed), 1))]
        for each in (ours, theirs)
    )
    found = measure.differing(first, second, np.zeros((measure.CHUNK + 1, 1)))
    assert np.array_equal(found.largest, largest, equal_nan=True) and found.scale == scale
    assert found.total == measure.CHUNK + 1
