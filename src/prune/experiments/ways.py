"""The ways to prune that a search looks along, and what cannot be asked of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from prune import PruneError
from prune.core.judge import ACCURACY
from prune.core.pruning import CRITERIA
from prune.experiments import grid
from prune.experiments.cells import Cell, Stored
from prune.experiments.grid import RANDOM
from prune.files.data import Data
from prune.settings.pruning import BN, LSTSQ, METHODS, NO_REPAIR, REPAIRS
from prune.settings.search import Budget, Effort

LADDER = tuple(Fraction(k, 100) for k in (25, 50, 70, 80, 90, 95, 98, 99))


def candidates(part: Any, network: Stored, given: Collection[str], normalised: bool) -> list[Cell]:
    """Return the curves that a part asks for: the quickest to make first.

    Where they end those begin that take long.  Of criteria and repairs that were not `given` all
    are tried that there are, for a network that is `normalised` or not.
    """
    part = replace(part, k=LADDER)
    if "criterion" not in given:
        known = [name for method in part.methods for name in CRITERIA[method] if name != RANDOM]
        part = replace(part, criteria=tuple(dict.fromkeys(known)))
    if "repair" not in given:
        part = replace(part, repairs=(NO_REPAIR, *[BN] * normalised, LSTSQ))
    return sorted(grid.curves(part, network), key=_effort)


def _effort(cell: Cell) -> tuple[bool, int]:
    return CRITERIA[cell.method][cell.criterion].refits, REPAIRS.index(cell.repair)


def check_points(allowed: Fraction | None, seen: Data) -> None:
    """Refuse points of accuracy where no accuracy is measured."""
    if allowed is not None and seen.judge is not None and seen.judge.metric != ACCURACY:
        raise PruneError(
            "--max-drop is in points of accuracy, and this model is measured by its "
            f"{seen.judge.metric}; leave it out"
        )


def check_then(budget: Budget, effort: Effort, methods: Sequence[str]) -> None:
    """Refuse to go on by another method where that makes nothing better, or there is none other."""
    if effort.then is None:
        return
    if budget.bounds_size:
        raise PruneError(
            "--then goes on to what is smaller, which --max-drop alone looks for; leave out "
            "--under, --faster and --macs"
        )
    (other,) = (each for each in METHODS if each != effort.then)
    if tuple(methods) != (other,):
        raise PruneError(
            f"--then {effort.then} goes on from what the other method leaves: give --method {other}"
        )
