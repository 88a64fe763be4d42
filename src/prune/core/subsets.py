"""Linear equations restricted to a subset of the unknowns, for many subsets of one matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

# Up to this share of removed to kept unknowns it is cheaper to correct the whole inverse for the
# removed than to invert the kept.
_FEW = 0.6
_SMALL = 96  # unknowns that are inverted directly
_BATCH_BYTES = 100e6  # of inverses held at a time


Solve = Callable[[np.ndarray], np.ndarray]  # right sides (n, columns) -> solutions


class Subset(NamedTuple):
    """The equations `matrix[kept, kept] @ x = right[kept]`."""

    solve: Solve  # zero where not kept
    diagonal: np.ndarray  # (n,), of the inverse; where not kept 1


class Equations(NamedTuple):
    """A positive definite matrix, (n, n) float64, its inverse, and the type to solve in."""

    matrix: np.ndarray
    inverse: np.ndarray
    working: np.ndarray  # the inverse again, of the type of the right sides


def equations(matrix: np.ndarray, ridge: float) -> Equations:
    """Return the equations of `matrix + ridge * mean diagonal`, solvable even for zero."""
    size = ridge * (float(np.trace(matrix)) / len(matrix) or 1.0)
    # In 64 bits: activations are so alike that 32 lose the inverse of some subsets altogether.
    damped = matrix.astype(np.float64)
    damped[np.diag_indices_from(damped)] += size
    inverse = np.linalg.inv(damped)
    return Equations(damped, inverse, inverse.astype(matrix.dtype))


def restrict(whole: Equations, kept: np.ndarray) -> Subset:
    """Restrict to the unknowns that are `kept`, (n,) boolean; the others are zero.

    >>> restrict(equations(2 * np.eye(2), 0.5), np.array([True, False])).solve(np.ones((2, 1))).T
    array([[0.33333333, 0.        ]])
    """
    rows, lost = np.flatnonzero(kept), np.flatnonzero(~kept)
    if len(lost) <= _FEW * len(rows):
        return _without(whole, lost)
    return _only(whole, rows)


def inverted(matrix: np.ndarray) -> np.ndarray:
    """Return the inverse of a symmetric positive definite matrix.

    By halves, since almost all of the work is then matrix products: three to four times faster
    than `numpy.linalg.inv` where hundreds of unknowns are left.
    """
    if len(matrix) < _SMALL:
        return np.linalg.inv(matrix)
    half = len(matrix) // 2
    first, across = inverted(matrix[:half, :half]), matrix[:half, half:]
    reach = first @ across
    second = inverted(matrix[half:, half:] - across.T @ reach)
    mixed = reach @ second
    return np.block([[first + mixed @ reach.T, -mixed], [-mixed.T, second]])


def _only(whole: Equations, rows: np.ndarray) -> Subset:
    inverse = inverted(whole.matrix.take(rows, 0).take(rows, 1)).astype(whole.working.dtype)

    def solve(right: np.ndarray) -> np.ndarray:
        solution = np.zeros_like(right)
        solution[rows] = inverse @ right[rows]
        return solution

    diagonal = np.ones(len(whole.matrix), inverse.dtype)
    diagonal[rows] = inverse.diagonal()
    return Subset(solve, diagonal)


def _without(whole: Equations, lost: np.ndarray) -> Subset:
    # Eliminating unknowns takes from the inverse what passes through them: the block formula.
    strip = whole.inverse.take(lost, 0)
    middle = inverted(strip.take(lost, 1))
    diagonal = whole.inverse.diagonal() - np.einsum("ij,ij->j", strip, middle @ strip)
    diagonal[lost] = 1
    kind = whole.working.dtype
    strip, middle = strip.astype(kind), middle.astype(kind)

    def solve(right: np.ndarray) -> np.ndarray:
        solution = whole.working @ right
        solution -= strip.T @ (middle @ solution[lost])
        solution[lost] = 0
        return solution

    return Subset(solve, diagonal.astype(kind))


def batches(kept: np.ndarray) -> Iterator[list[np.ndarray]]:
    """Group the columns of `kept` (n, columns) that are equal, some groups at a time.

    A group shares one subset.  What the subsets of a batch hold fits in memory.
    """
    _, group = np.unique(np.packbits(kept, axis=0), axis=1, return_inverse=True)
    group = group.ravel()  # which has two axes in NumPy 2.0
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    batch, size = [], 0.0
    for columns in np.split(order, starts[1:]):
        batch.append(columns)
        rows = np.count_nonzero(kept[:, columns[0]])
        size += 4 * rows * max(rows, 1)
        if size > _BATCH_BYTES or len(batch) == 100:
            yield batch
            batch, size = [], 0.0
    if batch:
        yield batch
