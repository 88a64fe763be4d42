"""Optimal Brain Surgeon, layer by layer: remove what the rest can make up best, and make it up.

Hassibi and Stork 1993; by layer, with the outputs of the whole network as the aim: L-OBS (Dong
2017), OBC (Frantar and Alistarh 2022), SparseGPT (Frantar and Alistarh 2023).  Each sparsity
starts from the network of the one before, so that a list costs little more than its last.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, log
from typing import Any

import numpy as np

from prune.core import anatomy
from prune.core.eliminate import RIDGE, Reader, eliminate
from prune.core.network import Layer, Masks, Sparsity
from prune.core.passage import Goal, Stop
from prune.core.plan import Plan, Pruned
from prune.core.ranking import count
from prune.core.refit import QUICK, STEADY, Effort, losses, refit, with_ones
from prune.core.repair import aim, refit_all

# A round keeps at least this share of what the one before kept: what is left must be refit
# before it can tell who goes next.  Down to the density `_EASY` one round is enough.
_KEPT_PER_ROUND = 0.75
_EASY = 0.4


def rounds(
    sparsities: tuple[Sparsity, ...], density: float = 1.0
) -> Iterator[tuple[Sparsity, bool]]:
    """Yield `sparsities`, ascending, with steps between them, and whether each was asked for.

    `density` is the share that is left before the first.

    >>> [(round(float(each), 2), asked) for each, asked in rounds((0.5, 0.85))]
    [(0.5, True), (0.69, False), (0.76, False), (0.81, False), (0.85, True)]
    """
    before = min(_EASY, density)
    for sparsity in sparsities:
        kept = 1 - float(sparsity)
        yield from ((1 - share, False) for share in _between(before, kept))
        yield sparsity, True
        before = min(before, kept)


def _between(before: float, kept: float) -> list[float]:
    if not 0 < kept < before:
        return []
    number = ceil(log(kept / before) / log(_KEPT_PER_ROUND) - 1e-9)
    return [before * (kept / before) ** (i / number) for i in range(1, number)]


def _effort(sparsity: Sparsity, asked: bool) -> Effort:
    return STEADY if asked and float(1 - sparsity) < _EASY else QUICK


def _images_for(effort: Effort, goal: Goal) -> Goal:
    # Half of the images are plenty to decide who goes next.
    return goal.first(ceil(goal.number / 2)) if effort is QUICK else goal


class _First:
    """What the whole network tells: the loss of each weight, and what each kernel puts out."""

    def __init__(self, shapes: dict[str, tuple[int, ...]]) -> None:
        self.losses = {name: np.zeros(shape) for name, shape in shapes.items()}
        self.energies: dict[str, list[float]] = {name: [] for name in shapes}

    def see(self, stop: Stop) -> None:
        self.losses[stop.name][:, stop.columns] = losses(stop.layer, stop.inputs, RIDGE)
        self.energies[stop.name].append(float(np.square(stop.wanted).mean(dtype=np.float64)))

    def energy(self, name: str) -> float:
        """Return the mean square of what a kernel puts out; 1 where that is nothing."""
        return float(np.mean(self.energies[name])) or 1.0


def weights(plan: Plan) -> Iterator[Pruned]:
    """Prune single weights, in rounds, each refit before the next."""
    scope, network, masks = plan.scope, plan.network, _all_weights(plan)
    first = _First({name: mask.shape for name, mask in masks.items()})
    goal = aim(network, plan.calibration.shown, first.see)
    cost = dict(first.losses)
    if plan.masks is not None:
        cost |= refit_all(network, masks, _images_for(QUICK, goal), QUICK)[1]
    for sparsity, asked in rounds(plan.sparsities, _density(masks, plan)):
        scores = {name: _score(cost[name], masks[name], first.energy(name)) for name in plan.layers}
        masks = scope.cut(scope.rank(scores), sparsity)
        effort = _effort(sparsity, asked)
        start = anatomy.of(network).masked(masks)
        network, refit_cost = refit_all(start, masks, _images_for(effort, goal), effort)
        cost |= refit_cost
        if asked:
            yield Pruned(sparsity, network, masks, scope.floored(masks))


def _all_weights(plan: Plan) -> Masks:
    kernels = anatomy.of(plan.network).kernels()
    return {name: np.ones(kernel.shape, bool) for name, kernel in kernels.items()} | (
        plan.masks or {}
    )


def _density(masks: Masks, plan: Plan) -> float:
    """Return the share that is left of what may be pruned."""
    sizes = [masks[name].size for name in plan.layers]
    return sum(int(np.count_nonzero(masks[name])) for name in plan.layers) / sum(sizes)


def _score(losses: np.ndarray, mask: np.ndarray, energy: float) -> np.ndarray:
    # Relative to what the layer puts out, so that layers can be ranked together.  What is
    # already removed goes first, which keeps the masks nested.
    return np.where(mask, losses / np.float32(energy), -np.inf)


def units(plan: Plan) -> Iterator[Pruned]:
    """Prune whole units, one at a time, each time the one its readers can make up best.

    The scope of `plan` must know the share of each layer beforehand.
    """
    share = plan.scope.share
    network, masks = plan.network, _all_units(plan)
    known = _Known(plan)
    goal = aim(network, plan.calibration.shown, known.see)
    for sparsity, asked in rounds(plan.sparsities, _density(masks, plan)):
        effort = _effort(sparsity, asked)
        lost = {name: count(share(name, sparsity), mask.size) for name, mask in masks.items()}
        walk = _Walk(network, masks, known, effort).until(lost)
        network = anatomy.of(network).passed(_images_for(effort, goal), walk.visit)
        masks, network = walk.masks, anatomy.of(network).masked(walk.masks)
        if asked:
            yield Pruned(sparsity, network, masks)


def _all_units(plan: Plan) -> Masks:
    norms = anatomy.of(plan.network).unit_norms()
    return {name: np.ones(len(norms[name]), bool) for name in plan.layers} | (plan.masks or {})


Place = tuple[str, int]  # of a stop: the name of its kernel, and its first column


def _place(stop: Stop) -> Place:
    return stop.name, stop.columns.start or 0


def _gram(inputs: np.ndarray) -> np.ndarray:
    return inputs.T @ inputs / np.float32(len(inputs))


class _Known:
    """Who reads which group, and what was last seen of readers that come later."""

    def __init__(self, plan: Plan) -> None:
        readings = anatomy.of(plan.network).readings()
        self._readings = {name: readings[name] for name in plan.layers if name in readings}
        self._late = {each.kernel for group in self._readings.values() for each in group[1:]}
        self.seen: dict[Place, tuple[Layer, np.ndarray]] = {}
        self.energies: dict[Place, float] = {}

    def see(self, stop: Stop) -> None:
        self.energies[_place(stop)] = float(np.square(stop.wanted).mean(dtype=np.float64)) or 1.0
        self.note(stop, stop.layer)

    def note(self, stop: Stop, layer: Layer) -> None:
        """Remember a stop for groups that are first read before it, at the next passage."""
        if stop.name in self._late or stop.columns != slice(None):
            self.seen[_place(stop)] = layer, _gram(with_ones(stop.inputs, layer))

    def first_read(self, stop: Stop) -> list[str]:
        """Name the groups that are read at a stop and nowhere before."""
        return [name for name, group in self._readings.items() if group[0].kernel == stop.name]

    def owners(self, group: str, kernel: str) -> np.ndarray | None:
        """Return which unit of a group each row of a kernel is of; None if it reads none."""
        readings = self._readings[group]
        return next((each.units for each in readings if each.kernel == kernel), None)


class _Walk:
    """One passage that prunes units: each group where it is first read.

    Readers of it that come later are taken as the passage before has left them.
    """

    def __init__(self, network: Any, masks: Masks, known: _Known, effort: Effort) -> None:
        self.masks, self._known, self._effort = dict(masks), known, effort
        self._whole = anatomy.of(network)
        self._supports, self._touched = self._whole.supports(masks), False
        self._lost: dict[str, int] = {}
        self._made: dict[Place, Layer] = {}  # of readers that come later: as made up so far

    def until(self, lost: dict[str, int]) -> _Walk:
        """Say how many units of each group are to be gone in all."""
        self._lost = lost
        return self

    def visit(self, stop: Stop) -> Layer:
        layer = self._made.pop(_place(stop), stop.layer)
        self._touched = self._touched or not self._supports[stop.name].all()
        groups = [name for name in self._known.first_read(stop) if self._excess(name) > 0]
        if groups:
            layer = self._refit(stop, layer, QUICK)
        for name in groups:
            layer = self._decide(name, stop, layer)
        # In a quick round what was made up is left to the next round to refit.
        if self._effort is not QUICK:
            layer = self._refit(stop, layer, self._effort)
        self._known.note(stop, layer)
        return layer

    def _excess(self, name: str) -> int:
        return self._lost[name] - int(np.count_nonzero(~self.masks[name]))

    def _refit(self, stop: Stop, layer: Layer, effort: Effort) -> Layer:
        """Refit the layer of a stop, unless nothing up to it was pruned."""
        support = self._supports[stop.name]
        self._touched = self._touched or not support.all()
        if not self._touched:
            return layer
        return refit(layer, stop.shown, support[:, stop.columns], effort).layer

    def _decide(self, group: str, stop: Stop, layer: Layer) -> Layer:
        """Remove units of a group; return the layer of the stop, made up."""
        readers = {_place(stop): self._here(stop, layer)} | self._later(group, stop)
        for (kernel, _), reader in readers.items():
            reader.reading(self._known.owners(group, kernel))
        gone = eliminate(list(readers.values()), self.masks[group], self._excess(group))
        self.masks[group] = self.masks[group].copy()
        self.masks[group][gone] = False
        self._supports, self._touched = self._whole.supports(self.masks), True
        self._made |= {place: reader.layer() for place, reader in readers.items()}
        return self._made.pop(_place(stop))

    def _here(self, stop: Stop, layer: Layer) -> Reader:
        kept = self._kept(stop.name)
        gram = _gram(with_ones(stop.inputs[:, kept], layer))
        return Reader(layer, kept, gram, self._known.energies[_place(stop)])

    def _later(self, group: str, stop: Stop) -> dict[Place, Reader]:
        """Return the other readers of a group, from what was last seen of them."""
        readers = {}
        for place, (seen, gram) in self._known.seen.items():
            if self._known.owners(group, place[0]) is not None and place != _place(stop):
                layer, kept = self._made.get(place, seen), self._kept(place[0])
                some = np.append(kept, True) if layer.bias is not None else kept
                part = gram[np.ix_(some, some)]
                readers[place] = Reader(layer, kept, part, self._known.energies[place])
        return readers

    def _kept(self, kernel: str) -> np.ndarray:
        return self._supports[kernel].any(axis=1)
