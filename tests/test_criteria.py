"""Scores, worked out by hand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from prune.core import criteria, pruning
from prune.core.calibration import Calibration
from prune.core.network import Layer
from prune.core.plan import Plan

LAYER = Layer("dense", np.array([[3.0, -1.0], [-4.0, 0.0]], np.float32), None, "relu")
OUTPUT = Layer("dense_1", np.ones((2, 2), np.float32), None, "softmax")


NETWORK = (LAYER, OUTPUT)


def test_magnitude_is_the_absolute_value():
    scores = criteria.magnitude(NETWORK, Calibration())
    np.testing.assert_array_equal(scores["dense"], [[3, 1], [4, 0]])


def test_norm_is_the_length_of_a_column():
    np.testing.assert_array_equal(criteria.norm(NETWORK, Calibration())["dense"], [5, 1])


def test_the_norms_of_tiny_weights_still_differ():
    tiny = (LAYER._replace(kernel=LAYER.kernel * np.float32(1e-30)), OUTPUT)
    first, second = criteria.norm(tiny, Calibration())["dense"]
    assert first > second > 0


def test_the_output_layer_is_pruned_only_when_asked():
    assert pruning.layers(NETWORK) == ("dense",)
    assert pruning.layers(NETWORK, include_output=True) == ("dense", "dense_1")


def test_the_criterion_of_the_guide_works(monkeypatch):
    """CONTRIBUTING.md adds one in ten lines; here they are added, and used."""
    guide = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text()
    function, line = re.findall(r"```python\n(.*?)```", guide, re.S)
    assert len(function.splitlines()) + len(line.splitlines()) <= 10
    monkeypatch.setattr(criteria, "square", None, raising=False)
    exec(function, vars(criteria))
    added = eval(f"{{{line}}}", vars(pruning))
    monkeypatch.setitem(pruning.CRITERIA, "weight", pruning.CRITERIA["weight"] | added)
    plan = Plan(NETWORK, ("dense",), (0.5,))
    points = [next(pruning.sweep("weight", name, plan)) for name in ("square", "magnitude")]
    assert points[0].masks["dense"].tolist() == points[1].masks["dense"].tolist()
