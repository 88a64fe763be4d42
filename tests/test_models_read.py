"""What of a configuration comes through the table of layers, and what is refused, without Keras."""

from __future__ import annotations

import copy
import json

import h5py
import numpy as np
import pytest

from attacks.material import BIASES, KERNELS, configuration, dense, entry, keras_file, weights_bytes
from attacks.models import call, model, sequential
from prune import PruneError
from prune.files import limits, models, places, weights
from prune.files.keras_layers import addresses, graph, kinds, objects, trust
from prune.files.keras_layers import shapes as law


def layers_of(config, **more):
    return graph.model(config, **more)["config"]["layers"]


def test_nothing_of_what_is_given_is_in_what_is_returned():
    # Keras 2 kept a type in every initializer, which is taken out.
    initializer = {"class_name": "Ones", "config": {"dtype": "float32"}}
    first = dense("first", units=6, kernel_initializer=initializer)
    given = model(first, entry("Reshape", "reshape", target_shape=[2, 3]))

    def things(value):
        below = value.values() if isinstance(value, dict) else value
        inside = [one for each in below if isinstance(each, dict | list) for one in things(each)]
        return [value, *inside]

    before = copy.deepcopy(given)
    returned = {id(thing) for thing in things(graph.model(given))}
    assert given == before
    assert not returned & {id(thing) for thing in things(given)}


def test_what_is_rebuilt_is_rebuilt_to_the_same():
    once = graph.model(model(dense("first", units=6), sequential("inner", dense("x"))))
    assert graph.model(once) == once


def test_only_modules_of_the_table_come_out():
    given = model(dense("first", kernel_initializer={"class_name": "Zeros", "config": {}}))
    told = json.dumps(graph.model(given))
    modules = {part.partition('"')[0] for part in told.split('"module": "')[1:]}
    assert modules == {"keras.src.models.functional", "keras.layers", "keras.initializers"}


def test_every_setting_of_every_kind_has_a_check():
    known = {*kinds.SETTINGS, *kinds.NESTED, *kinds.ACTIVATED}
    for kind in [*kinds.LAYERS.values(), *kinds.OPERATIONS.values()]:
        assert kind.settings <= known


def test_no_kind_that_runs_code_is_in_the_table():
    assert not set(objects.RUNS_CODE) & {*kinds.LAYERS, *kinds.OPERATIONS}


@pytest.mark.parametrize(
    "value",
    [
        {"module": "os", "class_name": "system", "config": {}},
        {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}},
        {"module": "keras.layers", "class_name": "Lambda", "config": {"function": "f"}},
        {"a": 1},
        [[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]],
        10**30,
        float("nan"),
        float("inf"),
        "x" * 10_000,
        "__import__('os')",
        ["a\x1b[31m"],
    ],
    ids=lambda value: repr(value)[:20],
)
def test_no_setting_lets_through_what_could_do_harm(value):
    for key, check in kinds.SETTINGS.items():
        if key == "name" and value == "__import__('os')":
            continue  # as good a name as another
        with pytest.raises(PruneError, match="^here must be "):
            check(value, "here")


@pytest.mark.parametrize(
    ("layer", "refusal"),
    [
        (entry("Conv2D", "c", filters=1, kernel_size=[[3, 3], [3, 3]]), "kernel_size must be"),
        (dense("d", units=True), "units must be"),
        (dense("d", units=5.0), "units must be"),
        (entry("TimeDistributed", "t", layer=3), "has no class_name"),
        ({**dense("d"), "inbound_nodes": [{"args": {}, "kwargs": []}]}, "in a form that Keras"),
        ({**dense("d"), "inbound_nodes": [[["images", 0, 0, {"mask": 1}]]]}, "save the model with"),
        (
            {**dense("d"), "inbound_nodes": [[["images", -1, 0]]]},
            "from a place that Keras does not",
        ),
    ],
)
def test_layers_in_forms_that_keras_does_not_write_are_refused(layer, refusal):
    with pytest.raises(PruneError, match=refusal):
        graph.model(model(copy.deepcopy(layer)))


def test_a_layer_without_its_size_is_refused():
    with pytest.raises(PruneError, match=r"layer 'd' \(Dense\) lacks settings"):
        law.check("layers/dense", layers_of(sequential("a", entry("Dense", "d")))[0], {})


def test_settings_that_say_nothing_are_left_out():
    (rebuilt,) = layers_of(sequential("a", dense("first", quantization_config=None)))
    assert "quantization_config" not in rebuilt["config"]


def test_a_call_is_given_numbers_slices_and_arrays():
    cut = {"class_name": "__slice__", "config": {"start": None, "stop": 2, "step": None}}
    numbers = {"class_name": "__numpy__", "config": {"value": [[1.0]], "dtype": "float32"}}
    layer = {"module": "keras.src.ops.numpy", "class_name": "GetItem", "config": {"name": "get"}}
    layer["inbound_nodes"] = [call("images", mask=[cut, 0, True, None, numbers])]
    *_, rebuilt = layers_of(model(layer))
    assert rebuilt["inbound_nodes"][0]["kwargs"]["mask"] == [cut, 0, True, None, numbers]


def test_activations_are_kept_by_name_and_as_layers():
    function = {"module": "builtins", "class_name": "function", "config": "relu"}
    leaky = entry("LeakyReLU", "leaky", negative_slope=0.2)
    given = [None, "gelu", function, leaky]
    config = model(*(dense(f"d{i}", activation=each) for i, each in enumerate(given)))
    came = [layer["config"]["activation"] for layer in layers_of(config)[1:]]
    assert came[:3] == [None, "gelu", "relu"]
    assert came[3]["config"] == {"name": "leaky", "negative_slope": 0.2}


def keras2(kind, name, **config):
    return {"class_name": kind, "config": {"name": name, "trainable": True, **config}}


def test_a_functional_model_of_keras_2_is_spelled_as_keras_3_does():
    layers = [
        keras2("InputLayer", "i", batch_input_shape=[None, 8, 8, 3], ragged=False),
        keras2("DepthwiseConv2D", "d", kernel_size=[3, 3], groups=1, kernel_initializer="zeros"),
        keras2("BatchNormalization", "b", axis=[3], momentum=0.99),
        keras2("Add", "a"),
    ]
    for layer in layers:
        layer["name"] = layer["config"]["name"]
    for layer, sources in zip(layers, [[], ["i"], ["d"], ["d", "b"]], strict=True):
        nodes = [[source, 0, 0, {}] for source in sources]
        layer["inbound_nodes"] = [nodes] if nodes else []
    ends = {"input_layers": [["i", 0, 0]], "output_layers": [["a", 0, 0]]}
    config = {"class_name": "Model", "config": {"name": "m", "layers": layers, **ends}}
    first, depthwise, normalization, add = layers_of(config)
    assert first["config"]["batch_shape"] == [None, 8, 8, 3]
    assert depthwise["config"].keys() == {"name", "trainable", "kernel_size"}
    assert normalization["config"]["axis"] == 3
    assert add["inbound_nodes"] == [[["d", 0, 0, {}], ["b", 0, 0, {}]]]


def test_the_first_call_of_a_nested_model_is_number_1_in_keras_2_and_0_in_keras_3():
    inner = model(dense("x"))
    inner["config"]["name"] = "inner"
    inner["inbound_nodes"] = [[["images", 0, 0, {}]]]
    after = dense("after")
    after["inbound_nodes"] = [[["inner", 1, 0, {}]]]
    assert layers_of(model(inner, after))[2]["inbound_nodes"] == [[["inner", 0, 0, {}]]]


def test_a_name_stands_once_in_a_sequential_model_too():
    with pytest.raises(PruneError, match="uses the layer name 'd' twice"):
        graph.model(sequential("a", dense("d"), dense("d")))


def test_a_shape_told_in_the_first_layer_becomes_an_input():
    (first, second) = layers_of(sequential("a", dense("d", batch_input_shape=[None, 6])))
    assert (first["class_name"], first["config"]["batch_shape"]) == ("InputLayer", [None, 6])
    assert "batch_input_shape" not in second["config"]


@pytest.mark.parametrize(
    ("layer", "shapes"),
    [
        (entry("Conv2D", "x", filters=4, kernel_size=[3, 2]), [(3, 2, 7, 4), (4,)]),
        (entry("Conv1D", "x", filters=4, kernel_size=3, use_bias=False), [(3, 7, 4)]),
        (entry("Conv2DTranspose", "x", filters=4, kernel_size=2), [(2, 2, 4, 7), (4,)]),
        (entry("DepthwiseConv2D", "x", kernel_size=3, depth_multiplier=2), [(3, 3, 7, 2), (14,)]),
        (entry("SeparableConv1D", "x", filters=4, kernel_size=3), [(3, 7, 1), (1, 7, 4), (4,)]),
        (entry("BatchNormalization", "x", center=False), [(7,)] * 3),
        (entry("Embedding", "x", input_dim=9, output_dim=4), [(9, 4)]),
    ],
    ids=lambda value: value["class_name"] if isinstance(value, dict) else "",
)
def test_arrays_of_other_shapes_than_the_settings_say_are_refused(layer, shapes):
    right = {f"layers/x/vars/{i}": np.zeros(shape) for i, shape in enumerate(shapes)}
    (rebuilt,) = layers_of(sequential("a", layer))
    law.check("layers/x", rebuilt, right)
    for i, shape in enumerate(shapes):
        sides = [s for s in range(len(shape)) if shape[s] != 7 or layer["class_name"][0] == "B"]
        wrong = {**right, f"layers/x/vars/{i}": np.zeros((*shape, 1))}
        with pytest.raises(PruneError, match="layer 'x'"):
            law.check("layers/x", rebuilt, wrong)
        for side in sides if shape != (14,) else []:
            longer = tuple(n + (j == side) for j, n in enumerate(shape))
            with pytest.raises(PruneError, match="layer 'x'"):
                law.check("layers/x", rebuilt, {**right, f"layers/x/vars/{i}": np.zeros(longer)})
        with pytest.raises(PruneError, match="layer 'x' .* has no array"):
            law.check("layers/x", rebuilt, {k: v for k, v in right.items() if k[-1] != str(i)})


@pytest.mark.parametrize(
    ("kind", "group"),
    [
        ("Conv2D", "conv2d"),
        ("Conv2DTranspose", "conv2d_transpose"),
        ("PReLU", "p_re_lu"),
        ("GRU", "gru"),
        ("LSTMCell", "lstm_cell"),
        ("BatchNormalization", "batch_normalization"),
        ("RMSNormalization", "rms_normalization"),
    ],
)
def test_groups_of_arrays_are_named_as_keras_names_them(kind, group):
    layer = {"module": "keras.layers", "class_name": kind, "config": {"name": "a"}}
    other = {**layer, "config": {"name": "b"}}
    config = {"class_name": "Sequential", "config": {"layers": [layer, other]}}
    assert [place for place, _ in addresses.parts(config)] == [
        f"layers/{group}",
        f"layers/{group}_1",
    ]


def test_operations_are_not_counted_among_the_layers_of_their_name():
    operation = {"module": "keras.src.ops.nn", "class_name": "Gelu", "config": {"name": "a"}}
    layer = {"module": None, "class_name": "Gelu", "config": {"name": "b"}}
    config = {"class_name": "Functional", "config": {"layers": [operation, layer]}}
    assert list(addresses.parts(config)) == [("layers/gelu", layer)]


def test_arrays_come_as_they_are_stored(tmp_path):
    path = tmp_path / "part"
    with h5py.File(path, "w") as file:
        group = file.create_group("layers/normalization/vars")
        group["0"], group["1"] = np.ones(3, ">f8"), np.ones(3, "f2")
        group["2"], group["3"] = np.int32(-7), np.arange(3, dtype=">u2")
    config = sequential("a", entry("Normalization", "n", axis=-1))
    keras_file(tmp_path, config, weights=path.read_bytes())
    arrays = models.parse((tmp_path / "model.keras").read_bytes()).arrays
    assert [str(array.dtype) for array in arrays.values()] == [">f8", "float16", "int32", ">u2"]
    assert arrays["layers/normalization/vars/2"] == -7
    assert arrays["layers/normalization/vars/3"].tolist() == [0, 1, 2]


def test_a_whole_model_of_other_layers_is_no_chain(tmp_path):
    chain = keras_file(tmp_path, configuration()).read_bytes()
    assert models.is_chain(chain)
    assert models.is_chain(places.shipped().read_bytes())
    assert models.is_chain(b"nothing known")
    other = keras_file(tmp_path, configuration(entry("LayerNormalization", "n"))).read_bytes()
    assert not models.is_chain(other)


def test_a_chain_is_read_as_a_model_too(tmp_path):
    file = models.parse(keras_file(tmp_path, configuration()).read_bytes())
    expected = [array for pair in zip(KERNELS, BIASES) for array in pair]
    for read, written in zip(file.arrays.values(), expected, strict=True):
        np.testing.assert_array_equal(read, written)
    assert file.sha256 == weights.load(tmp_path / "model.keras").sha256


def test_weights_alone_are_no_model(tmp_path):
    with pytest.raises(PruneError, match=r"weights without a model; save the whole model"):
        models.parse(weights_bytes(tmp_path))


@pytest.mark.parametrize("text", ["", "json", ":dumps", "json:", "no.such:A", "json:nothing"])
def test_what_is_trusted_must_be_there(text):
    with pytest.raises(PruneError, match="--trust"):
        trust.trusted(text)


def test_several_classes_of_several_modules_are_trusted():
    found = trust.trusted("json:JSONDecoder,JSONEncoder,collections:OrderedDict")
    assert list(found) == ["JSONDecoder", "JSONEncoder", "OrderedDict"]


def test_a_trusted_class_keeps_its_settings_and_hides_no_code():
    own = {"module": "mine", "class_name": "Mine", "registered_name": "mine>Mine"}
    own["config"] = {"name": "own", "width": [1, {"deep": "x"}], "inner": dense("x")}
    (rebuilt,) = layers_of(sequential("a", own), trust={"Mine": object})
    assert rebuilt["config"]["width"] == [1, {"deep": "x"}]
    assert (rebuilt["module"], rebuilt["registered_name"]) == (None, "Mine")
    own["config"]["inner"] = entry("Lambda", "code", function="f")
    with pytest.raises(PruneError, match="layer 'code' is a Lambda"):
        layers_of(sequential("a", own), trust={"Mine": object})


def spots(value):
    """Yield every place in a configuration: what holds it, and under which key."""
    for key, below in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(below, dict | list):
            yield from spots(below)


def rich():
    """Return a model with something of everything."""
    leaky = entry("LeakyReLU", "leaky", negative_slope=0.2)
    initializer = {"module": "keras.initializers", "class_name": "Ones", "config": {}}
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}}
    cut = {"class_name": "__slice__", "config": {"start": 0, "stop": None, "step": None}}
    get = {"module": "keras.src.ops.numpy", "class_name": "GetItem", "config": {"name": "get"}}
    get["inbound_nodes"] = [call("first", mask=[cut, 0])]
    return model(
        dense("first", activation=leaky, kernel_initializer=initializer, dtype=policy),
        get,
        sequential("inner", entry("TimeDistributed", "t", layer=dense("x"))),
        entry("BatchNormalization", "b", axis=[1], epsilon=0.1),
        entry("Conv2D", "c", filters=2, kernel_size=[3, 3], padding="same"),
        {**keras2("Reshape", "r", target_shape=[2, 3]), "inbound_nodes": [[["c", 0, 0, {}]]]},
    )


JUNK = [None, True, -1, 10**40, float("nan"), "", "x", "Lambda", [], {}, [[]], ["first", 0, 0]]
JUNK += [
    {"class_name": "Dense"},
    {"class_name": ["a"], "config": []},
    "\ud800",
    "a\x00b",
    [1, 2, 3],
]
JUNK += [{"class_name": "__slice__", "config": None}, {"module": [], "class_name": "Zeros"}]


def test_a_configuration_spoilt_anywhere_is_refused_in_a_line_or_rebuilt(rng):
    assert len(layers_of(rich())) == 7
    refused = 0
    for _ in range(4000):
        spoilt = rich()
        for _ in range(rng.integers(1, 4)):
            holder, key = (found := list(spots(spoilt)))[rng.integers(len(found))]
            other, where = found[rng.integers(len(found))]
            holder[key] = copy.deepcopy([*JUNK, other[where]][rng.integers(len(JUNK) + 1)])
        try:
            law.check_all({}, dict(addresses.parts(graph.model(spoilt))))
        except PruneError as error:
            refused += 1
            assert str(error).isprintable() and len(str(error)) < 900
    assert refused > 3000


def test_as_many_layers_as_are_allowed_are_read():
    layers = [entry("Activation", f"a{i}", activation="relu") for i in range(limits.MODEL_LAYERS)]
    assert len(layers_of(sequential("a", *layers))) == limits.MODEL_LAYERS
