"""What a file says of its network, wrongly."""

from __future__ import annotations

import re
import struct

import h5py
import numpy as np

from attacks import answered, attack
from attacks.material import (
    BIASES,
    KERNELS,
    configuration,
    dense,
    entry,
    group,
    keras_file,
    legacy_file,
    legacy_model,
    patched,
    weights_file,
)


@attack("'evil' is a Lambda, which runs code of whoever made the file")
def lambda_layer(folder):
    """A layer of Python code, packed into the configuration."""
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None}}
    return keras_file(folder, configuration(entry("Lambda", "evil", function=code)))


@attack("'evil' is a Dense of os \\(os>Dense\\), not of Keras")
def foreign_class_called_dense(folder):
    """A class of another package that calls itself Dense."""
    evil = {**dense("evil"), "module": "os", "registered_name": "os>Dense"}
    return keras_file(folder, configuration(evil))


@attack("'evil' is a Dense of keras.layers \\(mine>Dense\\), not of Keras")
def registered_class_called_dense(folder):
    """A class that somebody registered under the name of Keras' own."""
    return keras_file(folder, configuration({**dense("evil"), "registered_name": "mine>Dense"}))


@attack("'evil' is a system of keras.os, which is no layer that can be built")
def class_of_keras_that_is_none(folder):
    """A layer whose class is a function of another module."""
    evil = {**entry("system", "evil"), "module": "keras.os"}
    return keras_file(folder, configuration(evil))


@attack("activation is '__lambda__', no activation of Keras'")
def activation_that_is_code(folder):
    """An activation of Python code."""
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}
    return keras_file(folder, configuration(first=dense("dense", activation=code)))


@attack(r"'conv' \(Conv2D\) lacks settings that give it its shape")
def convolution(folder):
    """A network with a convolution."""
    return keras_file(folder, configuration(entry("Conv2D", "conv")))


@attack(r"'norm' \(BatchNormalization\) has no array vars/0 of shape \(channels\)")
def normalisation(folder):
    """A layer with weights that would be passed over."""
    return keras_file(folder, configuration(entry("BatchNormalization", "norm")))


@attack("activation is 'sigmoid_of_mine', no activation of Keras'")
def unknown_activation(folder):
    """An activation that is not known must not become ReLU."""
    layer = dense("dense", activation="sigmoid_of_mine")
    return keras_file(folder, configuration(first=layer))


@attack("dtype must be a float type or policy of Keras that is not quantized")
def quantised_layer(folder):
    """A layer that computes in whole numbers."""
    policy = {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8"}}
    return keras_file(folder, configuration(first=dense("dense", dtype=policy)))


@attack("'dense' should hold a kernel alone, got 2 arrays")
def bias_that_would_be_dropped(folder):
    """The configuration denies a bias that the weights hold."""
    return keras_file(folder, configuration(first=dense("dense", use_bias=False)))


@attack("'dense' has 1,000,000,000 units in its configuration, but 5 in its kernel")
def units_of_a_configuration_beyond_its_kernel(folder):
    """A configuration of 1,000,000,000 units, and a kernel of 5."""
    return keras_file(folder, configuration(first=dense("dense", units=10**9)))


@attack("'dense' has 1,000,000,000 units in its configuration, but 5 in its kernel")
def units_of_a_legacy_file_beyond_its_kernel(folder):
    """The same in a whole model of Keras 2."""
    return legacy_model(folder, configuration(first=dense("dense", units=10**9)))


@attack("units must be a whole number from 1 to 67,108,864, got '5'")
def units_that_are_no_number(folder):
    """A number of units that is text."""
    return keras_file(folder, configuration(first=dense("dense", units="5")))


@attack("'dense' takes 9 inputs in the configuration, but 6 by its kernel")
def input_of_another_shape(folder):
    """A configuration for images of 3 by 3, and a kernel for 6 values."""
    config = configuration(entry("Flatten", "flat"))
    layers = config["config"]["layers"]
    layers[0]["config"]["batch_shape"] = [None, 3, 3]
    layers.insert(1, layers.pop(2))
    return keras_file(folder, config)


@attack("batch_shape must be a shape of up to 268,435,456 numbers")
def input_of_ten_thousand_sides(folder):
    """A shape of 10,000 sides of a thousand digits each, whose product takes for ever."""
    config = configuration()
    config["config"]["layers"][0]["config"]["batch_shape"] = [None, *[10**1000 - 1] * 10**4]
    return keras_file(folder, config)


@attack("'dense_1' takes 4 inputs in the configuration, but 5 by its kernel")
def layer_built_for_another_shape(folder):
    """A layer that says it was built for 4 inputs, behind one of 5 units."""
    config = configuration()
    config["config"]["layers"][-1]["build_config"] = {"input_shape": [None, 4]}
    return keras_file(folder, config)


@attack("has 3 Dense layers in its configuration, but weights for 2")
def layer_without_weights(folder):
    """The configuration has a layer more than the weights."""
    return keras_file(folder, configuration(dense("more", activation="relu")))


@attack("broken model configuration|that Keras does not write")
def configuration_without_end(folder):
    """A configuration of a hundred thousand brackets."""
    return keras_file(folder, "[" * 100_000)


@attack("broken model configuration")
def number_of_a_million_digits(folder):
    """A configuration with a number of a million digits."""
    return keras_file(folder, '{"class_name": ' + "9" * 1_000_000 + "}")


@attack("negative_slope must be a number, or null")
def parameter_beyond_floats(folder):
    """An activation with a parameter of 400 digits."""
    layer = entry("LeakyReLU", "leaky", negative_slope=10**400)
    return keras_file(folder, configuration(layer, first=dense("dense", activation="linear")))


@attack("the name of the model must be a name of 1 to 120 letters")
def network_that_is_a_ring(folder):
    """A functional model whose layers feed each other in a ring."""
    layers = [dense(name) for name in ("a", "b")]
    layers[0]["inbound_nodes"] = [[["b", 0, 0, {}]]]
    layers[1]["inbound_nodes"] = [[["a", 0, 0, {}]]]
    config = {"class_name": "Functional", "config": {"layers": layers}}
    return keras_file(folder, config)


@attack("that is not a JSON object")
def configuration_that_is_a_list(folder):
    """A configuration that is a list."""
    return keras_file(folder, "[]")


@attack("holds a layer 'dense_2', but no 'dense_1'")
def layer_missing_between(folder):
    """Layers 0 and 2, without 1."""
    path = weights_file(folder / "a.h5")
    with h5py.File(path, "a") as file:
        file.move("layers/dense_1", "layers/dense_2")
    return path


@attack("has a layer 'dense_٣'")
def layer_number_in_other_digits(folder):
    """A layer numbered in Arabic digits, which Python takes for a number."""
    path = weights_file(folder / "a.h5")
    with h5py.File(path, "a") as file:
        file.move("layers/dense_1", "layers/dense_٣")
    return path


@attack("has a layer 'dense_01'")
def layer_number_with_a_nought(folder):
    """Layers dense_1 and dense_01: two of the same number."""
    path = weights_file(folder / "a.h5")
    with h5py.File(path, "a") as file:
        file[f"{group(1).replace('_1', '_01')}/0"] = KERNELS[1]
    return path


@attack("does not hold a kernel and at most a bias")
def bias_under_another_number(folder):
    """A bias that is weight 2, where a careless reader does not look."""
    path = weights_file(folder / "a.h5")
    with h5py.File(path, "a") as file:
        file.move(f"{group(0)}/1", f"{group(0)}/2")
    return path


@attack("holds arrays that it does not list")
def legacy_weights_that_are_not_listed(folder):
    """A legacy layer that holds a kernel but lists none."""
    return legacy_file(folder, [])


@attack("'a' holds recurrent_kernel, not a kernel")
def legacy_layer_of_another_kind(folder):
    """A legacy layer whose weights are those of another kind of layer."""
    return legacy_file(folder, [b"a/recurrent_kernel:0"])


@attack("has an attribute layer_names that is not text")
def names_that_are_numbers(folder):
    """A legacy file whose list of names is of numbers."""

    def put(file):
        file.attrs["layer_names"] = [1, 2]

    return legacy_file(folder, [b"kernel"], put)


@attack("has an attribute of more than 16,777,216 letters")
def one_long_name_many_times(folder):
    """A thousand names that are all the same text of a megabyte: 1 GB."""
    path = folder / "a.h5"
    kind = h5py.string_dtype()
    with h5py.File(path, "w") as file:
        file.attrs.create("long", "x" * 10**6, dtype=kind)
        file.attrs.create("layer_names", ["y"] * 1000, dtype=kind)
    content = path.read_bytes()
    long = re.search(struct.pack("<I", 10**6) + rb"........\x01\0\0\0", content, re.DOTALL)[0]
    names = re.search(rb"(\x01\0\0\0..........\0\0){1000}", content, re.DOTALL)
    path.write_bytes(content[: names.start()] + long * 1000 + content[names.end() :])
    return path


@attack("a tree of it has no end|belongs at|a group holds a name twice")
def tree_that_bites_its_tail(folder):
    """The index of a group names itself as its own branch."""
    path = weights_file(folder / "a.h5")
    content = path.read_bytes()
    place = content.index(b"TREE")
    node = content[place : place + 40]
    # One level up, and its child is itself.
    bent = node[:5] + b"\1" + node[6:32] + struct.pack("<Q", place)
    return patched(path, node, bent)


@attack("more than 1,000 messages")
def header_that_bites_its_tail(folder):
    """The header of an object goes on at its own beginning, for ever."""
    path = weights_file(folder / "a.h5")
    content = path.read_bytes()
    root = struct.unpack_from("<Q", content, 64)[0]
    size = struct.unpack_from("<I", content, root + 8)[0]
    assert size >= 24
    message = struct.pack("<HHB3xQQ", 16, 16, 0, root + 16, size)
    path.write_bytes(content[: root + 16] + message + content[root + 40 :])
    return path


@attack("does not end|is a broken or truncated HDF5")
def names_that_do_not_end(folder):
    """The names of a group are not ended by a zero."""
    path = weights_file(folder / "a.h5")
    content = path.read_bytes()
    heap = content.index(b"HEAP")
    (place,) = struct.unpack_from("<Q", content, heap + 24)
    (size,) = struct.unpack_from("<Q", content, heap + 8)
    path.write_bytes(content[:place] + b"x" * size + content[place + size :])
    return path


@attack("is a truncated HDF5 file: it declares")
def end_before_its_end(folder):
    """A file without its last byte."""
    path = weights_file(folder / "a.h5")
    path.write_bytes(path.read_bytes()[:-1])
    return path


@attack("holds no Dense layer")
def no_layers_at_all(folder):
    """A file of a model without layers."""
    path = folder / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_group("layers")
    return path


@attack("holds more than 1,000 layers")
def a_thousand_and_one_layers(folder):
    """A network of 1,200 layers."""
    path = folder / "a.h5"
    with h5py.File(path, "w") as file:
        for i in range(1200):
            file[f"{group(i)}/0"] = np.ones((1, 1), "f")
    return path


@answered()
def an_activation_layer_that_the_file_tells(folder):
    """tanh in a layer of its own must not become ReLU."""
    layer = entry("Activation", "act", activation="tanh")
    return keras_file(folder, configuration(layer, first=dense("dense", activation="linear")))


@answered()
def optimizer_of_nonsense(folder):
    """State of an optimizer that is no numbers; nobody needs it."""
    path = weights_file(folder / "a.h5")
    with h5py.File(path, "a") as file:
        file["optimizer/vars/0"] = BIASES[0].astype(complex)
        file["optimizer/vars/1"] = h5py.ExternalLink("canary.h5", "x")
    return path
