"""A live model that is held while it trains: what is zero stays zero, and more may go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from prune import PruneError
from prune.core import blocks, pruning, scopes, structure
from prune.core.calibration import Calibration
from prune.core.network import Masks, Sparsity
from prune.core.plan import Plan
from prune.core.ranking import count
from prune.core.structure import Arrays
from prune.models.holding import Grip, kept_entries, nonzero_entries
from prune.models.net import net
from prune.settings.pruning import UNIT, Pruning

if TYPE_CHECKING:
    import keras  # type: ignore[import-untyped]


class Holding:
    """Holds a model at what is zero in it."""

    def __init__(self, model: keras.Model) -> None:
        """Take hold."""
        found = net(model)
        self._kept = nonzero_entries(found.structure, found.arrays)
        if not self._kept:
            raise PruneError(
                "the model has no zeros to hold; prune it first (`prune.weights`), or prune while "
                "it trains (`prune.Gradual`)"
            )
        self._grip = Grip(model, self._kept)
        self._grip.drop(self._kept)

    def release(self) -> None:
        """Let go."""
        self._grip.release()

    def finish(self) -> None:
        """Set to zero what an average of weights brought back, let go, and see that it is so."""
        _finished(self._grip, self._kept)


def _finished(grip: Grip, kept: Arrays) -> Arrays:
    grip.drop(kept)
    arrays = grip.arrays()
    grip.release()
    for name, mask in kept.items():
        if (arrays[name][~mask] != 0).any():
            raise PruneError(f"array {name!r} has values where it was to stay zero")
    return arrays


class Thinning:
    """Prunes a model further and further, and holds what is pruned."""

    def __init__(
        self, model: keras.Model, asked: Pruning, n_of_m: tuple[int, int] | None, seed: int
    ) -> None:
        """Take hold of all that may go."""
        self._net, self._asked, self._seed = net(model), asked, seed
        by_rank = scopes.of(asked, self._net)
        self._scope = by_rank if n_of_m is None else blocks.n_of_m(*n_of_m)
        named = (asked.method, asked.keep, asked.include_output, asked.include)
        self._layers = self._net.layers(*named)
        if not self._layers:
            raise PruneError(
                "there is no layer to prune: all that could go is kept, frozen, or the output"
            )
        everything = {name: np.zeros_like(zero) for name, zero in self._zeros().items()}
        self._grip = Grip(model, kept_entries(self._net.structure, everything))
        self._at: Sparsity = 0
        self._masks: Masks = {}
        self._kept: Arrays = {}

    def prune(self, sparsity: Sparsity) -> None:
        """Prune the model as it is now to a sparsity, if it is not there."""
        if sparsity <= self._at:
            return
        self._at = sparsity
        now: Any = replace(self._net, arrays=self._grip.arrays())
        seed, before = Calibration(seed=self._seed), self._masks or None
        plan = Plan(now, self._layers, (sparsity,), seed, self._scope, masks=before)
        (pruned,) = pruning.sweep(self._asked.method, self._asked.criterion, plan)
        self._masks = pruned.masks
        self._kept = kept_entries(self._net.structure, self._masks)
        self._grip.drop(self._kept)

    def release(self) -> None:
        """Let go."""
        self._grip.release()

    def told(self) -> dict[str, float]:
        """Return by layer the share that is to be gone, and the share that is zero."""
        shares: dict[str, float] = {}
        for name, zero in self._zeros(self._grip.arrays()).items():
            gone = ~self._masks[name] if name in self._masks else np.zeros(1, bool)
            shares[f"sparsity_asked/{name}"] = float(gone.mean())
            shares[f"sparsity/{name}"] = float(zero.mean())
        return shares

    def _zeros(self, arrays: Arrays | None = None) -> Masks:
        """Tell by layer which weights, or units, are zero."""
        now = self._net if arrays is None else replace(self._net, arrays=arrays)
        if self._asked.method == UNIT:
            empty = structure.empty_units(now.structure, now.arrays)
            return {name: empty[name] for name in self._layers}
        kernels = now.kernels()
        return {name: kernels[name] == 0 for name in self._layers}

    def finish(self) -> None:
        """Let go, and refuse other zeros than were asked for."""
        arrays = _finished(self._grip, self._kept)
        for name, zero in self._zeros(arrays).items():
            gone = ~self._masks.get(name, np.ones_like(zero))
            if not zero[gone].all() or int(gone.sum()) != self._wanted(name, gone):
                raise PruneError(
                    f"{int(zero.sum()):,} of {zero.size:,} are zero in {name!r}, which is not "
                    "what was asked for; please report it"
                )

    def _wanted(self, name: str, gone: np.ndarray) -> int:
        """Return how many of a layer are to be gone, where that is known without the others."""
        share = self._scope.share
        return int(gone.sum()) if share is None else count(share(name, self._at), gone.size)
