"""What a network is fed, or what it should answer: an array, or several by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from prune import PruneError

# (n, ...) each, of the same n; a plain array has no name.
Inputs = np.ndarray | dict[str, np.ndarray]
Shape = tuple[int | None, ...]  # of one of the n; None is a side of any length


def count(inputs: Inputs) -> int:
    """Return how many there are of each.

    >>> count({"left": np.zeros((3, 2)), "right": np.zeros((3, 5))})
    3
    """
    return len(next(iter(named(inputs).values())))


def part(inputs: Inputs, places: np.ndarray | slice) -> Inputs:
    """Return those at some places.

    >>> part(np.arange(4), slice(2))
    array([0, 1])
    """
    return mapped(inputs, lambda array: array[places])


def mapped(inputs: Inputs, function: Callable[[np.ndarray], np.ndarray]) -> Inputs:
    """Apply a function to each array."""
    if isinstance(inputs, dict):
        return {name: function(array) for name, array in inputs.items()}
    return function(inputs)


def named(inputs: Inputs) -> dict[str, np.ndarray]:
    """Return every array by its name, which is empty for a plain one."""
    return inputs if isinstance(inputs, dict) else {"": inputs}


def fitted(
    inputs: Inputs, shapes: Mapping[str, Shape], what: str, needs: str = "takes"
) -> dict[str, np.ndarray]:
    """Return an array for each of `shapes`, of that shape, by name and in that order.

    Raises `PruneError`, which calls them `what`, and says what the network does with those that it
    `needs`, where names or shapes do not fit.
    """
    if not isinstance(inputs, dict):
        if len(shapes) > 1:
            names = ", ".join(shapes)
            raise PruneError(
                f"there is one array of {what}, but the model has {len(shapes)}: {names}; give "
                "each by its name, such as x_test.NAME"
            )
        inputs = dict.fromkeys(shapes, inputs)
    if len(inputs) == len(shapes) == 1:
        inputs = dict(zip(shapes, inputs.values(), strict=True))
    if odd := sorted(inputs.keys() ^ shapes.keys()):
        raise PruneError(
            f"{what} are named {', '.join(sorted(inputs))}, but the model's are named "
            f"{', '.join(shapes)}: {odd[0]!r} is on one side only"
        )
    named = {name: f" {name!r}" if len(shapes) > 1 else "" for name in shapes}
    return {
        name: _fitted(inputs[name], shape, (what, named[name], needs))
        for name, shape in shapes.items()
    }


def _fitted(array: np.ndarray, shape: Shape, words: tuple[str, str, str]) -> np.ndarray:
    what, name, needs = words
    own = array.shape[1:]
    if len(own) == len(shape) and all(b in (a, None) for a, b in zip(own, shape, strict=True)):
        return array
    # Sides of 1 say nothing, and what is flat on one side is taken in the order it has; all else
    # would put numbers where they do not belong.
    if None not in shape and array[:1].size == int(np.prod(shape)):
        flat = len(own) == 1 or len(shape) == 1
        if flat or [a for a in own if a != 1] == [b for b in shape if b != 1]:
            return array.reshape(len(array), *shape)
    sides = ", ".join("any" if side is None else str(side) for side in shape)
    needed = f"({sides}{',' * (len(shape) == 1)})"
    raise PruneError(f"{what}{name} have shape {own}, but the network {needs} {needed}")
