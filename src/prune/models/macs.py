"""Multiply-adds: how many a model needs for one input, layer by layer.

Counted are the products of kernels with what they read, and those within attention; what
normalisation, activation and pooling cost beside them is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from prune.models.graph import Visit, arguments, functional, is_graph, known, run
from prune.models.kinds.einsum import labels
from prune.models.kinds.recurrent import GATES
from prune.models.late import keras
from prune.models.within import inside, is_composite

Shape = tuple[int, ...]
Count = Callable[[Any, list[Shape], list[Shape]], int]  # of a layer, its inputs and outputs


def multiply_adds(model: keras.Model, shapes: list[Shape] | None = None) -> dict[str, int]:
    """Return the multiply-adds of each layer that has some, by name, for one input.

    A layer that is called several times counts each.  `shapes`, one for each input and without
    the batch, say how long axes of any length are; without them such an axis counts as one.
    """
    total: dict[str, int] = {}

    def visit(node: Any, name: str, args: tuple, kwargs: dict) -> list[_Sized]:
        operation = node.operation
        if is_graph(operation):
            return run(operation, _sized((args, kwargs)), visit, f"{name}/")
        if is_composite(operation):
            _within(node, name, args, kwargs, visit)
        outputs = _outputs(node, args, kwargs)
        kind = known(operation, COUNTS) if hasattr(operation, "weights") else None
        if kind:
            inputs = [each.shape for each in _sized(arguments(operation, args, kwargs))]
            own = COUNTS[kind](operation, inputs, outputs)
            total[name] = total.get(name, 0) + own
        return [_Sized(shape) for shape in outputs]

    tensors = functional(model).inputs
    given = shapes or [tuple(tensor.shape[1:]) for tensor in tensors]
    run(model, [_Sized(_known((1, *shape))) for shape in given], visit)
    return total


class _Sized:
    """A shape that is one value, not a sequence of them."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape


def _sized(values: Any) -> list[_Sized]:
    """Return the shapes among arguments, in the order of these."""
    given = values.values() if isinstance(values, dict) else values
    flat = [leaf for value in given for leaf in keras.tree.flatten(value)]
    return [leaf for leaf in flat if isinstance(leaf, _Sized)]


def _within(node: Any, name: str, args: tuple, kwargs: dict, visit: Visit) -> None:
    """Visit what a layer of layers calls, if that can be found."""
    given = _sized((args, kwargs))
    shapes = iter(given)
    try:
        _, graph = inside(node, lambda tensor: next(shapes).shape)
        run(graph, given, visit, f"{name}/")
    except Exception:  # whatever a stranger's layer raises: it is not counted
        return


def _outputs(node: Any, args: tuple, kwargs: dict) -> list[Shape]:
    """Return the shapes that come of others; those of the graph where none can be had."""
    if known(node.operation, ("EinsumDense",)):
        return [_einsum_output(node.operation, _sized((args, kwargs))[0].shape)]
    recorded = [_known(tuple(tensor.shape)) for tensor in node.outputs]
    same = [tuple(tensor.shape) for tensor in node.input_tensors]
    if not any(None in shape[1:] for shape in same):
        return recorded

    def symbol(value: object, tensor: Any) -> object:
        return keras.KerasTensor(value.shape, tensor.dtype) if isinstance(value, _Sized) else value

    args, kwargs = keras.tree.map_structure(
        symbol, (args, kwargs), (node.arguments.args, node.arguments.kwargs)
    )
    try:
        result = node.operation.compute_output_spec(*args, **kwargs)
    except Exception:  # a layer that cannot tell is counted by what the graph says
        return recorded
    return [_known(tuple(each.shape)) for each in keras.tree.flatten(result)]


def _known(shape: tuple) -> Shape:
    return tuple(1 if size is None else size for size in shape)


def _size(*shapes: Any) -> int:
    return int(np.prod([size for shape in shapes for size in shape], dtype=np.int64))


def _space(layer: Any, shape: Shape) -> Shape:
    """Return the sizes of all axes of an image but batch and channels."""
    first = getattr(layer, "data_format", "") == "channels_first"
    return shape[2:] if first else shape[1:-1]


def _dense(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> int:
    return _size(layer._kernel.shape, inputs[0][1:-1])


def _conv(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> int:
    return _size(layer.kernel.shape, _space(layer, outputs[0]))


def _transposed(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> int:
    return _size(layer.kernel.shape, _space(layer, inputs[0]))


def _separable(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> int:
    weights = _size(layer.depthwise_kernel.shape) + _size(layer.pointwise_kernel.shape)
    return weights * _size(_space(layer, outputs[0]))


def _einsum(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> int:
    letters, kernel, _ = labels(layer, len(inputs[0]))
    sizes = zip(letters, inputs[0], strict=True)
    return _size(layer._kernel.shape, [size for letter, size in sizes if letter not in kernel])


def _einsum_output(layer: Any, shape: Shape) -> Shape:
    """Return the shape that comes out, of which Keras remembers what it was built for."""
    letters, kernel, outputs = labels(layer, len(shape))
    sizes = dict(zip([*letters, *kernel], [*shape, *layer._kernel.shape], strict=True))
    return tuple(sizes[letter] for letter in outputs)


def _recurrent(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> int:
    if known(layer.cell, GATES) is None:
        return 0
    weights = _size(layer.cell.kernel.shape) + _size(layer.cell.recurrent_kernel.shape)
    return weights * inputs[0][1]


def _bidirectional(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> int:
    parts = (layer.forward_layer, layer.backward_layer)
    return sum(_recurrent(part, inputs, outputs) for part in parts if hasattr(part, "cell"))


def _time_distributed(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> int:
    kind = known(layer.layer, COUNTS)
    if kind is None:
        return 0
    once = [[(shape[0], *shape[2:]) for shape in shapes] for shapes in (inputs, outputs)]
    return COUNTS[kind](layer.layer, *once) * inputs[0][1]


def _attention(layer: Any, inputs: list[Shape], outputs: list[Shape]) -> int:
    query, value = inputs[0][1:-1], inputs[min(1, len(inputs) - 1)][1:-1]
    projections = _size(layer._query_dense._kernel.shape, query)
    projections += _size(layer._key_dense._kernel.shape, value)
    projections += _size(layer._value_dense._kernel.shape, value)
    projections += _size(layer._output_dense._kernel.shape, query)
    products = _size(query, value) * layer._num_heads * (layer._key_dim + layer._value_dim)
    return projections + products


COUNTS: dict[str, Count] = {
    "Dense": _dense,
    **dict.fromkeys(["Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D"], _conv),
    **dict.fromkeys(["Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"], _transposed),
    **dict.fromkeys(["SeparableConv1D", "SeparableConv2D"], _separable),
    "EinsumDense": _einsum,
    **dict.fromkeys(["LSTM", "GRU", "SimpleRNN", "RNN"], _recurrent),
    "Bidirectional": _bidirectional,
    "TimeDistributed": _time_distributed,
    "MultiHeadAttention": _attention,
}
