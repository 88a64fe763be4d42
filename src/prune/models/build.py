"""A live Keras model from a checked configuration and plain arrays.

It is built twice: first as a sketch, whose variables have shapes but no values, so that nothing is
allocated which the file's own arrays do not bear out.
"""

from __future__ import annotations

import copy
import re
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from prune import PruneError
from prune.files import keras_writer, limits
from prune.files.models import ModelFile
from prune.files.names import printable, short
from prune.models.keras_bridge import import_keras
from prune.models.late import keras

_TOLD = 300  # letters of what Keras says
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def build(file: ModelFile) -> keras.Model:
    """Return the model, with the arrays of its file; `PruneError` says why it cannot be."""
    import_keras()
    try:
        _check_sizes(file)
    except Unbuildable:
        # A class of the user's own may make variables that a sketch cannot be without; what it
        # makes of the file's settings is as trusted as its code.
        if not file.trust:
            raise
    model = _from_config(file)
    _fill(model, file)
    return model


def _from_config(file: ModelFile) -> keras.Model:
    # Keras takes apart what it is given.
    config = copy.deepcopy(file.config)
    with _refusing("cannot be built"):
        return keras.saving.deserialize_keras_object(
            config, custom_objects=dict(file.trust), safe_mode=True
        )


class Unbuildable(PruneError):
    """Keras refuses the model, though its configuration could be read."""


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    """Turn whatever Keras finds wrong with a model into a line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except MemoryError:
        raise
    except Exception as error:
        # Behind the last of its headings is the reason.
        told = str(error).rpartition("Exception encountered: ")[2] or type(error).__name__
        plain = printable(" ".join(_COLOURS.sub("", told).split()))
        raise Unbuildable(f"{what}: {plain[:_TOLD]}") from error


def _check_sizes(file: ModelFile) -> None:
    """Refuse a model whose variables are not of the shapes of the file's arrays, or whose
    results are too large, before any of them is allocated."""
    with without_values():
        sketch = _from_config(file)
        _check_variables(sketch, file)
        for layer, shape in _results(sketch):
            numbers = prod(side for side in shape[1:] if side is not None)
            if numbers * (shape[0] or 1) > limits.OUTPUTS:
                raise PruneError(
                    f"layer {short(layer.name)!r} gives {numbers:,} numbers for each example; "
                    f"models of more than {limits.OUTPUTS:,} are not built"
                )


@contextmanager
def without_values() -> Iterator[None]:
    """Build models whose variables have shapes and no values, now or later."""
    global_state = keras.src.backend.common.global_state

    waiting = "uninitialized_variables"
    before = list(global_state.get_global_attribute(waiting) or [])
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        # Or the next scope of this kind to end, anywhere in Keras, would allocate them.
        global_state.set_global_attribute(waiting, before)


def _check_variables(sketch: keras.Model, file: ModelFile) -> None:
    declared = Counter(tuple(variable.shape) for variable in sketch.weights)
    stored = Counter(array.shape for path, array in file.arrays.items() if not _is_seed(path))
    for shape in declared - stored:
        owner = next(each for each in sketch.weights if tuple(each.shape) == shape)
        raise PruneError(
            f"should hold {declared[shape]} arrays of shape {shape}, such as "
            f"{short(owner.path)}, but holds {stored[shape]}"
        )


def _is_seed(path: str) -> bool:
    """Tell whether an array is the state of a random generator, which is no weight."""
    return "seed_generator" in path


def _results(model: keras.Model) -> Iterator[tuple[keras.layers.Layer, tuple[int | None, ...]]]:
    """Yield every layer of a model, those within others too, with the shape of each result."""
    for operation in getattr(model, "operations", model.layers):
        for node in operation._inbound_nodes:
            yield from ((operation, tensor.shape) for tensor in node.output_tensors)
        if hasattr(operation, "layers"):
            yield from _results(operation)


def _fill(model: keras.Model, file: ModelFile) -> None:
    """Give the model its arrays, by a clean copy that our own hand has written."""
    writer, ending = {"keras": (_keras3, ".weights.h5"), "h5": (_keras2, ".h5")}[file.format]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clean{ending}"
        with keras_writer.new_file(path) as clean:
            writer(clean, file.arrays)
        with _refusing("does not hold the arrays of its layers"):
            model.load_weights(path)


def _keras3(file: Any, arrays: dict[str, np.ndarray]) -> None:
    for place, values in arrays.items():
        file[place] = values


def _keras2(file: Any, arrays: dict[str, np.ndarray]) -> None:
    """Write a file of Keras 2, which is read in its order, so that plain names will do."""
    layers: dict[str, list[np.ndarray]] = {}
    for place, values in arrays.items():
        layers.setdefault(place.partition("\n")[0], []).append(values)
    names = [str(number) for number in range(len(layers))]
    _list(file, "layer_names", names)
    for name, weights in zip(names, layers.values(), strict=True):
        group = file.create_group(name)
        _list(group, "weight_names", [str(number) for number in range(len(weights))])
        for number, values in enumerate(weights):
            group[str(number)] = values


def _list(group: Any, name: str, words: list[str]) -> None:
    """Write a list of names, in parts if it is long, as attributes are bounded."""
    most = 2000
    for part, start in enumerate(range(0, max(len(words), 1), most)):
        ending = "" if len(words) <= most else str(part)
        group.attrs[f"{name}{ending}"] = [word.encode() for word in words[start : start + most]]
