"""Small models of many kinds, as a user of stock Keras makes them."""

from __future__ import annotations

import inspect

import keras
import numpy as np
from keras import Input, Model, Sequential, applications
from keras import layers as L


def conv():
    return Sequential(
        [
            Input((12, 12, 3)),
            L.Rescaling(1 / 255),
            L.Conv2D(8, 3, activation="relu", kernel_regularizer="l2"),
            L.BatchNormalization(),
            L.MaxPooling2D(),
            L.Dropout(0.3, seed=4),
            L.Flatten(),
            L.Dense(4, activation="softmax", kernel_constraint=keras.constraints.MaxNorm(2.0)),
        ]
    )


def residual():
    images = Input((8, 8, 3))
    x = L.Conv2D(4, 3, padding="same", use_bias=False)(images)
    y = L.ReLU()(L.BatchNormalization()(x))
    y = L.BatchNormalization(scale=False)(L.Conv2D(4, 3, padding="same", groups=2)(y))
    x = L.Activation("relu")(L.Add()([x, y]))
    return Model(images, L.Dense(5)(L.GlobalAveragePooling2D()(x)))


def text():
    words = Input((7,))
    x = L.Embedding(50, 6, mask_zero=True)(words)
    x = L.Bidirectional(L.LSTM(5, return_sequences=True, dropout=0.1))(x)
    return Model(words, L.Dense(3)(L.GRU(4)(x)))


def attention():
    words = Input((7, 8))
    x = L.MultiHeadAttention(2, 4)(words, words, use_causal_mask=True)
    x = L.LayerNormalization()(x + words)
    x = L.Add()([x, L.Dense(8, activation="gelu")(x)])
    return Model(words, L.Dense(3)(x[:, 0] * 2.0))


def several():
    """Two inputs by name, two outputs, a nested model and a layer called twice."""
    inner = conv()
    first, second = Input((12, 12, 3), name="first"), Input((12, 12, 3), name="second")
    shared = L.Dense(5, activation=L.LeakyReLU(0.2))
    x, y = shared(inner(L.RandomFlip()(first))), shared(inner(second))
    head = Sequential([L.Dense(3), L.PReLU()])
    outputs = [head(L.Concatenate()([x, y])), L.Subtract()([x, y])]
    return Model({"first": first, "second": second}, outputs)


def unet():
    images = Input((16, 16, 3))
    a = L.Conv2D(4, 3, padding="same", activation="relu")(images)
    b = L.SeparableConv2D(8, 3, padding="same")(L.MaxPooling2D()(a))
    c = L.Conv2DTranspose(4, 2, strides=2)(L.GroupNormalization(4)(b))
    d = L.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(L.Concatenate()([c, a]))
    return Model(images, L.Conv2D(1, 1, activation="sigmoid")(d))


def prepared():
    normalization = L.Normalization()
    normalization.adapt(np.random.default_rng(0).random((20, 5)))
    return Sequential([Input((5,)), normalization, L.EinsumDense("ab,bc->ac", 4, bias_axes="c")])


def in_time():
    films = Input((3, 8, 8, 1))
    x = L.TimeDistributed(L.Flatten())(L.TimeDistributed(L.Conv2D(2, 3))(films))
    return Model(films, L.RNN([L.LSTMCell(4), L.GRUCell(3)])(x))


def films():
    layers = [L.ConvLSTM2D(3, 3, return_sequences=True), L.Conv3D(2, (1, 3, 3))]
    return Sequential([Input((3, 8, 8, 1)), *layers, L.GlobalAveragePooling3D()])


def built_late():
    model = Sequential([L.Dense(3), L.BatchNormalization(), L.Dense(2)])
    model.build((None, 4))
    return model


def precisions():
    layers = [L.SpectralNormalization(L.Dense(3)), L.Dense(4, dtype="mixed_float16")]
    return Sequential([Input((8,)), *layers, L.Dense(2, dtype="float64")])


def grouped_attention():
    words = Input((7, 8))
    x = L.GroupQueryAttention(4, 4, 2, name="my layer")(words, words)
    x = L.AdditiveAttention()([L.Attention(use_scale=True)([x, words]), words])
    return Model(words, L.RMSNormalization()(x))


def called_on_itself():
    dense, inputs = L.Dense(4), Input((4,))
    once = dense(inputs)
    twice = dense(once)
    return Model(inputs, [dense(L.Add()([once, twice])), twice])


def mobilenet_v2():
    return applications.MobileNetV2((32, 32, 3), weights=None, classes=10, alpha=0.35)


def mobilenet_v3():
    return applications.MobileNetV3Small((32, 32, 3), weights=None, classes=10)


class Doubling(L.Layer):
    """A layer of the user's own, with a variable that is made in a way of its own."""

    def __init__(self, times=2.0, **more):
        super().__init__(**more)
        self.times = times
        self.factor = keras.Variable(np.ones(1, "f"), name="factor")

    def call(self, x):
        return x * self.times * self.factor

    def get_config(self):
        return {**super().get_config(), "times": self.times}


def of_ones_own():
    return Sequential([Input((4,)), Doubling(3.0), L.Dense(2)])


def every_layer(without):
    """Yield each layer that Keras exports, with settings that it cannot do without."""
    needed = {
        **dict.fromkeys(("units", "n", "width", "height", "num_heads", "key_dim", "axes"), 2),
        **dict.fromkeys(("kernel_size", "pool_size", "input_dim", "output_dim", "output_size"), 2),
        **dict.fromkeys(("output_shape", "max_number", "head_dim", "num_key_value_heads"), 2),
        **dict.fromkeys(("rate", "factor", "stddev", "height_factor", "width_factor"), 0.5),
        **{"filters": 4, "num_query_heads": 4, "scale": 2.0, "target_shape": (2,), "dims": (1, 2)},
        **{"activation": "relu", "equation": "ab,bc->ac"},
    }
    special = {
        "Bidirectional": {"layer": L.LSTM(3)},
        "RNN": {"cell": L.LSTMCell(3)},
        "StackedRNNCells": {"cells": [L.LSTMCell(3), L.GRUCell(2)]},
        "Pipeline": {"layers": [L.Rescaling(1.0)]},
        "InputLayer": {"shape": (2,)},
        "RandomPosterization": {"factor": 4},
        "Discretization": {"bin_boundaries": [1.0, 2.0]},
        "CategoryEncoding": {"num_tokens": 4},
        "TimeDistributed": {"layer": L.Dense(3)},
        "SpectralNormalization": {"layer": L.Dense(3)},
    }
    for name in sorted(set(dir(L)) - set(without)):
        kind = getattr(L, name)
        if inspect.isclass(kind) and issubclass(kind, L.Layer):
            wanted = inspect.signature(kind.__init__).parameters.values()
            without_default = [each.name for each in wanted if each.default is each.empty]
            given = {key: needed[key] for key in without_default if key in needed}
            yield kind(**special.get(name, given))
