"""Layers that move values about: flatten, reshape, permute, repeat."""

from __future__ import annotations

import numpy as np

from prune.models.flows import Axes, Binder, Call, Ids, Shape, fixed
from prune.models.kinds.plain import frozen


def flatten(binder: Binder, call: Call) -> list[Axes]:
    """Flatten: each unit is spread over all places."""
    if getattr(call.layer, "data_format", "") == "channels_first" and len(call.axes) > 2:
        last = (0, *range(2, len(call.axes)), 1)
        axes = tuple(call.axes[i] for i in last)
        return [_reshaped(binder, call, axes, tuple(call.shapes[0][i] for i in last))]
    return [_reshaped(binder, call, call.axes, call.shapes[0])]


def reshape(binder: Binder, call: Call) -> list[Axes]:
    """Reshape: units that come to stand across another axis are tied."""
    axes = _reshaped(binder, call, call.axes, call.shapes[0])
    target = tuple(call.layer.target_shape)
    if any(ids is not None for ids in axes):
        sizes = zip(target, axes[1:], strict=True)
        target = tuple(size if ids is None or size == -1 else ids for size, ids in sizes)
        binder.resize(call.layer, target_shape=target)
    return [axes]


def _reshaped(binder: Binder, call: Call, axes: Axes, shape: Shape) -> Axes:
    output = call.outputs[0]
    along = [axis for axis, ids in enumerate(axes) if ids is not None]
    if not along:
        return fixed(output)
    if len(along) == 1 and None not in shape[1:] + output[1:]:
        spread = _spread(axes[along[0]], along[0], shape).reshape(output[1:])
        return (None, *_along_one_axis(binder, spread))
    if along == [len(shape) - 1] and shape[-1] == output[-1]:  # the rest, of unknown size, moves
        return (*fixed(output)[:-1], axes[-1])
    return frozen(binder, call, f"{call.kind} mixes their axis with another")[0]


def _spread(ids: np.ndarray, axis: int, shape: Shape) -> np.ndarray:
    trailing = len(shape) - axis - 1
    return np.broadcast_to(ids.reshape(-1, *[1] * trailing), shape[1:])


def _along_one_axis(binder: Binder, spread: np.ndarray) -> list[Ids]:
    """Return the axes of a tensor of ids: one of them must say it all.

    Where none does, what stands across the last axis is tied, place by place.
    """
    for axis in reversed(range(spread.ndim)):
        rows = np.moveaxis(spread, axis, -1).reshape(-1, spread.shape[axis])
        if (rows == rows[0]).all():
            return [rows[0] if i == axis else None for i in range(spread.ndim)]
    rows = spread.reshape(-1, spread.shape[-1])
    return [None] * (spread.ndim - 1) + [binder.unite_all(rows)]


def permute(binder: Binder, call: Call) -> list[Axes]:
    """Permute: axes change places."""
    return [tuple(call.axes[i] for i in (0, *call.layer.dims))]


def repeat_vector(binder: Binder, call: Call) -> list[Axes]:
    """RepeatVector: a new axis of copies."""
    return [(None, None, call.axes[1])]
