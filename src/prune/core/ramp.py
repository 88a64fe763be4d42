"""When a gradual pruning removes how much."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from prune.core.masks import exact
from prune.core.network import Sparsity


def _cubic(share: float, sparsity: float) -> float:
    # Zhu and Gupta 2017: fast while much is redundant, slow towards the end.
    return sparsity * (1 - (1 - share) ** 3)


def _exponential(share: float, sparsity: float) -> float:
    # The same share of what is left goes at every step; of k = 100 nothing would be.
    return 1 - max(1 - sparsity, 1e-6) ** share


# From the share of the ramp that has passed, 0 to 1, and the last sparsity, to the one then.
RAMPS: dict[str, Callable[[float, float], float]] = {"cubic": _cubic, "exponential": _exponential}


def ramp(name: str, sparsity: Sparsity, events: int) -> list[Sparsity]:
    """Return the sparsity after each of so many prunings; the last is `sparsity` itself.

    >>> [round(float(each), 3) for each in ramp("exponential", 0.999, 3)]
    [0.9, 0.99, 0.999]
    """
    last = exact(sparsity)
    path = [
        min(last, Fraction(str(round(RAMPS[name](i / events, float(last)), 9))))
        for i in range(1, events)
    ]
    return [*path, sparsity]


def rounds(sparsities: tuple[Sparsity, ...], kept: Fraction) -> list[tuple[Sparsity, bool]]:
    """Return `sparsities`, ascending, with steps between them, and whether each was asked for.

    A round keeps at least the share `kept` of what the one before kept, except of k = 100.

    >>> [(str(each), asked) for each, asked in rounds((0.5, 0.9), Fraction(1, 2))]
    [('0.5', True), ('3/4', False), ('7/8', False), ('0.9', True)]
    """
    path: list[tuple[Sparsity, bool]] = []
    left = Fraction(1)
    for sparsity in sparsities:
        wanted = 1 - exact(sparsity)
        while 0 < wanted < left * kept:
            left *= kept
            path.append((1 - left, False))
        path.append((sparsity, True))
        left = wanted
    return path
