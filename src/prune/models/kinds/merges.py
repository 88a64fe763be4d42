"""Layers and operations that bring tensors together."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from prune.core.structure import FIXED
from prune.models.flows import Axes, Binder, Call, Flow, Ids, Shape
from prune.models.kinds.plain import frozen, unknown


def elementwise(binder: Binder, call: Call) -> list[Axes]:
    """Add, multiply and the like: units at the same place are tied."""
    rank = len(call.outputs[0])
    constants = [_shape(value) for value in _operands(call) if not _is_flow(value)]
    if any(len(shape) not in (0, rank) for shape in call.shapes + constants):
        return frozen(binder, call, f"{call.kind} brings tensors of different ranks together")
    operands = [flow.axes for flow in call.flows] + [(None,) * rank for s in constants if s]
    shapes = call.shapes + [shape for shape in constants if shape]
    return [
        tuple(
            _tied(
                binder,
                call,
                [(axes[i], shape[i]) for axes, shape in zip(operands, shapes, strict=True)],
            )
            for i in range(rank)
        )
    ]


def _operands(call: Call) -> list:
    values = []
    for value in call.arguments.values():
        values += value if isinstance(value, (list, tuple)) else [value]
    return [value for value in values if value is not None]


def _is_flow(value: object) -> bool:
    return isinstance(value, Flow)


def _shape(value: object) -> Shape:
    """Return the shape of a constant; one number fits any rank."""
    shape = np.shape(value)
    return () if np.prod(shape) == 1 else shape


def _tied(binder: Binder, call: Call, operands: list[tuple[Ids, int | None]]) -> Ids:
    """Tie what runs along one axis of all operands; what is repeated along it stays."""
    longest = max((size or 0 for _, size in operands), default=0)
    whole = [ids for ids, size in operands if size is None or size == longest]
    for ids, size in operands:
        if size is not None and size < longest:
            binder.freeze(ids, f"{call.kind} repeats it for all others")
    for one, other in pairwise(whole):
        binder.unite(one, other, f"{call.kind} ties them to what stays")
    # What stays must not hide behind a tie of it with what does not.
    return None if any(ids is None for ids in whole) else whole[0]


def divide(binder: Binder, call: Call) -> list[Axes]:
    """Division: a masked divisor would be zero."""
    values = list(call.arguments.values())
    if len(values) > 1 and _is_flow(values[1]):
        binder.freeze_axes(values[1].axes, f"{call.kind} divides by them")
    return elementwise(binder, call)


def concatenate(binder: Binder, call: Call) -> list[Axes]:
    """Concatenation: side by side along one axis, tied along all others."""
    rank = len(call.outputs[0])
    axis = getattr(call.layer, "axis", -1) % rank
    if any(len(shape) != rank for shape in call.shapes):
        return unknown(binder, call)
    columns = list(zip(*[flow.axes for flow in call.flows], strict=True))
    axes = [
        _tied(
            binder, call, [(ids, shape[i]) for ids, shape in zip(column, call.shapes, strict=True)]
        )
        if i != axis
        else _side_by_side(column, [shape[i] for shape in call.shapes])
        for i, column in enumerate(columns)
    ]
    return [tuple(axes)]


def _side_by_side(column: tuple[Ids, ...], sizes: list[int | None]) -> Ids:
    if all(ids is None for ids in column):
        return None
    parts = [
        np.full(size or 0, FIXED) if ids is None else ids
        for ids, size in zip(column, sizes, strict=True)
    ]
    return np.concatenate(parts)
