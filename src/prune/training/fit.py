"""Train a network from the start, so that the same seed gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from prune.core.network import Layer, Network
from prune.training import learners
from prune.training.compiled import Examples
from prune.training.course import Course, steps_per_epoch
from prune.training.recipe import Recipe


def initial(sizes: list[int], seed: int, biases: bool = False) -> Network:
    """Return an untrained chain of dense layers: ReLU between, softmax at the end.

    `sizes` are those of input, hidden layers and output.
    """
    layers = []
    for i, (inputs, units) in enumerate(pairwise(sizes)):
        activation = "relu" if i < len(sizes) - 2 else "softmax"
        kernel = np.empty((inputs, units), np.float32)
        bias = np.empty(units, np.float32) if biases else None
        layers.append(Layer(f"dense_{i}" if i else "dense", kernel, bias, activation))
    return fresh(tuple(layers), (seed, 0))


def fresh(network: Network, seed: tuple[int, ...]) -> Network:
    """Return `network` with values as before training."""
    return learners.of(network).fresh(seed)


def epochs(
    network: Network,
    images: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe,
    on_batch: Callable[[int], None] = lambda done: None,
) -> Iterator[tuple[Network, float, float]]:
    """Train a copy of `network`; after each epoch yield it with training loss and accuracy.

    `on_batch` is told how many images of the epoch are done.  Raises `PruneError` if the loss
    is no longer a number.
    """
    course = Course(network, Examples(images, labels), recipe)
    for _ in range(recipe.epochs):
        seen = course.advance(steps_per_epoch(len(labels), recipe), on_batch)
        yield course.network, seen.loss / seen.images, seen.correct / seen.images
