"""Whether a function works value by value, asked of the function and not of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from prune.models.late import keras

_SAMPLES = 3
_TOLERANCE = 1e-5


def mixes(function: Callable, size: int, rank: int = 2) -> str | None:
    """Return None if each value of the result is a function of its own value alone, else why not.

    It is tried on tensors (3, ..., `size`) of random numbers: in another order the same results
    must come in that order, where one half is changed the other stays, and 0 must have a
    finite result, since that is what a masked unit gives.
    """
    rng = np.random.default_rng(0)
    shape = (_SAMPLES, *[2] * (rank - 2), size)
    values = rng.normal(size=shape).astype(np.float32) * 3
    order = rng.permutation(values.size)
    half = rng.random(shape) < 0.5
    try:
        result = _result(function, values)
        moved = _result(function, values.ravel()[order].reshape(shape))
        changed = _result(function, np.where(half, values + 1, values))
        zero = _result(function, np.zeros(shape, np.float32))
    except Exception as error:  # whatever a stranger's function raises
        return f"cannot be tried value by value ({type(error).__name__})"
    if result.shape != shape:
        return "changes the shape"
    if not (_same(result.ravel()[order], moved.ravel()) and _same(result[~half], changed[~half])):
        return "mixes units"
    return None if np.isfinite(zero).all() else "has no finite value at 0"


def _result(function: Callable, values: np.ndarray) -> np.ndarray:
    result: Any = function(keras.ops.convert_to_tensor(values))
    return keras.ops.convert_to_numpy(keras.ops.cast(result, "float32"))


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.allclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=True))
