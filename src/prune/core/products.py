"""Products of many inputs with a kernel that leave out zeros among the inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Looking for zeros costs more than it can save where images or units are few.
FEW_IMAGES, _FEW_UNITS = 16, 64
# What a multiply-add with a single value costs, in those of the dense product: measured by
# benchmarks/forms.py, the same for every run.
_SINGLE = 6
# From this share of the dense product's cost on, cutting the product in two saves nothing.
_WORTH_CUTTING = 0.9


def live_product(inputs: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return `inputs @ kernel`, (n, units), the same up to the order of summation.

    Where that saves time, inputs that are zero in all n rows (dark pixels, silent ReLU units)
    are left out, and of those that are zero in nearly all, only the other rows are multiplied.
    """
    if len(inputs) < FEW_IMAGES or kernel.shape[1] < _FEW_UNITS or not kernel.size:
        return inputs @ kernel
    costs = _costs(inputs)
    if costs.mean() > _WORTH_CUTTING:
        return inputs @ kernel
    often = costs >= 1
    sums = inputs[:, often] @ kernel[often]
    seldom = np.flatnonzero((costs > 0) & ~often)
    if seldom.size:
        sums += _compressed(inputs, seldom) @ kernel
    return sums


def live_share(inputs: np.ndarray) -> float:
    """Return what `live_product` costs, as a share of what the dense product does."""
    return float(_costs(inputs).mean())


def _costs(inputs: np.ndarray) -> np.ndarray:
    """Return what each input costs, (inputs,), 1 being its share of the dense product."""
    # Summed as the bytes that booleans are, which NumPy does several times faster than counting.
    nonzero = (inputs != 0).view(np.uint8)
    counts = np.add.reduce(nonzero, axis=0, dtype=np.min_scalar_type(len(inputs)))
    return np.minimum(_SINGLE / len(inputs) * counts.astype(np.float32), 1)


def _compressed(inputs: np.ndarray, columns: np.ndarray) -> csr_array:
    """Return what is not zero in some of the columns, in the shape of `inputs`."""
    from scipy.sparse import csr_array  # here, since it would slow the start of every command

    some = inputs[:, columns]
    # One boolean array is searched many times faster than floats are.
    places = np.flatnonzero(some != 0)
    ends = np.searchsorted(places, np.arange(0, some.size + 1, columns.size))
    values = some.take(places)
    return csr_array((values, columns[places % columns.size], ends), inputs.shape)
