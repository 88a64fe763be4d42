"""The form in which newer files keep many names or attributes: a heap, and a tree that lists it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from prune.files import limits
from prune.files.hdf5.blocks import UNDEFINED, Broken, Contents, cut, expect, number

_DEEPEST = 4  # levels of the tree: each holds tens of times the one below
_PREFIX = 10  # bytes of a node's mark, version, kind and sum


def things(source: Contents, heap: int, tree: int, key: slice) -> Iterator[bytes]:
    """Yield what is kept in the heap, in the order of the tree.

    `key` is where, in a record of the tree, the place in the heap stands.
    """
    take = _taker(source.content, heap)
    for i, record in enumerate(_records(source, tree)):
        if i == limits.LINKS:
            raise Broken(f"more than {limits.LINKS:,} things are in one place")
        yield take(record[key])


class _Tree(NamedTuple):
    """The measures of a tree."""

    node: int  # bytes of a node
    record: int  # bytes of a record
    depth: int


def _records(source: Contents, address: int) -> Iterator[bytes]:
    content = source.content
    expect(content, address, b"BTHD")
    node, record, depth, root, used = struct.unpack("<IHH2xQH", cut(content, address + 6, 20))
    if depth > _DEEPEST or not record or node < _PREFIX + record:
        raise Broken("a tree of it has impossible measures")
    yield from _below(source, _Tree(node, record, depth), (root, used, depth))


def _below(source: Contents, tree: _Tree, at: tuple[int, int, int]) -> Iterator[bytes]:
    """Yield the records of a node, and of all nodes below it."""
    source.step()
    content, (address, used, depth) = source.content, at
    expect(content, address, b"BTIN" if depth else b"BTLF")
    block = cut(content, address + 6, used * tree.record)
    for i in range(used):
        source.step()
        yield block[i * tree.record : (i + 1) * tree.record]
    if depth:
        count, total = _counted(tree, depth)
        place = address + 6 + len(block)
        for i in range(used + 1):
            start = place + i * (8 + count + total)
            child = (number(content, start), number(content, start + 8, count), depth - 1)
            yield from _below(source, tree, child)


def _counted(tree: _Tree, depth: int) -> tuple[int, int]:
    """Return the bytes of the two counts that stand with the address of a node's child."""
    most = (tree.node - _PREFIX) // tree.record  # records of a leaf
    count, below, total = _bytes_for(most), most, 0
    for _ in range(depth - 1):
        pointer = 8 + count + total
        own = (tree.node - _PREFIX - pointer) // (tree.record + pointer)
        below = (own + 1) * below + own
        total = _bytes_for(below)
    return count, total


def _bytes_for(most: int) -> int:
    return (most.bit_length() - 1) // 8 + 1


def _taker(content: bytes, heap: int) -> Callable[[bytes], bytes]:
    """Return a function from a place in the heap to what is there."""
    expect(content, heap, b"FRHP\0")
    filtered, _, largest = struct.unpack("<HBI", cut(content, heap + 7, 7))
    width, first, direct, bits, _, root, rows = struct.unpack(
        "<HQQHHQH", cut(content, heap + 110, 32)
    )
    if filtered or not width or not first or bits > 64 or not direct:
        raise Broken("a heap of it has impossible measures")
    wide = (bits + 7) // 8
    sized = min((size.bit_length() - 1 + 7) // 8 for size in (direct, max(largest, 1)))

    def take(key: bytes) -> bytes:
        offset, size = number(key, 1, wide), number(key, 1 + wide, sized)
        if key[0] >> 4 & 3:
            raise Broken("a heap of it keeps things elsewhere")
        start, inside = 0, root
        if rows:
            index, start, length = _column(offset, width, first)
            if length > direct or index >= rows * width:
                raise Broken("a heap of it is too large")
            expect(content, root, b"FHIB")
            inside = number(content, root + 13 + wide + 8 * index)
        if inside == UNDEFINED:
            raise Broken("a heap of it lacks a block")
        expect(content, inside, b"FHDB")
        return cut(content, inside + offset - start, size)

    return take


def _column(offset: int, width: int, first: int) -> tuple[int, int, int]:
    """Return the number, the start and the length of the block that holds `offset`.

    Blocks stand in rows of `width`; those of the first two rows have the length `first`, and those
    of each row after twice that of the row before.
    """
    row = (offset // (width * first)).bit_length()
    length = first << max(row - 1, 0)
    before = width * length if row else 0
    column = (offset - before) // length
    return row * width + column, before + column * length, length
