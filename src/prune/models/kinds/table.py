"""The table of layer kinds: class -> how units flow through it.

By name, so that a Keras without some of these layers serves as well, and that nothing is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prune.models.flows import Axes, Binder, Call
from prune.models.graph import known
from prune.models.kinds import einsum, merges, plain, recurrent, shapes, weighted

Handler = Callable[[Binder, Call], list[Axes]]

LAYERS: dict[str, Handler] = {
    "Dense": weighted.dense,
    **dict.fromkeys(["Conv1D", "Conv2D", "Conv3D"], weighted.conv),
    **dict.fromkeys(["DepthwiseConv1D", "DepthwiseConv2D"], weighted.depthwise),
    **dict.fromkeys(["SeparableConv1D", "SeparableConv2D"], weighted.separable),
    **dict.fromkeys(["Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"], weighted.transposed),
    "Embedding": weighted.embedding,
    "EinsumDense": einsum.einsum_dense,
    "MultiHeadAttention": einsum.attention,
    **dict.fromkeys(["LSTM", "GRU", "SimpleRNN", "RNN"], recurrent.recurrent),
    "Bidirectional": recurrent.bidirectional,
    "TimeDistributed": recurrent.time_distributed,
    "BatchNormalization": plain.batch_normalization,
    "GroupNormalization": plain.group_normalization,
    **dict.fromkeys(
        ["LayerNormalization", "RMSNormalization", "UnitNormalization", "Softmax"],
        plain.normalization_over,
    ),
    **dict.fromkeys(["Activation", "ReLU", "LeakyReLU", "ELU"], plain.asked),
    "PReLU": plain.prelu,
    "Rescaling": plain.rescaling,
    **dict.fromkeys(
        [
            "Dropout",
            "SpatialDropout1D",
            "SpatialDropout2D",
            "SpatialDropout3D",
            "AlphaDropout",
            "GaussianDropout",
            "GaussianNoise",
            "ActivityRegularization",
            "Identity",
            "StochasticDepth",  # of keras.applications, as are the two below
        ],
        plain.same,
    ),
    "LayerScale": plain.layer_scale,
    "CustomScaleLayer": merges.elementwise,
    **{
        f"{kind}Pooling{rank}D": plain.local
        for kind in ("Max", "Average", "AdaptiveMax", "AdaptiveAverage")
        for rank in (1, 2, 3)
    },
    **{
        f"Global{kind}Pooling{rank}D": plain.global_pooling
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
    },
    **{
        f"{kind}{rank}D": plain.local
        for kind in ("ZeroPadding", "Cropping", "UpSampling")
        for rank in (1, 2, 3)
    },
    **dict.fromkeys(
        ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"], merges.elementwise
    ),
    "Concatenate": merges.concatenate,
    "Flatten": shapes.flatten,
    "Reshape": shapes.reshape,
    "Permute": shapes.permute,
    "RepeatVector": shapes.repeat_vector,
}

# Of keras.ops, as they appear in a graph; those of one tensor are asked.
OPERATIONS: dict[str, Handler] = {
    **dict.fromkeys(["Add", "Subtract", "Multiply", "Maximum", "Minimum"], merges.elementwise),
    **dict.fromkeys(["Divide", "TrueDivide"], merges.divide),
    "Concatenate": merges.concatenate,
}


def handler(operation: Any) -> Handler:
    """Return how units flow through a layer or operation; `plain.unknown` if it is not known."""
    if hasattr(operation, "_flatten_layers"):
        return LAYERS.get(known(operation, LAYERS) or "", plain.unknown)
    if not type(operation).__module__.startswith("keras."):
        return plain.unknown
    return OPERATIONS.get(type(operation).__name__, plain.operation)
