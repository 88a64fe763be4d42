"""EinsumDense and MultiHeadAttention: kernels with several axes of units."""

from __future__ import annotations

from typing import Any

import numpy as np

from prune.core.structure import MADE, READ
from prune.models.flows import Axes, Binder, Call, Flow, fixed
from prune.models.kinds.plain import frozen
from prune.models.kinds.weighted import activated


def labels(layer: Any, rank: int) -> tuple[str, str, str]:
    """Return the letters of an equation for inputs, kernel and outputs, without an ellipsis.

    Axes that an ellipsis stands for become digits, the batch among them.
    """
    left, output = layer.equation.replace(" ", "").split("->")
    inputs, kernel = left.split(",")
    dots = "".join(str(i) for i in range(rank - len(inputs.replace("...", ""))))
    return inputs.replace("...", dots), kernel, output.replace("...", dots)


def einsum_dense(binder: Binder, call: Call) -> list[Axes]:
    """EinsumDense: axes of the kernel that inputs have too are read, the others made."""
    layer = call.layer
    inputs, kernel, output = labels(layer, len(call.axes))
    if any(letter in inputs and letter in output for letter in kernel):
        return frozen(binder, call, f"{call.kind} has a kernel for each of their places")
    along = dict(zip(inputs, call.axes, strict=True))
    made = [letter for letter in kernel if letter not in inputs]
    for axis, letter in enumerate(kernel):
        if letter in made:
            part = letter if len(made) > 1 else ""
            along[letter] = binder.made(call, layer.kernel.shape[axis], part)
        binder.bind(layer._kernel, axis, along[letter], MADE if letter in made else READ)
    _bias(binder, layer, along)
    axes = tuple(along[letter] for letter in output)
    _resize(binder, layer, axes)
    for letter in inputs:
        if letter not in output and letter not in kernel:
            binder.freeze(along[letter], f"{call.kind} sums over them")
    return activated(binder, call, axes)


def _bias(binder: Binder, layer: Any, along: dict) -> None:
    letters = _bias_letters(layer)
    for axis, letter in enumerate(letters):
        ids = along[letter]
        if ids is not None and layer.bias.shape[axis] == len(ids):  # or else it is 1
            binder.bind(layer.bias, axis, ids, MADE)


def _bias_letters(layer: Any) -> str:
    """Return the letters of the bias's axes: those of the output from the first it has."""
    output = layer.equation.replace(" ", "").split("->")[1].replace("...", "")
    if not layer.bias_axes:
        return ""
    first = min(output.index(letter) for letter in layer.bias_axes)
    return output[first:]


def _resize(binder: Binder, layer: Any, axes: Axes) -> None:
    sizes = tuple(layer.partial_output_shape)
    last = axes[len(axes) - len(sizes) :]
    size = tuple(
        own if ids is None or own is None else ids for own, ids in zip(sizes, last, strict=True)
    )
    if any(isinstance(each, np.ndarray) for each in size):
        binder.resize(layer, output_shape=size)


def attention(binder: Binder, call: Call) -> list[Axes]:
    """MultiHeadAttention: its heads, and the widths of a head for keys and for values, can go."""
    layer = call.layer
    flows = _inputs(binder, call)
    heads = binder.made(call, layer._num_heads, "heads")
    keys = binder.made(call, layer._key_dim, "keys")
    values = binder.made(call, layer._value_dim, "values")
    if len(keys) == len(values):  # as the fused attention of JAX wants it
        binder.alike.append((keys, values))
    _projection(binder, layer._query_dense, flows["query"], heads, keys)
    _projection(binder, layer._key_dense, flows["key"], heads, keys)
    _projection(binder, layer._value_dense, flows["value"], heads, values)
    if getattr(layer, "_use_gate", False):
        _projection(binder, layer._gate_dense, flows["query"], heads, values)
    # Scores are divided by the root of a width that changes: the queries make up for it.
    for array in (layer._query_dense._kernel, layer._query_dense.bias):
        if array is not None:
            binder.scales[binder.names[id(array)]] = keys
    outputs = _attention_output(binder, call, heads, values)
    binder.resize(layer, num_heads=heads, key_dim=keys, value_dim=values)
    result = [(*flows["query"].axes[:-1], *outputs)]
    return result + [(None, heads, *fixed(shape[2:])) for shape in call.outputs[1:]]


def _inputs(binder: Binder, call: Call) -> dict[str, Flow]:
    """Return the flows of query, key and value; only their last axes can be cut."""
    given = {name: flow for name, flow in call.arguments.items() if isinstance(flow, Flow)}
    flows = {name: given.get(name) for name in ("query", "value", "key")}
    flows["key"] = flows["key"] or flows["value"]
    for flow in given.values():
        binder.freeze_axes(flow.axes[:-1], f"{call.kind} goes over their axis")
    return {name: Flow((*fixed(flow.axes[:-1]), flow.axes[-1])) for name, flow in flows.items()}


def _projection(binder: Binder, dense: Any, flow: Flow, *made: np.ndarray) -> None:
    binder.bind(dense._kernel, 0, flow.axes[-1], READ)
    for place, ids in enumerate(made):
        binder.bind(dense._kernel, place + 1, ids, MADE)
        binder.bind(dense.bias, place, ids, MADE)


def _attention_output(
    binder: Binder, call: Call, heads: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Bind the last projection, kernel (heads, width, outputs ...); return the outputs' units."""
    dense = call.layer._output_dense
    binder.bind(dense._kernel, 0, heads, READ)
    binder.bind(dense._kernel, 1, values, READ)
    sizes = dense._kernel.shape[2:]
    parts = [""] if len(sizes) == 1 else [f"outputs_{i}" for i in range(len(sizes))]
    outputs = tuple(binder.made(call, size, part) for size, part in zip(sizes, parts, strict=True))
    for place, ids in enumerate(outputs):
        binder.bind(dense._kernel, place + 2, ids, MADE)
        binder.bind(dense.bias, place, ids, MADE)
    binder.resize(call.layer, output_shape=outputs if len(outputs) > 1 else outputs[0])
    return outputs
