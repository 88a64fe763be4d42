"""What is asked of a pruning, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from prune.core.calibration import Calibration
from prune.core.network import Masks, Network, Sparsity
from prune.core.scopes import SCOPES, Scope


class Plan(NamedTuple):
    """A network, the layers of it that may be pruned, and how far."""

    network: Network
    layers: tuple[str, ...]
    sparsities: tuple[Sparsity, ...]  # ascending
    calibration: Calibration = Calibration()
    scope: Scope = SCOPES["layer"]
    repair: str = "none"  # one of pruning.REPAIRS
    masks: Masks | None = None  # what the network has lost before, to lose no less


class Pruned(NamedTuple):
    """A network at one sparsity; where the masks are False it is zero."""

    sparsity: Sparsity
    network: Network
    masks: Masks
    floored: tuple[str, ...] = ()  # layers that the floor of the network scope holds


Sweep = Callable[[Plan], Iterator[Pruned]]
