"""The arrays that a layer must have, as far as its settings tell; the rest follows from the graph.

A side is a number, or a name that stands for the same number wherever it comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from prune import PruneError
from prune.files.keras_layers.values import Json
from prune.files.names import short

Sides = tuple[int | str, ...]
Arrays = Mapping[str, np.ndarray]  # by path in the file

# By the setting that holds a layer: where its arrays are.
_WRAPPERS = {
    "TimeDistributed": {"layer": "layer"},
    "Bidirectional": {"layer": "forward_layer", "backward_layer": "backward_layer"},
}


def check(place: str, layer: Json, arrays: Arrays) -> None:
    """Refuse, naming the layer, arrays at `place` that contradict its settings."""
    kind, config = layer["class_name"], layer["config"]
    for key, below in _WRAPPERS.get(kind, {}).items():
        if config.get(key):
            check(f"{place}/{below}", config[key], arrays)
    if kind not in _SHAPES:
        return
    try:
        expected = _SHAPES[kind](config)
    except (KeyError, TypeError) as error:
        raise PruneError(f"{_named(layer)} lacks settings that give it its shape") from error
    known: dict[str, int] = {}
    for path, sides in expected.items():
        array = arrays.get(f"{place}/{path}")
        if array is None:
            raise PruneError(f"{_named(layer)} has no array {path} of shape {_told(sides, known)}")
        if not _fits(array.shape, sides, known):
            raise PruneError(
                f"{_named(layer)} should have an array {path} of shape {_told(sides, known)}, "
                f"but the file holds {array.shape}"
            )


def _named(layer: Json) -> str:
    return f"layer {short(str(layer['config'].get('name')))!r} ({layer['class_name']})"


def _fits(shape: tuple[int, ...], sides: Sides, known: dict[str, int]) -> bool:
    if len(shape) != len(sides):
        return False
    named = [(side, n) for side, n in zip(sides, shape, strict=True) if isinstance(side, str)]
    numbers = all(side == n for side, n in zip(sides, shape, strict=True) if type(side) is int)
    return numbers and all(known.setdefault(side, n) == n for side, n in named)


def _told(sides: Sides, known: dict[str, int]) -> str:
    return f"({', '.join(str(known.get(side, side)) for side in sides)})"


def _own(*shapes: Sides, at: str = "vars") -> dict[str, Sides]:
    return {f"{at}/{number}": sides for number, sides in enumerate(shapes)}


def _biased(config: Json, kernels: list[Sides], bias: Sides, at: str = "vars") -> dict[str, Sides]:
    return _own(*kernels, *([bias] if config.get("use_bias", True) else []), at=at)


def _dense(config: Json) -> dict[str, Sides]:
    return _biased(config, [("inputs", config["units"])], (config["units"],))


def _kernel(config: Json, rank: int) -> tuple[int, ...]:
    size = config["kernel_size"]
    return (size,) * rank if isinstance(size, int) else tuple(size)


def _conv(rank: int) -> Callable[[Json], dict[str, Sides]]:
    def shapes(config: Json) -> dict[str, Sides]:
        kernel = (*_kernel(config, rank), "inputs", config["filters"])
        return _biased(config, [kernel], (config["filters"],))

    return shapes


def _transposed(rank: int) -> Callable[[Json], dict[str, Sides]]:
    def shapes(config: Json) -> dict[str, Sides]:
        kernel = (*_kernel(config, rank), config["filters"], "inputs")
        return _biased(config, [kernel], (config["filters"],))

    return shapes


def _depthwise(rank: int) -> Callable[[Json], dict[str, Sides]]:
    def shapes(config: Json) -> dict[str, Sides]:
        kernel = (*_kernel(config, rank), "channels", config.get("depth_multiplier", 1))
        return _biased(config, [kernel], ("units",))

    return shapes


def _separable(rank: int) -> Callable[[Json], dict[str, Sides]]:
    def shapes(config: Json) -> dict[str, Sides]:
        each = (*_kernel(config, rank), "channels", config.get("depth_multiplier", 1))
        across = (*(1,) * rank, "between", config["filters"])
        return _biased(config, [each, across], (config["filters"],))

    return shapes


def _recurrent(gates: int) -> Callable[[Json], dict[str, Sides]]:
    def shapes(config: Json) -> dict[str, Sides]:
        units = config["units"]
        kernels = [("inputs", gates * units), (units, gates * units)]
        twice = gates == 3 and config.get("reset_after", True)
        bias = (2, gates * units) if twice else (gates * units,)
        return _biased(config, kernels, bias, at="cell/vars")

    return shapes


def _normalized(config: Json) -> dict[str, Sides]:
    if config.get("renorm") or isinstance(config.get("axis"), list):
        return {}  # whose shapes follow from what comes in
    own = sum(config.get(key, True) for key in ("center", "scale"))
    return _own(*[("channels",)] * (own + 2))


def _embedding(config: Json) -> dict[str, Sides]:
    return _own((config["input_dim"], config["output_dim"]))


def _attention(config: Json) -> dict[str, Sides]:
    heads, key = config["num_heads"], config["key_dim"]
    widths = {"query": key, "key": key, "value": config.get("value_dim") or key}
    shapes: dict[str, Sides] = {}
    for what, width in widths.items():
        kernel = (f"inputs of {what}", heads, width)
        shapes |= _biased(config, [kernel], (heads, width), at=f"{what}_dense/vars")
    return shapes


_SHAPES: dict[str, Callable[[Json], dict[str, Sides]]] = {
    "Dense": _dense,
    "Embedding": _embedding,
    "BatchNormalization": _normalized,
    "MultiHeadAttention": _attention,
    "SimpleRNN": _recurrent(1),
    "GRU": _recurrent(3),
    "LSTM": _recurrent(4),
    **{f"Conv{rank}D": _conv(rank) for rank in (1, 2, 3)},
    **{f"Conv{rank}DTranspose": _transposed(rank) for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": _depthwise(rank) for rank in (1, 2)},
    **{f"SeparableConv{rank}D": _separable(rank) for rank in (1, 2)},
}


def check_all(arrays: Arrays, expected: dict[str, Json]) -> None:
    """Refuse arrays that contradict a layer's settings, or belong to none of the layers."""
    for place, layer in expected.items():
        check(place, layer, arrays)
    owners = tuple(f"{place}/" for place in expected)
    for path, array in arrays.items():
        if not path.startswith(owners):
            raise PruneError(
                f"holds {prod(array.shape):,} numbers at {short(path)}, "
                "which belong to no layer of its configuration"
            )
