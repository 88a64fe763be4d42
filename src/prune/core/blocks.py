"""Patterns of N of M: of every M inputs in a row each unit keeps N, as sparse hardware wants it."""

from __future__ import annotations

import numpy as np

from prune import PruneError
from prune.core.network import Masks, Scores, Sparsity
from prune.core.ranking import Ranks, count, ranks
from prune.core.scopes import Scope


def n_of_m(n: int, m: int) -> Scope:
    """Return the scope in which all that goes is what the pattern drops, and a sparsity is a
    share of that.

    With all of it, of every `m` inputs in a row a unit keeps the `n` of the largest scores; of
    fewer at the end it keeps at most `n`.

    >>> scope = n_of_m(2, 4)
    >>> scope.cut(scope.rank({"dense": np.array([[1.0], [4.0], [3.0], [2.0]])}), 1)["dense"].ravel()
    array([False,  True,  True, False])
    """
    if not (isinstance(n, int) and isinstance(m, int) and 1 <= n < m):
        raise PruneError(f"n_of_m takes two whole numbers with 1 <= n < m, got ({n}, {m})")

    def rank(scores: Scores) -> Ranks:
        return {name: _ranks(values, n, m) for name, values in scores.items()}

    def cut(ranked: Ranks, share: Sparsity) -> Masks:
        sizes = {name: _droppable(*values.shape, n, m) for name, values in ranked.items()}
        return {name: ranked[name] >= count(share, sizes[name]) for name in ranked}

    return Scope(f"{n} of {m}", rank, cut, lambda masks: (), None)


def _ranks(scores: np.ndarray, n: int, m: int) -> np.ndarray:
    """Rank first what the pattern drops, by score."""
    inputs, units = scores.shape
    # What is missing of the last block keeps nothing from being kept.
    missing = np.full((-inputs % m, units), -np.inf)
    blocks = np.concatenate([scores, missing]).reshape(-1, m, units)
    places = np.argsort(np.argsort(blocks, axis=1, kind="stable"), axis=1, kind="stable")
    goes = (places < m - n).reshape(-1, units)[:inputs]
    return ranks(np.where(goes, scores, np.inf))


def _droppable(inputs: int, units: int, n: int, m: int) -> int:
    """Count what the pattern drops of a kernel."""
    blocks, rest = divmod(inputs, m)
    return units * (blocks * (m - n) + max(0, rest - n))
