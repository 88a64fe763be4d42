"""Layers of layers that stay what they are: cut where their configuration says how wide they are.

A decoder makes its mask by how long a text is, so that what it calls is no graph for texts of any
length.  For one length it is, which is enough to find which units there are.  They are cut where a
number in the configuration of the layer, such as `intermediate_dim`, says how many there are: the
smaller layer is of the same class, made with a smaller number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from prune.core.structure import FIXED
from prune.models.flows import Binder, Call, Flow
from prune.models.graph import Visit, run
from prune.models.late import keras
from prune.models.remade import made, times, told
from prune.models.within import Standing, inside, is_composite

_EXAMPLES, _LENGTH = 2, 8  # of tensors that may have any
_TOLERANCE = 1e-5

Axis = tuple[str, int]  # of an array, by its name


class Width(NamedTuple):
    """What a number in the configuration of a layer says."""

    key: str
    times: int  # how often each unit counts
    axes: list[Axis]  # which run along the units


def follow(
    binder: Binder,
    node: Any,
    call: Call,
    given: tuple,
    visitor: Callable[[Binder], Visit],
) -> list[Flow] | None:
    """Send flows through what a layer calls, and freeze what its configuration says nothing of.

    `given` are the arguments of the call with flows for tensors; `visitor` makes what `graph.run`
    calls, for a binder.  Returns None where the layer cannot be followed.
    """
    if not is_composite(node.operation):
        return None
    scratch = _copy(binder)
    try:
        standing, graph = inside(node, _settled)
        if not _agree(standing, node.operation, graph):
            return None
        flows = [each for each in keras.tree.flatten(given) if isinstance(each, Flow)]
        outputs = run(graph, flows, visitor(scratch), f"{call.name}/")
        widths = _widths(node.operation, standing, scratch)
    except Exception:  # it looks at values, or computes with what is not Keras'
        return None
    _bind(scratch, call, widths)
    vars(binder).update(vars(scratch))
    return outputs


def _copy(binder: Binder) -> Binder:
    held = {name: value.copy() for name, value in vars(binder).items() if hasattr(value, "copy")}
    return replace(binder, **held)


def _settled(tensor: Any) -> tuple:
    examples, *sizes = tensor.shape
    return (examples or _EXAMPLES, *[_LENGTH if size is None else size for size in sizes])


def _agree(standing: Standing, layer: Any, graph: keras.Model) -> bool:
    """Tell whether a layer does on values what it did on tensors without any."""
    rng = np.random.default_rng(0)

    def value(tensor: Any) -> Any:
        if "float" in tensor.dtype:
            return keras.ops.cast(rng.normal(size=tensor.shape), tensor.dtype)
        return keras.ops.ones(tensor.shape, tensor.dtype)

    values = [value(tensor) for tensor in standing.inputs]
    pairs = zip(
        keras.tree.flatten(graph(values)),
        keras.tree.flatten(standing.given(layer, values)),
        strict=True,
    )
    numbers = [[keras.ops.convert_to_numpy(each) for each in pair] for pair in pairs]
    return all(np.allclose(*pair, rtol=_TOLERANCE, atol=_TOLERANCE) for pair in numbers)


def _widths(layer: Any, standing: Standing, binder: Binder) -> list[Width]:
    """Find the numbers in the configuration of a layer that count units within it, by trial."""
    bound = _bound(layer, binder)
    lengths = sorted({len(ids) for ids in bound.values()})
    config = told(layer)
    found = []
    for key, number in config.items():
        for length in lengths:
            if each := times(number, length):
                less = _narrowed(layer, standing, config | {key: number - each}, binder)
                if less and less.keys() <= bound.keys() and set(less.values()) == {length - 1}:
                    found.append(Width(key, each, list(less)))
    return found


def _bound(layer: Any, binder: Binder) -> dict[Axis, np.ndarray]:
    """Return the axes of the arrays of a layer that run along units, with these."""
    names = {binder.names[id(variable)] for variable in layer.weights}
    return {
        key: ids
        for key, (ids, _) in binder.bound.items()
        if key[0] in names and ids is not None and (ids != FIXED).any()
    }


def _narrowed(layer: Any, standing: Standing, config: dict, binder: Binder) -> dict[Axis, int]:
    """Return how long those axes are that are not as before, if a layer is made by `config`."""
    try:
        less = made(type(layer), config)
        standing.given(less)
    except Exception:  # it cannot be a little narrower
        return {}
    lengths = {}
    for old, new in zip(layer.weights, less.weights, strict=True):
        for axis, (before, now) in enumerate(zip(old.shape, new.shape, strict=True)):
            if before != now:
                lengths[binder.names[id(old)], axis] = now
    return lengths


def _bind(binder: Binder, call: Call, widths: list[Width]) -> None:
    """Write down which units a number counts, and freeze those that none does."""
    bound = _bound(call.layer, binder)
    for width in widths:
        if width.axes[0] in bound:
            first, *others = [bound.pop(axis) for axis in width.axes if axis in bound]
            binder.alike += [(first, other) for other in others]
            binder.resize_at(call.layer, (width.key,), np.tile(first, width.times))
    for ids in bound.values():
        binder.freeze(ids, f"{call.kind} does not say how many there are in its configuration")
