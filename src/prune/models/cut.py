"""Rebuild a model without the units that were masked: smaller arrays, everything else the same."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from prune import PruneError
from prune.core import structure as structures
from prune.core.network import Masks
from prune.core.structure import Arrays
from prune.models import arrays as models_arrays
from prune.models.flows import Size
from prune.models.graph import functional, is_graph, is_plain, known, run
from prune.models.late import keras
from prune.models.remade import made, told
from prune.models.trace import Traced, traced

# What a layer holds as an object is given to the new one as it is: a function or an initializer
# of the user's own could not be found again by its name.
_OBJECTS = ("activation", "recurrent_activation", "function")
_ENDS = ("_initializer", "_regularizer", "_constraint")


def shrunk(model: keras.Model, masks: Masks) -> keras.Model:
    """Return a smaller model without the units that `masks` drop, {group: (size,)}.

    It takes and gives the same shapes, and its layers have the same names; a group of which all
    is dropped keeps one unit, dead, where an array would be left with nothing.  `model` is not
    changed.  The new model is not compiled.  Raises `PruneError` for masks that do not fit, a
    model without a graph, and a layer that cannot be made again from its configuration.
    """
    found = traced(model)
    kept = structures.left(found.structure, masks)
    whole = structures.masked(found.structure, models_arrays.arrays(model), masks)
    return rebuilt(model, found, kept, whole)


def masked(model: keras.Model, masks: Masks) -> keras.Model:
    """Return a model of the same sizes in which what `masks` drop is zero; `model` is not changed.

    Masks are of groups or of kernels, as for `core.structure.masked`.
    """
    found = traced(model)
    kept = structures.left(found.structure, {})
    whole = structures.masked(found.structure, models_arrays.arrays(model), masks)
    return rebuilt(model, found, kept, whole)


def rebuilt(
    model: keras.Model,
    found: Traced,
    kept: np.ndarray,
    arrays: Arrays,
    policy: str | None = None,
) -> keras.Model:
    """Return a new model with the units that are `kept`, (units + 1,), of whole `arrays`.

    `policy`, `"float32"`, overrules in which precision layers compute.
    """
    functional(model)  # a model without a graph is refused before any layer is copied
    builder = Builder(found, kept, policy)
    with keras.saving.custom_object_scope(classes(model)):
        smaller = builder.model(model)
    left = structures.cut(found.structure, arrays, kept)
    models_arrays.assign(smaller, scaled(found, kept, left))
    return smaller


def scaled(found: Traced, kept: np.ndarray, arrays: Arrays) -> Arrays:
    """Return cut arrays, scaled where a layer divides by the root of how many units there are."""
    result = dict(arrays)
    for name, ids in found.binder.scales.items():
        left, size = count(found, kept, ids), len(ids)
        if left != size:
            factor = np.sqrt(left / size)
            result[name] = (arrays[name] * factor).astype(arrays[name].dtype)
    return result


def count(found: Traced, kept: np.ndarray, ids: np.ndarray) -> int:
    """Count the entries of an axis that stay."""
    return int(np.count_nonzero(kept[found.resolved.numbers[ids]]))


def classes(model: keras.Model) -> dict[str, type]:
    """Return the classes of all layers that are not Keras' own, by name."""
    kinds = {type(layer) for _, layer in models_arrays.layers(model)}
    return {kind.__name__: kind for kind in kinds if not is_plain(kind)}


class Builder:
    """Makes new layers for those of a model, each once."""

    def __init__(self, found: Traced, kept: np.ndarray, policy: str | None) -> None:
        """Take a trace, the units `kept`, (units + 1,), and perhaps another precision."""
        self._found, self._kept, self._policy = found, kept, policy
        self._made: dict[int, Any] = {}

    def _operation(self, old: Any) -> Any:
        if id(old) not in self._made:
            self._made[id(old)] = self._new(old)
        return self._made[id(old)]

    def _new(self, old: Any) -> Any:
        if is_graph(old):
            return self.model(old)
        return self._layer(old) if _is_layer(old) else _copied(old)

    def model(self, old: Any) -> Any:
        """Return a new model for one with a graph, within another or not."""
        return self._sequential(old) if known(old, ("Sequential",)) else self._functional(old)

    def _functional(self, old: Any) -> Any:
        inputs = [self._input(old, i) for i in range(len(old.inputs))]
        outputs = run(old, inputs, self._visit)
        graph, own = functional(old), is_plain(type(old)) and known(old, ("Functional",))
        kind = type(old) if own else keras.Model
        new = kind(
            keras.tree.pack_sequence_as(graph._inputs_struct, inputs),
            keras.tree.pack_sequence_as(graph._outputs_struct, outputs),
            name=old.name,
        )
        return _as_trainable(old, new)

    def _sequential(self, old: Any) -> Any:
        new = keras.Sequential(name=old.name)
        new.add(self._input(old, 0)._keras_history.operation)
        for layer in old.layers:
            new.add(self._operation(layer))
        return _as_trainable(old, new)

    def _input(self, old: Any, place: int) -> Any:
        tensor = functional(old).inputs[place]
        axes = self._found.binder.sizes.get(id(old), {}).get(("inputs", place))
        shape = tuple(tensor.shape)
        if axes is not None:
            shape = tuple(
                size if ids is None else count(self._found, self._kept, ids)
                for size, ids in zip(shape, axes, strict=True)
            )
        source = tensor._keras_history.operation
        return keras.Input(
            batch_shape=shape,
            dtype=tensor.dtype,
            name=source.name,
            sparse=tensor.sparse,
            optional=getattr(source, "optional", False),
        )

    def _visit(self, node: Any, name: str, args: tuple, kwargs: dict) -> list:
        outputs = self._operation(node.operation)(*args, **kwargs)
        return keras.tree.flatten(outputs)

    def _layer(self, old: Any) -> Any:
        try:
            return made(type(old), self._config(old))
        except Exception as error:  # whatever a stranger's class raises
            reason = (str(error).strip().splitlines() or [""])[0]
            raise PruneError(
                f"layer {old.name!r} cannot be made again from its configuration "
                f"({type(error).__name__}: {reason}); give {type(old).__name__} a get_config that "
                "holds its arguments"
            ) from error

    def _config(self, old: Any) -> dict:
        config = told(old)
        for key in config:
            own = getattr(old, key, None)
            if (key in _OBJECTS or key.endswith(_ENDS)) and own is not None:
                config[key] = copy.deepcopy(own) if key.endswith("_initializer") else own
        _without_shapes(config)
        for path, size in self._found.binder.sizes.get(id(old), {}).items():
            self._set(config, path, size)
        if self._policy:
            _with_policy(config, self._policy)
        return config

    def _set(self, config: dict, path: tuple, size: Size) -> None:
        """Write at `path` how many are left, if that is less than all."""
        for key in path[:-1]:
            config = config[key]
        now = self._left(size)
        if now != _whole(size):
            config[path[-1]] = now
            _without_constants(config)

    def _left(self, size: Size) -> Any:
        if isinstance(size, tuple):
            return tuple(self._left(each) for each in size)
        return count(self._found, self._kept, size) if isinstance(size, np.ndarray) else size


def _whole(size: Size) -> Any:
    if isinstance(size, tuple):
        return tuple(_whole(each) for each in size)
    return len(size) if isinstance(size, np.ndarray) else size


def _is_layer(operation: Any) -> bool:
    return hasattr(operation, "_flatten_layers")


def _copied(operation: Any) -> Any:
    """Return an operation that holds no weights anew, without the calls that it has seen."""
    new = object.__new__(type(operation))  # `copy` would go by a configuration
    new.__dict__.update(vars(operation))
    new._inbound_nodes, new._outbound_nodes = [], []
    return new


def _as_trainable(old: Any, new: Any) -> Any:
    # Not through `trainable`, which would spread to the layers; each has its own by now.
    new._trainable = old._trainable
    return new


def _walk(config: object, change: Callable[[dict], None]) -> None:
    if isinstance(config, dict):
        change(config)
        for value in config.values():
            _walk(value, change)
    elif isinstance(config, (list, tuple)):
        for value in config:
            _walk(value, change)


def _without_shapes(config: dict) -> None:
    """Drop the shapes that layers within this one were built for."""
    _walk(config, lambda part: part.pop("build_config", None))


def _with_policy(config: dict, policy: str) -> None:
    def change(part: dict) -> None:
        if "dtype" in part and "name" in part:
            part["dtype"] = policy

    _walk(config, change)


def _without_constants(config: dict) -> None:
    """Forget initial values given as an array, which has the old shape."""
    for key, value in config.items():
        constant = getattr(value, "value", None)
        if key.endswith("_initializer") and np.ndim(constant) > 0:
            config[key] = "zeros"
