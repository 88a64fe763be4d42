"""Attributes that hold text."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from math import prod

from prune import PruneError
from prune.files import limits
from prune.files.hdf5 import dense, headers, types
from prune.files.hdf5.blocks import Broken, Contents, cut, expect, number
from prune.files.hdf5.headers import ATTRIBUTE, ATTRIBUTE_INFO, Message
from prune.files.hdf5.links import decoded

_MOST_HEAPS = 1000
_KEY = slice(0, 8)  # in a record of the tree of many attributes
_MOST_THINGS = 2**16  # of a heap: its numbers have no more bits


def attribute(source: Contents, messages: list[Message], name: str) -> list[str] | None:
    """Return the texts of the attribute `name`, or None if there is none."""
    for data in _all(source, messages):
        parts = _parts(data)
        if parts[0] == name:
            return _read(source, name, *parts[1:])
    return None


def _all(source: Contents, messages: list[Message]) -> Iterator[bytes]:
    for message in messages:
        if message.kind == ATTRIBUTE:
            yield message.data
        elif message.kind == ATTRIBUTE_INFO:
            counted = 2 + (2 if number(message.data, 1, 1) & 1 else 0)
            heap, tree = struct.unpack("<QQ", cut(message.data, counted, 16))
            if headers.is_there(heap):
                yield from dense.things(source, heap, tree, _KEY)


def _parts(data: bytes) -> tuple[str, bytes, bytes, bytes]:
    """Split an attribute message into its name, type, shape and what it holds."""
    version, flags, *sizes = struct.unpack("<BBHHH", cut(data, 0, 8))
    if version not in (1, 2, 3) or (version > 1 and flags):
        raise Broken("an attribute is of an unknown version")
    place, parts = 9 if version == 3 else 8, []
    for size in sizes:
        parts.append(cut(data, place, size))
        place += -(-size // 8) * 8 if version == 1 else size
    return decoded(parts[0].rstrip(b"\0")), parts[1], parts[2], data[place:]


def _read(source: Contents, name: str, kind: bytes, space: bytes, values: bytes) -> list[str]:
    shape, how = types.shape(space), types.texts(kind)
    count = 0 if shape is None else prod(shape)
    if count == 0:
        return []  # Keras keeps a list of no names as one of no numbers
    if how is None:
        raise PruneError(f"has an attribute {name} that is not text")
    if count > limits.LINKS or count * how.size > len(values):
        raise Broken(f"its attribute {name} declares {count:,} texts")
    texts = [values[i * how.size : (i + 1) * how.size] for i in range(count)]
    if how.in_heap:
        texts = list(_from_heaps(source, texts))
    return [decoded(text.rstrip(b"\0")) for text in texts]


def _from_heaps(source: Contents, places: list[bytes]) -> Iterator[bytes]:
    total = 0
    for place in places:
        size, address, index = struct.unpack("<IQI", place)
        total += size
        if total > limits.TEXT:
            raise PruneError(f"has an attribute of more than {limits.TEXT:,} letters")
        yield cut(_heap(source, address).get(index, b""), 0, size) if size else b""


def _heap(source: Contents, address: int) -> dict[int, bytes]:
    """Return what is in a heap, by number."""
    if address not in source.heaps:
        if len(source.heaps) == _MOST_HEAPS:
            raise Broken(f"its texts are in more than {_MOST_HEAPS:,} places")
        source.heaps[address] = dict(_things(source, address))
    return source.heaps[address]


def _things(source: Contents, address: int) -> Iterator[tuple[int, bytes]]:
    content = source.content
    expect(content, address, b"GCOL\x01")
    size = number(content, address + 8)
    if address + size > len(content):
        raise Broken("a heap of texts ends beyond its end")
    place, end = address + 16, address + size
    for _ in range(_MOST_THINGS):
        source.step()
        if place + 16 > end:
            return
        index, size = struct.unpack_from("<H6xQ", content, place)
        if index == 0:  # what is free
            return
        if place + 16 + size > end:
            raise Broken("a text ends beyond its heap")
        yield index, content[place + 16 : place + 16 + size]
        place += 16 + -(-size // 8) * 8
