"""The sparse form of a network: one .npz that holds no zeros where that is shorter.

The format, version 1.  `layers` is UTF-8 JSON as bytes: a list of objects with name, inputs, units,
activation, bias (true or false) and form.  The kernel of layer i, flattened row by row, is

    dense     i.values holds every entry
    bitmap    i.values holds those that are not zero, i.bits one bit for each entry (numpy.packbits)
    gaps      i.values likewise, i.gaps one byte each: how many zeros come before it; 255 stands
              for 255 zeros and no value; after the last value only such (after Han 2016)

and i.bias is its bias.  Values are float32 or float16.  Nothing is compressed, nothing pickled.
"""

from __future__ import annotations

import io
import json
from typing import Any, NamedTuple
from zipfile import ZipFile

import numpy as np

from prune import PruneError
from prune.core.network import Layer, Network
from prune.files import archives, limits, npy

MARK = "layers.npy"  # the member that tells this format from other archives
_SKIP = 255  # a gap of so many zeros, and no value
_LOCAL_HEADER, _CENTRAL_HEADER, _END = 30 + 20, 46, 22  # with the sizes of 64 bits
_NUMPY_HEADER = 128
_PIECE = 2**20


def to_bytes(network: Network, half: bool = False) -> bytes:
    """Return the file; each layer is in its shortest form.  `half` rounds values to float16."""
    kind = np.float16 if half else np.float32
    network = tuple(_as(layer, kind) for layer in network)
    forms = [_shortest(layer.kernel.ravel()) for layer in network]
    file = io.BytesIO()
    np.savez(file, layers=_described(network, forms), **_members(network, forms))
    return file.getvalue()


def size(network: Network) -> int:
    """Return the length of what `to_bytes` returns, without making it."""
    forms = [_shortest(layer.kernel.ravel()) for layer in network]
    lengths = {"layers": _described(network, forms).nbytes}
    for i, (layer, form) in enumerate(zip(network, forms, strict=True)):
        lengths |= {f"{i}.{name}": length for name, length in form.bytes.items()}
        if layer.bias is not None:
            lengths[f"{i}.bias"] = layer.bias.nbytes
    # Of a zip: a local and a central header for each member, and the end; of each member: NumPy's.
    names = sum(len(name) + len(".npy") for name in lengths)
    headers = len(lengths) * (_LOCAL_HEADER + _CENTRAL_HEADER + _NUMPY_HEADER) + 2 * names
    return headers + sum(lengths.values()) + _END


def _as(layer: Layer, kind: type[np.floating]) -> Layer:
    bias = None if layer.bias is None else layer.bias.astype(kind)
    return layer._replace(kernel=layer.kernel.astype(kind, copy=False), bias=bias)


class _Form(NamedTuple):
    name: str
    bytes: dict[str, int]  # of each of its arrays


def _shortest(flat: np.ndarray) -> _Form:
    kept = flat != 0  # as booleans, which NumPy counts and finds several times faster
    count = int(np.count_nonzero(kept))
    values = count * flat.itemsize
    bits = -(-flat.size // 8)
    # A gap is a byte for each value at least; most kernels are decided without counting them.
    if flat.nbytes <= values + min(bits, count):
        return _Form("dense", {"values": flat.nbytes})
    if count < bits:
        zeros = np.diff(np.flatnonzero(kept), prepend=-1, append=flat.size) - 1
        gaps = count + int((zeros[zeros >= _SKIP] // _SKIP).sum())
        if gaps <= bits:
            return _Form("gaps", {"values": values, "gaps": gaps})
    return _Form("bitmap", {"values": values, "bits": bits})


def _described(network: Network, forms: list[_Form]) -> np.ndarray:
    """Return `layers`, the text that says what the other members are."""
    told = [
        {
            "name": layer.name,
            "inputs": layer.kernel.shape[0],
            "units": layer.kernel.shape[1],
            "activation": layer.activation,
            "bias": layer.bias is not None,
            "form": form.name,
        }
        for layer, form in zip(network, forms, strict=True)
    ]
    return np.frombuffer(json.dumps(told).encode(), np.uint8)


def _members(network: Network, forms: list[_Form]) -> dict[str, np.ndarray]:
    members: dict[str, np.ndarray] = {}
    for i, (layer, form) in enumerate(zip(network, forms, strict=True)):
        flat = layer.kernel.ravel()
        members[f"{i}.values"] = flat if form.name == "dense" else flat[flat != 0]
        if form.name == "bitmap":
            members[f"{i}.bits"] = np.packbits(flat != 0)
        if form.name == "gaps":
            members[f"{i}.gaps"] = _gaps(np.flatnonzero(flat), flat.size)
        if layer.bias is not None:
            members[f"{i}.bias"] = layer.bias
    return members


def _gaps(places: np.ndarray, size: int) -> np.ndarray:
    """Return how many zeros come before each of `places`, as bytes with skips between and after."""
    zeros = np.diff(places, prepend=-1, append=size) - 1
    skips = zeros // _SKIP
    ends = np.cumsum(skips + 1)
    coded = np.full(int(ends[-1]), _SKIP, np.uint8)
    coded[ends - 1] = zeros % _SKIP
    return coded[:-1]  # after the last value nothing but whole skips


def from_bytes(content: bytes) -> Network:
    """Read the file; `PruneError` names what is wrong with it."""
    try:
        archive = archives.opened(content)
        described = json.loads(_array(archive, "layers", "u1").tobytes()[: limits.TEXT])
        _check(described)
        return tuple(_layer(archive, i, told) for i, told in enumerate(described))
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise PruneError(f"is a broken sparse file ({error})") from error


def _check(described: Any) -> None:
    if not isinstance(described, list) or len(described) > limits.LAYERS:
        raise ValueError(f"layers is no list of at most {limits.LAYERS:,}")
    sides = [told[side] for told in described for side in ("inputs", "units")]
    if any(type(side) is not int or side < 1 for side in sides):
        raise ValueError("inputs and units are not whole numbers from 1")
    weights = sum(told["inputs"] * told["units"] for told in described)
    if weights > limits.WEIGHTS:
        raise ValueError(f"{weights:,} weights; more than {limits.WEIGHTS:,} are not read")


def _array(archive: ZipFile, name: str, kinds: str) -> np.ndarray:
    """Return a flat member of one of these kinds of numbers."""
    array = npy.parse(archives.member(archive, f"{name}.npy"), name)
    if array.ndim != 1 or array.dtype.str[1:] not in kinds.split():
        raise ValueError(f"{name} is {array.dtype} of shape {array.shape}")
    return array


def _layer(archive: ZipFile, i: int, told: dict[str, Any]) -> Layer:
    shape = (told["inputs"], told["units"])
    name, activation, bias = told["name"], told["activation"], told["bias"]
    if not (isinstance(name, str) and isinstance(activation, str) and isinstance(bias, bool)):
        raise ValueError(f"layer {i} has no proper name, activation and bias")
    kernel = _FORMS[told["form"]](archive, i, shape[0] * shape[1])
    values = _floats(archive, f"{i}.bias", shape[1]) if bias else None
    return Layer(name, kernel.reshape(shape), values, activation)


def _floats(archive: ZipFile, name: str, count: int) -> np.ndarray:
    values = _array(archive, name, "f2 f4")
    if len(values) != count:
        raise ValueError(f"{name} holds {len(values):,} numbers, not {count:,}")
    return values.astype(np.float32)


def _dense(archive: ZipFile, i: int, size: int) -> np.ndarray:
    return _floats(archive, f"{i}.values", size)


def _bitmap(archive: ZipFile, i: int, size: int) -> np.ndarray:
    bits = _array(archive, f"{i}.bits", "u1")
    if len(bits) != -(-size // 8):
        raise ValueError(f"layer {i} has bits for {8 * len(bits):,} weights, not {size:,}")
    kept = np.unpackbits(bits, count=size).view(bool)
    flat = np.zeros(size, np.float32)
    flat[kept] = _floats(archive, f"{i}.values", int(np.count_nonzero(kept)))
    return flat


def _gapped(archive: ZipFile, i: int, size: int) -> np.ndarray:
    gaps = _array(archive, f"{i}.gaps", "u1")
    values = _floats(archive, f"{i}.values", int(np.count_nonzero(gaps != _SKIP)))
    end = int(gaps.sum(dtype=np.int64)) + len(values)
    if not 0 <= size - end < _SKIP:
        raise ValueError(f"layer {i} has gaps that do not add up to {size:,} weights")
    flat = np.zeros(size, np.float32)
    place = done = 0
    for start in range(0, len(gaps), _PIECE):  # in pieces, since places take eight times as much
        piece = gaps[start : start + _PIECE].astype(np.int64)
        ends = place + np.cumsum(np.where(piece == _SKIP, _SKIP, piece + 1))
        places = ends[piece != _SKIP] - 1
        flat[places] = values[done : done + len(places)]
        place, done = int(ends[-1]), done + len(places)
    return flat


_FORMS = {"dense": _dense, "bitmap": _bitmap, "gaps": _gapped}
