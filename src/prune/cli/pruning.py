"""From options to curves: what to prune, how, and with what images."""

from __future__ import annotations

import argparse
from fractions import Fraction
from typing import TYPE_CHECKING

from prune import PruneError
from prune.cli import retraining
from prune.core.spelling import closest

if TYPE_CHECKING:
    from prune.core.calibration import Calibration
    from prune.core.masks import Scope
    from prune.core.network import Network
    from prune.core.plan import Plan
    from prune.experiments.sweep import Curve
    from prune.files.data import Data


def curves(
    args: argparse.Namespace,
    network: Network,
    sparsities: list[Fraction],
    learnt: Data | None,
) -> list[Curve]:
    """Return every curve that was asked for, controls last; what is wrong is found here.

    Criteria, repair and training see the images `learnt`.
    """
    from prune.core.pruning import check
    from prune.experiments import sweep

    pairs = criteria(args)
    plan = _plan(args, network, sparsities, learnt)
    trained = retraining.retraining(args, learnt)
    found = [
        sweep.Curve(method, criterion, plan._replace(repair=repair), trained)
        for method, criterion in pairs
        for repair in _repairs(method, criterion, args.repair)
    ]
    for curve in found:
        check(curve.method, curve.criterion, curve.plan)
    return found + sweep.controls(found) if args.controls else found


def _repairs(method: str, criterion: str, asked: list[str]) -> list[str]:
    """Leave out repair for a criterion that refits by itself: it would change nothing."""
    from prune.core.pruning import CRITERIA

    return ["none"] if CRITERIA[method][criterion].refits else asked


def criteria(args: argparse.Namespace) -> list[tuple[str, str]]:
    """Pair each method with its criteria; a name is for every method that knows it."""
    from prune.core.pruning import CRITERIA

    known = {name: None for method in args.methods for name in CRITERIA[method]}
    for name in args.criterion:
        if name not in known:
            choices = ", ".join(known)
            raise PruneError(
                f"unknown --criterion {name!r}{closest(name, known)}; choose from {choices}"
            )
    pairs = []
    for method in args.methods:
        chosen = [name for name in dict.fromkeys(args.criterion) if name in CRITERIA[method]]
        pairs += [(method, name) for name in chosen or [next(iter(CRITERIA[method]))]]
    return pairs


def _plan(
    args: argparse.Namespace,
    network: Network,
    sparsities: list[Fraction],
    learnt: Data | None,
) -> Plan:
    from prune.core import pruning
    from prune.core.calibration import Calibration
    from prune.core.plan import Plan

    layers = pruning.layers(network, args.keep, args.include_output)
    if not layers:
        raise PruneError("there is no layer to prune: a network needs a hidden layer, not kept")
    calibration = Calibration(seed=args.seed) if learnt is None else drawn(args, learnt)
    scope = _scope(args, layers)
    return Plan(network, layers, tuple(sparsities), calibration, scope)


def training_images(args: argparse.Namespace, network: Network) -> tuple[Data | None, Data | None]:
    """Return the training images to learn from, and those held out to choose by.

    Held out are some only if something is trained; where nobody looks at any, none are read.
    """
    from prune.core import pruning

    pairs = criteria(args)
    looked_at = any(pruning.needs_images(*pair, repair) for pair in pairs for repair in args.repair)
    if args.retrain is None:
        return (load_training(args, network) if looked_at else None), None
    from prune.core import holdout

    train = load_training(args, network)
    learnt, held = (
        train._replace(images=train.images[places], labels=train.labels[places])
        for places in holdout.split(len(train.labels))
    )
    return learnt, held if len(held.labels) else None


def load_training(args: argparse.Namespace, network: Network) -> Data:
    """Load the training split, which fits the network."""
    from prune.files import data

    train = data.load(args.data, "train", args.limit, args.scale)
    data.check_fits(train, network, args.data)
    return train


def drawn(args: argparse.Namespace, learnt: Data) -> Calibration:
    """Draw the images that criteria and repair may look at."""
    from prune.core import calibration

    return calibration.draw(learnt.images, learnt.labels, args.calibration, args.seed)


def _scope(args: argparse.Namespace, layers: tuple[str, ...]) -> Scope:
    from prune.core.masks import FLOOR, SCOPES, allocated, ranked_together
    from prune.files import allocations

    if args.floor != FLOOR and args.scope != "network":
        raise PruneError("--floor is for --scope network; give that too")
    if args.k_map is None:
        return ranked_together(args.floor) if args.scope == "network" else SCOPES[args.scope]
    if args.scope != "layer":
        raise PruneError(f"--k-map says how far each layer goes; leave out --scope {args.scope}")
    return allocated(allocations.load(args.k_map, layers))
