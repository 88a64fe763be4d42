"""Where the root of a file is, and the messages that an object's header is made of."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from prune import PruneError
from prune.files.hdf5.blocks import UNDEFINED, Broken, Contents, cut, expect, number

SIGNATURE = b"\x89HDF\r\n\x1a\n"

# The kinds of messages that are read.
SPACE, LINK_INFO, TYPE, EXTERNAL, LINK, LAYOUT = 1, 2, 3, 7, 6, 8
FILTERS, ATTRIBUTE, CONTINUATION, SYMBOLS, ATTRIBUTE_INFO = 11, 12, 16, 17, 21
_MOST = 1000  # messages of an object
_SHARED = 0x02  # a message that is kept elsewhere
_TIMES, _LIMITS, _ORDER = 0x20, 0x10, 0x04  # what a header's flags say it has

# By version: where the sizes of addresses are, the base address, and the root's.
_SUPERBLOCKS = {0: (13, 24, 64), 1: (13, 28, 68), 2: (9, 12, 36), 3: (9, 12, 36)}


class Message(NamedTuple):
    """One thing that an object's header says of it."""

    kind: int
    data: bytes


def root(content: bytes) -> int:
    """Return the address of the root group's header."""
    version = number(content, len(SIGNATURE), 1)
    if version not in _SUPERBLOCKS:
        raise Broken(f"its superblock is of version {version}")
    sizes, base, other = _SUPERBLOCKS[version]
    if cut(content, sizes, 2) != b"\x08\x08" or number(content, base) != 0:
        raise PruneError("is an HDF5 file with addresses that Keras does not write")
    end = number(content, base + 16)
    if end > len(content):
        raise PruneError(
            f"is a truncated HDF5 file: it declares {end:,} bytes, but has {len(content):,} "
            "(a download that was not finished?)"
        )
    return number(content, other)


def messages(source: Contents, address: int) -> list[Message]:
    """Return the messages of the object at `address`, in their order."""
    content = source.content
    kept: list[Message] = []
    newer = content[address : address + 4] == b"OHDR"
    blocks, wide = (_newer if newer else _older)(content, address)
    for start, size in blocks:  # which grows while it is walked
        for message in _block(content, (start, size), newer, wide):
            source.step()
            if message.kind != CONTINUATION:
                kept.append(message)
                continue
            place, length = struct.unpack("<QQ", cut(message.data, 0, 16))
            if newer:
                expect(content, place, b"OCHK")
                place, length = place + 4, length - 8  # without its mark and its sum
            blocks.append((place, length))
        if len(kept) > _MOST or len(blocks) > _MOST:
            raise Broken(f"an object has more than {_MOST:,} messages")
    return kept


def _older(content: bytes, address: int) -> tuple[list[tuple[int, int]], bool]:
    version, size = struct.unpack("<B7xI", cut(content, address, 12))
    if version != 1:
        raise Broken(f"no object is at {address:,}")
    return [(address + 16, size)], False


def _newer(content: bytes, address: int) -> tuple[list[tuple[int, int]], bool]:
    version, flags = cut(content, address + 4, 2)
    if version != 2:
        raise Broken(f"no object is at {address:,}")
    start = address + 6 + (16 if flags & _TIMES else 0) + (4 if flags & _LIMITS else 0)
    wide = 1 << (flags & 3)
    return [(start + wide, number(content, start, wide))], bool(flags & _ORDER)


def _block(content: bytes, block: tuple[int, int], newer: bool, ordered: bool) -> Iterator[Message]:
    place, end = block[0], sum(block)
    cut(content, *block)
    head = (4 + 2 * ordered) if newer else 8
    while place + head <= end:
        kind, size, flags = struct.unpack_from("<BHB" if newer else "<HHB", content, place)
        if place + head + size > end:
            raise Broken("a message is longer than its block")
        data = content[place + head : place + head + size]
        if kind:
            yield Message(kind, b"" if flags & _SHARED else data)
        place += head + size


def the(messages: list[Message], kind: int, what: str) -> bytes:
    """Return the data of the one message of its kind."""
    data = [message.data for message in messages if message.kind == kind]
    if len(data) != 1 or not data[0]:
        raise PruneError(f"has {what} that is missing, told twice, or kept elsewhere")
    return data[0]


def is_there(address: int) -> bool:
    """Tell whether an address is one."""
    return address != UNDEFINED
