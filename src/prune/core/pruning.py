"""The front of all pruning without training: methods, criteria, scopes and repairs by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from prune import PruneError
from prune.core import alive, anatomy, criteria, obs
from prune.core.calibration import Calibration
from prune.core.network import Masks, Network, Scores
from prune.core.plan import Plan, Pruned, Sweep
from prune.core.repair import aim, refit_all
from prune.settings.pruning import BN, LSTSQ, NO_REPAIR, UNIT, WEIGHT

Score = Callable[[Network, Calibration], Scores]


class Criterion(NamedTuple):
    """A way to choose what goes: one line about it, its source, and how it is done."""

    about: str
    source: str
    needs_images: bool
    sweep: Sweep
    refits: bool = False  # by itself what it leaves, so that a repair adds nothing
    by_layer: bool = False  # scores of different layers cannot be ranked together
    sees_inputs: bool = False  # those of each kernel


def _one_shot(score: Score) -> Sweep:
    """Return the sweep that ranks once, by `score`, and cuts the whole network at each sparsity."""

    def sweep(plan: Plan) -> Iterator[Pruned]:
        scope, repair = plan.scope, REPAIRS[plan.repair].prepare(plan)
        scores = _scores(score, plan)
        ranks = scope.rank({name: scores[name] for name in plan.layers})
        for sparsity in plan.sparsities:
            cut = scope.cut(ranks, sparsity)
            whole = all(mask.all() for mask in cut.values())  # so that there is nothing to repair
            yield Pruned(sparsity, plan.network if whole else repair(cut), cut, scope.floored(cut))

    return sweep


def _scores(score: Score, plan: Plan) -> Scores:
    """Return the scores of `plan.network`, lowest for what is gone, then for what reaches nothing.

    After much pruning little is alive, and only that is looked at.
    """
    if plan.masks is None:
        return score(plan.network, plan.calibration)
    if not anatomy.is_chain(plan.network):
        scores = score(plan.network, plan.calibration)
        gone = scores.keys() & plan.masks.keys()
        return scores | {name: _lowest(scores[name], plan.masks[name]) for name in gone}
    groups = alive.by_masks(plan.network, plan.masks)
    images = plan.calibration.images
    calibration = replace(plan.calibration, images=images[:, groups[0]] if images.size else images)
    small = score(alive.cut(plan.network, groups), calibration)
    return {
        layer.name: _widened(small[layer.name], plan.masks[layer.name], ends)
        for layer, ends in zip(plan.network, pairwise(groups), strict=True)
        if layer.name in plan.masks and layer.name in small
    }


def _widened(scores: np.ndarray, kept: np.ndarray, ends: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return scores of what is alive in the shape of `kept`; `ends` are inputs and units alive."""
    place = np.ix_(*ends[-scores.ndim :])  # scores of whole units run along the units alone
    whole = np.full(kept.shape, np.finfo(scores.dtype).min, scores.dtype)
    whole[place] = scores
    return _lowest(whole, kept)


def _lowest(scores: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return scores that are below all others where nothing is kept."""
    return np.where(kept, scores, scores.dtype.type(-np.inf))


class Repair(NamedTuple):
    """A way to refit what is left; `prepare` does once what serves every sparsity."""

    about: str
    needs_images: bool
    prepare: Callable[[Plan], Callable[[Masks], Network]]


def _no_repair(plan: Plan) -> Callable[[Masks], Network]:
    return anatomy.of(plan.network).masked


def _renewed(plan: Plan) -> Callable[[Masks], Network]:
    whole = anatomy.of(plan.network)
    return lambda cut: anatomy.of(whole.masked(cut)).renewed(plan.calibration.shown)


def _lstsq(plan: Plan) -> Callable[[Masks], Network]:
    whole = anatomy.of(plan.network)
    goal = aim(plan.network, plan.calibration.shown)
    return lambda cut: refit_all(whole.masked(cut), cut, goal)[0]


REPAIRS = {
    NO_REPAIR: Repair("what is left stays as it was", False, _no_repair),
    BN: Repair("statistics of normalisations anew, by a forward pass", True, _renewed),
    LSTSQ: Repair("refit what is left, by least squares on each layer's outputs", True, _lstsq),
}

_OBS = "Hassibi and Stork 1993; Dong 2017; Frantar and Alistarh 2022, 2023"

# By method and name; the first of each method is its default.
CRITERIA: dict[str, dict[str, Criterion]] = {
    WEIGHT: {
        "magnitude": Criterion(
            "its absolute value", "Janowsky 1989; Han 2015", False, _one_shot(criteria.magnitude)
        ),
        "random": Criterion(
            "by chance, as a control", "", False, _one_shot(criteria.random_weight)
        ),
        "activation": Criterion(
            "its absolute value times the rms of its input",
            "Wanda, Sun 2023",
            True,
            _one_shot(criteria.weight_activation),
            sees_inputs=True,
        ),
        "taylor": Criterion(
            "weight times gradient, absolute, averaged over images",
            "Molchanov 2016; SNIP, Lee 2019",
            True,
            _one_shot(criteria.weight_taylor),
        ),
        "obd": Criterion(
            "its square times the mean square of its gradient: Optimal Brain Damage",
            "LeCun 1990; Theis 2018",
            True,
            _one_shot(criteria.weight_obd),
        ),
        "lamp": Criterion(
            "its square over the squares of all larger in its layer; for scope network",
            "LAMP, Lee 2021",
            False,
            _one_shot(criteria.lamp),
        ),
        "obs": Criterion(
            "Optimal Brain Surgeon: what the others make up best, in rounds with refit",
            _OBS,
            True,
            obs.weights,
            refits=True,
            sees_inputs=True,
        ),
    },
    UNIT: {
        "norm": Criterion(
            "the L2 norm of its weights", "Li 2017, with L1", False, _one_shot(criteria.norm)
        ),
        "random": Criterion("by chance, as a control", "", False, _one_shot(criteria.random_unit)),
        "activation": Criterion(
            "the rms of its output times the norm of its outgoing weights",
            "Wanda, Sun 2023, for units",
            True,
            _one_shot(criteria.unit_activation),
            sees_inputs=True,
        ),
        "taylor": Criterion(
            "output times gradient, absolute, averaged over images",
            "Molchanov 2016",
            True,
            _one_shot(criteria.unit_taylor),
        ),
        "obd": Criterion(
            "the mean square of its output times gradient: Fisher pruning",
            "LeCun 1990; Theis 2018",
            True,
            _one_shot(criteria.unit_obd),
        ),
        "obs": Criterion(
            "Optimal Brain Surgeon: what the next layer makes up best, one at a time, with refit",
            _OBS,
            True,
            obs.units,
            refits=True,
            sees_inputs=True,
            by_layer=True,
        ),
    },
}


def usual(method: str) -> str:
    """Return the criterion of a method where none is asked for."""
    return next(iter(CRITERIA[method]))


def sweep(method: str, criterion: str, plan: Plan) -> Iterator[Pruned]:
    """Prune `plan.network` to each sparsity in turn, lazily; what was asked is checked at once.

    A criterion that refits on its way, `obs`, has nothing left for `plan.repair` to do.
    """
    check(method, criterion, plan)
    return CRITERIA[method][criterion].sweep(plan)


def check(method: str, criterion: str, plan: Plan) -> None:
    """Refuse, with the reason, what cannot be pruned in that way."""
    chosen = CRITERIA[method][criterion]
    if chosen.needs_images:
        _check_images(plan, f"criterion {criterion!r}")
    if REPAIRS[plan.repair].needs_images:
        _check_images(plan, f"repair {plan.repair!r}")
    if plan.repair == BN and not anatomy.of(plan.network).normalised():
        raise PruneError(
            f"repair {BN!r} is for models with normalisation, of which this one has none; leave "
            "out --repair"
        )
    if chosen.sees_inputs:
        _check_seen(plan, f"criterion {criterion!r}")
    output = anatomy.of(plan.network).output()
    if method == UNIT and output in plan.layers:
        raise PruneError(
            f"layer {output!r} is the output: each of its units is a class and "
            "cannot be removed; prune its weights instead"
        )
    if chosen.by_layer and plan.scope.share is None:
        raise PruneError(
            f"criterion {criterion!r} cannot rank {method}s of different layers (scope "
            f"{plan.scope.name!r}): their losses are in the terms of different next layers; "
            "use --scope layer"
        )


def _check_seen(plan: Plan, what: str) -> None:
    """Refuse what looks at the inputs of kernels if those of some cannot be had."""
    whole = anatomy.of(plan.network)
    blind, readings = whole.blind(), whole.readings()
    for name in plan.layers if blind else ():
        looked_at = [name, *(each.kernel for each in readings.get(name, ()))]
        hidden = next((blind[each] for each in looked_at if each in blind), None)
        if hidden is not None:
            layer = hidden.partition(" ")[0] if name in blind else name
            raise PruneError(
                f"{what} cannot see what {hidden} reads; leave it alone with --keep {layer}, or "
                "use taylor"
            )


def _check_images(plan: Plan, what: str) -> None:
    if not plan.calibration.total:
        raise PruneError(f"{what} needs calibration images, got none; give some of the training's")


def needs_images(method: str, criterion: str, repair: str) -> bool:
    """Tell whether training images must be loaded at all."""
    return CRITERIA[method][criterion].needs_images or REPAIRS[repair].needs_images


def layers(
    network: Any,
    keep: Collection[str] = (),
    include_output: bool = False,
    method: str = WEIGHT,
    include: Collection[str] = (),
) -> tuple[str, ...]:
    """Name what may be pruned: all but the output layer and those to `keep`.

    That is layers of a chain, of any other model kernels or, by unit, groups; of its kernels those
    that hold few weights and lose most are named only if `include` names them.
    """
    return anatomy.of(network).layers(method, keep, include_output, include)
