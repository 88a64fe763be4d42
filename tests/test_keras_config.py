"""Structures from configurations, in the forms of Keras 2 and 3, without Keras."""

from __future__ import annotations

import pytest

from prune import PruneError
from prune.files.keras_config import DenseLayer, describe, parse


def entry(kind, name, **config):
    return {"class_name": kind, "config": {"name": name, **config}}


def sequential(*layers):
    first = entry("InputLayer", "images", batch_shape=[None, 4])
    return {"class_name": "Sequential", "config": {"layers": [first, *layers]}}


def dense(name, activation="linear", **more):
    return entry("Dense", name, activation=activation, **more)


def functional(*layers, sources):
    for layer, source in zip(layers, sources, strict=False):
        layer["inbound_nodes"] = [[[source, 0, 0, {}]]] if source else []
    return {"class_name": "Functional", "config": {"layers": list(layers)}}


def test_what_we_describe_we_read_back(network):
    named = (network[0]._replace(activation="leaky_relu(0.3)"), *network[1:])
    assert parse(describe(named)) == [
        DenseLayer("dense", "leaky_relu(0.3)", True, 5, (6,)),
        DenseLayer("dense_1", "relu", True, 4, (5,)),
        DenseLayer("dense_2", "softmax", True, 3, (4,)),
    ]


@pytest.mark.parametrize(
    "first",
    [
        entry("InputLayer", "i", batch_shape=[None, 12]),
        entry("Flatten", "f", batch_input_shape=[None, 3, 4]),
        entry("Reshape", "r", target_shape=[12]),
        {**entry("Flatten", "f"), "build_config": {"input_shape": [None, 2, 6]}},
    ],
)
def test_inputs_are_those_of_any_layer_that_tells_them(first):
    config = {"class_name": "Sequential", "config": {"layers": [first, dense("x", "softmax")]}}
    assert parse(config)[0].inputs == (12,)


@pytest.mark.parametrize(
    ("layer", "activation"),
    [
        (entry("ReLU", "a", max_value=None, negative_slope=0.0, threshold=0.0), "relu"),
        (entry("ReLU", "a", negative_slope=0.25), "leaky_relu(0.25)"),
        (entry("LeakyReLU", "a", negative_slope=0.1), "leaky_relu(0.1)"),
        (entry("LeakyReLU", "a", alpha=0.1), "leaky_relu(0.1)"),
        (entry("ELU", "a", alpha=2), "elu(2.0)"),
        (entry("Activation", "a", activation="tanh"), "tanh"),
        (entry("Activation", "a", activation="swish"), "silu"),
        (entry("Dropout", "a", rate=0.5), "linear"),
    ],
)
def test_activation_layers_belong_to_the_dense_layer_before(layer, activation):
    first, _ = parse(sequential(dense("x"), layer, dense("y", "softmax")))
    assert first.activation == activation


def test_a_softmax_layer_is_the_output_of_the_last_dense_layer():
    (layer,) = parse(sequential(dense("x"), entry("Softmax", "s", axis=-1)))
    assert layer.activation == "softmax"


def test_a_layer_as_activation_is_read_by_its_parameters_and_not_by_its_name():
    inner = {"module": "keras.layers", "class_name": "ELU", "config": {"name": "elu", "alpha": 0.3}}
    first, _ = parse(sequential(dense("x", inner), dense("y", "softmax")))
    assert first.activation == "elu(0.3)"


def test_a_second_output_is_refused():
    layers = (entry("InputLayer", "i", batch_shape=[None, 4]), dense("a"), dense("b", "softmax"))
    config = functional(*layers, sources=[None, "i", "a"])
    config["config"]["output_layers"] = [["a", 0, 0], ["b", 0, 0]]
    with pytest.raises(PruneError, match="has outputs other than its last layer"):
        parse(config)
    config["config"]["output_layers"] = ["b", 0, 0]
    assert len(parse(config)) == 2


def test_a_functional_chain_is_ordered_by_its_edges():
    config = functional(
        dense("b", "softmax"),
        entry("InputLayer", "i", batch_shape=[None, 4]),
        dense("a", "tanh", use_bias=False),
        sources=["a", None, "i"],
    )
    assert [layer.name for layer in parse(config)] == ["a", "b"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (sequential(dense("x"), entry("Conv2D", "c"), dense("y")), "'c' is a Conv2D layer"),
        (sequential(dense("x", "relu"), entry("ReLU", "r")), "'r' follows the activation 'relu'"),
        (sequential(entry("ReLU", "r"), dense("x")), "'r' comes before any Dense layer"),
        (sequential(dense("x", "hard_tanh"), dense("y")), "'x': activation 'hard_tanh' cannot"),
        (sequential(dense("x", "sigmoid")), "output layer 'x' has activation 'sigmoid'"),
        (sequential(dense("x"), entry("ReLU", "r", max_value=6)), "'r' is a ReLU with a maximum"),
        (sequential(dense("x"), entry("Softmax", "s", axis=0)), "'s' is a softmax over another"),
        (sequential(entry("Reshape", "r", target_shape=[2, 2]), dense("x")), "'r' reshapes to"),
        (sequential(entry("Flatten", "f", data_format="channels_first")), "'f' flattens channels"),
        (sequential(entry("Dropout", "d")), "no Dense layer"),
        (sequential({"class_name": "Dense", "config": 3}), "not in the form that Keras writes"),
        (
            sequential(entry("Dense", "x", activation={"class_name": "Custom", "config": {}})),
            "'x' has a custom activation, 'Custom'",
        ),
        (sequential(dense("x", dtype="mixed_float16")), "'x' computes in mixed_float16"),
        (
            sequential(entry("Reshape", "r", target_shape=6), dense("x")),
            "that Keras does not write",
        ),
        ({"class_name": "Evil", "config": {}}, "class 'Evil'"),
        ({"config": {}}, "has no class_name"),
        ({"class_name": "Sequential", "config": {"layers": 5}}, "lists no layers"),
        (
            {"class_name": "Sequential", "config": {"layers": [dense("x", "softmax")]}},
            "'x' reads images that no Flatten layer flattened",
        ),
        (
            functional(
                entry("InputLayer", "i", batch_shape=[None, 4]),
                dense("a"),
                dense("b"),
                sources=[None, "i", "i"],
            ),
            "branches at layer 'b'",
        ),
        (functional(dense("a"), dense("b"), sources=["b", "a"]), "do not form one chain"),
    ],
)
def test_what_is_no_plain_chain_is_refused_by_name(config, message):
    with pytest.raises(PruneError, match=message):
        parse(config)
