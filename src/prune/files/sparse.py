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
import zipfile
from typing import Any, NamedTuple

import numpy as np

from prune import PruneError
from prune.core.network import Layer, Network

MARK = "layers.npy"  # the member that tells this format from other archives
_SKIP = 255  # a gap of so many zeros, and no value


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


_LOCAL_HEADER, _CENTRAL_HEADER, _END = 30 + 20, 46, 22  # with the sizes of 64 bits
_NUMPY_HEADER = 128


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
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            described = json.loads(archive["layers"].tobytes())
            return tuple(_layer(archive, i, each) for i, each in enumerate(described))
    except (ValueError, KeyError, TypeError, IndexError, OSError, zipfile.BadZipFile) as error:
        raise PruneError(f"is a broken sparse file ({error})") from error


def _layer(archive: Any, i: int, told: dict[str, Any]) -> Layer:
    shape = (int(told["inputs"]), int(told["units"]))
    kernel = _unpack(archive, i, told["form"], shape[0] * shape[1])
    bias = archive[f"{i}.bias"].astype(np.float32) if told["bias"] else None
    return Layer(str(told["name"]), kernel.reshape(shape), bias, str(told["activation"]))


def _unpack(archive: Any, i: int, form: str, size: int) -> np.ndarray:
    """Return the kernel, flat.  No more is made than what is stored stands for."""
    values = archive[f"{i}.values"].astype(np.float32)
    if form == "dense":
        return values
    if form == "bitmap":
        kept = np.unpackbits(archive[f"{i}.bits"])
        kept, padding = kept[:size].view(bool), kept[size:]
        if len(kept) != size or len(padding) > 7:
            raise ValueError(f"layer {i} has bits for {len(kept):,} weights, not {size:,}")
        places = np.flatnonzero(kept)
    else:
        gaps = archive[f"{i}.gaps"].astype(np.int64)
        ends = np.cumsum(np.where(gaps == _SKIP, _SKIP, gaps + 1))
        if not 0 <= size - int(ends[-1] if len(ends) else 0) < _SKIP:
            raise ValueError(f"layer {i} has gaps that do not add up to {size:,} weights")
        places = ends[gaps != _SKIP] - 1
    flat = np.zeros(size, np.float32)
    flat[places] = values
    return flat
