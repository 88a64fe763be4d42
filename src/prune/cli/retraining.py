"""Options of retraining, and from them what is trained on after pruning."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from prune import PruneError
from prune.cli import options, recipe

if TYPE_CHECKING:
    from prune.cli.job import Job
    from prune.files.data import Data
    from prune.training.recipe import Recipe
    from prune.training.retrain import Retraining

SCHEDULES = ("one-shot", "iterative", "gradual")
RAMPS = ("cubic", "exponential")
_ONLY_HERE = ("schedule", "ramp", "ramp_from", "rewind", "reinit", "scratch", "distill")
# What says how to retrain, and so nothing without --retrain.
_NEEDS_RETRAIN = (*_ONLY_HERE, *recipe.NAMES)
NAMES = ("retrain", *_NEEDS_RETRAIN)
_STARTS = ("rewind", "reinit", "scratch")


def add(command: argparse.ArgumentParser) -> None:
    """Add whether and how to train what is left."""
    parser = command.add_argument_group("training what is left")
    parser.add_argument(
        "--retrain",
        metavar="EPOCHS",
        type=options.positive,
        help="train what is left, for so many epochs, with what is pruned held at zero; "
        "5,000 training images are held out to choose by",
    )
    about = (
        "one-shot: prune, then train; iterative: in rounds of both, each of --retrain epochs; "
        "gradual: prune while training"
    )
    recipe.choice(parser, "--schedule", SCHEDULES, "one-shot", about)
    recipe.choice(
        parser, "--ramp", RAMPS, "cubic", "of sparsity, for gradual: cubic or exponential"
    )
    parser.add_argument(
        "--ramp-from",
        metavar="PERCENT",
        type=options.percent,
        default=Fraction(0),
        help="of sparsity, where the ramp begins: so much goes at once (default: 0)",
    )
    starts = parser.add_mutually_exclusive_group()
    starts.add_argument(
        "--rewind",
        metavar="EPOCH",
        type=options.seed,
        help="train a network of this form anew, by the recipe of `prune train`, prune it, and "
        "train what is left from its values after that epoch (lottery ticket)",
    )
    starts.add_argument(
        "--reinit", action="store_true", help="train what is left from fresh values, as a control"
    )
    starts.add_argument(
        "--scratch",
        action="store_true",
        help="train a smaller dense network of as many parameters instead, as a control",
    )
    parser.add_argument(
        "--distill",
        metavar="SHARE",
        type=recipe.share,
        default=0.0,
        help="share of the loss, 0 to 1, that is for answering like the whole network (default: 0)",
    )
    recipe.add(parser, 128, "cosine")


def check(args: argparse.Namespace) -> None:
    """Refuse options that contradict each other, before anything is read."""
    given = [
        name for name in _NEEDS_RETRAIN if getattr(args, name) != args.parser.get_default(name)
    ]
    if given and args.retrain is None:
        raise PruneError(
            f"--{given[0].replace('_', '-')} is about training: give --retrain EPOCHS too"
        )
    recipe.check(args)
    if args.schedule != "gradual" and (args.ramp != RAMPS[0] or args.ramp_from):
        raise PruneError(f"--ramp and --ramp-from are for --schedule gradual, got {args.schedule}")
    if args.ramp_from == 1:
        raise PruneError("--ramp-from 100 leaves nothing to go on from; give less")
    if args.ramp_from and args.ramp_from >= options.sparsities(args.k)[-1]:
        raise PruneError(
            f"--ramp-from {float(100 * args.ramp_from):g} leaves no k a ramp: give less, or a "
            "larger --k"
        )
    if args.rewind is not None and args.rewind > _original(args).epochs:
        raise PruneError(
            f"--rewind takes an epoch of the original training, 0 to {_original(args).epochs}, "
            f"got {args.rewind}"
        )
    if args.controls and args.scope == "network" and args.schedule != "one-shot":
        raise PruneError(
            f"--controls with --scope network cannot follow --schedule {args.schedule}, whose "
            "counts by layer training decides; use --scope layer or one-shot"
        )


def remark(args: argparse.Namespace, sparsities: list[Fraction]) -> str | None:
    """Return a remark where the ramp begins beyond some of the `sparsities`."""
    if args.retrain is None:
        return None
    at_once = [sparsity for sparsity in sparsities if 0 < sparsity <= args.ramp_from]
    ks = ", ".join(f"{float(100 * sparsity):.15g}" for sparsity in at_once)
    if not at_once:
        return None
    return f"k = {ks}: not beyond --ramp-from, so that all goes at once, without a ramp"


def _original(args: argparse.Namespace) -> Recipe:
    """Return the recipe of the original training, that of `prune train`."""
    from prune.training.recipe import Recipe

    return Recipe(seed=args.seed)


def retraining(args: argparse.Namespace, learnt: Data | None) -> Retraining | None:
    """Return what is to be done with a pruned network, learning from the images `learnt`."""
    if args.retrain is None or learnt is None:
        return None
    from prune.training import retrain
    from prune.training.compiled import Examples

    found = retrain.Retraining(
        Examples(learnt.images, learnt.labels, imitation=args.distill),
        recipe.asked(args, args.retrain),
        args.schedule,
        args.ramp,
        args.ramp_from,
        next((name for name in _STARTS if getattr(args, name) not in (None, False)), "pruned"),
    )
    retrain.check(found)
    return found


def rewound(job: Job, report: Callable[[str, int, str], None]) -> Job:
    """Return the job on a network trained anew, where its early values are asked for."""
    if job.args.rewind is None or job.learnt is None:
        return job
    from prune.training import retrain
    from prune.training.compiled import Examples

    first = _original(job.args)
    course = retrain.original(
        job.source.network, Examples(job.learnt.images, job.learnt.labels), first
    )
    past = []
    for network in course:
        past.append(network)
        report(f"training anew: epoch {len(past)} of {first.epochs}", 0, "")
    early, network = past[job.args.rewind], past[-1]
    curves = [
        curve._replace(
            plan=curve.plan._replace(network=network),
            retraining=replace(curve.retraining, early=early),
        )
        for curve in job.curves
    ]
    return replace(job, source=job.source._replace(network=network), curves=curves)
