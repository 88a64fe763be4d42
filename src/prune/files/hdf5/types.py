"""Which numbers a data set or an attribute holds, and of which shape."""

from __future__ import annotations

import struct
from typing import NamedTuple

from prune import PruneError
from prune.files.hdf5.blocks import Broken, cut, number

_KINDS = (
    *("whole numbers", "floats of an unusual form", "times", "texts", "bits", "opaque bytes"),
    *("compounds (or complex numbers)", "references", "choices", "lists", "arrays"),
)
_WHOLE, _FLOAT, _TEXT, _LISTS = 0, 1, 3, 9
_SIGNED = 0x08  # of whole numbers

# IEEE 754: after the order of bytes and the place of the sign, where exponent and mantissa are.
_IEEE = {
    (2, 15): struct.pack("<HHBBBBI", 0, 16, 10, 5, 0, 10, 15),
    (4, 31): struct.pack("<HHBBBBI", 0, 32, 23, 8, 0, 23, 127),
    (8, 63): struct.pack("<HHBBBBI", 0, 64, 52, 11, 0, 52, 1023),
}
_IMPLIED = 0x20  # the first bit of the mantissa is not stored
_MOST_SIDES = 32


def floats(data: bytes) -> str:
    """Return NumPy's name of the floats of a datatype message; PruneError for all else."""
    kind, order, sign, size = _head(data)
    if kind == _FLOAT and data[8:20] == _IEEE.get((size, sign)) and order & ~1 == _IMPLIED:
        return f"{'>' if order & 1 else '<'}f{size}"
    raise PruneError(f"holds {_named(kind)}; weights are float16, float32 or float64")


def numbers(data: bytes) -> str:
    """Return NumPy's name of the floats or whole numbers of a datatype message."""
    kind, order, _, size = _head(data)
    if kind != _WHOLE:
        return floats(data)
    if size not in (1, 2, 4, 8) or order & ~(1 | _SIGNED) or data[8:12] != _all_bits(size):
        raise PruneError("holds whole numbers of an unusual form")
    return f"{'>' if order & 1 else '<'}{'i' if order & _SIGNED else 'u'}{size}"


def _all_bits(size: int) -> bytes:
    return struct.pack("<HH", 0, 8 * size)


def _head(data: bytes) -> tuple[int, int, int, int]:
    first, order, sign, _, size = struct.unpack("<BBBBI", cut(data, 0, 8))
    return first & 0x0F, order, sign, size


def _named(kind: int) -> str:
    return _KINDS[kind] if kind < len(_KINDS) else "something unknown"


class Text(NamedTuple):
    """How texts are kept: side by side, or each as a place in a heap."""

    size: int  # bytes of each
    in_heap: bool


def texts(data: bytes) -> Text | None:
    """Return how the texts of a datatype message are kept; None if they are no texts."""
    kind, which, _, size = _head(data)
    if kind == _LISTS and which & 0x0F == 1:
        return Text(16, in_heap=True)
    return Text(size, in_heap=False) if kind == _TEXT and size else None


def shape(data: bytes) -> tuple[int, ...] | None:
    """Return the shape of a dataspace message; () is one thing, None nothing."""
    version, sides = cut(data, 0, 2)
    if version not in (1, 2) or sides > _MOST_SIDES:
        raise Broken("a shape is of an unknown version")
    if version == 2 and number(data, 3, 1) == 2:
        return None
    start = 8 if version == 1 else 4
    return struct.unpack(f"<{sides}Q", cut(data, start, 8 * sides))
