"""Optimal Brain Surgeon, layer by layer: remove what the rest can make up best, and make it up.

Hassibi and Stork 1993; by layer, with the outputs of the whole network as the aim: L-OBS (Dong
2017), OBC (Frantar and Alistarh 2022), SparseGPT (Frantar and Alistarh 2023).  Each sparsity
starts from the network of the one before, so that a list costs little more than its last.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import ceil, log
from typing import NamedTuple

import numpy as np

from prune.core.alive import supports
from prune.core.masks import apply
from prune.core.network import Layer, Masks, Network, Scores, Sparsity
from prune.core.plan import Plan, Pruned
from prune.core.ranking import count
from prune.core.refit import QUICK, STEADY, Effort, losses, outputs, refit, with_ones
from prune.core.repair import Aim, aim, refit_all
from prune.core.subsets import equations

# A round keeps at least this share of what the one before kept: what is left must be refit
# before it can tell who goes next.  Down to the density `_EASY` one round is enough.
_KEPT_PER_ROUND = 0.75
_EASY = 0.4
RIDGE = 1e-3  # relative, as in `refit.Effort`


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


def _images_for(effort: Effort, goal: Aim) -> Aim:
    # Half of the images are plenty to decide who goes next.
    return goal.first(ceil(len(goal.images) / 2)) if effort is QUICK else goal


def weights(plan: Plan) -> Iterator[Pruned]:
    """Prune single weights, in rounds, each refit before the next."""
    scope, network = plan.scope, plan.network
    goal = aim(network, plan.calibration.images)
    cost, masks = _first_losses(network, goal), _all_weights(plan)
    if plan.masks is not None:
        cost |= refit_all(network, masks, _images_for(QUICK, goal), QUICK)[1]
    energy = _energies(network, goal)
    for sparsity, asked in rounds(plan.sparsities, _density(masks, plan)):
        scores = {name: _score(cost[name], masks[name], energy[name]) for name in plan.layers}
        masks = scope.cut(scope.rank(scores), sparsity)
        effort = _effort(sparsity, asked)
        start = apply(network, masks)
        network, refit_cost = refit_all(start, masks, _images_for(effort, goal), effort)
        cost |= refit_cost
        if asked:
            yield Pruned(sparsity, network, masks, scope.floored(masks))


def _all_weights(plan: Plan) -> Masks:
    return {layer.name: np.ones(layer.kernel.shape, bool) for layer in plan.network} | (
        plan.masks or {}
    )


def _density(masks: Masks, plan: Plan) -> float:
    """Return the share that is left of what may be pruned."""
    sizes = [masks[name].size for name in plan.layers]
    return sum(int(np.count_nonzero(masks[name])) for name in plan.layers) / sum(sizes)


def _first_losses(network: Network, goal: Aim) -> Scores:
    inputs = [goal.images, *goal.wanted[:-1]]
    return {
        layer.name: losses(layer, seen, RIDGE) for layer, seen in zip(network, inputs, strict=True)
    }


def _energies(network: Network, goal: Aim) -> dict[str, float]:
    """Return the mean square of what each layer puts out; 1 where that is nothing."""
    return {
        layer.name: float(np.square(wanted).mean(dtype=np.float64)) or 1.0
        for layer, wanted in zip(network, goal.wanted, strict=True)
    }


def _score(losses: np.ndarray, mask: np.ndarray, energy: float) -> np.ndarray:
    # Relative to what the layer puts out, so that layers can be ranked together.  What is
    # already removed goes first, which keeps the masks nested.
    return np.where(mask, losses / np.float32(energy), -np.inf)


def units(plan: Plan) -> Iterator[Pruned]:
    """Prune whole units, one at a time, each time the one the next layer can make up best.

    The scope of `plan` must know the share of each layer beforehand.
    """
    share = plan.scope.share
    goal = aim(plan.network, plan.calibration.images)
    network, masks = plan.network, _all_units(plan)
    for sparsity, asked in rounds(plan.sparsities, _density(masks, plan)):
        effort = _effort(sparsity, asked)
        lost = {name: count(share(name, sparsity), mask.size) for name, mask in masks.items()}
        walk = _Pass(lost, _images_for(effort, goal), effort)
        network, masks = _walk(network, masks, walk)
        if asked:
            yield Pruned(sparsity, network, masks)


def _all_units(plan: Plan) -> Masks:
    sizes = {layer.name: layer.kernel.shape[1] for layer in plan.network}
    return {name: np.ones(sizes[name], bool) for name in plan.layers} | (plan.masks or {})


class _Pass(NamedTuple):
    """One pass over the layers: how far to prune, what to aim at, and how hard to try."""

    lost: dict[str, int]  # units of each layer that are to be gone in all
    goal: Aim
    effort: Effort


def _walk(network: Network, masks: Masks, walk: _Pass) -> tuple[Network, Masks]:
    """Refit each layer in turn, then remove the units that the next layer makes up best."""
    layers, masks, inputs = list(network), dict(masks), walk.goal.images
    for i, wanted in enumerate(walk.goal.wanted):
        # In a quick round what was made up is left to the next round to refit.
        if walk.effort is not QUICK:
            layers[i] = _refit(layers, masks, i, (inputs, wanted), walk.effort)
        name, reached = layers[i].name, outputs(layers[i], inputs)
        if excess := _excess(walk, masks, name):
            known = (reached, walk.goal.wanted[i + 1])
            helper = _refit(layers, masks, i + 1, known, QUICK)
            masks[name], layers[i + 1] = _made_up(helper, reached, masks[name], excess)
            (layers[i],) = apply((layers[i],), masks)
            reached = outputs(layers[i], inputs)
        inputs = reached
    return tuple(layers), masks


def _excess(walk: _Pass, masks: Masks, name: str) -> int:
    return walk.lost[name] - int(np.count_nonzero(~masks[name])) if name in masks else 0


def _refit(
    layers: list[Layer],
    masks: Masks,
    i: int,
    known: tuple[np.ndarray, np.ndarray],
    effort: Effort,
) -> Layer:
    """Refit layer `i` from its inputs and outputs, unless nothing up to it was pruned."""
    *before, support = islice(supports(tuple(layers), masks), i + 1)
    if all(weights.all() for weights in (*before, support)):
        return layers[i]
    return refit(layers[i], *known, support, effort).layer


def _made_up(
    layer: Layer, inputs: np.ndarray, kept: np.ndarray, number: int
) -> tuple[np.ndarray, Layer]:
    """Remove `number` more inputs of `layer`; return which are kept, and the layer made up."""
    rows = np.flatnonzero(kept)
    seen = with_ones(inputs[:, rows], layer)
    gram = (seen.T @ seen / np.float32(len(seen))).astype(np.float64)
    start = layer.kernel[rows] if layer.bias is None else [*layer.kernel[rows], layer.bias]
    inverse = equations(gram, RIDGE).inverse
    order, refit_rows = eliminate(inverse, np.asarray(start), len(rows), number)
    kernel, left = np.zeros_like(layer.kernel), kept.copy()
    kernel[rows] = refit_rows[: len(rows)]
    left[rows[order]] = False
    bias = None if layer.bias is None else refit_rows[-1].astype(layer.bias.dtype)
    return left, layer._replace(kernel=kernel, bias=bias)


def eliminate(
    inverse: np.ndarray, kernel: np.ndarray, removable: int, number: int
) -> tuple[list[int], np.ndarray]:
    """Remove `number` of the first `removable` rows of `kernel` (inputs, units), one at a time.

    Each time the row goes whose loss, the squares of its weights over the diagonal of
    `inverse` (inputs, inputs), is smallest; the others take its part, and the inverse becomes
    that of the smaller problem.  Returns the rows in the order removed, and the new kernel.
    """
    inverse, kernel, order = inverse.copy(), kernel.astype(np.float64), []
    left = np.arange(len(kernel)) < removable
    for _ in range(number):
        cost = np.einsum("ij,ij->i", kernel, kernel) / inverse.diagonal()
        row = int(np.where(left, cost, np.inf).argmin())
        share = inverse[:, row] / inverse[row, row]
        kernel -= np.outer(share, kernel[row])
        inverse -= np.outer(share, inverse[row])
        # Exactly, and a diagonal of one, or the next division is by zero.
        kernel[row] = inverse[row] = inverse[:, row] = 0
        inverse[row, row] = 1
        left[row] = False
        order.append(row)
    return order, kernel
