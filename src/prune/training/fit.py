"""Train a network from the start, so that the same seed gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from prune.core.network import Layer, Network
from prune.training.compiled import Examples
from prune.training.course import Course, steps_per_epoch
from prune.training.recipe import Recipe


def initial(sizes: list[int], seed: int) -> Network:
    """Return an untrained network without biases: ReLU between, softmax at the end.

    `sizes` are those of input, hidden layers and output.
    """
    layers = []
    for i, (inputs, units) in enumerate(pairwise(sizes)):
        activation = "relu" if i < len(sizes) - 2 else "softmax"
        kernel = np.empty((inputs, units), np.float32)
        layers.append(Layer(f"dense_{i}" if i else "dense", kernel, None, activation))
    return fresh(tuple(layers), (seed, 0))


def fresh(network: Network, seed: tuple[int, ...]) -> Network:
    """Return `network` with values as before training.

    The kernels are drawn as Keras does by default, uniform within sqrt(6 / (inputs + units))
    (Glorot 2010); biases are zero.
    """
    rng = np.random.default_rng(seed)
    layers = []
    for layer in network:
        limit = np.sqrt(6 / sum(layer.kernel.shape))
        kernel = rng.uniform(-limit, limit, layer.kernel.shape).astype(np.float32)
        bias = None if layer.bias is None else np.zeros_like(layer.bias)
        layers.append(layer._replace(kernel=kernel, bias=bias))
    return tuple(layers)


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
