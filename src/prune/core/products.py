"""Products of many inputs with a kernel that leave out zeros among the inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# In multiply-adds of the dense product, measured by benchmarks/forms.py, the same for every run:
# what one with a single value costs, and what finding and cutting out zeros does, for each value
# of the inputs and for each call.
_SINGLE, _CUTTING, _CALL = 6, 100, 2_000_000
# Who looks may find that nothing can be saved: nobody looks where this would be too little.
_LIKELY = 0.75


class Live(NamedTuple):
    """What can be left out of a product."""

    costs: np.ndarray  # (inputs,) of each input, 1 being its share of the dense product
    share: float  # of all, with the cutting, of what the dense product costs


def live_product(inputs: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return `inputs @ kernel`, (n, units), the same up to the order of summation.

    Where that saves time, inputs that are zero in all n rows (dark pixels, silent ReLU units)
    are left out, and of those that are zero in nearly all, only the other rows are multiplied.
    """
    return product_of(inputs, kernel, look(inputs, kernel.shape[1]))


def look(inputs: np.ndarray, units: int) -> Live | None:
    """Return what can be left out of a product with so many units; None where none saves time."""
    if not inputs.size or not units:
        return None
    cutting = (_CUTTING + _CALL / inputs.size) / units
    if cutting >= _LIKELY:
        return None
    costs = _costs(inputs)
    share = float(costs.mean()) + cutting
    return Live(costs, share) if share < 1 else None


def product_of(inputs: np.ndarray, kernel: np.ndarray, live: Live | None) -> np.ndarray:
    """Return `inputs @ kernel` without what `look` has found."""
    if live is None:
        return inputs @ kernel
    often = live.costs >= 1
    sums = inputs[:, often] @ kernel[often]
    seldom = np.flatnonzero((live.costs > 0) & ~often)
    if seldom.size:
        sums += _compressed(inputs, seldom) @ kernel
    return sums


def _costs(inputs: np.ndarray) -> np.ndarray:
    """Return what each input costs, (inputs,), 1 being its share of the dense product."""
    # Summed as the bytes that booleans are, which NumPy does several times faster than counting.
    nonzero = (inputs != 0).view(np.uint8)
    counts = np.add.reduce(nonzero, axis=0, dtype=np.min_scalar_type(len(inputs)))
    return np.minimum(_SINGLE / len(inputs) * counts.astype(np.float32), 1)


def _compressed(inputs: np.ndarray, columns: np.ndarray) -> csr_array:
    """Return what is not zero in some of the columns, in the shape of `inputs`."""
    some = inputs[:, columns]
    # One boolean array is searched many times faster than floats are.
    places = np.flatnonzero(some != 0)
    ends = np.searchsorted(places, np.arange(0, some.size + 1, columns.size))
    values = some.take(places)
    return rows_of((values, columns[places % columns.size], ends), inputs.shape)


def rows_of(values: Any, shape: tuple[int, ...] | None = None) -> csr_array:
    """Return the rows of a sparse matrix, from any values that SciPy takes."""
    from scipy.sparse import csr_array  # here, since it would slow the start of every command

    return csr_array(values, shape)
