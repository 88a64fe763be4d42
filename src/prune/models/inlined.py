"""Layers that are made of layers, replaced by what is in them: a graph that can be followed.

A class of the user's own, such as a block of a transformer, is one call of the graph, of which
nothing is known.  What it calls in its turn is found out by calling it on tensors without values,
as Keras does to find the shape of what comes out.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Container
from math import prod
from typing import Any

import numpy as np

from prune.core import structure as structures
from prune.models import arrays as models_arrays
from prune.models.cut import rebuilt
from prune.models.graph import functional, is_graph, is_plain, nodes, run
from prune.models.late import keras
from prune.models.proof import agree
from prune.models.trace import traced
from prune.models.within import Standing, calls, forgotten, is_composite, is_tensor


def inlined(model: keras.Model, classes: Container[str] | None = None) -> keras.Model:
    """Return a new model whose layers of layers, where they can be, are models within it.

    It has the same weights by the same names, and answers the same, which is tried on random
    inputs; `model` itself is returned where there is nothing to replace or the answers differ.
    It is never changed.  `classes` are the names of those that may appear in it beside Keras' own,
    or all may: a file that names others could not be read again.

    Left as they are: a layer with weights of its own beside those of its layers, one that is called
    twice, one that a mask comes to unseen, one that computes in another precision than it is given,
    and one that calls other layers while it trains.
    """
    if not is_graph(model) or not any(_is_closed(node.operation) for node in calls(model)):
        return model
    operations = [node.operation for node in calls(model)]
    with forgotten([*operations, *[layer for _, layer in models_arrays.layers(model)]]):
        try:
            opening = _Opening(classes)
            opened = opening.model(model)
            if not opening.replaced:
                return model
            found = traced(opened)
            whole = structures.keep(found.structure, {})
            new = rebuilt(opened, found, whole, models_arrays.arrays(opened))
            new.to_json()  # or it could not be saved
            return new if agree(model, new) else model
        except Exception:  # whatever a stranger's layer raises: then it stays as it is
            return model


def _is_closed(operation: Any) -> bool:
    """Tell whether an operation is a layer made of layers that has no weights beside theirs."""
    if not is_composite(operation):
        return False
    return not (operation._trainable_variables or operation._non_trainable_variables)


class _Opening:
    """Makes graphs once more, over the same layers, with those of layers replaced."""

    def __init__(self, classes: Container[str] | None) -> None:
        self._classes = classes
        self.replaced = 0  # layers
        self._made: dict[int, keras.Model] = {}  # by the model within another

    def model(self, graph: Any) -> keras.Model:
        """Return the graph of a model, each model once."""
        if id(graph) not in self._made:
            self._made[id(graph)] = self._model(graph)
        return self._made[id(graph)]

    def _model(self, graph: Any) -> keras.Model:
        counts = Counter(id(node.operation) for node in calls(graph))

        def visit(node: Any, _: str, args: tuple, kwargs: dict) -> list:
            operation = node.operation
            if is_graph(operation):
                operation = self.model(operation)
            elif counts[id(operation)] == 1 and _is_closed(operation) and _is_seen(node):
                given = [each for each in keras.tree.flatten((args, kwargs)) if is_tensor(each)]
                inner = self._inside(node)
                if inner is not None and len(inner.outputs) == len(node.outputs):
                    self.replaced += 1
                    return list(keras.tree.flatten(inner(given)))
            return list(keras.tree.flatten(_sized(operation, args)(*args, **kwargs)))

        inputs = [_input(each) for each in functional(graph).inputs]
        outputs = run(graph, inputs, visit)
        of = functional(graph)
        return keras.Model(
            keras.tree.pack_sequence_as(of._inputs_struct, inputs),
            keras.tree.pack_sequence_as(of._outputs_struct, outputs),
            name=graph.name,
        )

    def _inside(self, node: Any) -> keras.Model | None:
        """Return what a layer calls as a model of all tensors that it is given, or None."""
        layer = node.operation
        try:
            standing = Standing(node, lambda tensor: tensor.shape)
            knows = "training" in inspect.signature(layer.call).parameters

            def graph(mode: bool | None) -> keras.Model:
                more = {"training": mode} if knows and mode is not None else {}
                called = _told(mode, lambda: standing.given(layer.call, **more))
                return keras.Model(standing.inputs, called, name=layer.name)

            inner = graph(None)
            same = all(_is_left_to(graph(mode), mode, inner) for mode in (True, False))
            if not same or not self._are_known(opened := self.model(inner)):
                return None
            return opened
        except Exception:  # it looks at values, or computes with what is not Keras'
            return None

    def _are_known(self, graph: keras.Model) -> bool:
        kinds = {type(node.operation) for node in calls(graph)}
        names = {kind.__name__ for kind in kinds if not is_plain(kind)}
        return self._classes is None or all(name in self._classes for name in names)


def _is_left_to(way: keras.Model, mode: bool | None, inner: keras.Model) -> bool:
    """Tell whether a layer, told whether it trains, tells that on and else does as if it was not.

    `way` is what it calls when `mode` is told, `inner` when nothing is.
    """
    modes = {_mode(node) for node in nodes(functional(way))}
    return _made_of(way) == _made_of(inner) and modes <= {mode, None}


def _sized(operation: Any, args: tuple) -> Any:
    """Return a reshape that finds the number of examples itself, where it was told as None.

    So it is after `ops.reshape(x, (ops.shape(x)[0], -1, 7))`: of a tensor without values nobody
    knows how many there are.
    """
    shape = getattr(operation, "newshape", None)
    if not isinstance(shape, list | tuple) or list(shape).count(None) != 1:
        return operation
    known = prod(size for size in shape if size not in (None, -1))
    rest = prod(size for size in args[0].shape if size is not None) // known
    sizes = tuple({None: -1, -1: rest}.get(size, size) for size in shape)
    return type(operation)(sizes, name=operation.name)


def _made_of(graph: keras.Model) -> list[Any]:
    """Return the operations of a graph, those of its layers by name."""
    operations = [node.operation for node in nodes(functional(graph))]
    return sorted((type(each).__name__, str(getattr(each, "path", ""))) for each in operations)


def _told(mode: bool | None, function: Callable[[], Any]) -> Any:
    """Return what a function returns where the layers around say whether they train."""
    found: list[Any] = []
    around = keras.layers.Lambda(lambda x: found.append(function()) or x)
    around(np.zeros(1), training=mode)
    return found[0]


def _mode(node: Any) -> bool | None:
    """Return what a call is told of whether it trains, whatever the layer around is told."""
    if "training" in node.arguments.kwargs:
        return node.arguments.kwargs["training"]
    call = inspect.signature(node.operation.call)
    return call.bind(*node.arguments.args, **node.arguments.kwargs).arguments.get("training")


def _input(tensor: Any) -> Any:
    name = tensor._keras_history.operation.name
    return keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=name)


def _is_seen(node: Any) -> bool:
    """Tell whether all that a call does is in what it is given, but for whether it trains."""
    layer, tensors = node.operation, [*node.input_tensors, *node.outputs]
    masks = [tensor for tensor in tensors if getattr(tensor, "_keras_mask", None) is not None]
    floats = {tensor.dtype for tensor in node.input_tensors if "float" in tensor.dtype}
    return not masks and floats <= {layer.compute_dtype} and _mode(node) is not True
