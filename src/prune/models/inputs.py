"""Random inputs in the range that a model expects."""

from __future__ import annotations

from typing import Any

import numpy as np

from prune import PruneError
from prune.models.graph import functional, is_graph, nodes
from prune.models.late import keras

_EXAMPLES = 2
_SIDE = 32  # of an axis that may have any length
_BYTES = 255


def examples(model: keras.Model, seed: int = 0, count: int = _EXAMPLES) -> list[np.ndarray]:
    """Return random inputs, one array (count, ...) for each input of a model.

    What goes to an embedding are its entries, what goes to a rescaling bytes, all else normal.
    Raises `PruneError` for an input that holds no numbers.
    """
    rng = np.random.default_rng(seed)
    return [_example(tensor, model, rng, count) for tensor in functional(model).inputs]


def _example(tensor: Any, model: Any, rng: np.random.Generator, count: int) -> np.ndarray:
    if "float" not in tensor.dtype and "int" not in tensor.dtype:
        raise PruneError(
            f"input {tensor.name!r} holds {tensor.dtype}, for which no examples can be made up; "
            "give some inputs"
        )
    shape = (count, *[_SIDE if size is None else size for size in tensor.shape[1:]])
    found = list(readers(tensor, model))
    entries = [table.input_dim for reader in found for table in _tables(reader)]
    if entries:
        return rng.integers(0, min(entries), shape).astype(tensor.dtype)
    if any(type(reader).__name__ == "Rescaling" for reader in found) or "int" in tensor.dtype:
        return rng.integers(0, _BYTES + 1, shape).astype(tensor.dtype)
    return rng.normal(size=shape).astype(tensor.dtype)


def _tables(reader: Any) -> list[Any]:
    """Return the embeddings that a layer is or, if it is made of layers, has."""
    within = getattr(reader, "_flatten_layers", list)()
    return [each for each in within if isinstance(each, keras.layers.Embedding)]


def readers(tensor: Any, model: Any) -> list[Any]:
    """Return the layers that an input goes to, within nested models too."""
    found = []
    for node in nodes(functional(model)):
        places = [i for i, each in enumerate(node.input_tensors) if each is tensor]
        for place in places:
            if is_graph(node.operation):
                inner = functional(node.operation)
                found += readers(inner.inputs[place], node.operation)
            else:
                found.append(node.operation)
    return found
