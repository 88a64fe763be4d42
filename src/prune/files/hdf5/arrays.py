"""Data sets as arrays, if they are in the file, whole, and their own."""

from __future__ import annotations

import struct
from collections.abc import Callable
from math import prod
from typing import NamedTuple

import numpy as np

from prune import PruneError
from prune.files import limits
from prune.files.hdf5 import chunks, headers, types
from prune.files.hdf5.blocks import Contents, cut, number
from prune.files.hdf5.headers import EXTERNAL, FILTERS, LAYOUT, SPACE, TYPE, Message

_COMPACT, _CONTIGUOUS, _CHUNKED, _VIRTUAL = 0, 1, 2, 3


class _Declared(NamedTuple):
    """What a data set says it is."""

    shape: tuple[int, ...]
    kind: np.dtype
    layout: bytes
    filters: list[int]

    @property
    def size(self) -> int:
        return prod(self.shape) * self.kind.itemsize


def read(source: Contents, address: int, messages: list[Message]) -> np.ndarray:
    """Return the data set of these messages as float32; `PruneError` goes on from its name."""
    declared = _declared(messages, types.floats)
    if not declared.shape:
        raise PruneError("holds nothing: its shape is none")
    values = _once(source, address, declared)
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
        return values.astype(np.float32, copy=False)


def numbers(source: Contents, address: int, messages: list[Message]) -> np.ndarray:
    """Return the data set of these messages, one number or many, as it is stored."""
    return _once(source, address, _declared(messages, types.numbers))


def _once(source: Contents, address: int, declared: _Declared) -> np.ndarray:
    if address in source.seen:
        raise PruneError("is used twice; each array belongs to one layer")
    source.seen.add(address)
    return _LAYOUTS[declared.layout[1]](source, declared)


def _declared(messages: list[Message], numbers_of: Callable[[bytes], str]) -> _Declared:
    kinds = {message.kind for message in messages}
    layout = headers.the(messages, LAYOUT, "a layout")
    version, where = cut(layout, 0, 2)
    if EXTERNAL in kinds or (version == 4 and where == _VIRTUAL):
        raise PruneError("is stored outside the file, which is not followed")
    if version not in (3, 4) or where not in _LAYOUTS or (version, where) == (4, _CHUNKED):
        raise PruneError("is stored in a form that is not read; save it with Keras 3")
    kind = np.dtype(numbers_of(headers.the(messages, TYPE, "a type")))
    shape = types.shape(headers.the(messages, SPACE, "a shape"))
    if shape is None or 0 in shape:  # of nothing, the other sides could be anything
        raise PruneError(f"holds nothing: its shape is {shape or 'none'}")
    packed = chunks.filters(headers.the(messages, FILTERS, "filters")) if FILTERS in kinds else []
    return _Declared(shape, kind, layout, packed)


def _spend(source: Contents, declared: _Declared, stored: int, ratio: int = 1) -> None:
    """Refuse what cannot hold what is declared, or is held once and shown twice."""
    if declared.size > stored * ratio:
        raise PruneError(
            f"declares {declared.size:,} bytes of shape {declared.shape}, "
            f"which the {stored:,} bytes stored cannot hold"
        )
    source.weights += prod(declared.shape)
    if source.weights > source.most_weights:
        raise PruneError(
            f"has the shape {declared.shape}; "
            f"networks of more than {source.most_weights:,} weights are not read"
        )
    source.stored += stored
    if source.stored > len(source.content):
        raise PruneError("shares its bytes with another; the file cannot hold both")


def _compact(source: Contents, declared: _Declared) -> np.ndarray:
    data = cut(declared.layout, 4, number(declared.layout, 2, 2))
    _spend(source, declared, len(data))
    return np.frombuffer(data[: declared.size], declared.kind).reshape(declared.shape)


def _contiguous(source: Contents, declared: _Declared) -> np.ndarray:
    place, stored = struct.unpack("<QQ", cut(declared.layout, 2, 16))
    if not headers.is_there(place):
        raise PruneError(f"of shape {declared.shape} was never written")
    _spend(source, declared, stored)
    data = cut(source.content, place, declared.size)
    return np.frombuffer(data, declared.kind).reshape(declared.shape)


def _chunked(source: Contents, declared: _Declared) -> np.ndarray:
    count = number(declared.layout, 2, 1)
    tree, *sides = struct.unpack(f"<Q{count}I", cut(declared.layout, 3, 8 + 4 * count))
    if count != len(declared.shape) + 1 or sides[-1] != declared.kind.itemsize:
        raise PruneError("is stored in blocks of another kind than itself")
    if not headers.is_there(tree):
        raise PruneError(f"of shape {declared.shape} was never written")
    blocks = chunks.Blocks(tree, tuple(sides[:-1]), declared.filters, declared.kind)
    pieces = chunks.stored(source, blocks, declared.shape)
    ratio = limits.DEFLATE if chunks.DEFLATE in declared.filters else 1
    _spend(source, declared, sum(block.size for block in pieces), ratio)
    return chunks.read(source.content, blocks, pieces, declared.shape)


_LAYOUTS = {_COMPACT: _compact, _CONTIGUOUS: _contiguous, _CHUNKED: _chunked}
