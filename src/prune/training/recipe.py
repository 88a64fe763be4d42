"""The Keras optimizer that a recipe names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prune.models.late import keras
from prune.settings.recipe import ADAM, ADAMW, CONSTANT, COSINE, LINEAR, SGD, Recipe


def _adam(recipe: Recipe, rate: Any) -> keras.Optimizer:
    return keras.optimizers.Adam(rate)


def _adamw(recipe: Recipe, rate: Any) -> keras.Optimizer:
    return keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay)


def _sgd(recipe: Recipe, rate: Any) -> keras.Optimizer:
    return keras.optimizers.SGD(rate, momentum=recipe.momentum)


OPTIMIZERS: dict[str, Callable[[Recipe, Any], keras.Optimizer]] = {
    ADAM: _adam,
    SGD: _sgd,
    ADAMW: _adamw,
}


def _constant(rate: float, steps: int) -> float:
    return rate


def _cosine(rate: float, steps: int) -> Any:
    # Loshchilov and Hutter 2017, without restarts.
    return keras.optimizers.schedules.CosineDecay(rate, steps)


def _linear(rate: float, steps: int) -> Any:
    return keras.optimizers.schedules.PolynomialDecay(rate, steps, 0.0)


# What the learning rate does until the last step; but for "none" it goes to zero.
DECAYS: dict[str, Callable[[float, int], Any]] = {
    CONSTANT: _constant,
    COSINE: _cosine,
    LINEAR: _linear,
}


def optimizer(recipe: Recipe, steps: int) -> keras.Optimizer:
    """Return the optimizer of a training of so many steps."""
    return OPTIMIZERS[recipe.optimizer](
        recipe, DECAYS[recipe.decay](recipe.learning_rate, max(steps, 1))
    )
