"""Which arrays of which layers are kernels, and which of their axes run along units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prune.core.structure import Kernel
from prune.models.arrays import layers
from prune.models.kinds.einsum import labels
from prune.models.late import keras

_LAST = {"kernel": (-1,)}
_LAST_BUT_ONE = {"kernel": (-2,)}
_LAST_TWO = {"kernel": (-2, -1)}
_SEPARABLE = {"depthwise_kernel": (-2, -1), "pointwise_kernel": (-1,)}
_GATED = {"kernel": (-1,), "recurrent_kernel": (-1,)}
# Of a layer, by the names of its own arrays: the axes that run along units.
KERNELS: dict[str, dict[str, tuple[int, ...]]] = {
    **dict.fromkeys(["Dense", "Conv1D", "Conv2D", "Conv3D"], _LAST),
    **dict.fromkeys(["Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"], _LAST_BUT_ONE),
    **dict.fromkeys(["DepthwiseConv1D", "DepthwiseConv2D"], _LAST_TWO),
    **dict.fromkeys(["SeparableConv1D", "SeparableConv2D"], _SEPARABLE),
    **dict.fromkeys(["LSTMCell", "GRUCell", "SimpleRNNCell"], _GATED),
    "Embedding": {"embeddings": (-1,)},
    "EinsumDense": {"kernel": ()},  # its equation says
}


def kernels(model: keras.Model, names: dict[int, str]) -> Iterator[tuple[str, Kernel]]:
    """Yield (array, kernel) of all layers at any depth, with those of unknown layers."""
    for path, layer in layers(model):
        kind = next((base.__name__ for base in type(layer).__mro__ if base.__name__ in KERNELS), "")
        for variable in [*layer._trainable_variables, *layer._non_trainable_variables]:
            if variable.name in KERNELS.get(kind, ()):
                axes = _unit_axes(layer, kind, variable)
                name = names[id(variable)]
                yield name, Kernel(path, _sort(kind, variable.name), axes, False)


def _unit_axes(layer: Any, kind: str, variable: Any) -> tuple[int, ...]:
    rank = len(variable.shape)
    if kind != "EinsumDense":
        return tuple(axis % rank for axis in KERNELS[kind][variable.name])
    inputs, kernel, _ = labels(layer, rank=layer.input_spec.ndim)
    return tuple(axis for axis, letter in enumerate(kernel) if letter not in inputs)


def _sort(kind: str, name: str) -> str:
    if kind == "Embedding":
        return "embedding"
    return "depthwise" if kind.startswith("Depthwise") or name.startswith("depthwise") else "kernel"
