"""Architectures of `keras.applications`, small ones; `benchmarks/models.py` tries all 40."""

from __future__ import annotations

import numpy as np
import pytest

from prune.core import ranking, scopes, structure
from prune.models import arrays, cut, keras_bridge, proof
from prune.models.trace import trace
from random_models import randomised

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]

# Name, side of the images, units in groups, units frozen.
APPLICATIONS = [
    ("MobileNetV2", 64, 9128, 10),
    ("MobileNetV3Small", 64, 4872, 10),
    ("EfficientNetB0", 64, 11404, 10),
    ("DenseNet121", 32, 10240, 10),
    ("ResNet50", 32, 11456, 10),
    ("Xception", 71, 19304, 10),
    ("NASNetMobile", 64, 11956, 10),
    ("ConvNeXtTiny", 32, 26496, 1738),  # inputs of LayerNormalization stay
    ("InceptionV3", 75, 17216, 10),
]


@pytest.mark.parametrize(("name", "side", "units", "frozen"), APPLICATIONS)
def test_half_of_an_architecture_is_removed_and_proved(name, side, units, frozen):
    keras = keras_bridge.import_keras()
    keras.utils.clear_session()
    build = getattr(keras.applications, name)
    model = randomised(build(weights=None, input_shape=(side, side, 3), classes=10))
    found = trace(model)
    assert sum(len(group.units) for group in found.groups.values()) == units
    assert sum(each.units for each in found.frozen) == frozen

    norms = structure.unit_norms(found, arrays.arrays(model))
    halves = scopes.SCOPES["layer"].cut(ranking.rank(norms), 0.5)
    small = cut.shrunk(model, halves)
    told = proof.prove(cut.masked(model, halves), small, halves, original=model)
    assert told.holds, told.worst
    assert told.changed > 0.01
    assert structure.parameters(arrays.arrays(small)) < 0.6 * model.count_params()
    assert np.all([mask.any() for mask in halves.values() if mask.size > 1])
