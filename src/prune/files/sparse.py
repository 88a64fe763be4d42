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
from typing import Any

import numpy as np

from prune import PruneError
from prune.core.network import Layer, Network

MARK = "layers.npy"  # the member that tells this format from other archives
_SKIP = 255  # a gap of so many zeros, and no value


def to_bytes(network: Network, half: bool = False) -> bytes:
    """Return the file; each layer is in its shortest form.  `half` rounds values to float16."""
    kind = np.float16 if half else np.float32
    members: dict[str, np.ndarray] = {}
    described = []
    for i, layer in enumerate(network):
        form, arrays = _shortest(layer.kernel.astype(kind))
        members |= {f"{i}.{name}": array for name, array in arrays.items()}
        if layer.bias is not None:
            members[f"{i}.bias"] = layer.bias.astype(kind)
        described.append(_describe(layer, form))
    text = np.frombuffer(json.dumps(described).encode(), np.uint8)
    file = io.BytesIO()
    np.savez(file, layers=text, **members)
    return file.getvalue()


def _describe(layer: Layer, form: str) -> dict[str, Any]:
    inputs, units = layer.kernel.shape
    told = {"name": layer.name, "inputs": inputs, "units": units, "activation": layer.activation}
    return {**told, "bias": layer.bias is not None, "form": form}


def _shortest(kernel: np.ndarray) -> tuple[str, dict[str, np.ndarray]]:
    flat = kernel.ravel()
    present = flat != 0
    values = int(np.count_nonzero(present)) * flat.itemsize
    bitmap = values + flat.size // 8
    # A gap is a byte for each value at least; most kernels are decided without counting them.
    if flat.nbytes <= min(bitmap, values + values // flat.itemsize):
        return "dense", {"values": flat}
    gaps = _gaps(np.flatnonzero(present), flat.size)
    if values + gaps.nbytes <= bitmap:
        return "gaps", {"values": flat[present], "gaps": gaps}
    return "bitmap", {"values": flat[present], "bits": np.packbits(present)}


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
