"""Train on after pruning, with the masks held: the schedules of the literature, and controls.

The interface is that of `pruning.sweep`: `sweep(method, criterion, plan, retraining, examples)`
yields one `Pruned` for each sparsity of `plan`, its network trained.  `Retraining` and `Recipe`
are plain values; `examples(train)` are the images to learn from, those held out left aside.  For
`start="rewind"` the network of `plan` and `Retraining.early` come from `original`.  TensorFlow is
imported by the first step, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil

from prune import PruneError
from prune.core import masks, pruning, ramp
from prune.core.network import Masks, Network, nonzero
from prune.core.plan import Plan, Pruned
from prune.training import fit
from prune.training.compiled import Examples
from prune.training.course import Course, steps_per_epoch
from prune.training.recipe import Recipe

# An iterative round keeps at least this share of what the one before kept.
KEPT_PER_ROUND = Fraction(1, 2)
# A gradual pruning removes something so often, over this share of its steps; the others train
# what is left.
EVENTS = 100
RAMP_SHARE = 0.7

Watch = Callable[[str], None]  # is told what is being done, often


@dataclass(frozen=True)
class Retraining:
    """What is done to a network that is pruned; plain values, but for `early`."""

    recipe: Recipe = field(default_factory=lambda: Recipe(decay="cosine"))
    schedule: str = "one-shot"  # one of SCHEDULES
    ramp: str = "cubic"  # one of ramp.RAMPS, for schedule gradual
    start: str = "pruned"  # one of STARTS
    early: Network | None = None  # for start rewind: the network at an early epoch


def _pruned(point: Pruned, retraining: Retraining) -> Network:
    return point.network


def _rewind(point: Pruned, retraining: Retraining) -> Network:
    return masks.apply(retraining.early, point.masks)


def _reinit(point: Pruned, retraining: Retraining) -> Network:
    # A stream of its own: with that of the original training this would be its first epoch.
    fresh = fit.fresh(point.network, (retraining.recipe.seed, 0, 1))
    return masks.apply(fresh, point.masks)


def _scratch(point: Pruned, retraining: Retraining) -> Network:
    return fit.fresh(smaller(point.network, nonzero(point.network)), (retraining.recipe.seed, 0, 2))


# From which values a pruned network is trained on.
STARTS: dict[str, Callable[[Pruned, Retraining], Network]] = {
    "pruned": _pruned,  # those that pruning and repair left
    "rewind": _rewind,  # those of an early epoch (Frankle 2019)
    "reinit": _reinit,  # fresh ones
    "scratch": _scratch,  # fresh ones, in a smaller dense network with as many parameters
}
