"""Models of a class of the user's own, made again as one of that class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prune.core.structure import Arrays
from prune.models import arrays as models_arrays
from prune.models.graph import is_plain
from prune.models.late import keras
from prune.models.remade import times

Path = tuple[Any, ...]  # keys and places of a nested configuration
Shapes = list[tuple[int, ...]]


def of_class(template: keras.Model, arrays: Arrays) -> keras.Model | None:
    """Return a model of the class of `template` with these arrays, all of its names, or None.

    Where they are smaller than its own, it is made with smaller numbers in its configuration, such
    as `intermediate_dim`, if there are some that make all of them fit.
    """
    if is_plain(type(template)):
        return None
    names = {id(variable): name for name, variable in models_arrays.variables(template).items()}
    try:
        values = [arrays[names[id(variable)]] for variable in template.weights]
        shapes = _shapes(template), [tuple(value.shape) for value in values]
        config = template.get_config()
        parts = _parts(template, config)
        model = _fitting(type(template), config | parts, *shapes)
        if model is None and parts:
            model = _fitting(type(template), config, *shapes)
        if model is not None:
            model.set_weights(values)
    except Exception:  # whatever a stranger's class raises
        return None
    return model


def _parts(template: keras.Model, config: dict) -> dict:
    """Return the layers without weights that a configuration tells of, to be taken as they are.

    It may not tell all: the preprocessor of a language model keeps its words in files.
    """
    own = {key: getattr(template, key, None) for key in config}
    return {
        key: part
        for key, part in own.items()
        if isinstance(config[key], dict) and isinstance(part, keras.layers.Layer)
        if not part.weights
    }


def _fitting(kind: Any, config: dict, before: Shapes, wanted: Shapes) -> keras.Model | None:
    """Return a model of a class whose arrays have the shapes that are `wanted`, or None."""
    apart = _apart(before, wanted)
    if not apart:
        return _tried(kind, config)
    pairs = [
        pair for shapes in zip(before, wanted, strict=True) for pair in zip(*shapes, strict=True)
    ]
    shorter = {(length, left) for length, left in pairs if length != left}
    for path, number in _numbers(config, sorted(shorter)):
        changed = _changed(config, path, number)
        model = _tried(kind, changed)
        left = apart if model is None else _apart(_shapes(model), wanted)
        if not left:
            return model
        if left < apart:
            config, apart = changed, left
    return None


def _tried(kind: Any, config: dict) -> keras.Model | None:
    try:
        return kind.from_config(_changed(config))
    except Exception:  # whatever else the class does with a number
        return None


def _shapes(model: keras.Model) -> Shapes:
    return [tuple(variable.shape) for variable in model.weights]


def _apart(one: Shapes, other: Shapes) -> int:
    """Count the arrays whose shapes differ; all if they are not as many."""
    if len(one) != len(other):
        return max(len(one), len(other))
    return sum(mine != yours for mine, yours in zip(one, other, strict=True))


def _numbers(
    config: Any, shorter: list[tuple[int, int]], path: Path = ()
) -> Iterator[tuple[Path, int]]:
    """Yield (path, number) for all that may say how long an axis is that is `shorter` now."""
    places = config.items() if isinstance(config, dict) else enumerate(config)
    for key, value in places:
        if isinstance(value, dict | list):
            yield from _numbers(value, shorter, (*path, key))
        for length, left in shorter:
            if each := times(value, length):
                yield (*path, key), each * left


def _changed(config: Any, path: Path = (), number: int = 0) -> Any:
    """Return a nested configuration anew, with a number at a path."""
    if isinstance(config, dict):
        copied: Any = {key: _changed(value) for key, value in config.items()}
    elif isinstance(config, list):
        copied = [_changed(value) for value in config]
    else:
        return config
    if path:
        key, *rest = path
        copied[key] = _changed(copied[key], tuple(rest), number) if rest else number
    return copied
