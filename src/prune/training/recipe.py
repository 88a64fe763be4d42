"""How to train: plain values, checked, and the Keras optimizer that they name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prune.training import keras_bridge

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Recipe:
    """How to train; the defaults are those of the published networks."""

    epochs: int = 10
    batch_size: int = 32
    learning_rate: float = 0.001  # at the first step
    seed: int = 0  # of the order of the images
    optimizer: str = "adam"  # one of OPTIMIZERS
    momentum: float = 0.9  # of sgd
    weight_decay: float = 0.004  # of adamw
    decay: str = "none"  # of the learning rate, one of DECAYS
    input_dropout: float = 0.0  # share of an image's values left out at a step (Srivastava 2014)


def _adam(recipe: Recipe, rate: Any) -> keras.Optimizer:
    return keras_bridge.import_keras().optimizers.Adam(rate)


def _adamw(recipe: Recipe, rate: Any) -> keras.Optimizer:
    return keras_bridge.import_keras().optimizers.AdamW(rate, weight_decay=recipe.weight_decay)


def _sgd(recipe: Recipe, rate: Any) -> keras.Optimizer:
    return keras_bridge.import_keras().optimizers.SGD(rate, momentum=recipe.momentum)


OPTIMIZERS: dict[str, Callable[[Recipe, Any], keras.Optimizer]] = {
    "adam": _adam,
    "sgd": _sgd,
    "adamw": _adamw,
}


def _constant(rate: float, steps: int) -> float:
    return rate


def _cosine(rate: float, steps: int) -> Any:
    # Loshchilov and Hutter 2017, without restarts.
    return keras_bridge.import_keras().optimizers.schedules.CosineDecay(rate, steps)


def _linear(rate: float, steps: int) -> Any:
    return keras_bridge.import_keras().optimizers.schedules.PolynomialDecay(rate, steps, 0.0)


# What the learning rate does until the last step; but for "none" it goes to zero.
DECAYS: dict[str, Callable[[float, int], Any]] = {
    "none": _constant,
    "cosine": _cosine,
    "linear": _linear,
}


def optimizer(recipe: Recipe, steps: int) -> keras.Optimizer:
    """Return the optimizer of a training of so many steps."""
    return OPTIMIZERS[recipe.optimizer](
        recipe, DECAYS[recipe.decay](recipe.learning_rate, max(steps, 1))
    )
