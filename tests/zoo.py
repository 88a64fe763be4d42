"""Hard cases: small models of every shape that pruning meets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ZOO: dict[str, Callable[[Any], Any]] = {}


def case(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Put a model into the zoo, by the name of the function that builds it."""
    ZOO[build.__name__.replace("_", " ")] = build
    return build


@case
def chain(keras: Any) -> Any:
    """Dense layers alone."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(9, activation="relu"),
            layers.Dense(7, activation="tanh"),
            layers.Dense(3, activation="softmax"),
        ]
    )


@case
def residual(keras: Any) -> Any:
    """Two residual blocks with normalisation."""
    layers = keras.layers
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(inputs)
    for _ in range(2):
        y = layers.BatchNormalization()(x)
        y = layers.Conv2D(6, 3, padding="same", activation="relu")(y)
        y = layers.Conv2D(8, 3, padding="same")(y)
        x = layers.Add()([x, y])
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(x))
    return keras.Model(inputs, layers.Dense(4)(x))


@case
def u_net(keras: Any) -> Any:
    """Down, up by transposed convolution, and a bridge across."""
    layers = keras.layers
    inputs = keras.Input((8, 8, 2))
    first = layers.Conv2D(6, 3, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling2D(2)(first)
    x = layers.Conv2D(10, 3, padding="same", activation="relu")(x)
    x = layers.Conv2DTranspose(5, 2, strides=2, activation="relu")(x)
    x = layers.Concatenate()([first, x])
    x = layers.Conv2D(7, 3, padding="same", activation="relu")(x)
    return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


@case
def dense_net(keras: Any) -> Any:
    """Each layer reads all before it."""
    layers = keras.layers
    inputs = keras.Input((6, 6, 3))
    x = layers.Conv2D(5, 3, padding="same")(inputs)
    for _ in range(3):
        y = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Concatenate()([x, layers.Conv2D(4, 3, padding="same")(y)])
    x = layers.AveragePooling2D(2)(layers.BatchNormalization()(x))
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.Flatten()(x)))


@case
def inception(keras: Any) -> Any:
    """Branches of different kernels, side by side."""
    layers = keras.layers
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, activation="relu")(inputs)
    branches = [
        layers.Conv2D(4, 1, activation="relu")(x),
        layers.Conv2D(5, 3, padding="same")(layers.Conv2D(3, 1)(x)),
        layers.Conv2D(3, (1, 3), padding="same")(x),
        layers.Conv2D(4, 1)(layers.MaxPooling2D(3, strides=1, padding="same")(x)),
    ]
    x = layers.GlobalMaxPooling2D()(layers.Concatenate()(branches))
    return keras.Model(inputs, layers.Dense(3)(x))


@case
def two_inputs_and_outputs(keras: Any) -> Any:
    """An image and a vector in; a class and a number out."""
    layers = keras.layers
    image, vector = keras.Input((6, 6, 1), name="image"), keras.Input((5,), name="vector")
    x = layers.Flatten()(layers.Conv2D(4, 3, activation="relu")(image))
    y = layers.Dense(6, activation="relu")(vector)
    x = layers.Dense(8, activation="relu")(layers.Concatenate()([x, y]))
    outputs = {
        "label": layers.Dense(3, activation="softmax", name="label")(x),
        "number": layers.Dense(1, name="number")(layers.Dense(4, activation="elu")(x)),
    }
    return keras.Model({"image": image, "vector": vector}, outputs)


@case
def shared_layers(keras: Any) -> Any:
    """Two branches through the same layers and the same model."""
    layers = keras.layers
    inner = keras.Sequential(
        [keras.Input((6, 6, 4)), layers.Conv2D(5, 3, activation="relu"), layers.Flatten()],
        name="inner",
    )
    conv = layers.Conv2D(4, 3, padding="same", activation="relu")
    one, other = keras.Input((6, 6, 2)), keras.Input((6, 6, 2))
    apart = layers.Subtract()([inner(conv(one)), inner(conv(other))])
    x = layers.Dense(6, activation="relu")(apart)
    return keras.Model([one, other], layers.Dense(1)(x))


@case
def transfer(keras: Any) -> Any:
    """A backbone within a model, behind preprocessing and in front of a new head."""
    layers = keras.layers
    inner = keras.Input((None, None, 3))
    x = layers.Conv2D(6, 3, strides=2, use_bias=False)(inner)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    backbone = keras.Model(inner, layers.Conv2D(8, 1)(x), name="backbone")
    backbone.trainable = False
    inputs = keras.Input((12, 12, 3))
    x = layers.RandomFlip("horizontal")(inputs)
    x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    x = layers.GlobalAveragePooling2D()(backbone(x, training=False))
    x = layers.Dense(5, activation="relu")(layers.Dropout(0.3)(x))
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(x))


@case
def vision_transformer(keras: Any) -> Any:
    """Patches, attention and dense layers around LayerNormalization."""
    layers = keras.layers
    inputs = keras.Input((8, 8, 3))
    x = layers.Reshape((16, 12))(layers.Conv2D(12, 2, strides=2)(inputs))
    for _ in range(2):
        y = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.MultiHeadAttention(3, 4, value_dim=5)(y, y)])
        y = layers.Dense(20, activation="gelu")(layers.LayerNormalization()(x))
        x = layers.Add()([x, layers.Dense(12)(y)])
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(x))


@case
def text_convolution(keras: Any) -> Any:
    """Words, convolutions of several widths."""
    layers = keras.layers
    inputs = keras.Input((12,), dtype="int32")
    x = layers.Embedding(30, 8)(inputs)
    branches = [
        layers.GlobalMaxPooling1D()(layers.Conv1D(5, width, activation="relu")(x))
        for width in (2, 3)
    ]
    x = layers.Dense(6, activation="relu")(layers.Concatenate()(branches))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


@case
def recurrent(keras: Any) -> Any:
    """Words with a mask, LSTM in both directions, GRU and a dense layer at each time."""
    layers = keras.layers
    inputs = keras.Input((7,), dtype="int32")
    x = layers.Embedding(20, 6, mask_zero=True)(inputs)
    x = layers.Bidirectional(layers.LSTM(5, return_sequences=True))(x)
    x = layers.TimeDistributed(layers.Dense(6, activation="relu"))(x)
    x = layers.GRU(4, return_sequences=True)(x)
    x = layers.LSTM(5)(layers.SimpleRNN(4, return_sequences=True)(x))
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(x))


@case
def volumes(keras: Any) -> Any:
    """Three dimensions, and one."""
    layers = keras.layers
    inputs = keras.Input((5, 5, 5, 2))
    x = layers.Conv3D(6, 2, activation="relu")(inputs)
    x = layers.BatchNormalization()(layers.Conv3D(4, 2, padding="same")(x))
    x = layers.Conv3DTranspose(3, 2)(layers.MaxPooling3D(2)(x))
    x = layers.Reshape((27, 3))(x)
    x = layers.Conv1DTranspose(5, 3)(layers.SeparableConv1D(4, 3)(x))
    x = layers.DepthwiseConv1D(3)(layers.ZeroPadding1D(1)(x))
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))


@case
def mixed_precision(keras: Any) -> Any:
    """Computed in float16, held in float32."""
    layers, policy = keras.layers, "mixed_float16"
    inputs = keras.Input((6, 6, 3))
    x = layers.Conv2D(6, 3, activation="relu", dtype=policy)(inputs)
    x = layers.BatchNormalization(dtype=policy)(x)
    x = layers.Conv2D(5, 3, dtype=policy)(x)
    x = layers.Dense(6, activation="relu", dtype=policy)(layers.Flatten(dtype=policy)(x))
    return keras.Model(inputs, layers.Dense(3, activation="softmax", dtype="float32")(x))


@case
def custom_layer_in_the_middle(keras: Any) -> Any:
    """A layer that nobody knows, which mixes its channels."""
    layers = keras.layers
    inputs = keras.Input((6, 6, 3))
    x = layers.Conv2D(6, 3, activation="relu")(inputs)
    x = layers.Conv2D(5, 3, activation="relu")(x)
    x = _mixing(keras)(name="mixing")(x)
    x = layers.Dense(7, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(3)(x))


def _mixing(keras: Any) -> type:
    @keras.saving.register_keras_serializable("zoo")
    class Mixing(keras.layers.Layer):
        """Each channel minus a factor times the mean of all."""

        def build(self, shape):
            self.factor = self.add_weight(shape=(shape[-1],), name="factor")

        def call(self, x):
            return x - self.factor * keras.ops.mean(x, axis=-1, keepdims=True)

    return Mixing


@case
def mobile(keras: Any) -> Any:
    """Expansion, depthwise, squeeze and excite, and operations instead of layers."""
    layers = keras.layers
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, padding="same", use_bias=False)(inputs)
    y = layers.BatchNormalization()(layers.Conv2D(12, 1, use_bias=False)(x))
    y = y * keras.ops.relu6(y + 3.0) / 6.0
    y = layers.DepthwiseConv2D(3, padding="same")(y)
    s = layers.Reshape((1, 1, 12))(layers.GlobalAveragePooling2D()(y))
    s = layers.Conv2D(12, 1, activation="sigmoid")(layers.Conv2D(4, 1, activation="relu")(s))
    x = x + layers.Conv2D(6, 1)(layers.Multiply()([y, s]))
    return keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


@case
def generator(keras: Any) -> Any:
    """From a vector to an image: a dense layer reshaped."""
    layers = keras.layers
    inputs = keras.Input((6,))
    x = layers.Dense(3 * 3 * 8, activation="relu")(inputs)
    x = layers.BatchNormalization()(layers.Reshape((3, 3, 8))(x))
    x = layers.LeakyReLU(0.2)(layers.Conv2DTranspose(6, 3, strides=2, padding="same")(x))
    x = layers.Conv2D(5, 3, padding="same")(layers.UpSampling2D(interpolation="bilinear")(x))
    return keras.Model(inputs, layers.Conv2D(1, 3, activation="tanh")(layers.ReLU()(x)))


@case
def shuffle(keras: Any) -> Any:
    """Grouped convolutions with a shuffle between, and normalisation in groups."""
    layers = keras.layers
    inputs = keras.Input((6, 6, 3))
    x = layers.GroupNormalization(4)(layers.Conv2D(8, 1)(inputs))
    x = layers.Conv2D(12, 1, groups=3)(layers.Conv2D(12, 1)(x))
    x = layers.Permute((1, 2, 4, 3))(layers.Reshape((6, 6, 3, 4))(x))
    x = layers.Conv2D(12, 3, groups=12)(layers.Reshape((6, 6, 12))(x))
    x = layers.PReLU(shared_axes=(1, 2))(x)
    return keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


@case
def einsum(keras: Any) -> Any:
    """EinsumDense with several axes of units, and with an ellipsis."""
    layers = keras.layers
    inputs = keras.Input((4, 6))
    x = layers.EinsumDense("abc,cde->abde", (4, 3, 5), bias_axes="de")(inputs)
    x = layers.EinsumDense("abde,def->abf", (4, 7), bias_axes="f", activation="relu")(x)
    x = layers.EinsumDense("...x,xy->...y", 6, bias_axes="y", activation="relu")(x)
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))


@case
def mixer(keras: Any) -> Any:
    """Dense layers over channels and over places in turn."""
    layers = keras.layers
    inputs = keras.Input((6, 8))
    x = layers.Dense(10)(inputs)
    y = layers.Permute((2, 1))(layers.BatchNormalization()(x))
    y = layers.Dense(6)(layers.Dense(9, activation="gelu")(y))
    x = layers.Add()([x, layers.Permute((2, 1))(y)])
    x = layers.Dense(7, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))


@case
def channels_first(keras: Any) -> Any:
    """Channels before rows, through all kinds of convolutions and normalisations."""
    layers, first = keras.layers, {"data_format": "channels_first"}
    # No side is a number of channels, or Keras on TensorFlow adds the bias along that side.
    inputs = keras.Input((3, 10, 10))
    x = layers.Conv2D(6, 3, padding="same", **first)(inputs)
    x = layers.BatchNormalization(axis=1)(x)
    y = layers.DepthwiseConv2D(3, padding="same", activation="relu", **first)(x)
    x = layers.Conv2D(8, 1, groups=2, **first)(layers.Concatenate(axis=1)([x, y]))
    x = layers.ReLU()(layers.GroupNormalization(4, axis=1)(x))
    x = layers.SeparableConv2D(5, 3, padding="same", **first)(x)
    x = layers.Conv2DTranspose(4, 2, strides=2, **first)(layers.MaxPooling2D(2, **first)(x))
    x = layers.Dense(7, activation="relu")(layers.Flatten(**first)(x))
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(x))
