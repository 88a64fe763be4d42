"""Edges of pruning any model: what users do that no architecture does."""

from __future__ import annotations

import numpy as np
import pytest

import prune
from prune.core import ranking, scopes, structure
from prune.models import arrays, cut, proof, running
from prune.models.net import net
from prune.models.trace import trace
from random_models import randomised

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]


def sizes(model):
    return {name: len(group.units) for name, group in trace(model).groups.items()}


def frozen(model):
    return {each.layer: each.units for each in trace(model).frozen}


def proved(model, sparsity=0.5):
    """Halve a model, prove it, and return it shrunk."""
    randomised(model)
    norms = structure.unit_norms(trace(model), arrays.arrays(model))
    units = scopes.SCOPES["layer"].cut(ranking.rank(norms), sparsity)
    small = cut.shrunk(model, units)
    told = proof.prove(cut.masked(model, units), small, units, original=model)
    assert told.holds, told
    return small


def test_states_that_are_handed_on_tie_two_recurrent_layers(keras):
    layers = keras.layers
    one, other = keras.Input((5, 3)), keras.Input((4, 2))
    _, hidden, carry = layers.LSTM(6, return_state=True, name="encoder")(one)
    x = layers.LSTM(6, name="decoder")(other, initial_state=[hidden, carry])
    model = keras.Model([one, other], layers.Dense(2)(x))
    assert sizes(model) == {"encoder": 6}
    assert proved(model).get_layer("decoder").units == 3


def test_initial_values_given_as_an_array_do_not_stand_in_the_way(keras):
    table = keras.initializers.Constant(np.ones((9, 6), np.float32))
    inputs = keras.Input((4,))
    x = keras.layers.Embedding(9, 6, embeddings_initializer=table)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
    assert proved(model).layers[1].output_dim == 3


def test_a_lambda_freezes_what_it_touches_and_nothing_else(keras):
    layers = keras.layers
    inputs = keras.Input((5,))
    x = layers.Dense(8, activation="relu", name="free")(inputs)
    x = layers.Dense(6, name="touched")(x)
    x = layers.Lambda(lambda x: x * 2 + 1)(x)
    model = keras.Model(inputs, layers.Dense(2, name="out")(layers.Dense(4, name="also")(x)))
    assert sizes(model) == {"free": 8, "also": 4}
    assert frozen(model) == {"touched": 6, "out": 2}
    proved(model)


def test_a_layer_of_the_users_own_with_a_kernel_is_pruned_by_weight(keras):
    @keras.saving.register_keras_serializable("tests")
    class Block(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = keras.layers.Dense(5, name="inner")

        def call(self, x):
            return self.inner(x) + 1

    inputs = keras.Input((5,))
    x = Block(name="block")(keras.layers.Dense(5, name="before")(inputs))
    model = keras.Model(inputs, keras.layers.Dense(2, name="out")(x))
    found = trace(model)
    assert structure.prunable(found) == ("before/kernel", "block/inner/kernel")
    assert not found.groups


def test_a_subclass_that_only_adds_arguments_is_known_and_one_that_calls_is_not(keras):
    class Named(keras.layers.Dense):
        """As Dense, with a default."""

    class Shifted(keras.layers.Dense):
        def call(self, x):
            return super().call(x) + 1

    inputs = keras.Input((5,))
    x = Shifted(6, name="shifted")(Named(7, name="named")(inputs))
    found = trace(keras.Model(inputs, keras.layers.Dense(2, name="out")(x)))
    assert not found.groups
    assert {each.layer for each in found.frozen} == {"named", "out"}


def test_channels_first_is_the_same_structure(keras):
    def build(form):
        layers, first = keras.layers, form == "channels_first"
        inputs = keras.Input((3, 6, 6) if first else (6, 6, 3))
        x = layers.Conv2D(5, 3, data_format=form)(inputs)
        x = layers.BatchNormalization(axis=1 if first else -1)(x)
        x = layers.DepthwiseConv2D(2, data_format=form)(x)
        x = layers.Concatenate(axis=1 if first else -1)([x, layers.ReLU()(x)])
        x = layers.Dense(4)(layers.Flatten(data_format=form)(x))
        return trace(keras.Model(inputs, layers.Dense(2)(x)))

    one, other = build("channels_last"), build("channels_first")
    assert [len(group.units) for group in one.groups.values()] == [5, 4]
    for (key, axis), (same, seen) in zip(one.axes.items(), other.axes.items()):
        assert key[1] == same[1]
        np.testing.assert_array_equal(axis.units, seen.units)


def test_a_model_returned_as_a_feature_extractor_keeps_its_outputs(keras):
    layers = keras.layers
    inputs = keras.Input((6, 6, 3))
    x = layers.Conv2D(5, 3, name="inside")(inputs)
    y = layers.BatchNormalization()(layers.Conv2D(4, 3, name="outside")(layers.ReLU()(x)))
    model = keras.Model(inputs, [layers.ReLU()(y), layers.GlobalAveragePooling2D()(y)])
    assert sizes(model) == {"inside": 5}
    assert frozen(model) == {"outside": 4}
    assert [k.layer for k in trace(model).kernels.values() if k.output] == ["outside"]
    proved(model)


def outputs(model):
    return sorted({each.layer for each in trace(model).kernels.values() if each.output})


def test_of_blocks_that_add_to_an_output_the_last_is_the_output_layer(keras):
    layers = keras.layers
    inputs = keras.Input((6, 8))
    x = layers.Dense(8, name="first")(inputs)
    for i in range(2):
        x = x + layers.MultiHeadAttention(2, 4, name=f"heads_{i}")(x, x)
        x = x + layers.Dense(8, name=f"back_{i}")(layers.Dense(16, "relu", name=f"wide_{i}")(x))
    model = keras.Model(inputs, layers.LayerNormalization()(x))
    assert outputs(model) == ["back_1"]
    assert frozen(model) == {"first": 8}  # and what is tied to it
    sparse = arrays.arrays(prune.weights(proved(model), 50))
    assert [name for name, of in sparse.items() if "kernel" in name and of.all()] == [
        "back_1/kernel"
    ]


def test_branches_that_are_added_up_and_outputs_read_on_are_output_layers_all(keras):
    layers = keras.layers
    inputs = keras.Input((8,))
    one, two = layers.Dense(3, name="one"), layers.Dense(3, name="two")
    both = keras.Model(inputs, one(inputs) + two(inputs))
    assert outputs(both) == ["one", "two"]
    seen = layers.Dense(4, name="seen")(inputs)
    read_on = keras.Model(inputs, [seen, layers.Dense(2, name="last")(seen)])
    assert outputs(read_on) == ["last", "seen"]


def test_shared_layers_that_read_each_other_are_output_layers_both(keras):
    inputs = keras.Input((3,))
    one, two = keras.layers.Dense(3, name="one"), keras.layers.Dense(3, name="two")
    model = keras.Model(inputs, one(two(inputs)) + two(one(inputs)))
    assert outputs(model) == ["one", "two"]


def test_an_input_added_to_units_freezes_them(keras):
    inputs = keras.Input((5,))
    x = keras.layers.Add()([inputs, keras.layers.Dense(5, name="tied")(inputs)])
    model = keras.Model(inputs, keras.layers.Dense(2, name="out")(x))
    assert frozen(model) == {"tied": 5, "out": 2}


def test_one_map_over_all_channels_stays(keras):
    layers = keras.layers
    inputs = keras.Input((6, 6, 3))
    x = layers.Conv2D(5, 3, padding="same", name="seen")(inputs)
    where = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="where")(x)
    x = layers.Flatten()(layers.Multiply()([x, where]))
    model = keras.Model(inputs, layers.Dense(2, name="out")(x))
    assert sizes(model) == {"seen": 5}
    assert frozen(model) == {"where": 1, "out": 2}
    proved(model)


def test_axes_of_any_length_are_proved_too(keras):
    layers = keras.layers
    inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(6, 3, activation="relu")(inputs)
    x = layers.Reshape((-1, 6))(x)
    x = layers.GlobalMaxPooling1D()(layers.Dense(5, activation="relu")(x))
    model = keras.Model(inputs, layers.Dense(2)(x))
    assert list(sizes(model).values()) == [6, 5]
    assert proved(model).input_shape == (None, None, None, 3)


def test_a_trained_model_is_shrunk_without_its_optimizer_being_touched(keras):
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(6, activation="relu"), keras.layers.Dense(2)]
    )
    model.compile("adam", "mse")
    model.fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0)
    before = [np.array(variable) for variable in model.optimizer.variables]
    units = {"dense": np.arange(6) % 2 == 0}
    name = next(iter(trace(model).groups))
    small = cut.shrunk(model, {name: units["dense"]})
    assert small.layers[0].units == 3
    assert all(np.array_equal(a, b) for a, b in zip(before, model.optimizer.variables))


@pytest.mark.parametrize(("keys", "values"), [(4, 4), (3, 1), (1, 3), (0, 2)])
def test_attention_keeps_as_many_values_as_keys_since_jax_wants_it(keras, keys, values):
    i = keras.Input((5, 8))
    model = keras.Model(i, keras.layers.MultiHeadAttention(2, 4, name="heads")(i, i))
    model = randomised(model)
    masks = {"heads/keys": np.arange(4) < keys, "heads/values": np.arange(4) < values}
    small = cut.shrunk(model, masks).get_layer("heads")
    assert small._key_dim == small._value_dim == max(keys, values)
    told = proof.prove(cut.masked(model, masks), cut.shrunk(model, masks), masks, original=model)
    assert told.holds, told
    again = net(cut.masked(model, masks)).shrunk().model().get_layer("heads")
    assert again._key_dim == again._value_dim == max(keys, values)


def _cancelling(keras):
    """Return a model that takes away from an answer another that is nearly the same."""
    layers = keras.layers
    given = keras.Input((50,))
    hidden = layers.Dense(3000, activation="relu")(given)
    one, other = layers.Dense(4), layers.Dense(4)
    model = keras.Model(given, layers.Subtract()([one(hidden), other(hidden)]))
    near = np.random.default_rng(0).normal(1, 1e-3, (3000, 4))
    other.set_weights([one.get_weights()[0] * near, np.zeros(4)])
    return model


def test_rounding_that_comes_together_is_told_from_a_wrong_cut_by_float64(keras):
    keras.utils.set_random_seed(0)
    draw = np.random.default_rng(0)
    model = _cancelling(keras)
    units = {name: draw.random(size) < 0.6 for name, size in sizes(model).items()}
    masked, small = cut.masked(model, units), cut.shrunk(model, units)
    given = draw.normal(size=(64, 50)).astype(np.float32)
    apart = proof.difference(*(each.predict(given, verbose=0) for each in (masked, small)))
    told = proof.prove(masked, small, units, inputs=[given])
    assert told.holds and told.end < 1e-9 < proof.LIMIT < apart
    nets = net(masked), net(small)
    found = running.compare(*nets, given)
    assert found.largest > proof.LIMIT * found.scale
    assert running.compare(*nets, given, "float64").largest < 1e-9
    bias = small.layers[-2].bias  # by less than a layer shows of its range
    bias.assign(bias + 2e-6)
    told = proof.prove(masked, small, units, inputs=[given])
    assert told.worst.share < proof.LIMIT < told.end and not told.holds
