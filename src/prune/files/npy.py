"""One NumPy array from the bytes of an `.npy` file: numbers only, of exactly the size declared."""

from __future__ import annotations

import io
import tokenize
import warnings
from math import prod

import numpy as np

from prune import PruneError

MAGIC = b"\x93NUMPY"
_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def parse(content: bytes, what: str) -> np.ndarray:
    """Return the array, without a copy; `what` names it in what goes wrong."""
    file = io.BytesIO(content)
    try:
        # A header of Python 2 is read with a warning, after which it is as good as any.
        with warnings.catch_warnings(action="ignore"):
            version = np.lib.format.read_magic(file)
            if version not in _READERS:
                raise PruneError(f"{what} is of version {version}, which is not read")
            shape, by_columns, kind = _READERS[version](file)
    except (
        *(ValueError, TypeError, SyntaxError, KeyError, IndexError, AttributeError),
        *(RecursionError, MemoryError, OverflowError, tokenize.TokenError),
    ) as error:
        raise PruneError(f"{what} is not a readable array ({error})") from error
    _check(what, shape, kind, len(content) - file.tell())
    values = np.frombuffer(content, kind, offset=file.tell())
    try:
        return values.reshape(shape, order="F" if by_columns else "C")
    except ValueError as error:  # of nothing, a side can be of any length
        raise PruneError(f"{what} has the shape {shape}, which no array has") from error


def _check(what: str, shape: tuple[int, ...], kind: np.dtype, stored: int) -> None:
    if kind.hasobject or kind.kind not in "uif" or kind.shape:
        raise PruneError(f"{what} holds {_short(kind)}, not plain numbers")
    if any(type(side) is not int or side < 0 for side in shape):
        raise PruneError(f"{what} has the shape {shape}, which no array has")
    size = prod(shape) * kind.itemsize
    if size != stored:
        raise PruneError(
            f"{what} declares {size:,} bytes of shape {shape}, but {stored:,} are stored"
        )


def _short(kind: np.dtype) -> str:
    text = str(kind)
    return text if len(text) < 40 else f"{text[:40]}..."
