"""The arrays of a live Keras model, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from prune import PruneError
from prune.core.structure import Arrays
from prune.models.late import keras

_COUNTED = re.compile(r"variable(_\d+)?")


def variables(model: keras.Model) -> dict[str, Any]:
    """Return all weights of a model, `LAYER/NAME`, with the names of models around before it.

    A weight that several layers share has the name of the first; what is no weight, such as the
    state of a dropout, is left out.
    """
    named: dict[str, Any] = {}
    seen: set[int] = set()
    for name, variable in _variables(model, ""):
        if id(variable) not in seen:
            seen.add(id(variable))
            named[_unique(name, named)] = variable
    return named


def layers(model: keras.Model) -> Iterator[tuple[str, Any]]:
    """Yield (name, layer) of all layers at any depth, each before those within it."""
    yield from _layers(model, "", set())


def _layers(layer: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    for part in _parts(layer):
        if id(part) not in seen:
            seen.add(id(part))
            yield path + part.name, part
            yield from _layers(part, f"{path}{part.name}/", seen)


def _parts(layer: Any) -> list[Any]:
    # A Sequential also holds its own graph, with the same layers, as a part.
    if type(layer).__name__ == "Sequential" or hasattr(layer, "_functional"):
        return list(layer.layers)
    return list(layer._flatten_layers(include_self=False, recursive=False))


def _variables(layer: Any, path: str) -> Iterator[tuple[str, Any]]:
    for variable in [*layer._trainable_variables, *layer._non_trainable_variables]:
        yield path + _name(layer, variable), variable
    for part in _parts(layer):
        yield from _variables(part, f"{path}{part.name}/")


def _name(layer: Any, variable: Any) -> str:
    """Return the name of a weight; Keras counts those without one through all models there are."""
    if not _COUNTED.fullmatch(variable.name):
        return variable.name
    return next((key for key, value in vars(layer).items() if value is variable), "variable")


def _unique(name: str, taken: dict[str, Any]) -> str:
    if name not in taken:
        return name
    return next(f"{name}_{i}" for i in range(1, len(taken) + 1) if f"{name}_{i}" not in taken)


def arrays(model: keras.Model) -> Arrays:
    """Return copies of all weights of a model, by the names of `variables`."""
    return {
        name: np.array(keras.ops.convert_to_numpy(variable.value))
        for name, variable in variables(model).items()
    }


def assign(model: keras.Model, arrays: Arrays) -> None:
    """Give a model the weights in `arrays`, all of them; nothing is assigned if one does not fit.

    Raises `PruneError` for an array that is missing, unknown, or of another shape.
    """
    own = variables(model)
    if odd := sorted(own.keys() ^ arrays.keys()):
        where = "the model" if odd[0] in own else "the arrays"
        raise PruneError(f"arrays must be those of the model: {odd[0]!r} is only in {where}")
    for name, variable in own.items():
        if tuple(variable.shape) != arrays[name].shape:
            raise PruneError(
                f"array {name!r} must have shape {tuple(variable.shape)}, got {arrays[name].shape}"
            )
    for name, variable in own.items():
        variable.assign(arrays[name])
