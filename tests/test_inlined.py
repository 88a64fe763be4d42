"""Layers made of layers: what is in them is followed, and what they do is never changed."""

from __future__ import annotations

import numpy as np
import pytest

import prune
from prune.models import arrays as models_arrays
from prune.models import loading
from prune.models.graph import nodes
from prune.models.inlined import inlined
from prune.models.late import import_keras
from prune.models.trace import trace

keras = import_keras()
layers = keras.layers
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]


class Block(layers.Layer):
    """Two dense layers around a dropout, beside what comes: a block of a transformer or a mixer."""

    def __init__(self, units, **more):
        super().__init__(**more)
        self.units = units
        self.norm = layers.LayerNormalization(name="norm")
        self.wide = layers.Dense(units, "relu", name="wide")
        self.drop = layers.Dropout(0.5, name="drop")

    def build(self, shape):
        self.back = layers.Dense(shape[-1], name="back")
        self.norm.build(shape)
        self.wide.build(shape)
        self.back.build((*shape[:-1], self.units))

    def call(self, x):
        return x + self.back(self.drop(self.wide(self.norm(x))))

    def get_config(self):
        return super().get_config() | {"units": self.units}


class Tower(layers.Layer):
    """Blocks in a layer of their own, one after the other, in a list."""

    def __init__(self, units, **more):
        super().__init__(**more)
        self.units = units
        self.blocks = [Block(units, name=f"block_{i}") for i in range(2)]

    def build(self, shape):
        for block in self.blocks:
            block.build(shape)

    def call(self, x, training=None):
        for block in self.blocks:
            x = block(x, training=training)
        return {"found": x}["found"]

    def get_config(self):
        return super().get_config() | {"units": self.units}


class Scaled(Block):
    """With a weight of its own."""

    def build(self, shape):
        super().build(shape)
        self.scale = self.add_weight(shape=(1,), initializer="ones", name="scale")

    def call(self, x):
        return super().call(x) * self.scale


class Settled(Block):
    """Whose dropout never sleeps."""

    def call(self, x):
        return x + self.back(self.drop(self.wide(self.norm(x)), training=True))


class Asleep(Block):
    """Whose dropout always sleeps, though it is told whether the layer trains."""

    def call(self, x, training=None):
        return x + self.back(self.drop(self.wide(self.norm(x)), training=False))


class Usual(Tower):
    """Which does not train where it is told nothing."""

    def call(self, x, training=False):
        return super().call(x, training=training)


class TwoFaced(Block):
    """Which does something else on tensors without values."""

    def call(self, x):
        return super().call(x if isinstance(x, keras.KerasTensor) else -x)


class Noisy(Block):
    """Which calls another layer while it trains."""

    def __init__(self, units, **more):
        super().__init__(units, **more)
        self.noise = layers.GaussianNoise(1.0, name="noise")

    def call(self, x, training=None):
        return super().call(self.noise(x) if training else x)


class Looking(Block):
    """Which looks at values."""

    def call(self, x):
        return super().call(x) if keras.ops.max(x) > -1e9 else x

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, x.dtype)


class Masked(Block):
    """To which a mask comes unseen."""

    def __init__(self, units, **more):
        super().__init__(units, **more)
        self.supports_masking = True

    def call(self, x, mask=None):
        return super().call(x if mask is None else x * keras.ops.cast(mask, "float32")[..., None])


class Folded(Block):
    """Which counts its examples while it reshapes, as blocks of image models do."""

    def call(self, x):
        x = super().call(keras.ops.reshape(x, (keras.ops.shape(x)[0], -1, 6)))
        return keras.ops.reshape(x, (keras.ops.shape(x)[0], 6))


class Deaf(layers.Dense):
    """A dense layer that tells more than it takes."""

    def call(self, x):
        return super().call(x)

    def get_config(self):
        return super().get_config() | {"twice_units": 2 * self.units}


def model(*blocks, seed=0):
    keras.utils.set_random_seed(seed)
    given = keras.Input((8,), name="given")
    x = layers.Dense(6, name="first")(given)
    for block in blocks:
        x = block(x)
    return keras.Model(given, layers.Dense(3, name="last")(x))


def answers(network, x, **more):
    return keras.ops.convert_to_numpy(network(x, **more))


@pytest.fixture
def x(rng):
    return rng.normal(size=(20, 8)).astype(np.float32)


def seen(network):
    """How many calls each layer remembers."""
    return [len(each._inbound_nodes) for each in network._flatten_layers()]


def units(network):
    return {name: len(group.units) for name, group in trace(network).groups.items()}


@pytest.mark.parametrize(
    ("block", "within"),
    [
        (lambda: Block(10, name="b"), ["b/wide"]),
        (lambda: Tower(10, name="t"), ["t/block_0/wide", "t/block_1/wide"]),
    ],
)
def test_units_within_a_layer_of_layers_are_found_and_removed(block, within, x):
    given = model(block())
    before, calls = (
        answers(given, x),
        [len(each._inbound_nodes) for each in given._flatten_layers()],
    )
    opened = inlined(given)
    assert {name: units(opened)[name] for name in within} == dict.fromkeys(within, 10)
    names = models_arrays.variables(given)
    assert set(models_arrays.variables(opened)) == set(names)
    np.testing.assert_allclose(answers(opened, x), before, atol=1e-5)
    small = prune.units(given, 50)
    wide = [name for name in models_arrays.variables(small) if name.endswith("wide/kernel")]
    assert [models_arrays.variables(small)[name].shape for name in wide] == [(6, 5)] * len(wide)
    np.testing.assert_array_equal(answers(given, x), before)
    assert seen(given) == calls


def test_what_is_shrunk_answers_as_the_units_at_zero_do(x):
    given = model(Block(10, name="b"))
    small = prune.units(given, 50, criterion="norm")
    block, left = given.get_layer("b"), models_arrays.arrays(small)["b/wide/kernel"]
    kernel, bias = block.wide.get_weights()
    kept = [j for j in range(10) if (kernel[:, j, None] == left).all(axis=0).any()]
    assert len(kept) == 5
    gone = np.setdiff1d(np.arange(10), kept)
    kernel[:, gone] = 0
    bias[gone] = 0
    block.wide.set_weights([kernel, bias])
    np.testing.assert_allclose(answers(small, x), answers(given, x), atol=1e-5)


def read_back(network, path, **classes):
    network.save(path)
    return keras.saving.load_model(path, custom_objects=classes)


def test_what_is_shrunk_is_read_back_without_the_classes_of_its_blocks(x, tmp_path):
    small = prune.units(model(Tower(10, name="t")), 50)
    again = read_back(small, tmp_path / "small.keras")
    np.testing.assert_array_equal(answers(again, x), answers(small, x))


def test_a_block_that_counts_its_examples_is_followed(x):
    opened = inlined(given := model(Folded(10, name="b")))
    assert units(opened)["b/wide"] == 10
    for some in (x, x[:3]):
        np.testing.assert_allclose(answers(opened, some), answers(given, some), atol=1e-5)


def test_weights_are_pruned_within_the_layers_that_were_given(x):
    given = model(Tower(10, name="t"))
    sparse = prune.weights(given, 50)
    assert type(sparse.get_layer("t")) is Tower
    own, left = models_arrays.arrays(given), models_arrays.arrays(sparse)
    for name in ("t/block_0/wide/kernel", "t/block_1/back/kernel"):
        assert np.count_nonzero(left[name] == 0) == own[name].size // 2
        np.testing.assert_array_equal(left[name][left[name] != 0], own[name][left[name] != 0])


@pytest.mark.parametrize("kind", [Tower, Usual])
def test_a_layer_within_still_trains_as_it_did(kind, x):
    given = model(kind(10, name="t"))
    opened = inlined(given)
    assert opened is not given
    np.testing.assert_array_equal(answers(opened, x), answers(opened, x))
    assert np.abs(answers(opened, x, training=True) - answers(opened, x)).max() > 1e-3


@pytest.mark.parametrize("kind", [Scaled, Settled, Asleep, Noisy, Looking, TwoFaced, Deaf])
def test_what_cannot_be_followed_exactly_stays_a_layer(kind, x):
    given = model(kind(10, name="b"))
    calls = seen(given)
    assert inlined(given) is given
    assert seen(given) == calls
    sparse = prune.weights(given, 50)
    assert type(sparse.get_layer("b")) is kind


class Doubled(layers.Layer):
    """A layer of the user's own with nothing in it."""

    def call(self, x):
        return 2 * x


class Holder(Tower):
    """Which has one."""

    def __init__(self, units, **more):
        super().__init__(units, **more)
        self.doubled = Doubled(name="doubled")

    def call(self, x, training=None):
        return super().call(self.doubled(x), training=training)


def test_no_class_appears_that_a_file_may_not_name(x, tmp_path):
    given = model(Holder(10, name="b"), Tower(10, name="t"))
    given.save(tmp_path / "given.keras")

    def read(path, *names):
        return loading.load(path, trust=[f"test_inlined:{name}" for name in names]).network

    both = read(tmp_path / "given.keras", "Holder", "Tower")
    assert type(both.template.get_layer("b")) is Holder
    assert type(both.template.get_layer("t")) is not Tower
    (tmp_path / "left.keras").write_bytes(loading.content(both))
    read(tmp_path / "left.keras", "Holder", "Tower")
    all_three = read(tmp_path / "given.keras", "Holder", "Tower", "Doubled")
    assert type(all_three.template.get_layer("b")) is not Holder
    np.testing.assert_allclose(answers(all_three.template, x), answers(given, x), atol=1e-5)


def test_a_layer_that_is_given_an_input_twice_is_followed():
    keras.utils.set_random_seed(0)

    class Pair(Block):
        def call(self, x, y):
            return super().call(x) + y

    given = keras.Input((6,))
    network = keras.Model(given, layers.Dense(3)(Pair(10, name="b")(given, given)))
    assert units(inlined(network))["b/wide"] == 10


def test_a_layer_that_is_told_to_train_stays():
    given = keras.Input((8,))
    network = keras.Model(given, Tower(10)(given, training=True))
    assert inlined(network) is network


def test_statistics_that_are_always_taken_stay_as_they_are():
    given = keras.Input((8,))
    x = layers.BatchNormalization(name="norm")(Block(10)(given), training=True)
    network = keras.Model(given, x)
    before = network.get_layer("norm").get_weights()
    assert inlined(network) is not network
    for one, other in zip(network.get_layer("norm").get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_layer_that_is_called_twice_stays():
    block = Block(10, name="b")
    assert inlined(given := model(block, block)) is given


def test_a_layer_to_which_a_mask_comes_unseen_stays(rng):
    given = keras.Input((5,), dtype="int32")
    x = layers.Embedding(9, 6, mask_zero=True)(given)
    network = keras.Model(given, layers.Dense(2)(Masked(10)(x)))
    assert inlined(network) is network
    plain = keras.Model(given, layers.Dense(2)(Masked(10)(layers.Embedding(9, 6)(given))))
    assert inlined(plain) is not plain


def test_a_layer_that_computes_in_another_precision_than_it_is_given_stays():
    given = keras.Input((6,), dtype="float16")
    network = keras.Model(given, Block(10, name="b", dtype="float32")(given))
    assert inlined(network) is network


def test_models_around_and_within_are_opened_once(x):
    keras.utils.set_random_seed(0)
    inner = keras.Sequential([keras.Input((8,)), Block(10, name="b")], name="inner")
    given = keras.Input((8,), name="given")
    network = keras.Model(given, layers.Dense(3)(inner(inner(given))))
    opened = inlined(network)
    assert "inner/b/wide" in units(opened)
    assert len([node for node in nodes(opened) if node.operation.name == "inner"]) == 2
    np.testing.assert_allclose(answers(opened, x), answers(network, x), atol=1e-5)


class Task(keras.Model):
    """A model with a graph, which says that it is built in a way of its own."""

    def __init__(self, units=10, **more):
        given = keras.Input((8,))
        super().__init__(given, layers.Dense(3)(layers.Dense(units, "relu")(given)), **more)

    def build(self, shape=None):
        self.built = True


def test_a_model_with_a_graph_may_be_built_in_its_own_way():
    task = Task()
    assert prune.units(task, 50).count_params() == 8 * 5 + 5 + 5 * 3 + 3
    zeros = [np.count_nonzero(array == 0) for array in prune.weights(task, 50).get_weights()]
    assert zeros == [40, 10, 0, 3]  # biases are zero as they begin


class Named(Task):
    """Which tells what it was made with."""

    def get_config(self):
        return {"units": self.layers[1].units, "name": self.name}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def test_a_model_of_a_class_comes_back_as_one_where_it_can_be_made_again():
    given = Named(6, name="mine")
    sparse = prune.weights(given, 50)
    assert (type(sparse), sparse.name) == (Named, "mine")
    for own, left in zip(given.get_weights(), sparse.get_weights(), strict=True):
        np.testing.assert_array_equal(left[left != 0], own[left != 0])
    without = prune.weights(Task(6), 50)  # which would be made again with ten units
    assert not isinstance(without, Task)
    assert without.layers[1].units == 6


class Talkative(layers.Layer):
    """A layer whose configuration tells more than it takes, which Keras cannot read back."""

    def __init__(self, factor=2.0, **more):
        super().__init__(**more)
        self.factor = factor
        self.bias = self.add_weight(shape=(1,), initializer="ones", name="bias")

    def call(self, x):
        return x * self.factor + self.bias

    def get_config(self):
        return super().get_config() | {"factor": self.factor, "half": self.factor / 2}


def test_a_configuration_that_tells_more_than_is_taken_is_mended(x, tmp_path):
    given = model(Talkative(3.0, name="odd"), layers.Dense(10, "relu", name="wide"))
    with pytest.raises(Exception, match="half"):
        read_back(given, tmp_path / "given.keras", Talkative=Talkative)
    small = prune.units(given, 50)
    smaller = prune.units(small, 40)
    for network, left in ((small, 5), (smaller, 3), (prune.weights(given, 50), 10)):
        again = read_back(network, tmp_path / "small.keras", Talkative=Talkative)
        assert again.get_layer("wide").units == left
        assert again.get_layer("odd").factor == 3.0
        np.testing.assert_array_equal(answers(again, x), answers(network, x))


def test_layers_of_keras_that_tell_nothing_of_a_policy_are_made_again(x):
    policy = keras.dtype_policies.DTypePolicy("float32")
    given = model(layers.Dense(10, name="wide"), layers.Identity(dtype=policy, name="same"))
    with pytest.raises(NotImplementedError):
        given.get_layer("same").get_config()
    small = prune.units(given, 50)
    assert small.get_layer("wide").units == 5
    assert small.get_layer("same").compute_dtype == "float32"


class Words(layers.Embedding):
    """An embedding that also is read the other way."""

    def call(self, x, reverse=False):
        return x @ keras.ops.transpose(self.embeddings) if reverse else super().call(x)


class Both(layers.Layer):
    """Words and their places."""

    def __init__(self, **more):
        super().__init__(**more)
        self.words = Words(7, 6, name="words")

    def build(self, shape):
        self.words.build(shape)

    def call(self, x):
        return self.words(x) * keras.ops.cast(keras.ops.shape(x)[-1], "float32")


@pytest.mark.parametrize("kind", [lambda: Words(7, 6), Both])
def test_made_up_words_are_those_that_an_embedding_has(kind):
    given = keras.Input((5,), dtype="int32")
    x = layers.Flatten()(kind()(given))
    network = keras.Model(given, layers.Dense(2)(layers.Dense(8, "relu")(x)))
    assert prune.units(network, 50).layers[-2].units == 4
