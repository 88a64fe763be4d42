"""The zoo at home: small classifiers of images in plain Keras.

Each is a function of the shape of an image, (height, width, channels), and a number of classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prune import PruneError
from prune.models.fresh import seeded
from prune.models.late import keras
from prune.settings.recipe import LENET5, MOBILENET, RESNET8, RESNET20

Shape = tuple[int, int, int]
_LEAST = 16  # pixels, or the last layers of some have nothing to see


def lenet5(shape: Shape, classes: int) -> keras.Model:
    """Return LeNet-5 as Caffe has it, 20-50-500: 431,080 parameters for MNIST (LeCun 1998)."""
    return keras.Sequential(
        [
            keras.layers.Input(shape),
            keras.layers.Conv2D(20, 5, activation="relu", name="conv1"),
            keras.layers.MaxPooling2D(name="pool1"),
            keras.layers.Conv2D(50, 5, activation="relu", name="conv2"),
            keras.layers.MaxPooling2D(name="pool2"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(500, activation="relu", name="dense1"),
            keras.layers.Dense(classes, activation="softmax", name="output"),
        ],
        name="lenet5",
    )


def resnet8(shape: Shape, classes: int) -> keras.Model:
    """Return a residual network of three blocks of 16, 32 and 64 channels (He 2016)."""
    return _resnet(shape, classes, blocks=1)


def resnet20(shape: Shape, classes: int) -> keras.Model:
    """Return the residual network of He 2016 for small images: three stages of three blocks."""
    return _resnet(shape, classes, blocks=3)


def _resnet(shape: Shape, classes: int, blocks: int) -> keras.Model:
    inputs = keras.Input(shape, name="image")
    x = _activated(_convolved(inputs, 16, 3, 1, "stem"), "stem")
    for stage, channels in enumerate((16, 32, 64), 1):
        for block in range(1, blocks + 1):
            strides = 2 if stage > 1 and block == 1 else 1
            x = _residual(x, channels, strides, f"stage{stage}_block{block}")
    return keras.Model(inputs, _classified(x, classes), name=f"resnet{6 * blocks + 2}")


def _residual(x: Any, channels: int, strides: int, name: str) -> Any:
    y = _activated(_convolved(x, channels, 3, strides, f"{name}_conv1"), f"{name}_conv1")
    y = _convolved(y, channels, 3, 1, f"{name}_conv2")
    if strides > 1:
        x = _convolved(x, channels, 1, strides, f"{name}_shortcut")
    return _activated(keras.layers.Add(name=f"{name}_add")([x, y]), name)


def mobilenet(shape: Shape, classes: int) -> keras.Model:
    """Return a small network of depthwise kernels, with squeeze and excite (Howard 2019)."""
    inputs = keras.Input(shape, name="image")
    x = _activated(_convolved(inputs, 16, 3, 2, "stem"), "stem")
    for i, (wide, channels, strides) in enumerate(
        [(32, 16, 1), (64, 24, 2), (96, 24, 1), (96, 40, 2), (160, 40, 1)], 1
    ):
        x = _inverted(x, wide, channels, strides, f"block{i}")
    x = _activated(_convolved(x, 128, 1, 1, "last"), "last")
    return keras.Model(inputs, _classified(x, classes), name="mobilenet")


def _inverted(x: Any, wide: int, channels: int, strides: int, name: str) -> Any:
    y = _activated(_convolved(x, wide, 1, 1, f"{name}_expand"), f"{name}_expand")
    y = keras.layers.DepthwiseConv2D(
        3, strides, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(y)
    y = _activated(
        keras.layers.BatchNormalization(name=f"{name}_depthwise_norm")(y), f"{name}_depthwise"
    )
    y = _convolved(_excited(y, name), channels, 1, 1, f"{name}_project")
    if y.shape == x.shape:
        y = keras.layers.Add(name=f"{name}_add")([x, y])
    return y


def _excited(x: Any, name: str) -> Any:
    """Return each channel times a number from 0 to 1, found from the means of all (Hu 2018)."""
    channels = x.shape[-1]
    y = keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
    y = keras.layers.Conv2D(channels // 4, 1, activation="relu", name=f"{name}_reduce")(y)
    y = keras.layers.Conv2D(channels, 1, activation="sigmoid", name=f"{name}_excite")(y)
    return keras.layers.Multiply(name=f"{name}_scale")([x, y])


def _convolved(x: Any, channels: int, size: int, strides: int, name: str) -> Any:
    x = keras.layers.Conv2D(channels, size, strides, padding="same", use_bias=False, name=name)(x)
    return keras.layers.BatchNormalization(name=f"{name}_norm")(x)


def _activated(x: Any, name: str) -> Any:
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def _classified(x: Any, classes: int) -> Any:
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.layers.Dense(classes, activation="softmax", name="output")(x)


ZOO: dict[str, Callable[[Shape, int], keras.Model]] = {
    LENET5: lenet5,
    RESNET8: resnet8,
    RESNET20: resnet20,
    MOBILENET: mobilenet,
}


def untrained(name: str, shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
    """Return a model of the zoo for images of a shape, with values drawn by `seed`."""
    whole = (*shape, 1) if len(shape) == 2 else shape
    if len(whole) != 3 or min(whole[:2]) < _LEAST:
        raise PruneError(
            f"model {name!r} takes images of at least {_LEAST} x {_LEAST} pixels, (height, width) "
            f"or (height, width, channels), got {shape}"
        )
    with seeded((seed, 0)):
        return ZOO[name](whole, classes)
