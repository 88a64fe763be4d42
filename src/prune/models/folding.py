"""Models to run often: what normalises a layer's outputs is folded into its kernel and bias.

At inference a normalisation multiplies each channel and adds to it, so that a layer that nothing
else reads can do both itself (Jacob 2018, section 3.2): same outputs but for rounding, less work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from prune.core.structure import Arrays
from prune.models import arrays as models_arrays
from prune.models.cut import Builder, classes
from prune.models.graph import functional, is_graph, known, nodes
from prune.models.late import keras
from prune.models.trace import Traced

_LAYERS = ("Dense", "Conv1D", "Conv2D", "Conv3D")
_NORMALISATION = ("BatchNormalization",)


class Pair(NamedTuple):
    """A layer and the normalisation that alone reads it."""

    layer: Any
    normalisation: Any


class Folded:
    """A model without the normalisations that can be folded, whose arrays change."""

    def __init__(self, model: keras.Model, found: Traced, kept: np.ndarray) -> None:
        """Take a model as it was traced, of which the units `kept`, (units + 1,), are wanted."""
        self._pairs = list(pairs(model))
        self._names = {id(layer): name for name, layer in models_arrays.layers(model)}
        with keras.saving.custom_object_scope(classes(model)):
            self.model = _Folding(found, kept, self._pairs).model(model)

    def take(self, arrays: Arrays) -> keras.Model:
        """Return the model with the arrays of the one that it was made of."""
        folded = dict(arrays)
        for pair in self._pairs:
            self._fold(folded, pair)
        models_arrays.assign(self.model, folded)
        return self.model

    def _fold(self, arrays: Arrays, pair: Pair) -> None:
        """Replace the arrays of a pair by a kernel and a bias that do the same."""
        layer, normalisation = (self._names[id(each)] for each in pair)
        kernel, bias = arrays[f"{layer}/kernel"], arrays.get(f"{layer}/bias", np.float32(0))
        mean = arrays.pop(f"{normalisation}/moving_mean")
        deviation = np.sqrt(
            arrays.pop(f"{normalisation}/moving_variance") + pair.normalisation.epsilon
        )
        factor = arrays.pop(f"{normalisation}/gamma", np.float32(1)) / deviation
        beta = arrays.pop(f"{normalisation}/beta", np.float32(0))
        arrays[f"{layer}/kernel"] = (kernel * factor).astype(kernel.dtype)
        arrays[f"{layer}/bias"] = ((bias - mean) * factor + beta).astype(kernel.dtype)


class _Folding(Builder):
    """Makes a model anew in which the first of each pair does the work of both."""

    def __init__(self, found: Traced, kept: np.ndarray, folded: list[Pair]) -> None:
        super().__init__(found, kept, None)
        self._biased = {id(pair.layer) for pair in folded}
        self._gone = {id(pair.normalisation) for pair in folded}

    def _visit(self, node: Any, name: str, args: tuple, kwargs: dict) -> list:
        if id(node.operation) in self._gone:
            return [args[0]]
        return super()._visit(node, name, args, kwargs)

    def _config(self, old: Any) -> dict:
        config = super()._config(old)
        return config | {"use_bias": True} if id(old) in self._biased else config

    def _sequential(self, old: Any) -> Any:
        return self._functional(old)


def pairs(model: keras.Model) -> Iterator[Pair]:
    """Yield what can be folded, at any depth."""
    graphs = list(_graphs(model))
    calls = Counter(id(node.operation) for graph in graphs for node in nodes(graph))
    for graph in graphs:
        for pair in _neighbours(graph):
            if all(calls[id(each)] == 1 for each in pair) and _fits(*pair):
                yield pair


def _graphs(model: keras.Model) -> Iterator[Any]:
    graph = functional(model)
    yield graph
    inner = {id(node.operation): node.operation for node in nodes(graph)}
    for operation in inner.values():
        if is_graph(operation):
            yield from _graphs(operation)


def _neighbours(graph: Any) -> Iterator[Pair]:
    """Yield each normalisation with the layer before it, if nothing else reads what that gives."""
    makers = {id(tensor): node.operation for node in nodes(graph) for tensor in node.outputs}
    reads = Counter(id(tensor) for node in nodes(graph) for tensor in node.input_tensors)
    reads.update(map(id, graph.outputs))
    for node in nodes(graph):
        if known(node.operation, _NORMALISATION) and _infers(node.arguments):
            read = id(node.input_tensors[0])
            if read in makers and reads[read] == 1:
                yield Pair(makers[read], node.operation)


def _infers(arguments: Any) -> bool:
    """Tell whether a call passes nothing but a tensor, and does not ask for training."""
    return len(arguments.args) == 1 and not any(
        value is not None and value is not False for value in arguments.kwargs.values()
    )


def _fits(layer: Any, normalisation: Any) -> bool:
    """Tell whether channels are last, all is of one precision, and nothing comes in between."""
    rank = len(layer.output.shape)
    return (
        known(layer, _LAYERS) is not None
        and layer.activation is keras.activations.linear
        and getattr(layer, "data_format", "channels_last") == "channels_last"
        and normalisation.axis in (-1, rank - 1)
        and all(each.dtype_policy.name == "float32" for each in (layer, normalisation))
    )
