"""Weights that are no numbers."""

from __future__ import annotations

import numpy as np

from attacks import attack
from attacks.material import BIASES, KERNELS, first_kernel, group


def spoiled(folder, value, places):
    values = KERNELS[0].astype(np.float64)
    values.ravel()[:places] = value
    return first_kernel(folder, lambda parent: parent.create_dataset("0", data=values))


@attack("layer 'dense' has 3 weights in its kernel that are NaN or infinite")
def not_a_number(folder):
    """Three weights are NaN."""
    return spoiled(folder, np.nan, 3)


@attack("layer 'dense' has 1 weights in its kernel that are NaN or infinite")
def infinite(folder):
    """A weight is infinite."""
    return spoiled(folder, -np.inf, 1)


@attack("layer 'dense' has 2 weights in its kernel that are NaN or infinite")
def too_large_for_float32(folder):
    """Two weights of float64 are too large for float32."""
    return spoiled(folder, 1e200, 2)


@attack("layer 'dense' has 1 weights in its bias that are NaN or infinite")
def bias_not_a_number(folder):
    """A bias is NaN."""

    def put(parent):
        parent["0"] = KERNELS[0]
        bias = BIASES[0].copy()
        bias[1] = np.nan
        del parent.file[f"{group(0)}/1"]
        parent["1"] = bias

    return first_kernel(folder, put)
