"""What the file formats of Keras hold, as arrays and structures, recognised by content."""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable
from typing import NamedTuple, NoReturn

import h5py
import numpy as np

from prune import PruneError
from prune.core.network import arrays as arrays_of
from prune.files import hdf5, keras_config, sparse
from prune.files.keras_config import Structure

Arrays = dict[str, list[np.ndarray]]  # by layer name: a kernel, and a bias if there is one


class Found(NamedTuple):
    """What a file holds, before it is put together."""

    format: str
    arrays: Arrays
    structures: list[Structure] | None  # None if the file does not tell


def read(content: bytes) -> Found:
    """Return what the content of a file holds; `PruneError` says what is wrong with it."""
    if content.startswith(hdf5.SIGNATURE):
        with hdf5.opened(content) as file:
            return _parse_hdf5(file)
    if content.startswith(b"PK\x03\x04"):
        return _parse_zip(content)
    raise PruneError(f"{_what_it_is(content)}; a Keras .keras, .weights.h5 or .h5 file is needed")


def _what_it_is(content: bytes) -> str:
    start = content[:512].lstrip().lower()
    if not content:
        return "is empty"
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a web page, not weights (a download that went wrong?)"
    if start.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer, not the weights themselves (`git lfs pull` fetches them)"
    return f"is not a Keras file (it starts with {content[:8]!r})"


def _parse_zip(content: bytes) -> Found:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sparse.MARK in archive.namelist():
                return _parse_sparse(content)
            config = archive.read("config.json")
            weights = archive.read("model.weights.h5")
    except KeyError as error:
        raise PruneError(f"is a zip without {error.args[0].split(chr(39))[1]}") from error
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError) as error:
        raise PruneError(f"is a broken or truncated .keras file ({error})") from error
    structures = keras_config.parse(_json(config))
    with hdf5.opened(weights) as file:
        return Found("keras", _keras3_arrays(file), structures)


def _parse_sparse(content: bytes) -> Found:
    network = sparse.from_bytes(content)
    arrays = _named((layer.name, arrays_of((layer,))) for layer in network)
    told = [Structure(layer.name, layer.activation, layer.bias is not None) for layer in network]
    keras_config.check_activations(told)
    return Found("sparse npz", arrays, told)


def _json(text: str | bytes) -> keras_config.Json:
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PruneError(f"has a broken model configuration ({error})") from error
    if not isinstance(config, dict):
        raise PruneError("has a model configuration that is not a JSON object")
    return config


def _parse_hdf5(file: h5py.File) -> Found:
    config = hdf5.text(file, "model_config")
    legacy = hdf5.subgroup(file, "model_weights")
    if config is not None and legacy is not None:
        return Found("h5", _legacy_arrays(legacy, told=True), keras_config.parse(_json(config)))
    if hdf5.texts(file, "layer_names") is not None:
        return Found("legacy weights h5", _legacy_arrays(file, told=False), None)
    if (layers := _keras3_layers(file)) is not None:
        _refuse_foreign(layers)
        return Found("weights.h5", _keras3_arrays(file), None)
    raise PruneError("is an HDF5 file, but not one that Keras wrote (it has no layers)")


def _keras3_layers(file: h5py.File) -> h5py.Group | None:
    # The second name is that of Keras 3.0 and of the new format in Keras 2.
    return hdf5.subgroup(file, "layers") or hdf5.subgroup(file, "_layer_checkpoint_dependencies")


# Layers without weights that a weights-only file can hold and that change nothing we assume.
_HARMLESS = re.compile(r"(input_layer|flatten|reshape|dropout|re_lu|softmax|activation)(_\d+)?")
_DENSE = re.compile(r"dense(?:_(\d+))?")


def _keras3_arrays(file: h5py.File) -> Arrays:
    layers = _keras3_layers(file)
    if layers is None:
        raise PruneError("holds no layers")
    # By number: in the file dense_10 stands before dense_2.
    groups = sorted((name for name in layers if _DENSE.fullmatch(name)), key=_number)
    return _named((_own_name(layers, name), _variables(layers, name)) for name in groups)


def _named(pairs: Iterable[tuple[str, list[np.ndarray]]]) -> Arrays:
    arrays: Arrays = {}
    for name, values in pairs:
        if name in arrays:
            raise PruneError(f"uses the layer name {name!r} twice")
        arrays[name] = values
    return arrays


def _number(name: str) -> int:
    return int(_DENSE.fullmatch(name)[1] or 0)


def _refuse_foreign(layers: h5py.Group) -> None:
    for name in layers:
        if not _DENSE.fullmatch(name) and not _HARMLESS.fullmatch(name):
            _refuse(name)


def _refuse(name: str) -> NoReturn:
    raise PruneError(
        f"has a layer {name!r}, and a weights file does not tell what it does; "
        "save the whole model as .keras instead"
    )


def _variables(layers: h5py.Group, name: str) -> list[np.ndarray]:
    variables = hdf5.subgroup(layers, f"{name}/vars")
    if variables is None or not 1 <= len(variables) <= 2:
        raise PruneError(f"layer {name!r} does not hold a kernel and at most a bias")
    return [hdf5.array(variables, str(i)) for i in range(len(variables))]


def _own_name(layers: h5py.Group, name: str) -> str:
    # Keras 3 keeps the name that the user gave in an attribute.
    variables = hdf5.subgroup(layers, f"{name}/vars")
    return (variables is not None and hdf5.text(variables, "name")) or name


def _legacy_arrays(file: h5py.Group, told: bool) -> Arrays:
    pairs = []
    for name in hdf5.texts(file, "layer_names") or []:
        group = hdf5.subgroup(file, name)
        if group is None:
            raise PruneError(f"lists a layer {name!r} that it does not hold")
        weights = hdf5.texts(group, "weight_names")
        if weights is not None and len(weights):
            _check_dense(name, weights)
            pairs.append((name, [hdf5.array(group, weight) for weight in weights]))
        elif not told and not _HARMLESS.fullmatch(name):
            _refuse(name)
    return _named(pairs)


def _check_dense(name: str, weights: list[str]) -> None:
    kinds = [weight.rsplit("/", 1)[-1].partition(":")[0] for weight in weights]
    if kinds not in (["kernel"], ["kernel", "bias"]):
        raise PruneError(
            f"layer {name!r} holds {', '.join(kinds)}, not a kernel and at most a bias: "
            "it is no Dense layer"
        )
