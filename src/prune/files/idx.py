"""One IDX file, as MNIST comes in: bytes of a declared shape, packed with gzip or not."""

from __future__ import annotations

import struct
import zlib
from math import prod
from pathlib import Path

import numpy as np

from prune import PruneError
from prune.files import limits, regular

IMAGES, LABELS = 0x0803, 0x0801  # unsigned bytes, of 3 and 1 dimensions


def parse(path: Path, magic: int) -> np.ndarray:
    """Return the array in the file at `path`, which must be of the kind `magic`."""
    try:
        content = regular.read(path)
    except PruneError as error:
        raise PruneError(f"{path.name} {error}") from error
    dimensions = magic & 0xFF
    start = 4 + 4 * dimensions
    packed = path.suffix == ".gz"
    header = _unpacked(path.name, content, start, exactly=False) if packed else content[:start]
    if len(header) < start or struct.unpack(">I", header[:4])[0] != magic:
        raise PruneError(f"{path.name} is not an IDX file of {dimensions}-dimensional bytes")
    shape = struct.unpack(f">{dimensions}I", header[4:])
    size = prod(shape)
    if size == 0:
        raise PruneError(f"{path.name} declares shape {shape}, which holds nothing")
    if size > min(limits.PIXELS, limits.DEFLATE * len(content)):
        raise PruneError(f"{path.name} declares shape {shape}, more than it can hold")
    if packed:
        content = _unpacked(path.name, content, start + size, exactly=True)
    if len(content) - start != size:
        raise PruneError(
            f"{path.name} declares shape {shape}, but holds {len(content) - start:,} bytes"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _unpacked(name: str, content: bytes, size: int, exactly: bool) -> bytes:
    """Unpack the first `size` bytes of a gzip stream, or all of one that must hold so many."""
    stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        unpacked = stream.decompress(content, size + exactly)
    except zlib.error as error:
        raise PruneError(f"{name} cannot be read ({error})") from error
    if exactly and (len(unpacked) != size or not stream.eof or stream.unused_data):
        raise PruneError(f"{name} does not unpack to the {size:,} bytes it declares")
    return unpacked
