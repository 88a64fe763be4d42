"""What is in a group: names and where they lead, if they lead to an object of the file."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from prune import PruneError
from prune.files import limits
from prune.files.hdf5 import dense, headers
from prune.files.hdf5.blocks import Broken, Contents, cut, expect, number
from prune.files.hdf5.headers import LINK, LINK_INFO, SYMBOLS, Message

_ENTRY = struct.Struct("<QQI20x")  # of a symbol table: name, object, kind
_SYMBOLIC = 2
_HARD = 0
_TYPED, _COUNTED, _LETTERED = 0x08, 0x04, 0x10  # what the flags of a link say it has
_KEY = slice(4, None)  # in a record of the tree of many links, behind the hash of the name
_DEEPEST = 16  # levels of a tree: each at least doubles what it can hold


def links(source: Contents, messages: list[Message]) -> dict[str, int | None]:
    """Return the address of each name in a group; None stands for a link that is not followed."""
    leading: dict[str, int | None] = {}
    for name, address in _all(source, messages):
        if name in leading:
            raise Broken("a group holds a name twice")
        if len(leading) == limits.LINKS:
            raise PruneError(f"holds more than {limits.LINKS:,} things in a group")
        leading[name] = address
    return leading


def _all(source: Contents, messages: list[Message]) -> Iterator[tuple[str, int | None]]:
    for message in messages:
        if message.kind == SYMBOLS:
            tree, heap = struct.unpack("<QQ", cut(message.data, 0, 16))
            yield from _symbols(source, tree, _names(source.content, heap))
        elif message.kind == LINK:
            yield _link(message.data)
        elif message.kind == LINK_INFO:
            counted = 2 + (8 if number(message.data, 1, 1) & 1 else 0)
            heap, tree = struct.unpack("<QQ", cut(message.data, counted, 16))
            if headers.is_there(heap):
                yield from map(_link, dense.things(source, heap, tree, _KEY))


def _names(content: bytes, heap: int) -> bytes:
    expect(content, heap, b"HEAP")
    return cut(content, number(content, heap + 24), number(content, heap + 8))


def _symbols(source: Contents, tree: int, names: bytes) -> Iterator[tuple[str, int | None]]:
    """Yield the entries of a symbol table, leaf by leaf."""
    content = source.content
    for leaf in leaves(source, tree, kind=0, key=8):
        place = leaf[1]
        expect(content, place, b"SNOD")
        for i in range(number(content, place + 6, 2)):
            source.step()
            name, address, kind = _ENTRY.unpack(cut(content, place + 8 + 40 * i, 40))
            end = names.find(b"\0", name)
            if end < 0:
                raise Broken("a name in a group does not end")
            yield decoded(names[name:end]), None if kind == _SYMBOLIC else address


def leaves(source: Contents, tree: int, kind: int, key: int) -> Iterator[tuple[bytes, int]]:
    """Yield the key and the address of each leaf of a tree of the older form."""
    content = source.content
    nodes, seen = [tree], set()
    while nodes:
        place = nodes.pop()
        if place in seen or len(seen) > limits.CHUNKS:
            raise Broken("a tree of it has no end")
        seen.add(place)
        source.step()
        expect(content, place, b"TREE" + bytes([kind]))
        level, used = struct.unpack("<BH", cut(content, place + 5, 3))
        step = key + 8
        block = cut(content, place + 24, used * step)
        below = [
            (block[start : start + key], number(block, start + key))
            for start in range(0, used * step, step)
        ]
        if level > _DEEPEST:
            raise Broken("a tree of it is too deep")
        if level == 0:
            for leaf in below:
                source.step()
                yield leaf
        else:
            nodes += [address for _, address in reversed(below)]


def _link(data: bytes) -> tuple[str, int | None]:
    version, flags = cut(data, 0, 2)
    if version != 1:
        raise Broken("a link is of an unknown version")
    place = 2
    kind = _HARD
    if flags & _TYPED:
        kind, place = number(data, place, 1), place + 1
    place += (8 if flags & _COUNTED else 0) + (1 if flags & _LETTERED else 0)
    wide = 1 << (flags & 3)
    size = number(data, place, wide)
    name = decoded(cut(data, place + wide, size))
    return name, number(data, place + wide + size) if kind == _HARD else None


def decoded(text: bytes) -> str:
    """Return a text, whatever it is encoded in."""
    return text.decode("utf-8", "surrogateescape")
