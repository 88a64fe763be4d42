"""Whole models of any layers, whose configuration attacks."""

from __future__ import annotations

import json
from itertools import pairwise

import h5py
import numpy as np

from attacks import answered, attack
from attacks.material import KERNELS, dense, entry, keras_file, weights_bytes

LAYER = {"module": "keras.layers"}


def model(*layers, **more):
    """Return the configuration of a functional model of these layers, one after the other."""
    chain = [entry("InputLayer", "images", batch_shape=[None, 6]), *layers]
    for before, layer in pairwise(chain):
        layer.setdefault("inbound_nodes", [call(before["config"]["name"])])
    for layer in chain:
        layer["name"] = layer["config"]["name"]
        layer.setdefault("inbound_nodes", [])
    ends = {"input_layers": [["images", 0, 0]], "output_layers": [[chain[-1]["name"], 0, 0]]}
    config = {"name": "model", "trainable": True, "layers": chain, **ends}
    module = "keras.src.models.functional"
    return {"module": module, "class_name": "Functional", "config": config, **more}


def call(name, index=0, **more):
    """Return a call of a layer on what another gives."""
    config = {"shape": [None, 6], "dtype": "float32", "keras_history": [name, index, 0]}
    return {"args": [{"class_name": "__keras_tensor__", "config": config}], "kwargs": more}


def sequential(name, *layers):
    config = {"name": name, "layers": list(layers)}
    return {"module": "keras", "class_name": "Sequential", "config": config}


def other():
    """Return what no chain of Dense layers has, whose settings need not all be read."""
    return entry("UnitNormalization", "other")


def weights(folder, **arrays):
    """Return the content of a weights file with arrays at places such as conv2d__vars__0."""
    path = folder / "part"
    with h5py.File(path, "w") as file:
        for place, values in arrays.items():
            file[f"layers/{place.replace('__', '/')}"] = values
    content = path.read_bytes()
    path.unlink()
    return content


def plain(folder, *layers, **more):
    """Write a model of these layers and then the usual two, with the usual arrays."""
    last = entry("Dense", "dense_1", units=3)
    return keras_file(folder, model(other(), *layers, dense("dense"), last, **more))


def refused(message):
    return attack(message, "model")


CODE = "runs code of whoever made the file; .*--trust"
FOREIGN = "not of Keras: what it computes is not known; .*--trust"


@refused("units must be a whole number from 1 to 67,108,864, got 1000000000")
def units_by_the_billion(folder):
    """A dense layer of a billion units."""
    return keras_file(folder, model(dense("dense", units=10**9)))


@refused(r"should have an array vars/0 of shape \(inputs, 60000000\), but the file holds \(6, 5\)")
def units_that_no_array_bears_out(folder):
    """A dense layer of sixty million units, with a kernel of five."""
    return keras_file(folder, model(dense("dense", units=60_000_000)))


@refused(r"of shape \(60000, 60000, inputs, 5\), but the file holds \(3, 3, 1, 5\)")
def kernel_as_large_as_a_city(folder):
    """A convolution by 60,000 times 60,000, with a kernel of 3 by 3."""
    layer = entry("Conv2D", "conv", filters=5, kernel_size=[60_000, 60_000], use_bias=False)
    content = weights(folder, conv2d__vars__0=np.ones((3, 3, 1, 5), "f"))
    return keras_file(folder, model(layer), weights=content)


@refused(r"'lstm' \(LSTM\) should have an array cell/vars/0 of shape \(inputs, 4000000\)")
def memory_within_a_wrapper(folder):
    """A recurrent layer of a million units inside another layer, with a kernel of eight."""
    inner = entry("LSTM", "lstm", units=10**6)
    layer = {**LAYER, "class_name": "Bidirectional", "config": {"name": "both", "layer": inner}}
    place = "bidirectional__forward_layer__cell__vars__0"
    return keras_file(folder, model(layer), weights=weights(folder, **{place: KERNELS[0]}))


@refused("target_shape must be a shape of up to 268,435,456 numbers")
def shape_without_end(folder):
    """A layer that reshapes to 2**60 numbers, each side of which looks harmless."""
    return plain(folder, entry("Reshape", "reshape", target_shape=[2**20] * 3))


@refused("batch_shape must be a shape of up to 268,435,456 numbers")
def inputs_without_end(folder):
    """An input of 10**18 numbers."""
    config = model(dense("dense"))
    config["config"]["layers"][0]["config"]["batch_shape"] = [10**6, 10**6, 10**6]
    return keras_file(folder, config)


@refused(r"padding must be one of valid, same, causal or .* got \[1000000000, 1000000000\]")
def border_by_the_billion(folder):
    """A border of a billion rows."""
    return plain(folder, entry("ZeroPadding2D", "pad", padding=[10**9, 10**9]))


@refused("broken model configuration|that Keras does not write")
def models_nested_without_end(folder):
    """A hundred thousand models within each other."""
    head = '{"class_name": "Sequential", "config": {"name": "a", "layers": ['
    return keras_file(folder, head * 100_000 + "]}}" * 100_000)


@refused("nests its layers more than 16 deep")
def models_nested_deep(folder):
    """Forty models within each other."""
    config = sequential("model", dense("dense"))
    for number in range(40):
        config = sequential(f"model_{number}", config)
    return keras_file(folder, config)


@refused("has more than 3,000 layers")
def layers_by_the_hundred_thousand(folder):
    """A model of 150,000 layers."""
    layer = json.dumps(entry("Activation", "a", activation="relu"))
    body = f'{{"name": "a", "layers": [{", ".join([layer] * 150_000)}]}}'
    return keras_file(folder, f'{{"class_name": "Sequential", "config": {body}}}')


@refused("layer '.' has no class_name where one belongs")
def layers_by_the_million(folder):
    """Ten models within each other, the innermost of a million layers of nothing."""
    head = '{"class_name": "Sequential", "config": {"name": "a", "layers": ['
    return keras_file(folder, head * 10 + ", ".join(["{}"] * 10**6) + "]}}" * 10)


@refused("calls its layers more than 6,000 times")
def models_that_call_each_other_twice(folder):
    """Twelve models within each other, each of which calls the one within twice: 4,096 times."""
    config = model(dense("dense", units=6), dense("dense_1", units=6))
    for number in range(12):
        inner = {**config, "config": {**config["config"], "name": f"inner_{number}"}}
        inner["inbound_nodes"] = [call("images"), call(f"inner_{number}")]
        config = model(inner)
    return keras_file(folder, config)


@refused("feed each other in a ring, or wait for what is never made: 'a', 'b'")
def layers_in_a_ring(folder):
    """Two layers that read each other."""
    first, second = dense("a", units=6), dense("b", units=6)
    first["inbound_nodes"] = [call("b")]
    return keras_file(folder, model(first, second))


@refused("stand in an order that Keras does not write")
def layers_from_last_to_first(folder):
    """2,000 layers in the order in which a loader goes through all of them 2,000 times."""
    layers = [entry("Activation", f"a{i}", activation="relu") for i in range(2000)]
    config = model(*layers)
    config["config"]["layers"].reverse()
    return keras_file(folder, config)


@refused("'dense' reads 'elsewhere', which is no layer")
def reading_from_nowhere(folder):
    """A layer that reads a layer that is not there."""
    layer = dense("dense")
    layer["inbound_nodes"] = [call("elsewhere")]
    return keras_file(folder, model(layer))


@refused(f"layer 'code' is a Lambda, which {CODE}")
def code(folder):
    """A layer that is code."""
    function = {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}
    return plain(folder, entry("Lambda", "code", function=function))


@refused(f"layer 'code' is a Lambda, which {CODE}")
def code_within(folder):
    """A layer that is code, in a wrapper, in a model, in a model."""
    inner = entry("Lambda", "code", function={"class_name": "__lambda__", "config": {}})
    outer = sequential("inner", entry("TimeDistributed", "each", layer=inner))
    return plain(folder, sequential("outer", outer))


@refused("activation is '__lambda__', no activation of Keras'")
def code_for_an_activation(folder):
    """An activation that is code."""
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}
    return plain(folder, dense("first", units=6, activation=code))


@refused("activation is 'system', no activation of Keras'")
def activation_of_another_module(folder):
    """An activation that is a function of the operating system's."""
    function = {"module": "os", "class_name": "function", "config": "system"}
    return plain(folder, dense("first", units=6, activation=function))


@refused("kernel_initializer must be an initializer of Keras itself")
def initializer_that_is_code(folder):
    """An initializer that is code."""
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}
    return plain(folder, dense("first", units=6, kernel_initializer=code))


@refused("kernel_initializer must be an initializer of Keras itself")
def initializer_of_another_module(folder):
    """An initializer called Zeros, of a module that is imported for it."""
    other = {"module": "this", "class_name": "Zeros", "config": {}}
    return plain(folder, dense("first", units=6, kernel_initializer=other))


@refused("bias_initializer must be an initializer of Keras itself")
def initializer_of_more_than_numbers(folder):
    """A known initializer, one of whose settings is an object to be built."""
    value = {"module": "keras.layers", "class_name": "Lambda", "config": {}}
    other = {"module": "keras.initializers", "class_name": "Constant", "config": {"value": value}}
    return plain(folder, dense("first", units=6, bias_initializer=other))


@refused("kernel_regularizer must be a regularizer of Keras itself")
def regularizer_that_is_code(folder):
    """A regularizer that is code."""
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}
    return plain(folder, dense("first", units=6, kernel_regularizer=code))


@refused("kernel_constraint must be a constraint of Keras itself")
def constraint_of_another_name(folder):
    """A constraint of Keras that is registered under another name."""
    other = {"module": "keras.constraints", "class_name": "NonNeg", "config": {}}
    other["registered_name"] = "mine>NonNeg"
    return plain(folder, dense("first", units=6, kernel_constraint=other))


@refused("dtype must be a float type or policy of Keras")
def precision_of_another_module(folder):
    """A policy that is a class of another module."""
    policy = {"module": "subprocess", "class_name": "Popen", "config": {"name": "float32"}}
    return plain(folder, dense("first", units=6, dtype=policy))


@refused("layer 'first' is a system of os, which is no layer that can be built")
def class_of_another_module(folder):
    """A layer that is a function of the operating system's."""
    layer = {"module": "os", "class_name": "system", "config": {"name": "first"}}
    return plain(folder, layer)


@refused(f"layer 'first' is a Dense of this .*, {FOREIGN}")
def known_class_of_another_module(folder):
    """A layer called Dense, of a module that is imported for it."""
    return plain(folder, {**dense("first", units=6), "module": "this"})


@refused(r"layer 'first' is a get_file of keras.utils, which is no layer")
def function_of_keras_itself(folder):
    """A layer that is Keras' own function for downloads."""
    config = {"name": "first", "fname": "a", "origin": "http://localhost/"}
    return plain(folder, {"module": "keras.utils", "class_name": "get_file", "config": config})


@refused(rf"is a Dense of keras.layers \(mine>Dense\), {FOREIGN}")
def known_class_of_another_name(folder):
    """A layer called Dense, registered under another name."""
    return plain(folder, {**dense("first", units=6), "registered_name": "mine>Dense"})


@refused(r"the model is a Functional of keras.src.models.functional \(mine>Functional\)")
def model_of_another_name(folder):
    """A model that is registered under another name."""
    return plain(folder, registered_name="mine>Functional")


@refused("the model is of the class Mine, whose code is not in the file")
def model_of_ones_own(folder):
    """A subclassed model."""
    config = {"module": "mine", "class_name": "Mine", "config": {"name": "mine"}}
    return keras_file(folder, config)


@refused("is a TFSMLayer, which opens another folder")
def saved_model_within(folder):
    """A layer that loads a SavedModel, which runs code."""
    return plain(folder, entry("TFSMLayer", "first", filepath="../canary"))


@refused("is a StringLookup, which turns words into numbers")
def vocabulary_of_another_file(folder):
    """A layer that reads its words from another file."""
    return plain(folder, entry("StringLookup", "first", vocabulary="canary.raw"))


@refused("is given a __typespec__, which is not built")
def call_on_a_type(folder):
    """A call that is given a type, which a loader imports."""
    layer = dense("first", units=6)
    config = ["x"]
    spec = {"class_name": "__typespec__", "config": {"a": config}, "module": "this"}
    layer["inbound_nodes"] = [call("images", mask=spec)]
    return plain(folder, layer)


@refused(f"is a __lambda__, which {CODE}")
def call_on_code(folder):
    """A call that is given code."""
    layer = dense("first", units=6)
    layer["inbound_nodes"] = [call("images", mask={"class_name": "__lambda__", "config": {}})]
    return plain(folder, layer)


@refused("no setting that such a layer is known to have")
def setting_that_no_such_layer_has(folder):
    """A setting by which a layer would be given its arrays, past the file's."""
    return plain(folder, dense("first", units=6, weights=[[1.0]]))


@refused("rate must be a number, or null, got nan")
def rate_that_is_no_number(folder):
    """A rate that is NaN."""
    return plain(folder, entry("Dropout", "drop", rate=float("nan")))


@refused("axis must be a whole number from -16 to 16")
def axis_beyond_all_shapes(folder):
    """An axis beyond all shapes."""
    return plain(folder, entry("Softmax", "soft", axis=10**6))


@refused("name of|must be a name of 1 to 120 letters")
def layer_name_that_is_a_path(folder):
    """A layer whose name climbs out of its group."""
    return plain(folder, dense("../../canary", units=6))


@refused("must be a name of 1 to 120 letters")
def layer_name_of_escape_codes(folder):
    """A layer whose name colours the terminal."""
    return plain(folder, dense("a\x1b[31m", units=6))


@refused("has 'elsewhere' among its output_layers, which is no layer")
def outputs_from_nowhere(folder):
    """A model that ends in a layer that is not there."""
    config = model(dense("dense"))
    config["config"]["output_layers"] = [["elsewhere", 0, 0]]
    return keras_file(folder, config)


@refused("what it is given must be .* got inf")
def call_on_infinity(folder):
    """A call that is given a number without end."""
    layer = dense("first", units=6)
    layer["inbound_nodes"] = [call("images", mask=float("inf"))]
    return plain(folder, layer)


@refused("has 1 weights at layers/dense/vars/1 that are NaN or infinite")
def bias_that_is_no_number(folder):
    """A bias that is NaN."""
    arrays = {"dense__vars__0": KERNELS[0], "dense__vars__1": np.full(5, 2.0, "f")}
    arrays["dense__vars__1"][3] = np.nan
    return keras_file(folder, model(dense("dense")), weights=weights(folder, **arrays))


@refused("link out of place at /layers/dense/vars/0; links are not followed")
def kernel_of_another_file(folder):
    """A model whose kernel is an external link to another file."""
    path = folder / "part"
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = h5py.ExternalLink("canary.h5", "layers/dense/vars/0")
    content = path.read_bytes()
    path.unlink()
    return keras_file(folder, model(dense("dense")), weights=content)


@refused("kernel_initializer must be an initializer of Keras itself")
def initializer_with_a_setting_of_its_own(folder):
    """A known initializer with a setting that it does not have."""
    other = {"module": "keras.initializers", "class_name": "Zeros", "config": {"fn": "system"}}
    return plain(folder, dense("first", units=6, kernel_initializer=other))


@refused("uses the layer name 'dense' twice")
def one_name_for_two_layers(folder):
    """Two layers of one name."""
    return plain(folder, dense("dense", units=6))


@refused(r"should have an array vars/0 of shape \(inputs, 7\), but the file holds \(6, 5\)")
def kernel_of_other_units(folder):
    """A layer with other units than its kernel."""
    return keras_file(folder, model(dense("dense", units=7)))


@refused(r"layer 'dense_2' \(Dense\) has no array vars/0 of shape \(inputs, 2\)")
def arrays_for_fewer_layers(folder):
    """A layer more than there are arrays for."""
    layers = [
        other(),
        dense("dense"),
        entry("Dense", "dense_1", units=3),
        entry("Dense", "dense_2", units=2),
    ]
    return keras_file(folder, model(*layers))


@refused("holds 15 numbers at layers/dense_1/vars/0, which belong to no layer")
def arrays_for_more_layers(folder):
    """Arrays of a layer that the configuration does not list."""
    return keras_file(folder, model(dense("dense")))


@refused(f"layer 'code' is a Lambda, which {CODE}")
def code_in_a_legacy_file(folder):
    """A layer that is code, in a file of Keras 2."""
    path = folder / "model.h5"
    layer = entry("Lambda", "code", function=["4wEAAAA=", None, None], function_type="lambda")
    layer.pop("module")
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(
            {"class_name": "Sequential", "config": {"name": "a", "layers": [layer]}}
        )
        file.create_group("model_weights").attrs["layer_names"] = [b"code"]
        file["model_weights"].create_group("code").attrs["weight_names"] = np.zeros(0, "S1")
    return path


@answered("model")
def training_that_is_code(folder):
    """A loss and an optimizer that are code, which nobody needs."""
    code = {"module": "builtins", "class_name": "__lambda__", "config": {"code": "4wEAAAA="}}
    return plain(folder, compile_config={"loss": code, "optimizer": code})


@answered("model")
def building_by_another_shape(folder):
    """A layer that says it was built by a shape of 10**12 rows."""
    config = {**dense("dense"), "build_config": {"input_shape": [10**12, 10**12]}}
    return keras_file(folder, model(config, entry("Dense", "dense_1", units=3)))


@answered("model")
def object_that_is_shared_with_itself(folder):
    """Layers that say they are one and the same object."""
    layers = [dense("dense"), entry("Dense", "dense_1", units=3)]
    for layer in layers:
        layer["shared_object_id"] = 1
    return keras_file(folder, model(*layers), weights=weights_bytes(folder))
