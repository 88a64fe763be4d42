"""What is within a layer that is made of layers: the graph of what it calls in its turn.

It is found by calling the layer on tensors without values, as Keras does to find the shape of what
comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

from prune.models.graph import functional, is_graph, is_plain, nodes
from prune.models.kernels import KERNELS
from prune.models.kinds import plain
from prune.models.kinds.table import handler
from prune.models.late import keras

_ALONE = RLock()  # what a layer has seen, and how it speaks, is changed for a while


def is_composite(operation: Any) -> bool:
    """Tell whether an operation is a layer made of layers, of which nothing is known."""
    parts = getattr(operation, "_flatten_layers", None)
    if parts is None or is_graph(operation) or handler(operation) is not plain.unknown:
        return False
    if is_plain(type(operation)):
        return False  # what is Keras' own and unknown is so for a reason
    within = parts(include_self=False)
    return any(base.__name__ in KERNELS for each in within for base in type(each).__mro__)


def calls(model: Any) -> Iterator[Any]:
    """Yield all calls of a graph, and of the models in it."""
    for node in nodes(functional(model)):
        yield node
        if is_graph(node.operation):
            yield from calls(node.operation)


@contextmanager
def forgotten(operations: list[Any]) -> Iterator[None]:
    """Let operations forget the calls that they see meanwhile."""
    lists = [seen for each in operations for seen in (each._inbound_nodes, each._outbound_nodes)]
    counts = [len(seen) for seen in lists]
    try:
        yield
    finally:
        for seen, count in zip(lists, counts, strict=True):
            del seen[count:]


class Standing:
    """What stands for the tensors that a layer is given in a call of the graph."""

    def __init__(self, node: Any, shape: Callable[[Any], tuple]) -> None:
        """Take a call, and what shape an input for each of its tensors has."""
        self.inputs: list[Any] = []

        def stand_in(value: Any) -> Any:
            if not is_tensor(value):
                return value
            self.inputs.append(keras.Input(batch_shape=shape(value), dtype=value.dtype))
            return self.inputs[-1]

        given = node.arguments.args, node.arguments.kwargs
        self._args, self._kwargs = keras.tree.map_structure(stand_in, given)
        self._kwargs.pop("training", None)

    def given(self, function: Callable[..., Any], values: list | None = None, **more: Any) -> Any:
        """Return what a function gives for the inputs, or for values in their place."""
        stands = dict(zip(map(id, self.inputs), values or self.inputs, strict=True))
        args, kwargs = keras.tree.map_structure(
            lambda each: stands.get(id(each), each), (self._args, self._kwargs)
        )
        return function(*args, **kwargs | more)


def inside(node: Any, shape: Callable[[Any], tuple]) -> tuple[Standing, keras.Model]:
    """Return what a layer calls in a call of the graph, as a graph of inputs that stand for others.

    Raises whatever the layer does on tensors without values.
    """
    layer = node.operation
    parts = list(layer._flatten_layers(include_self=False))
    composite = [part for part in parts if is_composite(part)]
    with _ALONE, forgotten([layer, *parts]), _speaking(composite):
        standing = Standing(node, shape)
        return standing, keras.Model(standing.inputs, standing.given(layer.call))


@contextmanager
def _speaking(layers: list[Any]) -> Iterator[None]:
    """Let layers find by their `call` what shapes come out of them, whatever their class says.

    A subclass may take arguments of which the `compute_output_spec` of its parent knows nothing.
    """

    def speaker(layer: Any) -> Callable[..., Any]:
        return lambda *args, **kwargs: keras.tree.map_structure(_new, layer.call(*args, **kwargs))

    for layer in layers:
        vars(layer)["compute_output_spec"] = speaker(layer)
    try:
        yield
    finally:
        for layer in layers:
            del vars(layer)["compute_output_spec"]


def _new(value: Any) -> Any:
    return keras.KerasTensor(value.shape, value.dtype) if is_tensor(value) else value


def is_tensor(value: Any) -> bool:
    """Tell whether a value is a tensor without values."""
    return isinstance(value, keras.KerasTensor)
