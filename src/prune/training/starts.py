"""From which values a pruned network is trained on: its own, or those of a control."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from prune.core import alive, masks
from prune.core.network import Network, nonzero, parameters
from prune.core.plan import Pruned
from prune.settings.recipe import PRUNED, REINIT, REWIND, SCRATCH
from prune.training import fit

Start = Callable[[Pruned, int, Network | None], Network]  # of a point, a seed, an early network


def _pruned(point: Pruned, seed: int, early: Network | None) -> Network:
    return point.network


def _rewind(point: Pruned, seed: int, early: Network | None) -> Network:
    return masks.apply(early, point.masks)


def _reinit(point: Pruned, seed: int, early: Network | None) -> Network:
    # A stream of its own: with that of the original training this would be its first epoch.
    return masks.apply(fit.fresh(point.network, (seed, 0, 1)), point.masks)


def _scratch(point: Pruned, seed: int, early: Network | None) -> Network:
    return fit.fresh(smaller(point.network, nonzero(point.network)), (seed, 0, 2))


STARTS: dict[str, Start] = {
    PRUNED: _pruned,  # those that pruning and repair left
    REWIND: _rewind,  # those of an early epoch (Frankle 2019)
    REINIT: _reinit,  # fresh ones
    SCRATCH: _scratch,  # fresh ones, in a smaller dense network with as many parameters
}


def smaller(network: Network, most: int) -> Network:
    """Return a network of the same form with at most so many parameters, its widths scaled alike.

    Its values mean nothing.  Every layer keeps one unit at least.
    """
    widest = max(layer.kernel.shape[1] for layer in network[:-1])
    for width in range(widest, 0, -1):
        scaled = _scaled(network, Fraction(width, widest))
        if parameters(scaled) <= most:
            break
    return scaled


def _scaled(network: Network, share: Fraction) -> Network:
    groups = [np.ones(len(network[0].kernel), bool)]
    for layer in network[:-1]:
        units = layer.kernel.shape[1]
        groups.append(np.arange(units) < max(1, int(share * units)))
    return alive.cut(network, [*groups, np.ones(network[-1].kernel.shape[1], bool)])
