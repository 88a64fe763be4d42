"""Layers with kernels: dense, convolutions of all kinds, embeddings."""

from __future__ import annotations

import numpy as np

from prune.core.structure import MADE, READ
from prune.models.asked import mixes
from prune.models.flows import Axes, Binder, Call, Ids, fixed


def activated(binder: Binder, call: Call, axes: Axes) -> list[Axes]:
    """Return the axes behind the activation of a layer, which must work value by value."""
    function = call.layer.activation
    size, rank = call.outputs[0][-1] or 1, len(axes)
    why = mixes(function, size, rank)
    if why is None:
        return [axes]
    name = getattr(function, "__name__", type(function).__name__)
    binder.freeze_axes(axes, f"its activation {name} {why}")
    return [fixed(call.outputs[0])]


def channel_axis(call: Call) -> int:
    """Return the axis of channels of a layer's input."""
    first = getattr(call.layer, "data_format", "channels_last") == "channels_first"
    return 1 if first else len(call.shapes[0]) - 1


def only(binder: Binder, call: Call, axis: int) -> Ids:
    """Return what runs along one axis, and freeze what runs along any other."""
    for place, ids in enumerate(call.axes):
        if place != axis:
            binder.freeze(ids, f"{call.kind} goes over their axis")
    return call.axes[axis]


def at(axes: Axes, axis: int, ids: Ids) -> Axes:
    """Return `axes` with others along one of them."""
    return tuple(ids if place == axis else own for place, own in enumerate(axes))


def dense(binder: Binder, call: Call) -> list[Axes]:
    """Dense: reads the last axis, whatever the others are."""
    layer = call.layer
    ids = binder.made(call, layer.units)
    binder.bind(layer._kernel, 0, call.axes[-1], READ)
    binder.bind(layer._kernel, 1, ids, MADE)
    binder.bind(layer.bias, 0, ids, MADE)
    binder.resize(layer, units=ids)
    return activated(binder, call, at(call.axes, len(call.axes) - 1, ids))


def conv(binder: Binder, call: Call) -> list[Axes]:
    """Convolution, 1-D to 3-D, in groups or not: kernel (..., inputs of a group, filters)."""
    layer, axis = call.layer, channel_axis(call)
    inputs = only(binder, call, axis)
    if layer.groups > 1 and layer.groups == call.shapes[0][axis]:
        ids = _conv_by_channel(binder, call, inputs)
    else:
        ids = _in_groups(binder, binder.made(call, layer.filters), layer.groups)
        binder.bind(layer._kernel, -2, _rows(binder, inputs, layer.groups), READ)
        binder.bind(layer._kernel, -1, ids, MADE)
        binder.resize(layer, filters=ids)
    binder.bind(layer.bias, 0, ids, MADE)
    return activated(binder, call, at(fixed(call.outputs[0]), axis, ids))


def _in_groups(binder: Binder, ids: np.ndarray, groups: int) -> np.ndarray:
    """Tie the units at the same place of each group, so that groups stay equal."""
    binder.unite_all(ids.reshape(groups, -1))
    return ids


def _rows(binder: Binder, inputs: Ids, groups: int) -> Ids:
    return None if inputs is None else binder.unite_all(inputs.reshape(groups, -1))


def _conv_by_channel(binder: Binder, call: Call, inputs: Ids) -> Ids:
    """A convolution with a group for each channel, which is depthwise: the groups go."""
    layer = call.layer
    multiplier = layer.filters // layer.groups
    ids = None if inputs is None else np.repeat(inputs, multiplier)
    binder.bind(layer._kernel, -1, ids, READ)
    if ids is not None:
        binder.resize(layer, filters=ids, groups=inputs)
    return ids


def depthwise(binder: Binder, call: Call) -> list[Axes]:
    """Depthwise convolution: kernel (..., channels, multiplier), one small matrix per channel."""
    layer, axis = call.layer, channel_axis(call)
    inputs = only(binder, call, axis)
    ids = None if inputs is None else np.repeat(inputs, layer.depth_multiplier)
    binder.bind(layer.kernel, -2, inputs, READ)
    binder.bind(layer.bias, 0, ids, MADE)
    return activated(binder, call, at(fixed(call.outputs[0]), axis, ids))


def separable(binder: Binder, call: Call) -> list[Axes]:
    """Depthwise, then pointwise convolution."""
    layer, axis = call.layer, channel_axis(call)
    inputs = only(binder, call, axis)
    between = None if inputs is None else np.repeat(inputs, layer.depth_multiplier)
    ids = binder.made(call, layer.filters)
    binder.bind(layer.depthwise_kernel, -2, inputs, READ)
    binder.bind(layer.pointwise_kernel, -2, between, READ)
    binder.bind(layer.pointwise_kernel, -1, ids, MADE)
    binder.bind(layer.bias, 0, ids, MADE)
    binder.resize(layer, filters=ids)
    return activated(binder, call, at(fixed(call.outputs[0]), axis, ids))


def transposed(binder: Binder, call: Call) -> list[Axes]:
    """Transposed convolution: kernel (..., filters, inputs)."""
    layer, axis = call.layer, channel_axis(call)
    ids = binder.made(call, layer.filters)
    binder.bind(layer.kernel, -1, only(binder, call, axis), READ)
    binder.bind(layer.kernel, -2, ids, MADE)
    binder.bind(layer.bias, 0, ids, MADE)
    binder.resize(layer, filters=ids)
    return activated(binder, call, at(fixed(call.outputs[0]), axis, ids))


def embedding(binder: Binder, call: Call) -> list[Axes]:
    """Embedding: a table (entries, units)."""
    layer = call.layer
    ids = binder.made(call, layer.output_dim)
    binder.bind(layer._embeddings, 1, ids, MADE)
    binder.resize(layer, output_dim=ids)
    return [(*call.axes, ids)]
