"""Every layer of Keras between layers with units: what is cut, what stays and why, each proved."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from layers import CASES, OTHERS, built
from prune.core import ranking, scopes, structure
from prune.files.keras_layers import objects
from prune.models import arrays, cut, proof
from prune.models.kinds import table
from prune.models.trace import trace
from random_models import randomised

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))

from layers_page import layer_kinds, page  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]


def test_every_layer_of_keras_is_tried_runs_code_or_prepares_what_comes_in(keras):
    kinds = {kind.__name__: kind for kind in layer_kinds(keras.layers)}
    others = kinds.keys() - {*CASES, *OTHERS, *objects.RUNS_CODE}
    assert len(others) > 30
    for name in others:
        assert ".layers.preprocessing." in kinds[name].__module__
        assert name not in table.LAYERS  # so that it freezes what it is given
    of_applications = {"LayerScale", "StochasticDepth", "CustomScaleLayer"}
    assert set(table.LAYERS) - {*CASES, *OTHERS} == of_applications


def test_the_page_says_of_each_layer_what_comes_of_it(keras):
    assert (ROOT / "docs" / "layers.md").read_text() == page(keras)


@pytest.mark.parametrize("name", CASES)
def test_a_layer_lets_units_be_cut_as_far_as_stated_and_the_cut_is_proved(keras, name):
    keras.utils.clear_session(free_memory=False)
    model, case = randomised(built(keras, name)), CASES[name]
    found = trace(model)
    assert tuple(len(group.units) for group in found.groups.values()) == case.cut
    reasons = [each.reason for each in found.frozen if each.layer == "before"]
    assert [case.stays in reason for reason in reasons] == [True] * bool(case.stays)
    norms = structure.unit_norms(found, arrays.arrays(model))
    halves = scopes.SCOPES["layer"].cut(ranking.rank(norms), 0.5)
    small = cut.shrunk(model, halves)
    told = proof.prove(cut.masked(model, halves), small, halves, original=model)
    assert told.holds, told
    assert (told.changed > 0.01) == bool(case.cut)
    assert np.all([mask.sum() < mask.size for mask in halves.values()])
