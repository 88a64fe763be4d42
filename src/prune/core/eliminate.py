"""Units removed one at a time, each time the one that all who read them make up best together."""

from __future__ import annotations

import numpy as np

from prune.core.network import Layer
from prune.core.subsets import equations

RIDGE = 1e-3  # relative, as in `refit.Effort`


class Reader:
    """A layer that reads units, and takes over the part of each that goes.

    A unit may have any number of its rows: one in a chain, one for each place of a patch.
    """

    def __init__(self, layer: Layer, kept: np.ndarray, gram: np.ndarray, energy: float) -> None:
        """Take a layer and which rows of it are left, (inputs,) boolean.

        `gram` is the mean product of those inputs, a bias last.  Losses count relative to `energy`.
        """
        weights = layer.kernel[kept]
        self._layer, self._kept, self._energy = layer, kept, energy
        self._kernel = np.asarray(weights if layer.bias is None else [*weights, layer.bias])
        self._kernel = self._kernel.astype(np.float64)
        self._inverse = equations(gram.astype(np.float64), RIDGE).inverse
        self._rows: list[np.ndarray] = []

    def reading(self, owners: np.ndarray) -> Reader:
        """Say whose each row of the layer is, (inputs,): a unit's number, or -1 for nobody's."""
        own = owners[self._kept]
        self._rows = [np.flatnonzero(own == unit) for unit in range(own.max(initial=-1) + 1)]
        return self

    def costs(self, units: int) -> np.ndarray:
        """Return what losing each unit costs, (units,), if the others make up for it."""
        costs = np.zeros(units)
        sizes = np.array([len(rows) for rows in self._rows], int)
        for size in np.unique(sizes[sizes > 0]):
            some = np.flatnonzero(sizes == size)
            costs[some] = self._costs(np.array([self._rows[unit] for unit in some]))
        return costs / self._energy

    def _costs(self, rows: np.ndarray) -> np.ndarray:
        """Return the loss of each block of rows, (blocks, rows of each) -> (blocks,)."""
        if rows.shape[1] == 1:
            weights = self._kernel[rows[:, 0]]
            return np.einsum("ij,ij->i", weights, weights) / self._inverse[rows, rows][:, 0]
        blocks = self._inverse[rows[:, :, None], rows[:, None, :]]
        weights = self._kernel[rows]
        return np.einsum("bij,bij->b", weights, np.linalg.solve(blocks, weights))

    def remove(self, unit: int) -> None:
        """Let the other rows take the part of a unit's."""
        rows = self._rows[unit] if unit < len(self._rows) else []
        if not len(rows):
            return
        strip, block = self._inverse[:, rows], self._inverse[np.ix_(rows, rows)]
        share = strip / block if len(rows) == 1 else np.linalg.solve(block, strip.T).T
        self._kernel -= share @ self._kernel[rows]
        self._inverse -= share @ self._inverse[rows]
        # Exactly, and a diagonal of one, or the next division is by zero.
        self._kernel[rows] = self._inverse[rows] = self._inverse[:, rows] = 0
        self._inverse[rows, rows] = 1

    def layer(self) -> Layer:
        """Return the layer as it is made up by now."""
        kernel, bias = np.zeros_like(self._layer.kernel), self._layer.bias
        size = np.count_nonzero(self._kept)
        kernel[self._kept] = self._kernel[:size]
        return self._layer._replace(
            kernel=kernel, bias=None if bias is None else self._kernel[size].astype(bias.dtype)
        )


def eliminate(readers: list[Reader], left: np.ndarray, number: int) -> list[int]:
    """Remove `number` of the units that are `left`, (units,) boolean; return them in their order.

    Each time the one goes whose loss, over all readers, is smallest.
    """
    left, order = left.copy(), []
    for _ in range(number):
        costs = sum((reader.costs(len(left)) for reader in readers), np.zeros(len(left)))
        unit = int(np.where(left, costs, np.inf).argmin())
        for reader in readers:
            reader.remove(unit)
        left[unit] = False
        order.append(unit)
    return order
