"""How sure a mean of few runs is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_RESAMPLES = 10_000
ENOUGH = 5  # runs; of fewer the interval of their mean is their range, and proves nothing


class Spread(NamedTuple):
    """Of n runs: their mean, and where it may be; one run tells nothing about that."""

    n: int
    mean: float
    low: float | None = None
    high: float | None = None

    @property
    def enough(self) -> bool:
        """Whether there are runs enough for an interval to be evidence."""
        return self.n >= ENOUGH


def spread(values: Sequence[float]) -> Spread:
    """Return the mean of `values`, at least one, with its 95 % bootstrap interval.

    >>> spread([1.0])
    Spread(n=1, mean=1.0, low=None, high=None)
    >>> spread([2.0, 2.0, 2.0])
    Spread(n=3, mean=2.0, low=2.0, high=2.0)
    """
    found = np.asarray(values, np.float64)
    if len(found) == 1:
        return Spread(1, float(found[0]))
    low, high = interval(found)
    return Spread(len(found), float(found.mean()), low, high)


def interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Return the bootstrap interval of the mean of `values` (n,), n at least 2; the seed is fixed.

    It is the percentile interval (Efron 1979) at the expanded level of Hesterberg (2015): the
    plain one is too narrow for few runs.  Of normal values it holds the mean, at n = 10, 5 and 3,
    95, 93 and 75 times in 100 (the plain one 90, 86 and 75): of so few no resampling makes more.
    """
    drawn = np.random.default_rng(0).integers(0, len(values), (_RESAMPLES, len(values)))
    tail = (1 - expanded(level, len(values))) / 2
    low, high = np.quantile(values[drawn].mean(axis=1), [tail, 1 - tail])
    return float(low), float(high)


def expanded(level: float, n: int) -> float:
    """Return the level at which the percentile interval of n runs is as wide as Student's t.

    >>> round(expanded(0.95, 5), 4), round(expanded(0.95, 100_000), 4)
    (0.9981, 0.95)
    """
    from scipy.special import ndtr, stdtrit  # here, since it would slow the start of every command

    t = stdtrit(n - 1, (1 + level) / 2)
    return float(2 * ndtr(np.sqrt(n / (n - 1)) * t) - 1)


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Return how much `y` rises for one of `x`, by least squares; `x` must vary.

    >>> slope([1, 2, 3], [5.0, 7.0, 9.0])
    2.0
    """
    away = np.asarray(x, np.float64) - np.mean(x)
    return float(away @ np.asarray(y, np.float64) / (away @ away))
