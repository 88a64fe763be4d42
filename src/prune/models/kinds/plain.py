"""Layers that work value by value, channel by channel, or over some axes only."""

from __future__ import annotations

import numpy as np

from prune.core.structure import CARRIED, MADE
from prune.models.asked import mixes
from prune.models.flows import Axes, Binder, Call, fixed
from prune.models.kinds.weighted import at, channel_axis, only


def same(binder: Binder, call: Call) -> list[Axes]:
    """Return what came: dropout, noise and the like do nothing to what is predicted."""
    return [call.axes] * len(call.outputs)


def asked(binder: Binder, call: Call) -> list[Axes]:
    """Activations: asked whether they work value by value."""
    size, rank = call.shapes[0][-1] or 1, len(call.axes)
    why = mixes(call.layer.call, size, max(rank, 2))
    if why is None:
        return [call.axes]
    return frozen(binder, call, f"{call.kind} {why}")


def operation(binder: Binder, call: Call) -> list[Axes]:
    """An operation of Keras on one tensor: asked, as activations are."""
    if len(call.flows) != 1 or len(call.shapes[0]) < 2 or call.outputs != call.shapes:
        return unknown(binder, call)
    return asked(binder, call)


def frozen(binder: Binder, call: Call, reason: str) -> list[Axes]:
    """Freeze all that a layer is given; nothing of what it returns can be cut."""
    for flow in call.flows:
        binder.freeze_axes(flow.axes, reason)
    return [fixed(shape) for shape in call.outputs]


def unknown(binder: Binder, call: Call) -> list[Axes]:
    """Whatever is not in the table."""
    return frozen(binder, call, f"read by {call.kind}, of which nothing is known")


def rescaling(binder: Binder, call: Call) -> list[Axes]:
    """Rescaling, by one number or by one for each channel."""
    if np.size(call.layer.scale) == 1 and np.size(call.layer.offset) == 1:
        return [call.axes]
    return frozen(binder, call, f"{call.kind} holds a number for each of them")


def local(binder: Binder, call: Call) -> list[Axes]:
    """Pooling, padding, cropping, upsampling: over space, for each channel alike."""
    axis = channel_axis(call)
    return [at(fixed(call.outputs[0]), axis, only(binder, call, axis))]


def global_pooling(binder: Binder, call: Call) -> list[Axes]:
    """Pooling over all space."""
    axis = channel_axis(call)
    ids = only(binder, call, axis)
    return [at(fixed(call.outputs[0]), axis if call.layer.keepdims else 1, ids)]


def batch_normalization(binder: Binder, call: Call) -> list[Axes]:
    """Normalisation of each unit by itself; the statistics of a masked unit are never zeroed."""
    layer = call.layer
    ids = call.axes[layer.axis % len(call.axes)]
    for variable in (layer.gamma, layer.beta):
        binder.bind(variable, 0, ids, MADE)
    for variable in (layer.moving_mean, layer.moving_variance):
        binder.bind(variable, 0, ids, CARRIED)
    return [call.axes]


def normalization_over(binder: Binder, call: Call) -> list[Axes]:
    """Normalisation of units by each other: what it goes over stays."""
    axes = call.layer.axis
    over = {axis % len(call.axes) for axis in np.atleast_1d(axes).tolist()}
    for axis in over:
        binder.freeze(call.axes[axis], f"{call.kind} normalises them by each other")
    return [tuple(None if i in over else ids for i, ids in enumerate(call.axes))]


def group_normalization(binder: Binder, call: Call) -> list[Axes]:
    """Normalisation in groups of channels, which go as a whole."""
    layer = call.layer
    axis = layer.axis % len(call.axes)
    ids = only(binder, call, axis)
    if ids is None:
        return [fixed(call.outputs[0])]
    groups = ids.reshape(layer.groups, -1)
    if layer.groups == 1:
        return frozen(binder, call, f"{call.kind} normalises them by each other")
    binder.unite_all(groups.T)
    for variable in (layer.gamma, layer.beta):
        binder.bind(variable, 0, ids, MADE)
    binder.resize(layer, groups=groups[:, 0])
    return [at(fixed(call.outputs[0]), axis, ids)]


def prelu(binder: Binder, call: Call) -> list[Axes]:
    """PReLU: a slope for each place that is not shared."""
    alpha = call.layer.alpha
    for axis, (size, ids) in enumerate(zip(alpha.shape, call.axes[1:], strict=True)):
        if ids is not None and size == len(ids):
            binder.bind(alpha, axis, ids, CARRIED)
    return [call.axes]


def layer_scale(binder: Binder, call: Call) -> list[Axes]:
    """ConvNeXt's: a factor for each channel."""
    ids = call.axes[-1]
    binder.bind(call.layer.gamma, 0, ids, MADE)
    if ids is not None:
        binder.resize(call.layer, projection_dim=ids)
    return [call.axes]
