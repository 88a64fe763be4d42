"""When a gradual pruning removes how much."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from prune.core.network import Sparsity
from prune.core.ranking import exact
from prune.settings.recipe import CUBIC, EXPONENTIAL


def _cubic(share: float, first: float, last: float) -> float:
    # Zhu and Gupta 2017: fast while much is redundant, slow towards the end.
    return last + (first - last) * (1 - share) ** 3


def _exponential(share: float, first: float, last: float) -> float:
    # The same share of what is left goes at every step; of k = 100 nothing would be.
    return 1 - (1 - first) * (max(1 - last, 1e-6) / (1 - first)) ** share


# From the share of the ramp that has passed, 0 to 1, and the sparsities at its ends, to the one
# then.
RAMPS: dict[str, Callable[[float, float, float], float]] = {
    CUBIC: _cubic,
    EXPONENTIAL: _exponential,
}


def ramp(name: str, last: Sparsity, events: int, first: Sparsity = 0) -> list[Sparsity]:
    """Return the sparsity after each of so many prunings; the ramp goes from `first` to `last`.

    The last is `last` itself.  If that is not beyond `first` there is no ramp.

    >>> [round(float(each), 3) for each in ramp("exponential", 0.999, 3)]
    [0.9, 0.99, 0.999]
    """
    start, end = exact(first), exact(last)
    if end <= start:
        return [last] * events
    shares = (i / events for i in range(1, events))
    path = [RAMPS[name](share, float(start), float(end)) for share in shares]
    return [*(min(end, Fraction(str(round(sparsity, 9)))) for sparsity in path), last]


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
