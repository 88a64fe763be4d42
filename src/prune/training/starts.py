"""From which values a pruned network is trained on: its own, or those of a control."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from prune.core import anatomy
from prune.core.plan import Pruned
from prune.settings.recipe import PRUNED, REINIT, REWIND, SCRATCH
from prune.training import fit, learners

Start = Callable[[Pruned, int, Any], Any]  # of a point, a seed, an early network


def _pruned(point: Pruned, seed: int, early: Any) -> Any:
    return point.network


def _rewind(point: Pruned, seed: int, early: Any) -> Any:
    return learners.of(early).masked(point.masks)


def _reinit(point: Pruned, seed: int, early: Any) -> Any:
    # A stream of its own: with that of the original training this would be its first epoch.
    return learners.of(fit.fresh(point.network, (seed, 0, 1))).masked(point.masks)


def _scratch(point: Pruned, seed: int, early: Any) -> Any:
    most = anatomy.of(point.network).nonzero()
    return fit.fresh(smaller(point.network, most), (seed, 0, 2))


STARTS: dict[str, Start] = {
    PRUNED: _pruned,  # those that pruning and repair left
    REWIND: _rewind,  # those of an early epoch (Frankle 2019)
    REINIT: _reinit,  # fresh ones
    SCRATCH: _scratch,  # fresh ones, in a smaller dense network with as many parameters
}


def smaller(network: Any, most: int) -> Any:
    """Return a network of the same form with at most so many parameters, its widths scaled alike.

    Its values mean nothing.  Every layer keeps one unit at least.
    """
    own = learners.of(network)
    widest = own.widest()
    for width in range(widest, 0, -1):
        scaled = own.narrowed(Fraction(width, widest))
        if anatomy.of(scaled).parameters() <= most:
            break
    return scaled
