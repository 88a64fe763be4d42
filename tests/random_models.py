"""A generator of random Functional models: branches, adds, concats, depthwise, flatten and more."""

from __future__ import annotations

import numpy as np

KINDS = (
    "conv",
    "conv",
    "batch",
    "activation",
    "add",
    "concat",
    "depthwise",
    "excite",
    "pool",
    "separable",
    "grouped",
    "prelu",
    "shared",
    "transposed",
    "normalised",
    "computed",
    "nested",
)
ACTIVATIONS = ("relu", "linear", "sigmoid", "tanh", "gelu", "swish", "hard_sigmoid", "softplus")


class Generator:
    """Adds random layers to the tensors there are; what they make has odd numbers of channels."""

    def __init__(self, keras, seed):
        self.keras, self.layers = keras, keras.layers
        self.rng = np.random.default_rng(seed)

    def pick(self, values):
        return values[self.rng.integers(len(values))]

    def conv(self, x):
        filters = int(self.rng.integers(2, 8))
        return self.layers.Conv2D(
            filters,
            int(self.pick([1, 3])),
            padding="same",
            use_bias=bool(self.pick([True, False])),
            activation=self.pick(ACTIVATIONS),
        )(x)

    def batch(self, x):
        return self.layers.BatchNormalization(scale=bool(self.pick([True, False])))(x)

    def activation(self, x):
        return self.layers.Activation(self.pick(ACTIVATIONS))(x)

    def like(self, x):
        """Something of the shape of `x`, made by another convolution."""
        return self.layers.Conv2D(x.shape[-1], 3, padding="same")(x)

    def add(self, x):
        merge = self.pick(["Add", "Multiply", "Maximum", "Average", "Subtract"])
        return getattr(self.layers, merge)()([x, self.like(x)])

    def concat(self, x):
        return self.layers.Concatenate()([x, self.conv(x)][:: self.pick([1, -1])])

    def depthwise(self, x):
        multiplier = int(self.pick([1, 2])) if x.shape[-1] < 12 else 1
        return self.layers.DepthwiseConv2D(3, padding="same", depth_multiplier=multiplier)(x)

    def excite(self, x):
        squeezed = self.layers.GlobalAveragePooling2D(keepdims=True)(x)
        squeezed = self.layers.Conv2D(3, 1, activation="relu")(squeezed)
        return self.layers.Multiply()(
            [x, self.layers.Conv2D(x.shape[-1], 1, activation="sigmoid")(squeezed)]
        )

    def pool(self, x):
        kind = self.pick(["MaxPooling2D", "AveragePooling2D"])
        return getattr(self.layers, kind)(2, strides=1, padding="same")(x)

    def separable(self, x):
        return self.layers.SeparableConv2D(5, 3, padding="same", depth_multiplier=2)(x)

    def grouped(self, x):
        x = self.layers.Conv2D(6, 1)(x)
        return self.layers.Conv2D(int(self.pick([6, 12])), 3, padding="same", groups=3)(x)

    def prelu(self, x):
        return self.layers.PReLU(shared_axes=[1, 2])(x)

    def shared(self, x):
        layer = self.layers.Conv2D(x.shape[-1], 3, padding="same", activation="relu")
        return layer(layer(x))

    def transposed(self, x):
        return self.layers.Conv2DTranspose(4, 2, padding="same", activation="relu")(x)

    def normalised(self, x):
        """Each with all others, or in groups of two or three."""
        groups = next((n for n in (3, 2) if x.shape[-1] % n == 0), 1)
        kind = self.pick(["LayerNormalization", "GroupNormalization"])
        return getattr(self.layers, kind)(**({"groups": groups} if kind[0] == "G" else {}))(x)

    def computed(self, x):
        """Operations in place of layers."""
        return self.keras.ops.relu(x * 0.5 - self.like(x)) + x

    def nested(self, x):
        """A model within the model, that is called twice."""
        inside = self.keras.Input(x.shape[1:])
        inner = self.keras.Model(inside, self.layers.ReLU()(self.like(inside)))
        return inner(inner(x))

    def model(self):
        inputs = self.keras.Input((5, 6, 3))
        tensors = [self.conv(inputs)]
        for _ in range(self.rng.integers(3, 8)):
            tensors.append(getattr(self, self.pick(KINDS))(self.pick(tensors[-2:])))
        x = self.layers.Concatenate()(tensors[-2:])
        x = self.layers.Flatten()(x) if self.rng.random() < 0.6 else self.top(x)
        x = self.layers.Dense(int(self.rng.integers(2, 9)), activation="tanh")(x)
        return self.keras.Model(inputs, self.layers.Dense(3, activation="softmax")(x))

    def top(self, x):
        return self.layers.GlobalAveragePooling2D()(x)


def randomised(model, seed=0):
    """Give a model weights, statistics, gammas and factors that hide nothing; return it."""
    from prune.models import arrays

    rng = np.random.default_rng(seed)
    found = arrays.arrays(model)
    arrays.assign(model, {name: _random(name, array, rng) for name, array in found.items()})
    return model


def _random(name, array, rng):
    last = name.rsplit("/", 1)[-1]
    if "variance" in last or "gamma" in last:
        values = rng.uniform(0.5, 1.5, array.shape)
    elif array.ndim < 2:
        values = rng.normal(size=array.shape) * 0.3
    else:
        inputs = array.size / array.shape[-1] if "depthwise" not in name else 9
        values = rng.normal(size=array.shape) * np.sqrt(2 / max(inputs, 1))
    return values.astype(array.dtype)
