"""Normalisations folded into the layers before them: the same answers by fewer layers."""

import numpy as np
import pytest

from prune.models import arrays as models_arrays
from prune.models.folding import pairs
from prune.models.net import net

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def _normalised(keras, tensor, **options):
    layer = keras.layers.BatchNormalization(**options)
    result = layer(tensor)
    draw = np.random.default_rng(len(tensor.shape))
    layer.set_weights([draw.uniform(0.5, 2, each.shape) for each in layer.weights])
    return result


def _chain(keras):
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4)])
    model.add(keras.layers.BatchNormalization())
    model.add(keras.layers.Dense(3, activation="softmax"))
    return model, 1


def _branches(keras):
    """Return a model in which four of seven normalisations can be folded."""
    layers = keras.layers
    given = keras.Input((8, 8, 3))
    inner = keras.Input((8, 8, 6))
    within = keras.Model(inner, _normalised(keras, layers.Conv2D(6, 3, groups=2)(inner)), name="in")
    one = _normalised(keras, layers.Conv2D(6, 3, padding="same", use_bias=False)(given))
    twice = layers.Conv2D(6, 1)(given)
    read = _normalised(keras, twice, scale=False)
    active = _normalised(keras, layers.Conv2D(6, 1, activation="relu")(given), center=False)
    first = _normalised(keras, given)  # before any layer
    tensor = within(layers.Add()([one, twice, read, active]))
    tensor = layers.GlobalAveragePooling2D()(
        layers.Concatenate()([tensor, layers.Conv2D(2, 3)(first)])
    )
    tensor = layers.Dense(4)(tensor)
    tensor = _normalised(keras, tensor, scale=False, center=False)
    tensor = _normalised(keras, layers.Reshape((2, 2))(tensor))
    tensor = _normalised(keras, layers.Conv1D(3, 1)(tensor))
    return keras.Model(given, tensor), 4


def _shared(keras):
    given = keras.Input((4, 3))
    layer, norm = keras.layers.Conv1D(3, 1), keras.layers.BatchNormalization()
    return keras.Model(given, norm(layer(norm(layer(given))))), 0


def _training(keras):
    given = keras.Input((4,))
    tensor = keras.layers.Dense(3)(given)
    return keras.Model(given, keras.layers.BatchNormalization()(tensor, training=True)), 0


def _other_axis(keras):
    given = keras.Input((4, 3))
    return keras.Model(given, _normalised(keras, keras.layers.Conv1D(5, 1)(given), axis=1)), 0


def _half(keras):
    given = keras.Input((4, 3))
    layer = keras.layers.Conv1D(5, 1, dtype="mixed_float16")
    return keras.Model(given, _normalised(keras, layer(given))), 0


@pytest.mark.parametrize("build", [_chain, _branches, _shared, _training, _other_axis, _half])
def test_a_folded_model_answers_as_the_whole_for_any_arrays(keras, build):
    model, number = build(keras)
    assert len(list(pairs(model))) == number
    network = net(model)
    folded, draw = network.folded(), np.random.default_rng(0)
    given = draw.normal(size=(9, *model.input_shape[1:])).astype("float32")
    for factor in (1.0, 0.5):
        arrays = {
            name: (factor * array).astype("float32") for name, array in network.arrays.items()
        }
        before = {name: array.copy() for name, array in arrays.items()}
        models_arrays.assign(model, arrays)
        answers = folded.take(arrays)(given)
        np.testing.assert_allclose(answers, model(given), rtol=1e-5, atol=1e-5)
        assert all((arrays[name] == before[name]).all() for name in arrays)
    assert _count(keras, model) - _count(keras, folded.model) == number


def _count(keras, model):
    layers = (layer for _, layer in models_arrays.layers(model))
    return sum(isinstance(layer, keras.layers.BatchNormalization) for layer in layers)
