"""Recurrent layers: their cells, both directions, and layers applied at each time."""

from __future__ import annotations

from typing import Any

import numpy as np

from prune.core.structure import MADE, READ
from prune.models.asked import mixes
from prune.models.flows import Axes, Binder, Call, Flow, Ids, fixed
from prune.models.graph import known
from prune.models.kinds.plain import frozen, unknown

# Gates of a cell: each unit has a column in each of so many blocks of the kernels.
GATES = {"LSTMCell": 4, "GRUCell": 3, "SimpleRNNCell": 1}


def recurrent(binder: Binder, call: Call) -> list[Axes]:
    """LSTM, GRU, SimpleRNN, or an RNN around one of their cells."""
    path = ("cell", "config") if type(call.layer).__name__ == "RNN" else ()
    ids = _cell(binder, call, call.layer, path)
    if ids is None:
        return unknown(binder, call)
    for state in call.flows[1:]:
        binder.unite(state.axes[-1], ids, f"{call.kind} starts from what stays")
    return [(*fixed(shape)[:-1], ids) for shape in call.outputs]


def _cell(binder: Binder, call: Call, layer: Any, path: tuple, part: str = "") -> Ids:
    """Bind the arrays of a layer's cell; return its units, or None if the cell is not known."""
    cell = layer.cell
    kind = known(cell, GATES)
    if kind is None:
        return None
    ids = binder.made(call, cell.units, part)
    blocks = np.tile(ids, GATES[kind])
    inputs = only_last(binder, call)
    binder.bind(cell.kernel, 0, inputs, READ)
    binder.bind(cell.kernel, 1, blocks, MADE)
    binder.bind(cell.recurrent_kernel, 0, ids, READ)
    binder.bind(cell.recurrent_kernel, 1, blocks, MADE)
    binder.bind(cell.bias, -1, blocks, MADE)
    binder.resize_at(call.layer, (*path, "units"), ids)
    for function in (cell.activation, getattr(cell, "recurrent_activation", cell.activation)):
        if why := mixes(function, cell.units):
            binder.freeze(ids, f"an activation of {call.kind} {why}")
    return ids


def only_last(binder: Binder, call: Call) -> Ids:
    """Return what runs along the last axis, and freeze what runs along time."""
    for ids in call.axes[:-1]:
        binder.freeze(ids, f"{call.kind} goes over their axis")
    return call.axes[-1]


def bidirectional(binder: Binder, call: Call) -> list[Axes]:
    """Two recurrent layers, one from each end, merged."""
    layer = call.layer
    parts = {
        "forward": ("layer", layer.forward_layer),
        "backward": ("backward_layer", layer.backward_layer),
    }
    if any(known(part.cell, GATES) is None for _, part in parts.values()) or layer.return_state:
        return unknown(binder, call)
    if len(call.flows) > 1:
        return frozen(binder, call, f"{call.kind} starts from states that are given")
    units = [
        _cell(binder, call, part, (key, "config"), name) for name, (key, part) in parts.items()
    ]
    if layer.merge_mode is None:
        return [(*fixed(shape)[:-1], ids) for shape, ids in zip(call.outputs, units, strict=True)]
    if layer.merge_mode == "concat":
        return [(*fixed(call.outputs[0])[:-1], np.concatenate(units))]
    binder.unite(*units, "merged")
    return [(*fixed(call.outputs[0])[:-1], units[0])]


def time_distributed(binder: Binder, call: Call) -> list[Axes]:
    """A layer at each time: that layer, with one axis less."""
    inner = call.layer.layer
    bind = binder.handler(inner)
    binder.freeze(call.axes[1], f"{call.kind} goes over their axis")
    axes = (call.axes[0], *call.axes[2:])
    before = set(binder.sizes.get(id(inner), ()))
    within = call._replace(
        layer=inner,
        arguments={"inputs": Flow(axes)},
        flows=[Flow(axes)],
        shapes=[_without_time(call.shapes[0])],
        outputs=[_without_time(shape) for shape in call.outputs],
    )
    results = bind(binder, within)
    for path in set(binder.sizes.get(id(inner), ())) - before:
        binder.resize_at(call.layer, ("layer", "config", *path), binder.sizes[id(inner)][path])
    return [(result[0], None, *result[1:]) for result in results]


def _without_time(shape: tuple) -> tuple:
    return (shape[0], *shape[2:])
