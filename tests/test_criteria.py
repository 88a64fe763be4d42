"""Scores, worked out by hand."""

from __future__ import annotations

import numpy as np

from prune.core import criteria
from prune.core.network import Layer

LAYER = Layer("dense", np.array([[3.0, -1.0], [-4.0, 0.0]], np.float32), None, "relu")
OUTPUT = Layer("dense_1", np.ones((2, 2), np.float32), None, "softmax")


def test_magnitude_is_the_absolute_value():
    scores = criteria.score((LAYER, OUTPUT), "weight", "magnitude")
    np.testing.assert_array_equal(scores["dense"], [[3, 1], [4, 0]])


def test_norm_is_the_length_of_a_column():
    scores = criteria.score((LAYER, OUTPUT), "unit", "norm")
    np.testing.assert_array_equal(scores["dense"], [5, 1])


def test_the_output_layer_is_never_scored():
    assert list(criteria.score((LAYER, OUTPUT), "unit", "norm")) == ["dense"]
