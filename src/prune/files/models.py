"""A stranger's model of any built-in layers: its configuration, rebuilt, and its arrays.

Neither Keras nor h5py sees a byte of the file.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np

from prune import PruneError
from prune.files import accidents, archives, keras_config, keras_reader, limits
from prune.files.hdf5 import tree
from prune.files.hdf5.headers import SIGNATURE
from prune.files.hdf5.tree import Branch
from prune.files.keras_layers import addresses, graph, shapes
from prune.files.keras_layers.trust import Trust
from prune.files.keras_layers.values import Json
from prune.files.names import short
from prune.files.weights import sha256

Arrays = dict[str, np.ndarray]
_SNAKE = re.compile("[a-z0-9_]{1,60}")


class ModelFile(NamedTuple):
    """A model that may be built, and where it came from."""

    config: Json  # rebuilt from checked parts
    arrays: Arrays  # by the path at which Keras looks for them
    format: str  # keras or h5
    sha256: str
    loss: str  # by name, empty if the file tells none, or several
    trust: Trust  # the user's own classes, by the names in the configuration


def parse(content: bytes, trust: Trust | None = None) -> ModelFile:
    """Return the whole model in the content of a file, `.keras` or the `.h5` of Keras 2.

    The `PruneError` for anything else goes on from the file's name.
    """
    trust = trust or {}
    form, config, training, root = _opened(content)
    rebuilt = graph.model(config, trust)
    if form == "keras":
        arrays = _arrays(root)
        shapes.check_all(arrays, dict(addresses.parts(rebuilt)))
    else:
        arrays = _legacy_arrays(root)
    _check_finite(arrays)
    return ModelFile(rebuilt, arrays, form, sha256(content), _loss(training), trust)


def is_chain(content: bytes) -> bool:
    """Tell whether `weights` is to read the file: all but whole models of other layers are."""
    try:
        _, config, *_ = _opened(content)
    except PruneError:
        return True  # weights alone, or no model at all, of which `weights` says what it is
    try:
        return bool(keras_config.parse(config))
    except PruneError:
        return False


def _opened(content: bytes) -> tuple[str, Json, Any, Branch]:
    """Return the format, the configuration, that of the training, and where the arrays are."""
    if content.startswith(archives.SIGNATURE):
        config, weights = keras_reader.members(content)
        return "keras", config, config.get("compile_config"), _root(weights)
    if not content.startswith(SIGNATURE):
        raise PruneError(accidents.of_content(content))
    root = _root(content)
    config, arrays = tree.text(root, "model_config"), tree.subgroup(root, "model_weights")
    if config is None or arrays is None:
        raise PruneError("holds weights without a model; save the whole model as .keras")
    training = tree.text(root, "training_config")
    told = keras_reader.json_object(training) if training else None
    return "h5", keras_reader.json_object(config), told, arrays


def _root(content: bytes) -> Branch:
    root = tree.root(content)
    root.source.most_weights = limits.MODEL_WEIGHTS
    return root


def _arrays(root: Branch) -> Arrays:
    """Return every array of the layers; state of an optimizer is left alone."""
    layers = tree.subgroup(root, "layers") or tree.subgroup(root, "_layer_checkpoint_dependencies")
    arrays: Arrays = {}
    if layers is not None:
        _collect(layers, "layers", arrays)
    return arrays


def _collect(group: Branch, path: str, arrays: Arrays) -> None:
    for name in tree.names(group):
        if not _SNAKE.fullmatch(name) or path.count("/") > 4 * limits.NESTING:
            raise PruneError(f"holds {short(f'{path}/{name}')}, which Keras does not write")
        if path.endswith("/vars"):
            arrays[f"{path}/{name}"] = tree.numbers(group, name)
            continue
        below = tree.subgroup(group, name)
        if below is not None:
            _collect(below, f"{path}/{name}", arrays)


def _legacy_arrays(group: Branch) -> Arrays:
    """Return the arrays that a file of Keras 2 lists, by layer and weight."""
    arrays: Arrays = {}
    for layer in tree.listed(group, "layer_names"):
        below = tree.subgroup(group, layer)
        if below is None:
            raise PruneError(f"lists a layer {short(layer)!r} that it does not hold")
        for weight in tree.listed(below, "weight_names"):
            arrays[f"{layer}\n{weight}"] = tree.numbers(below, weight)
    return arrays


def _check_finite(arrays: Arrays) -> None:
    for path, values in arrays.items():
        broken = int(np.count_nonzero(~np.isfinite(values)))
        if broken:
            raise PruneError(
                f"has {broken:,} weights at {short(path)} that are NaN or infinite; train it again"
            )


def _loss(training: Any) -> str:
    """Return the name of the loss that the file was trained by, as a plain word."""
    told = training.get("loss") if type(training) is dict else None
    if type(told) is dict:
        function = told.get("class_name") == "function"
        told = told.get("config") if function else told.get("class_name")
    plain = type(told) is str and re.fullmatch("[A-Za-z][A-Za-z0-9_]{0,60}", told)
    return told if plain else ""
