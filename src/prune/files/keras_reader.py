"""What the file formats of Keras hold, as arrays and structures, recognised by content."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import NamedTuple, NoReturn

import numpy as np

from prune import PruneError
from prune.core.network import arrays as arrays_of
from prune.files import accidents, archives, keras_config, limits, sparse
from prune.files.hdf5 import tree
from prune.files.hdf5.headers import SIGNATURE
from prune.files.hdf5.tree import Branch
from prune.files.keras_config import DenseLayer
from prune.files.names import short

Arrays = dict[str, list[np.ndarray]]  # by layer name: a kernel, and a bias if there is one
_MEMBERS = ("config.json", "model.weights.h5")


class Found(NamedTuple):
    """What a file holds, before it is put together."""

    format: str
    arrays: Arrays
    structures: list[DenseLayer] | None  # None if the file does not tell


def read(content: bytes) -> Found:
    """Return what the content of a file holds; `PruneError` says what is wrong with it."""
    if content.startswith(SIGNATURE):
        return _parse_hdf5(tree.root(content))
    if content.startswith(archives.SIGNATURE):
        return _parse_zip(content)
    raise PruneError(accidents.of_content(content))


def _parse_zip(content: bytes) -> Found:
    if sparse.MARK in archives.opened(content).namelist():
        return _parse_sparse(content)
    config, weights = members(content)
    structures = keras_config.parse(config)
    return Found("keras", _keras3_arrays(tree.root(weights)), structures)


def members(content: bytes) -> tuple[keras_config.Json, bytes]:
    """Return what a `.keras` archive holds: the configuration, and the content of its HDF5 file."""
    archive = archives.opened(content)
    names = archive.namelist()
    if foreign := accidents.of_members(names):
        raise PruneError(foreign)
    for name in _MEMBERS:
        if name not in names:
            raise PruneError(f"is a zip without {name}; a .keras file is needed")
    config = archives.member(archive, _MEMBERS[0], limits.TEXT)
    weights = archives.member(archive, _MEMBERS[1])
    if not weights.startswith(SIGNATURE):
        raise PruneError(f"is an archive whose {_MEMBERS[1]} is no HDF5 file")
    return json_object(config), weights


def _parse_sparse(content: bytes) -> Found:
    network = sparse.from_bytes(content)
    arrays = _named((layer.name, arrays_of((layer,))) for layer in network)
    told = [DenseLayer(layer.name, layer.activation, layer.bias is not None) for layer in network]
    keras_config.check_activations(told)
    return Found("sparse npz", arrays, told)


def json_object(text: str | bytes) -> keras_config.Json:
    """Return the JSON object in a text of bounded length."""
    if len(text) > limits.TEXT:
        raise PruneError(f"has a model configuration of {len(text):,} letters, which is not read")
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PruneError(f"has a broken model configuration ({error})") from error
    if not isinstance(config, dict):
        raise PruneError("has a model configuration that is not a JSON object")
    return config


def _parse_hdf5(file: Branch) -> Found:
    config = tree.text(file, "model_config")
    legacy = tree.subgroup(file, "model_weights")
    if config is not None and legacy is not None:
        return Found(
            "h5", _legacy_arrays(legacy, told=True), keras_config.parse(json_object(config))
        )
    if tree.texts(file, "layer_names") is not None:
        return Found("legacy weights h5", _legacy_arrays(file, told=False), None)
    if (layers := _keras3_layers(file)) is not None:
        _refuse_foreign(layers)
        return Found("weights.h5", _keras3_arrays(file), None)
    raise PruneError("is an HDF5 file, but not one that Keras wrote (it has no layers)")


def _keras3_layers(file: Branch) -> Branch | None:
    # The second name is that of Keras 3.0 and of the new format in Keras 2.
    return tree.subgroup(file, "layers") or tree.subgroup(file, "_layer_checkpoint_dependencies")


# Layers without weights that a weights-only file can hold and that change nothing we assume.
_HARMLESS = re.compile(r"(input_layer|flatten|reshape|dropout|re_lu|softmax|activation)(_\d+)?")
_DENSE = re.compile(r"dense(?:_([1-9][0-9]{0,8}))?")


def _keras3_arrays(file: Branch) -> Arrays:
    layers = _keras3_layers(file)
    if layers is None:
        raise PruneError("holds no layers")
    # By number: in the file dense_10 stands before dense_2.
    groups = sorted(filter(_DENSE.fullmatch, tree.names(layers)), key=_number)
    for expected, name in enumerate(groups):
        if _number(name) != expected:
            missing = f"dense_{expected}" if expected else "dense"
            raise PruneError(
                f"holds a layer {name!r}, but no {missing!r} (a part of a checkpoint?)"
            )
    return _named((_own_name(layers, name), _variables(layers, name)) for name in groups)


def _named(pairs: Iterable[tuple[str, list[np.ndarray]]]) -> Arrays:
    arrays: Arrays = {}
    for name, values in pairs:
        if name in arrays:
            raise PruneError(f"uses the layer name {short(name)!r} twice")
        if len(arrays) == limits.LAYERS:
            raise PruneError(f"holds more than {limits.LAYERS:,} layers, which are not read")
        arrays[name] = values
    return arrays


def _number(name: str) -> int:
    return int(_DENSE.fullmatch(name)[1] or 0)


def _refuse_foreign(layers: Branch) -> None:
    for name in tree.names(layers):
        if not _DENSE.fullmatch(name) and not _HARMLESS.fullmatch(name):
            _refuse(name)


def _refuse(name: str) -> NoReturn:
    raise PruneError(
        f"has a layer {short(name)!r}, and a weights file does not tell what it does; "
        "save the whole model as .keras instead"
    )


def _variables(layers: Branch, name: str) -> list[np.ndarray]:
    variables = tree.subgroup(layers, f"{name}/vars")
    held = [] if variables is None else tree.names(variables)
    if variables is None or sorted(held) not in (["0"], ["0", "1"]):
        raise PruneError(f"layer {name!r} does not hold a kernel and at most a bias")
    return [tree.array(variables, number) for number in sorted(held)]


def _own_name(layers: Branch, name: str) -> str:
    # Keras 3 keeps the name that the user gave in an attribute.
    variables = tree.subgroup(layers, f"{name}/vars")
    return (variables is not None and tree.text(variables, "name")) or name


def _legacy_arrays(file: Branch, told: bool) -> Arrays:
    listed = tree.texts(file, "layer_names") or []
    return _named(
        (name, weights) for name in listed if (weights := _legacy_layer(file, name, told))
    )


def _legacy_layer(file: Branch, name: str, told: bool) -> list[np.ndarray]:
    group = tree.subgroup(file, name)
    if group is None:
        raise PruneError(f"lists a layer {short(name)!r} that it does not hold")
    weights = tree.texts(group, "weight_names")
    if weights:
        _check_dense(name, weights)
        return [tree.array(group, weight) for weight in weights]
    if tree.names(group):
        raise PruneError(f"layer {short(name)!r} holds arrays that it does not list")
    if not told and not _HARMLESS.fullmatch(name):
        _refuse(name)
    return []


def _check_dense(name: str, weights: list[str]) -> None:
    kinds = [weight.rsplit("/", 1)[-1].partition(":")[0] for weight in weights]
    if kinds not in (["kernel"], ["kernel", "bias"]):
        raise PruneError(
            f"layer {short(name)!r} holds {short(', '.join(kinds))}, "
            "not a kernel and at most a bias: it is no Dense layer"
        )
