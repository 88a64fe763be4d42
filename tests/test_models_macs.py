"""Multiply-adds against numbers worked out by hand, and against published ones."""

from __future__ import annotations

import pytest

from prune.models.macs import multiply_adds

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]


def test_each_kind_of_layer_counts_its_products(keras):
    layers = keras.layers
    cases = [
        ((5,), layers.Dense(3), 15),
        ((4, 5), layers.Dense(3), 60),
        ((8, 8, 2), layers.Conv2D(3, 3, name="c"), 6 * 6 * 9 * 2 * 3),
        ((8, 8, 2), layers.Conv2D(4, 3, groups=2), 6 * 6 * 9 * 1 * 4),
        ((8, 8, 2), layers.DepthwiseConv2D(3), 6 * 6 * 9 * 2),
        ((8, 8, 2), layers.SeparableConv2D(5, 3), 6 * 6 * (9 * 2 + 2 * 5)),
        ((4, 4, 2), layers.Conv2DTranspose(3, 2, strides=2), 4 * 4 * 4 * 2 * 3),
        ((7, 3), layers.LSTM(4), 7 * (3 * 16 + 4 * 16)),
        ((7, 3), layers.Bidirectional(layers.GRU(4)), 2 * 7 * (3 * 12 + 4 * 12)),
        ((7, 3), layers.TimeDistributed(layers.Dense(4)), 7 * 12),
        ((6, 5), layers.EinsumDense("abc,cd->abd", (6, 4)), 6 * 20),
    ]
    for shape, layer, products in cases:
        inputs = keras.Input(shape)
        counted = multiply_adds(keras.Model(inputs, layer(inputs)))
        assert counted == {layer.name: products}


def test_attention_counts_its_projections_and_its_products(keras):
    query, value = keras.Input((6, 8)), keras.Input((5, 8))
    layer = keras.layers.MultiHeadAttention(2, 3, value_dim=4, name="mha")
    counted = multiply_adds(keras.Model([query, value], layer(query, value)))
    projections = 6 * 8 * 2 * 3 + 5 * 8 * 2 * 3 + 5 * 8 * 2 * 4 + 6 * 2 * 4 * 8
    assert counted == {"mha": projections + 6 * 5 * 2 * (3 + 4)}


def test_what_a_call_is_given_by_name_counts_too(keras):
    query, value = keras.Input((None, 8)), keras.Input((None, 7))
    layer = keras.layers.MultiHeadAttention(2, 3, name="mha")
    attended = layer(query=query, value=value, key=value)
    model = keras.Model([query, value], keras.layers.Dense(4, name="after")(attended))
    counted = multiply_adds(model, [(6, 8), (5, 7)])
    products = (6 + 6) * 8 * 6 + (5 + 5) * 7 * 6 + 6 * 5 * 2 * (3 + 3)
    assert counted == {"mha": products, "after": 6 * 8 * 4}


def test_einsums_count_what_comes_and_not_what_they_were_built_for(keras):
    inputs = keras.Input((None, 5))
    x = keras.layers.EinsumDense("abc,cde->abde", (None, 2, 3), name="one")(inputs)
    x = keras.layers.EinsumDense("...de,def->...f", 4, name="two")(x)
    counted = multiply_adds(keras.Model(inputs, x), [(7, 5)])
    assert counted == {"one": 7 * 5 * 2 * 3, "two": 7 * 2 * 3 * 4}


def test_a_shared_layer_counts_each_call_and_nested_ones_count_too(keras):
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, name="d")], name="inner")
    inputs = keras.Input((3,))
    assert multiply_adds(keras.Model(inputs, inner(inner(inputs)))) == {"inner/d": 18}


def test_axes_of_any_length_count_as_they_are_said_to_be(keras):
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", name="c")(inputs)
    x = keras.layers.Conv2D(2, 1, strides=2, name="d")(x)
    counted = multiply_adds(keras.Model(inputs, x), [(8, 6, 3)])
    assert counted == {"c": 8 * 6 * 9 * 3 * 4, "d": 4 * 3 * 4 * 2}


def test_mobilenet_needs_the_300_million_it_is_known_for(keras):
    counted = multiply_adds(keras.applications.MobileNetV2(weights=None))
    assert sum(counted.values()) == pytest.approx(300e6, rel=0.01)
