"""Where in a file of Keras 3 the arrays of each layer of a model stand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prune.files.keras_layers import kinds
from prune.files.keras_layers.values import Json

# Where Keras exports a class by another name than its own.
_CLASSES = {"GroupQueryAttention": "GroupedQueryAttention"}


def parts(entry: Json, path: str = "layers") -> Iterator[tuple[str, Json]]:
    """Yield each layer of a rebuilt model that has arrays of its own, and where they are."""
    used: dict[str, int] = {}
    for layer in entry["config"]["layers"]:
        kind = layer["class_name"]
        if str(layer["module"]).startswith("keras.src.ops."):
            continue  # which Keras does not list among the layers
        name = _snake(_CLASSES.get(kind, kind))
        used[name] = used.get(name, -1) + 1
        place = f"{path}/{name}_{used[name]}" if used[name] else f"{path}/{name}"
        if kind in kinds.MODELS:
            yield from parts(layer, f"{place}/layers")
        else:
            yield place, layer


def _snake(kind: str) -> str:
    """Return a class as Keras names its groups of arrays: `Conv2DTranspose`, `conv2d_transpose`."""
    parted = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    return re.sub("([a-z])([A-Z])", r"\1_\2", parted).lower()
