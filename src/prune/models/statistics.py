"""The statistics of normalisations anew: those of images as the pruned model sees them.

A forward pass of Keras' own in which only normalisations train, at momentum 0: each takes the mean
and variance of the batch and passes on what is normalised by them, so that one batch does for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, prod
from typing import Any

from prune.core.inputs import Inputs, named
from prune.core.structure import Arrays
from prune.models import arrays as models_arrays
from prune.models.graph import branch_by_branch, functional, is_graph, known, nodes, run
from prune.models.late import keras

NORMALISATIONS = ("BatchNormalization",)
VALUES = 50_000  # of each channel: so many say its mean to half a percent of its deviation


def enough(model: keras.Model) -> int:
    """Return how many inputs give every normalisation as many values as it needs."""
    return max((ceil(VALUES / each) for each in _places(model)), default=1)


def _places(model: keras.Model) -> Iterator[int]:
    """Yield how many values of a channel one input gives, for each normalisation."""
    for node in nodes(functional(model)):
        if is_graph(node.operation):
            yield from _places(node.operation)
        elif known(node.operation, NORMALISATIONS):
            shape = node.input_tensors[0].shape
            channels = shape[node.operation.axis] or 1
            yield prod(size or 1 for size in shape[1:]) // channels


def renewed(model: keras.Model, batch: Inputs) -> Arrays:
    """Return the statistics of a batch, (n, ...) of each input, by the names of arrays.

    The model is one's own: its normalisations are made to learn at once.
    """
    learning = _Learning()
    tensors = [keras.ops.convert_to_tensor(array) for array in named(batch).values()]
    run(model, tensors, learning.call, order=branch_by_branch)
    return {
        name: keras.ops.convert_to_numpy(variable.value)
        for name, variable in models_arrays.variables(model).items()
        if id(variable) in learning.moved
    }


class _Learning:
    """Calls layers; a normalisation learns where it is called first."""

    def __init__(self) -> None:
        self.moved: set[int] = set()  # the statistics of layers called already

    def call(self, node: Any, name: str, args: tuple, kwargs: dict) -> list[Any]:
        """Call the layer of a node."""
        layer = node.operation
        if is_graph(layer):
            given = [x for x in keras.tree.flatten((args, kwargs)) if keras.ops.is_tensor(x)]
            return run(layer, given, self.call, f"{name}/", branch_by_branch)
        if known(layer, NORMALISATIONS):
            kwargs = {**kwargs, "training": id(layer.moving_mean) not in self.moved}
            self.moved |= {id(layer.moving_mean), id(layer.moving_variance)}
            layer.trainable, layer.momentum = True, 0.0
        elif getattr(layer, "_call_has_training_arg", False):
            kwargs = {**kwargs, "training": False}
        return keras.tree.flatten(layer(*args, **kwargs))
