"""Arrays stored in blocks: each block there once, unpacked to exactly what it should be."""

from __future__ import annotations

import struct
import zlib
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np

from prune import PruneError
from prune.files import limits
from prune.files.hdf5.blocks import Broken, Contents, cut, number
from prune.files.hdf5.links import leaves

DEFLATE, SHUFFLE = 1, 2
_PIPELINES = ([], [DEFLATE], [SHUFFLE], [SHUFFLE, DEFLATE])
_SMALL = 2**20  # weights that a block may have though its array has fewer


class Blocks(NamedTuple):
    """How an array is stored in blocks."""

    tree: int  # address of what tells where the blocks are
    sides: tuple[int, ...]
    filters: list[int]
    kind: np.dtype


class _Block(NamedTuple):
    corner: tuple[int, ...]
    skipped: int  # one bit for each filter that was left out
    place: int
    size: int


def filters(data: bytes) -> list[int]:
    """Return the filters of a pipeline message, which must be shuffle and gzip at most."""
    version, count = cut(data, 0, 2)
    if version not in (1, 2) or count > len(_PIPELINES):
        raise Broken("filters are of an unknown version")
    place, codes = 8 if version == 1 else 2, []
    for _ in range(count):
        code = number(data, place, 2)
        named = version == 1 or code >= 256
        name = number(data, place + 2, 2) if named else 0
        values = number(data, place + (6 if named else 4), 2)
        padded = values + values % 2 if version == 1 else values
        place += (8 if named else 6) + -(-name // 8) * 8 + 4 * padded
        codes.append(code)
    if codes not in _PIPELINES:
        raise PruneError("is stored with filters other than gzip and shuffle")
    return codes


def stored(source: Contents, blocks: Blocks, shape: tuple[int, ...]) -> list[_Block]:
    """Return the blocks of an array, all of which must be there, and none larger than it."""
    if prod(blocks.sides) > max(prod(shape), _SMALL) or 0 in blocks.sides:
        raise PruneError(f"is stored in blocks of {blocks.sides}, larger than itself")
    pairs = list(zip(shape, blocks.sides, strict=True))
    expected = prod(-(-size // side) for size, side in pairs)
    if expected > limits.CHUNKS:
        raise PruneError(f"is stored in {expected:,} blocks, which are not read")
    corners = [range(0, size, side) for size, side in pairs]
    missing = set(product(*corners))
    pieces = []
    sides = len(blocks.sides)
    # One more side than the array has, for the bytes of a number.
    for key, place in leaves(source, blocks.tree, kind=1, key=8 + 8 * (sides + 1)):
        size, skipped, *corner = struct.unpack(f"<II{sides}Q8x", key)
        if tuple(corner) not in missing:
            raise Broken("a block is stored twice, or outside its array")
        missing.remove(tuple(corner))
        pieces.append(_Block(tuple(corner), skipped, place, size))
    if missing:
        raise PruneError("was never written, or only in part")
    return pieces


def read(
    content: bytes, blocks: Blocks, pieces: list[_Block], shape: tuple[int, ...]
) -> np.ndarray:
    """Put the blocks together, as float32."""
    values = np.empty(shape, np.float32)
    for block in pieces:
        numbers = _unpacked(content, blocks, block).reshape(blocks.sides)
        places = zip(block.corner, blocks.sides, strict=True)
        inside = values[tuple(slice(start, start + side) for start, side in places)]
        with np.errstate(over="ignore"):  # refused later, as infinite
            inside[...] = numbers[tuple(slice(side) for side in inside.shape)]
    return values


def _unpacked(content: bytes, blocks: Blocks, block: _Block) -> np.ndarray:
    used = [code for i, code in enumerate(blocks.filters) if not block.skipped >> i & 1]
    count, width = prod(blocks.sides), blocks.kind.itemsize
    data = cut(content, block.place, block.size)
    if DEFLATE in used:
        data = _inflated(data, count * width)
    if len(data) != count * width:
        raise PruneError(f"has a block of {len(data):,} bytes, not {count * width:,}")
    if SHUFFLE in used:
        data = np.frombuffer(data, np.uint8).reshape(width, count).T.tobytes()
    return np.frombuffer(data, blocks.kind)


def _inflated(data: bytes, size: int) -> bytes:
    """Unpack a stream that must give exactly `size` bytes; no more are ever made."""
    stream = zlib.decompressobj()
    try:
        unpacked = stream.decompress(data, size + 1)
    except zlib.error as error:
        raise PruneError(f"is corrupted ({error})") from error
    if len(unpacked) != size or not stream.eof:
        raise PruneError(f"does not unpack to the {size:,} bytes it declares")
    return unpacked
