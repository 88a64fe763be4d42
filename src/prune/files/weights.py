"""A network to and from the file formats of Keras, recognised by content, never by name."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, NoReturn

import h5py
import numpy as np

from prune import PruneError
from prune.core.network import Layer, Network, split_activation
from prune.core.network import arrays as network_arrays
from prune.files import atomic, hdf5, keras_config, sparse
from prune.files.keras_config import Structure

SUFFIXES = (".keras", ".h5", ".hdf5", ".npz")


class WeightsFile(NamedTuple):
    """A network and where it came from."""

    network: Network
    format: str
    sha256: str
    assumed: str  # the hidden activation that the file does not tell; empty if it does


def shipped() -> Path:
    """Return the path of the trained home network that comes with the package."""
    package = Path(__file__).parents[1]
    installed = package / "weights" / "mnist.weights.h5"
    # In a checkout the weights stand beside src; the wheel carries a copy inside the package.
    return installed if installed.exists() else package.parents[1] / "weights" / installed.name


def load(path: Path, activation: str = "relu") -> WeightsFile:
    """Read the network in `path`.

    `activation` is the hidden layers' in a file that does not tell; then the output's is softmax.
    Raises `PruneError`, naming `path`, for what is not a chain of dense layers.
    """
    split_activation(activation)
    return parse(_read(path), path, activation)


def parse(content: bytes, path: Path, activation: str = "relu") -> WeightsFile:
    """Read the network in the content of a file; `path` is its name in what goes wrong."""
    try:
        found = _parse(content)
        network = _assemble(found.arrays, found.structures or _assume(found.arrays, activation))
        _check(network)
    except PruneError as error:
        raise PruneError(f"weights {path}: {error}") from error
    assumed = "" if found.structures else activation
    return WeightsFile(network, found.format, sha256(content), assumed)


def sha256(content: bytes) -> str:
    """Return the sum by which a file is told from another."""
    return hashlib.sha256(content).hexdigest()


def _read(path: Path) -> bytes:
    if path.is_dir():
        raise PruneError(f"weights {path}: is a folder; give one .keras or .h5 file")
    if not path.exists():
        raise PruneError(f"weights {path}: no such file; `prune train --save {path}` makes one")
    if not path.is_file():
        raise PruneError(f"weights {path}: is not a regular file; give one .keras or .h5 file")
    return path.read_bytes()


Arrays = dict[str, list[np.ndarray]]  # by layer name: a kernel, and a bias if there is one


class _Found(NamedTuple):
    """What a file holds, before it is put together."""

    format: str
    arrays: Arrays
    structures: list[Structure] | None  # None if the file does not tell


def _parse(content: bytes) -> _Found:
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


def _parse_zip(content: bytes) -> _Found:
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
        return _Found("keras", _keras3_arrays(file), structures)


def _parse_sparse(content: bytes) -> _Found:
    network = sparse.from_bytes(content)
    arrays = _named((layer.name, network_arrays((layer,))) for layer in network)
    told = [Structure(layer.name, layer.activation, layer.bias is not None) for layer in network]
    keras_config.check_activations(told)
    return _Found("sparse npz", arrays, told)


def _json(text: str | bytes) -> keras_config.Json:
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PruneError(f"has a broken model configuration ({error})") from error
    if not isinstance(config, dict):
        raise PruneError("has a model configuration that is not a JSON object")
    return config


def _parse_hdf5(file: h5py.File) -> _Found:
    config = hdf5.text(file, "model_config")
    legacy = hdf5.subgroup(file, "model_weights")
    if config is not None and legacy is not None:
        return _Found("h5", _legacy_arrays(legacy, told=True), keras_config.parse(_json(config)))
    if hdf5.texts(file, "layer_names") is not None:
        return _Found("legacy weights h5", _legacy_arrays(file, told=False), None)
    if (layers := _keras3_layers(file)) is not None:
        _refuse_foreign(layers)
        return _Found("weights.h5", _keras3_arrays(file), None)
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


def _assume(arrays: Arrays, activation: str) -> list[Structure]:
    if not arrays:
        raise PruneError("holds no Dense layer")
    biases = [len(pair) == 2 for pair in arrays.values()]
    activations = [activation] * (len(arrays) - 1) + ["softmax"]
    return [Structure(*each) for each in zip(arrays, activations, biases, strict=True)]


def _assemble(arrays: Arrays, structures: list[Structure]) -> Network:
    if len(arrays) != len(structures):
        raise PruneError(
            f"has {len(structures)} Dense layers in its configuration, "
            f"but weights for {len(arrays)}"
        )
    if set(arrays) != {structure.name for structure in structures}:
        # Files of early Keras 3 do not keep the names that users gave; the order is the same.
        arrays = dict(zip((s.name for s in structures), arrays.values(), strict=True))
    layers = []
    for structure in structures:
        weights = arrays[structure.name]
        if len(weights) != 1 + structure.bias:
            expected = "a kernel and a bias" if structure.bias else "a kernel alone"
            raise PruneError(
                f"layer {structure.name!r} should hold {expected}, got {len(weights)} arrays"
            )
        bias = weights[1] if structure.bias else None
        layers.append(Layer(structure.name, weights[0], bias, structure.activation))
    return tuple(layers)


def _check(network: Network) -> None:
    """Refuse what cannot be evaluated: shapes that do not chain, NaN."""
    for layer in network:
        _check_layer(layer)
    for layer, following in pairwise(network):
        if layer.kernel.shape[1] != following.kernel.shape[0]:
            raise PruneError(
                f"layers do not chain: {layer.name!r} gives {layer.kernel.shape[1]} outputs, "
                f"{following.name!r} takes {following.kernel.shape[0]} inputs"
            )


def _check_layer(layer: Layer) -> None:
    if layer.kernel.ndim != 2 or 0 in layer.kernel.shape:
        raise PruneError(
            f"layer {layer.name!r} has a kernel of shape {layer.kernel.shape}, "
            "not (inputs, units): it is no Dense layer"
        )
    units = layer.kernel.shape[1]
    if layer.bias is not None and layer.bias.shape != (units,):
        raise PruneError(
            f"layer {layer.name!r} has {units} units but a bias of shape {layer.bias.shape}"
        )
    for what, values in (("kernel", layer.kernel), ("bias", layer.bias)):
        broken = 0 if values is None else int(np.count_nonzero(~np.isfinite(values)))
        if broken:
            raise PruneError(
                f"layer {layer.name!r} has {broken:,} weights in its {what} "
                "that are NaN or infinite; train it again"
            )


Writer = Callable[[Network], bytes]


def writer(path: Path, compress: bool = False, half: bool = False) -> Writer:
    """Return what turns a network into the bytes of a file of that name; check it before work.

    The name chooses the format that stock Keras expects of it; `.npz` is our sparse form.
    `compress` deflates the arrays of an HDF5 file, `half` rounds those of an `.npz` to float16.
    """
    if path.suffix not in SUFFIXES:
        raise PruneError(f"cannot save to {path}: its name must end in {', '.join(SUFFIXES)}")
    if half and path.suffix != ".npz":
        raise PruneError(f"--float16 is for .npz files; {path} would not be float16 in Keras")
    if compress and path.suffix not in (".h5", ".hdf5"):
        raise PruneError(f"--compress is for .h5 files, got {path}; .npz files need none")
    writers = {".keras": _keras_bytes, ".npz": partial(sparse.to_bytes, half=half)}
    return writers.get(path.suffix, partial(_hdf5_bytes, compress=compress))


def save(network: Network, path: Path) -> None:
    """Write `network` to `path`, whole or not at all."""
    atomic.write(path, writer(path)(network))


def _hdf5_bytes(network: Network, compress: bool = False) -> bytes:
    """Return a file that every loader of Keras opens, whatever the name makes it expect.

    Keras chooses its loader by name: `.weights.h5` is read from /layers, any other `.h5` from
    /model_weights.  Both lead to the same stored arrays.
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["backend"] = "tensorflow"
        file.attrs["keras_version"] = "3.0.0"
        file.attrs["model_config"] = json.dumps(keras_config.describe(network))
        legacy = file.create_group("model_weights")
        legacy.attrs["layer_names"] = [layer.name.encode() for layer in network]
        for i, layer in enumerate(network):
            variables = file.create_group(f"layers/dense{f'_{i}' if i else ''}/vars")
            variables.attrs["name"] = layer.name
            group = legacy.create_group(layer.name)
            arrays = [("kernel", layer.kernel), ("bias", layer.bias)]
            present = [(name, values) for name, values in arrays if values is not None]
            group.attrs["weight_names"] = [f"{layer.name}/{name}".encode() for name, _ in present]
            for number, (name, values) in enumerate(present):
                packed = {"compression": "gzip", "shuffle": True} if compress else {}
                variables.create_dataset(str(number), data=values, **packed)
                group[f"{layer.name}/{name}"] = variables[str(number)]  # a second hard link
    return buffer.getvalue()


def _keras_bytes(network: Network) -> bytes:
    members = {
        "metadata.json": json.dumps({"keras_version": "3.0.0"}).encode(),
        "config.json": json.dumps(keras_config.describe(network)).encode(),
        "model.weights.h5": _hdf5_bytes(network),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # dated 1980: same bytes every time
    return buffer.getvalue()
