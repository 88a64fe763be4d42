"""A layer made again by what it tells of itself."""

from __future__ import annotations

import inspect
from typing import Any

from prune.models.graph import is_plain

_TIMES = 4  # as many units as a number may count at most as one
_USUAL = {
    "self",
    "args",
    "kwargs",
    "name",
    "dtype",
    "trainable",
    "autocast",
    "activity_regularizer",
}


def times(number: Any, length: int) -> int:
    """Return how often a number counts each of `length` units that it may say; 0 if it cannot."""
    if type(number) is not int or number % length:
        return 0
    return number // length if 0 < number // length <= _TIMES else 0


def told(layer: Any) -> dict:
    """Return what a layer was made with: what it tells, or else its attributes of those names.

    Raises whatever its `get_config` does if it has not all of them.
    """
    kind = type(layer)
    try:
        return kind.get_config(layer)
    except Exception as error:
        # A class that says nothing may call something else by these names; one of Keras' own
        # says nothing where it was given a policy that is an object.
        names = _taken(kind) - _USUAL
        silent = isinstance(error, NotImplementedError) and not is_plain(kind)
        if silent or not all(hasattr(layer, name) for name in names):
            raise
    usual = {"name": layer.name, "trainable": layer.trainable, "dtype": layer.dtype_policy.name}
    return usual | {name: getattr(layer, name) for name in names}


def made(kind: Any, config: dict) -> Any:
    """Return a layer of a class by its configuration, also where that tells more than it takes."""
    if callable(config.get("function")):
        return kind(**config)  # that of a Lambda is at hand, and would be refused as data
    names = set(config)
    try:
        layer = kind.from_config(dict(config))
    except Exception:
        if names <= (taken := _taken(kind)):
            raise
        names &= taken
        layer = kind.from_config(_only(config, names))
    if names != set(config) or not _tells(layer):
        # Or what is saved could not be read back.
        layer.get_config = lambda: _only(told(layer), names)
    return layer


def _taken(kind: Any) -> set[str]:
    """Return the names of what a class takes, and those that it is derived from."""
    signatures = [inspect.signature(base.__init__) for base in kind.__mro__]
    given = [each for signature in signatures for each in signature.parameters.values()]
    return {each.name for each in given if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)}


def _tells(layer: Any) -> bool:
    try:
        type(layer).get_config(layer)
    except Exception:  # whatever a stranger's class raises
        return False
    return True


def _only(config: dict, names: set[str]) -> dict:
    return {name: value for name, value in config.items() if name in names}
