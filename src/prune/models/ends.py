"""What goes into a model and comes out: names, shapes, and the arrays themselves."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from prune.core.inputs import Inputs, Shape, named
from prune.models.graph import functional
from prune.models.inputs import readers
from prune.models.late import keras

Side = Literal["inputs", "outputs"]


def shapes(model: keras.Model, side: Side) -> dict[str, Shape]:
    """Return the shape of each input or output, by name and in the order in which Keras has them.

    A dictionary names them, else the input, or the layer that an output is of.
    """
    tensors = getattr(functional(model), side)
    names = _names(model, side)
    return {name: tuple(each.shape[1:]) for name, each in zip(names, tensors, strict=True)}


def _names(model: keras.Model, side: Side) -> list[str]:
    graph = functional(model)
    struct = getattr(graph, f"_{side}_struct")
    if isinstance(struct, dict) and len(struct) == len(getattr(graph, side)):
        return sorted(struct)  # as Keras flattens it
    found: list[str] = []
    for tensor in getattr(graph, side):
        name = tensor.name if side == "inputs" else tensor._keras_history.operation.name
        taken = sum(each == name or each.startswith(f"{name}_") for each in found)
        found.append(f"{name}_{taken}" if name in found else name)
    return found


def entries(model: keras.Model) -> frozenset[str]:
    """Name the inputs that are whole numbers, by type or since an embedding reads them.

    A single one goes by no name too.
    """
    graph = functional(model)
    found = [
        name
        for name, tensor in zip(_names(model, "inputs"), graph.inputs, strict=True)
        if "int" in tensor.dtype or any(_looks_up(each) for each in readers(tensor, model))
    ]
    return frozenset([*found, *[""] * (len(graph.inputs) == 1 and bool(found))])


def _looks_up(layer: Any) -> bool:
    return type(layer).__name__ == "Embedding"


def packed(model: keras.Model, inputs: Inputs) -> Any:
    """Return arrays, in the order of `shapes`, as the model is called with."""
    struct = functional(model)._inputs_struct
    return keras.tree.pack_sequence_as(struct, list(named(inputs).values()))


def unpacked(answers: Any) -> list[np.ndarray]:
    """Return what a model has answered as arrays, in the order of `shapes`, in float32."""
    return [
        np.asarray(keras.ops.convert_to_numpy(each), np.float32)
        for each in keras.tree.flatten(answers)
    ]
