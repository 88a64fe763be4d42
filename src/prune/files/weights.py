"""A network to and from the file formats of Keras, recognised by content, never by name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from prune import EnvironmentFailure, PruneError
from prune.core.network import Layer, Network, split_activation
from prune.files import (
    atomic,
    isolated,
    keras_config,
    keras_reader,
    keras_writer,
    places,
    sparse,
)
from prune.files.keras_config import DenseLayer
from prune.files.keras_reader import Arrays, Found
from prune.files.names import short

SUFFIXES = (".keras", ".h5", ".hdf5", ".npz")
_TRANSPOSED = "may be transposed: Keras keeps (inputs, units)"


class WeightsFile(NamedTuple):
    """A network and where it came from."""

    network: Network
    format: str
    sha256: str
    assumed: str  # the hidden activation that the file does not tell; empty if it does


def load(path: Path, activation: str = "relu", isolate: bool = False) -> WeightsFile:
    """Read the network in `path`, in a child process with limits if `isolate`.

    `activation` is the hidden layers' in a file that does not tell; then the output's is softmax.
    Raises `PruneError`, naming `path`, for what is not a chain of dense layers.
    """
    return of_content(places.content(path), path, activation, isolate)


def of_content(content: bytes, path: Path, activation: str, isolate: bool) -> WeightsFile:
    """Read the network in the content of a file as `load` does."""
    split_activation(activation)
    return (_isolated if isolate else parse)(content, path, activation)


def _isolated(content: bytes, path: Path, activation: str) -> WeightsFile:
    try:
        answer = isolated.read(content, activation)
    except EnvironmentFailure:
        raise
    except PruneError as error:
        raise PruneError(f"weights {path}: {error}") from error
    network = parse(answer.content, path, activation).network
    return WeightsFile(network, answer.format, sha256(content), answer.assumed)


def parse(content: bytes, path: Path, activation: str = "relu") -> WeightsFile:
    """Read the network in the content of a file; `path` is its name in what goes wrong."""
    try:
        found = keras_reader.read(content)
        network = assembled(found, activation)
    except PruneError as error:
        raise PruneError(f"weights {path}: {error}") from error
    assumed = "" if found.structures else activation
    return WeightsFile(network, found.format, sha256(content), assumed)


def assembled(found: Found, activation: str = "relu") -> Network:
    """Return the network of what was found; `PruneError` says what cannot be evaluated."""
    structures = found.structures or _assume(found.arrays, activation)
    network = _assemble(found.arrays, structures)
    _check(network)
    keras_config.check_arrays(structures, network)
    return network


def sha256(content: bytes) -> str:
    """Return the sum by which a file is told from another."""
    return hashlib.sha256(content).hexdigest()


def _assume(arrays: Arrays, activation: str) -> list[DenseLayer]:
    if not arrays:
        raise PruneError("holds no Dense layer")
    biases = [len(pair) == 2 for pair in arrays.values()]
    activations = [activation] * (len(arrays) - 1) + ["softmax"]
    return [DenseLayer(*each) for each in zip(arrays, activations, biases, strict=True)]


def _assemble(arrays: Arrays, structures: list[DenseLayer]) -> Network:
    if len(arrays) != len(structures):
        raise PruneError(
            f"has {len(structures)} Dense layers in its configuration, "
            f"but weights for {len(arrays)}"
        )
    if set(arrays) != {structure.name for structure in structures}:
        # Files of early Keras 3 do not keep the names that users gave; the order is the same.
        arrays = dict(zip((s.name for s in structures), arrays.values(), strict=True))
    layers: dict[str, Layer] = {}
    for structure in structures:
        weights = arrays[structure.name]
        name = short(structure.name)
        if len(weights) != 1 + structure.bias:
            expected = "a kernel and a bias" if structure.bias else "a kernel alone"
            raise PruneError(f"layer {name!r} should hold {expected}, got {len(weights)} arrays")
        if name in layers:
            raise PruneError(f"uses the layer name {name!r} twice")
        bias = weights[1] if structure.bias else None
        layers[name] = Layer(name, weights[0], bias, structure.activation)
    return tuple(layers.values())


def _check(network: Network) -> None:
    """Refuse what cannot be evaluated: shapes that do not chain, NaN."""
    for layer in network:
        _check_layer(layer)
    for layer, following in pairwise(network):
        if layer.kernel.shape[1] != following.kernel.shape[0]:
            raise PruneError(
                f"layers do not chain: {layer.name!r} gives {layer.kernel.shape[1]} outputs, "
                f"{following.name!r} takes {following.kernel.shape[0]} inputs"
                + _turned(network, following, layer.kernel.shape[1])
            )


def _turned(network: Network, following: Layer, inputs: int) -> str:
    """Say so where layers would chain with kernels the other way round, as PyTorch keeps them."""
    shapes = [layer.kernel.shape[::-1] for layer in network]
    if all(one[1] == other[0] for one, other in pairwise(shapes)):
        return f"; all kernels {_TRANSPOSED}"
    if following.kernel.shape[1] == inputs:
        return f"; the kernel of {following.name!r} {_TRANSPOSED}"
    return ""


def _check_layer(layer: Layer) -> None:
    if layer.kernel.ndim != 2 or 0 in layer.kernel.shape:
        raise PruneError(
            f"layer {layer.name!r} has a kernel of shape {layer.kernel.shape}, "
            "not (inputs, units): it is no Dense layer"
        )
    units = layer.kernel.shape[1]
    if layer.bias is not None and layer.bias.shape != (units,):
        other = layer.bias.shape == layer.kernel.shape[:1]
        turned = f"; its kernel {_TRANSPOSED}" if other else ""
        raise PruneError(
            f"layer {layer.name!r} has {units} units but a bias of shape {layer.bias.shape}{turned}"
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
    `compress` deflates the arrays of an HDF5 file, or what a `.keras` file holds; `half` rounds the
    arrays of an `.npz` to float16.
    """
    if path.suffix not in SUFFIXES:
        raise PruneError(f"cannot save to {path}: its name must end in {', '.join(SUFFIXES)}")
    if half and path.suffix != ".npz":
        raise PruneError(f"--float16 is for .npz files; {path} would not be float16 in Keras")
    if path.suffix == ".npz":
        if compress:
            raise PruneError(f"--compress is for .h5 files, got {path}; .npz files need none")
        return partial(sparse.to_bytes, half=half)
    is_archive = path.suffix == ".keras"
    write = keras_writer.keras_bytes if is_archive else keras_writer.hdf5_bytes
    return partial(write, compress=compress)


def save(network: Network, path: Path) -> None:
    """Write `network` to `path`, whole or not at all."""
    atomic.write(path, writer(path)(network))
