"""Layers of layers that cannot be opened: cut by the numbers in what they tell of themselves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import prune
from prune.models import arrays as models_arrays
from prune.models.inlined import inlined
from prune.models.late import import_keras
from prune.models.macs import multiply_adds
from prune.models.trace import trace

keras = import_keras()
layers, ops = keras.layers, keras.ops
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]


class Attention(layers.Layer):
    """One head, which looks back only, and takes more than the layers around know of."""

    def __init__(self, size, **more):
        super().__init__(**more)
        self.size = size
        self.query, self.value = layers.Dense(size, name="query"), layers.Dense(size, name="value")

    def build(self, shape):
        self.query.build(shape)
        self.value.build(shape)

    def call(self, x, seen=None):
        scores = ops.matmul(self.query(x), ops.transpose(x, (0, 2, 1)))
        scores = scores + (1 - ops.cast(seen, scores.dtype)) * -1e9
        return ops.matmul(ops.softmax(scores), self.value(x))

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, x.dtype)


class Decoder(layers.Layer):
    """A block of a language model, whose mask is as long as the text."""

    times = 1

    def __init__(self, units, **more):
        super().__init__(**more)
        self.units = units
        self.look = Attention(6, name="look")
        self.gate = layers.Dense(units // self.times, "relu", name="gate")
        self.wide = layers.Dense(units // self.times, name="wide")
        self.back = layers.Dense(6, name="back")

    def build(self, shape):
        self.look.build(shape)
        self.gate.build(shape)
        self.wide.build(shape)
        self.back.build((*shape[:-1], self.units // self.times))

    def call(self, x):
        places = ops.arange(ops.shape(x)[1])
        x = x + self.look(x, seen=places[:, None] >= places)
        return x + self.back(self.gate(x) * self.wide(x))

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, x.dtype)

    def get_config(self):
        return super().get_config() | {"units": self.units}


class Doubled(Decoder):
    """Which counts each of its units twice."""

    times = 2


class Silent(Decoder):
    """Which says nothing of its width."""

    def __init__(self, **more):
        super().__init__(10, **more)

    def get_config(self):
        return layers.Layer.get_config(self)


class Mute(Decoder):
    """Which tells nothing at all."""

    def get_config(self):
        raise NotImplementedError


class Forgetful(Decoder):
    """Which looks for what it does not have when it is asked what it was made with."""

    def get_config(self):
        return super().get_config() | {"rate": self.rate}


class TwoFaced(Decoder):
    """Which does something else on tensors without values."""

    def call(self, x):
        return super().call(x if isinstance(x, keras.KerasTensor) else -x)


class Apart(Decoder):
    """Whose two layers are as wide as each other, and share no unit."""

    def build(self, shape):
        super().build(shape)
        self.last = layers.Dense(6, name="last")
        self.last.build((*shape[:-1], self.units))

    def call(self, x):
        looked = x + self.look(x, seen=ops.ones((ops.shape(x)[1],) * 2))
        return looked + self.back(self.gate(x)) + self.last(self.wide(x))


class Third(Apart):
    """With another of these."""

    def build(self, shape):
        super().build(shape)
        self.more = layers.Dense(self.units, name="more")
        self.most = layers.Dense(6, name="most")
        self.more.build(shape)
        self.most.build((*shape[:-1], self.units))

    def call(self, x):
        return super().call(x) + self.most(self.more(x))


class Uneven(Decoder):
    """Whose number says how wide two layers are, one twice as wide as the other."""

    def build(self, shape):
        self.wide = layers.Dense(2 * self.units, name="wide")
        self.last = layers.Dense(6, name="last")
        super().build(shape)
        self.last.build((*shape[:-1], 2 * self.units))

    def call(self, x):
        looked = x + self.look(x, seen=ops.ones((ops.shape(x)[1],) * 2))
        return looked + self.back(self.gate(x)) + self.last(self.wide(x))


class Coupled(Decoder):
    """Whose number says something else, too."""

    def build(self, shape):
        super().build(shape)
        self.spare = layers.Dense(self.units, name="spare")
        self.spare.build(shape)

    def call(self, x):
        return super().call(x) * ops.mean(self.spare.kernel)


class Picky(Decoder):
    """Another number of which may not be any."""

    def __init__(self, units, size=20, **more):
        if size % 2:
            raise ValueError("the size is odd")
        super().__init__(units, **more)
        self.size = size

    def get_config(self):
        return {"size": self.size} | super().get_config()


class Scaled(Decoder):
    """With a weight of its own."""

    def build(self, shape):
        super().build(shape)
        self.scale = self.add_weight(shape=(1,), initializer="ones", name="scale")

    def call(self, x):
        return super().call(x) * self.scale


def model(*blocks, seed=0):
    keras.utils.set_random_seed(seed)
    given = keras.Input((None,), dtype="int32", name="given")
    x = layers.Embedding(9, 6, name="words")(given)
    for block in blocks:
        x = block(x)
    made = keras.Model(given, layers.Dense(3, name="last")(x))
    rng = np.random.default_rng(seed)
    made.set_weights([rng.normal(size=each.shape) for each in made.get_weights()])
    return made


def answers(network, x):
    return ops.convert_to_numpy(network(x))


@pytest.fixture
def x(rng):
    return rng.integers(0, 9, (4, 11)).astype(np.int32)


def difference(one, other):
    """The largest difference, as a share of the largest value."""
    return np.abs(one - other).max() / np.abs(one).max()


def units(network):
    return {name: len(group.units) for name, group in trace(network).groups.items()}


def reasons(network):
    return {each.layer: each.reason for each in trace(network).frozen}


def seen(network):
    """What each layer remembers of calls, and all that it has."""
    every = network._flatten_layers()
    return [(len(each._inbound_nodes), type(each), sorted(vars(each))) for each in every]


def zeroed(network, small, path):
    """The network with those units at zero that the small one does not have."""
    arrays, left = models_arrays.arrays(network), models_arrays.arrays(small)
    kernel = arrays[f"{path}/wide/kernel"]
    kept = (kernel[:, :, None] == left[f"{path}/wide/kernel"][:, None]).all(axis=0).any(axis=1)
    for part in ("wide", "gate"):
        for name in ("kernel", "bias"):
            arrays[f"{path}/{part}/{name}"][..., ~kept] = 0
    same = keras.models.clone_model(network)
    models_arrays.assign(same, arrays)
    return same, int(kept.sum())


@pytest.mark.parametrize("kind", [Decoder, Doubled, Picky, Scaled])
def test_units_are_cut_where_a_number_says_how_many_there_are(kind, x, tmp_path):
    given = model(kind(20, name="one"), kind(20, name="two"))
    before, calls = answers(given, x), seen(given)
    wide = 20 // kind.times
    assert inlined(given) is given
    assert units(given) == {"one/gate": wide, "two/gate": wide}
    small = prune.units(given, 50)
    assert [type(small.get_layer(name)) for name in ("one", "two")] == [kind, kind]
    assert small.get_layer("one").units == 10
    same, kept = zeroed(given, small, "one")
    same, kept = zeroed(same, small, "two")
    assert kept == wide // 2
    for some in (x, x[:, :3]):
        assert difference(answers(same, some), answers(small, some)) <= 1e-5
    small.save(tmp_path / "small.keras")
    known = {kind.__name__: kind}
    again = keras.saving.load_model(tmp_path / "small.keras", custom_objects=known)
    np.testing.assert_array_equal(answers(again, x), answers(small, x))
    np.testing.assert_array_equal(answers(given, x), before)
    assert seen(given) == calls


def test_units_of_one_number_are_as_many_and_not_the_same(x):
    given = model(Apart(20, name="one"))
    assert units(given) == {"one/gate": 20, "one/wide": 20}
    for asked in ({"scope": "network"}, {"keep": ["one/gate"]}):
        small = prune.units(given, 50, repair="none", **asked)
        left = {name: each.shape for name, each in models_arrays.arrays(small).items()}
        block = small.get_layer("one")
        assert left["one/gate/kernel"] == left["one/wide/kernel"] == (6, block.units)
    assert block.units == 20  # kept units of one leave as many of the other
    arrays = models_arrays.arrays(prune.units(given, 50))
    whole = models_arrays.arrays(given)
    kept = [
        (whole[name][:, :, None] == arrays[name][:, None]).all(axis=0).any(axis=1)
        for name in ("one/gate/kernel", "one/wide/kernel")
    ]
    assert kept[0].sum() == kept[1].sum() == 10
    assert (kept[0] != kept[1]).any()


def test_where_the_last_of_three_stays_all_do():
    given = model(Third(20, name="one"), layers.Dense(8, "relu", name="free"))
    small = prune.units(given, 50, keep=["one/more"])
    assert (small.get_layer("one").units, small.get_layer("free").units) == (20, 4)


@pytest.mark.parametrize("kind", [Uneven, Coupled])
def test_a_number_that_says_more_than_that_is_not_changed(kind, x):
    given = model(kind(20, name="one"), layers.Dense(8, "relu", name="free"))
    assert units(given) == {"free": 8}
    reason = f"one ({kind.__name__}) does not say how many there are in its configuration"
    assert reasons(given)["one/gate"] == reason
    assert prune.units(given, 50).get_layer("one").units == 20


def test_what_no_number_says_stays_with_the_reason(x):
    given = model(Silent(name="one"), layers.Dense(8, "relu", name="free"))
    assert units(given) == {"free": 8}
    reason = "one (Silent) does not say how many there are in its configuration"
    assert reasons(given)["one/gate"] == reason
    assert prune.units(given, 50).get_layer("one").units == 10


@pytest.mark.parametrize("kind", [Mute, TwoFaced])
def test_what_cannot_be_followed_is_one_layer_of_which_nothing_is_known(kind, x):
    given = model(layers.Dense(6, name="before"), kind(20, name="one"))
    assert units(given) == {"words": 6}
    assert reasons(given)["before"] == f"read by one ({kind.__name__}), of which nothing is known"
    assert not any("/" in layer for layer in reasons(given))


def test_a_layer_that_is_called_twice_is_cut_once(x):
    block = Decoder(20, name="one")
    given = model(block, block)
    small = prune.units(given, 50)
    assert small.get_layer("one").units == 10
    same, kept = zeroed(given, small, "one")
    assert kept == 10
    assert difference(answers(same, x), answers(small, x)) <= 1e-5


def test_a_layer_that_fails_to_tell_what_it_was_made_with_is_made_by_what_it_has(x, tmp_path):
    given = model(Forgetful(20, name="one"))
    with pytest.raises(AttributeError):
        given.get_layer("one").get_config()
    small = prune.units(prune.units(given, 50), 40)
    assert small.get_layer("one").units == 6
    small.save(tmp_path / "small.keras")
    known = {"Forgetful": Forgetful}
    again = keras.saving.load_model(tmp_path / "small.keras", custom_objects=known)
    np.testing.assert_array_equal(answers(again, x), answers(small, x))


def test_of_the_last_block_the_last_layer_alone_is_the_output():
    keras.utils.set_random_seed(0)
    given = keras.Input((None, 6))
    network = keras.Model(given, Decoder(20, name="two")(Decoder(20, name="one")(given)))
    outputs = {each.layer for each in trace(network).kernels.values() if each.output}
    assert outputs == {"two/back"}


def test_multiply_adds_within_are_counted():
    given = model(Decoder(20, name="one"))
    each = {"one/look/query": 36, "one/look/value": 36, "one/gate": 120, "one/wide": 120}
    each |= {"one/back": 120, "last": 18}
    assert multiply_adds(given) == each
    assert multiply_adds(given, [(5,)]) == {name: 5 * number for name, number in each.items()}


def test_threads_that_look_into_the_same_layers_do_not_meet():
    given = model(Decoder(20, name="one"), Decoder(20, name="two"))
    calls, once = seen(given), multiply_adds(given)
    with ThreadPoolExecutor(8) as pool:
        assert all(each == once for each in pool.map(lambda _: multiply_adds(given), range(32)))
    assert seen(given) == calls


class Language(keras.Model):
    """A model with a graph, whose numbers stand in a configuration within its own."""

    def __init__(self, core, **more):
        given = keras.Input((None,), dtype="int32")
        x = layers.Embedding(9, 6)(given)
        for i in range(core["depth"]):
            x = Decoder(core["units"], name=f"block_{i}")(x)
        super().__init__(given, self.said(layers.Dense(3)(x), core), **more)
        self.core = core

    @staticmethod
    def said(x, core):
        return x

    def greet(self):
        return "hello"

    def get_config(self):
        return {"core": self.core, "name": self.name}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@pytest.mark.parametrize("depth", [1, 2])
def test_a_model_of_a_class_stays_one_where_its_numbers_say_what_is_left(depth, x):
    given = Language({"words": 20, "depth": depth, "units": 20})
    small = prune.units(given, 50)
    assert (type(small), small.greet()) == (Language, "hello")
    assert small.core == {"words": 20, "depth": depth, "units": 10}
    assert given.core["units"] == 20
    plain = keras.models.clone_model(keras.Model(given.inputs, given.outputs))
    plain.set_weights(given.get_weights())
    assert difference(answers(prune.units(plain, 50), x), answers(small, x)) <= 1e-5


class Loud(Language):
    """Which makes something of the number that is not in its arrays."""

    @staticmethod
    def said(x, core):
        return x * core["units"]


def test_a_model_of_a_class_that_would_answer_otherwise_is_one_of_keras(x):
    small = prune.units(given := Loud({"depth": 1, "units": 20}), 50)
    assert not isinstance(small, Loud)
    assert small.count_params() < given.count_params()


class Reader(layers.Layer):
    """Which makes numbers of words, and tells only how many it knows."""

    def __init__(self, words=()):
        super().__init__()
        self.words = list(words)

    def get_config(self):
        return {"count": len(self.words)}

    @classmethod
    def from_config(cls, config):
        return cls([""] * config["count"])


class Reading(Language):
    """A language model with a reader of what it is given."""

    def __init__(self, core, reader, **more):
        super().__init__(core, **more)
        self.reader = reader

    def get_config(self):
        told = keras.saving.serialize_keras_object(self.reader)
        return super().get_config() | {"reader": told}


class Strict(Reading):
    """Which is made of what it told, and nothing else."""

    @classmethod
    def from_config(cls, config):
        return cls(config["core"], Reader.from_config(config["reader"]["config"]))


def test_a_part_that_does_not_tell_all_stays_the_one_that_it_was():
    given = Reading({"depth": 1, "units": 20}, Reader(["a", "b"]))
    for left in (prune.units(given, 50), prune.weights(given, 50)):
        assert type(left) is Reading
        assert left.reader is given.reader
    strict = prune.units(Strict({"depth": 1, "units": 20}, Reader(["a", "b"])), 50)
    assert (type(strict), strict.reader.words) == (Strict, ["", ""])


class Around(keras.Model):
    """A model around another, of which it tells."""

    def __init__(self, inner, **more):
        super().__init__(inner.inputs, inner.outputs[0] + 1.0, **more)
        self.inner = inner

    def get_config(self):
        return {"inner": keras.saving.serialize_keras_object(self.inner)}

    @classmethod
    def from_config(cls, config):
        inner = config["inner"]
        return cls(Language.from_config(inner["config"]) if isinstance(inner, dict) else inner)


def test_a_part_with_weights_is_made_anew(x):
    given = Around(Language({"depth": 1, "units": 20}))
    before = answers(given, x)
    sparse, small = prune.weights(given, 50), prune.units(given, 50)
    assert (type(sparse), type(small)) == (Around, Around)
    assert small.inner.core["units"] == 10
    assert sparse.inner is not given.inner
    np.testing.assert_array_equal(answers(given, x), before)


def test_where_no_number_says_what_is_left_it_is_a_model_of_keras(x):
    given = Language({"depth": 2, "units": 20})
    small = prune.units(given, 50, keep=["block_0"])
    assert not isinstance(small, Language)
    assert [small.get_layer(f"block_{i}").units for i in range(2)] == [20, 10]
