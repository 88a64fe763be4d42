"""Every layer of Keras between layers with units, and what of those can then be cut."""

from __future__ import annotations

from typing import Any, NamedTuple

UNITS = 6  # before the layer
SHAPES = {"vector": (4,), "series": (4, 3), "image": (4, 4, 3), "volume": (4, 4, 4, 3)}
RANKS = {"1D": "series", "2D": "image", "3D": "volume"}


class Case(NamedTuple):
    """What a layer is given, and what of the units before it and of its own can be cut."""

    given: str
    settings: dict
    cut: tuple[int, ...] = (UNITS,)  # sizes of the groups, what stands before it first
    stays: str = ""  # why what stands before it stays
    tensors: str = "one"  # or "pair" in a list, or "twice" as arguments of their own


CASES: dict[str, Case] = {}


def cases(
    names: str,
    given: str,
    cut: tuple[int, ...] = (UNITS,),
    stays: str = "",
    tensors: str = "one",
    **settings: Any,
) -> None:
    """State one thing of several layers; a name that ends in # stands for 1D, 2D and 3D."""
    for name in names.split():
        for rank, shape in RANKS.items() if "#" in name else [("", given)]:
            CASES[name.replace("#", rank)] = Case(shape, settings, cut, stays, tensors)


# Layers with kernels: what stands before is cut, and so are their own units.
cases("Dense", "vector", (6, 5), units=5)
cases("Conv#", "", (6, 5), filters=5, kernel_size=2, activation="relu")
cases("Conv#Transpose", "", (6, 5), filters=5, kernel_size=2)
cases("SeparableConv1D", "series", (6, 5), filters=5, kernel_size=2, depth_multiplier=2)
cases("SeparableConv2D", "image", (6, 5), filters=5, kernel_size=2)
cases("DepthwiseConv1D", "series", (6,), kernel_size=2)
cases("DepthwiseConv2D", "image", (6,), kernel_size=2, depth_multiplier=2)
cases("SimpleRNN LSTM GRU", "series", (6, 5), units=5)
cases("EinsumDense", "series", (6, 5), equation="abc,cd->abd", output_shape=(4, 5))
cases(
    "MultiHeadAttention", "series", (6, 2, 4, 3, 6), tensors="twice", num_heads=2, key_dim=4,
    value_dim=3,
)  # fmt: skip
CASES["RNN"] = Case("series", {"cell": lambda layers: layers.GRUCell(5)}, (6, 5))
CASES["Bidirectional"] = Case("series", {"layer": lambda layers: layers.LSTM(5)}, (6, 5, 5))
CASES["TimeDistributed"] = Case("series", {"layer": lambda layers: layers.Dense(5)}, (6, 5))

# Layers without units, which hand on what they are given.
cases("Activation", "image", activation="gelu")
cases("ReLU", "image", max_value=6.0)
cases("LeakyReLU ELU PReLU", "image")
cases("Dropout AlphaDropout GaussianDropout", "vector", rate=0.3)
cases("SpatialDropout#", "", rate=0.3)
cases("GaussianNoise", "vector", stddev=0.1)
cases("ActivityRegularization Identity", "vector")
cases("Rescaling", "image", scale=0.5, offset=0.1)
cases("BatchNormalization", "image")
cases("MaxPooling# AveragePooling#", "", pool_size=2)
cases("AdaptiveMaxPooling# AdaptiveAveragePooling#", "", output_size=2)
cases("GlobalMaxPooling# GlobalAveragePooling#", "")
cases("ZeroPadding#", "", padding=1)
cases("Cropping#", "", cropping=1)
cases("UpSampling#", "", size=2)
cases("Flatten", "image")
cases("Reshape", "image", target_shape=(16, 6))
cases("Permute", "series", dims=(2, 1))
cases("RepeatVector", "vector", n=3)

# Layers that tie units: those at the same place of two tensors, or those of one group.
cases("Add Subtract Multiply Average Maximum Minimum", "image", tensors="pair")
cases("Concatenate", "image", (6, 6), tensors="pair")
cases("GroupNormalization", "image", (3,), groups=3)

# Layers that mix units in a way that masked and shrunk would differ by.
MIXED = "normalises them by each other"
cases("LayerNormalization RMSNormalization UnitNormalization Softmax", "vector", (), MIXED)

# Layers of which nothing is said: what stands before them stays, and what they give.
UNKNOWN = "of which nothing is known"
cases("Masking Normalization", "series", (), UNKNOWN)
cases("Attention AdditiveAttention", "series", (), UNKNOWN, "pair")
cases("Dot", "series", (), UNKNOWN, "pair", axes=1)
cases(
    "GroupQueryAttention", "series", (), UNKNOWN, "twice", head_dim=2, num_query_heads=2,
    num_key_value_heads=1,
)  # fmt: skip
CASES["SpectralNormalization"] = Case(
    "vector", {"layer": lambda layers: layers.Dense(5)}, (), UNKNOWN
)
for rank, shape in {"1D": "image", "2D": "volume"}.items():  # time, and one axis less
    CASES[f"ConvLSTM{rank}"] = Case(shape, {"filters": 5, "kernel_size": 2}, (), UNKNOWN)

# Classes that stand in no graph by themselves, or are tried within others or in the zoo.
OTHERS = {
    *("InputLayer", "Layer", "Wrapper", "StackedRNNCells", "LSTMCell", "GRUCell", "SimpleRNNCell"),
    *("ConvLSTM3D", "Embedding", "ReversibleEmbedding"),
}


def built(keras: Any, name: str) -> Any:
    """Return six units, the layer, and units that read what it gives."""
    case, layers = CASES[name], keras.layers
    inputs = keras.Input(SHAPES[case.given])

    def units(called: str) -> Any:
        if case.given == "vector":
            return layers.Dense(UNITS, name=called)(inputs)
        rank = next(rank for rank, shape in RANKS.items() if shape == case.given)
        return getattr(layers, f"Conv{rank}")(UNITS, 1, name=called)(inputs)

    settings = {
        key: value(layers) if callable(value) else value for key, value in case.settings.items()
    }
    layer, x = getattr(layers, name)(name="it", **settings), units("before")
    if case.tensors == "pair":
        x = layer([x, units("beside")])
    else:
        x = layer(x, x) if case.tensors == "twice" else layer(x)
    x = layers.Flatten()(x) if len(x.shape) > 2 else x
    return keras.Model(inputs, layers.Dense(3, name="out")(x))
