"""Options of training, and from them what is trained on after pruning."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from prune import PruneError
from prune.cli import options

if TYPE_CHECKING:
    from prune.cli.job import Job
    from prune.files.data import Data
    from prune.training.recipe import Recipe
    from prune.training.retrain import Retraining

OPTIMIZERS = ("adam", "sgd", "adamw")
DECAYS = ("none", "cosine", "linear")
SCHEDULES = ("one-shot", "iterative", "gradual")
RAMPS = ("cubic", "exponential")
_ONLY_HERE = ("schedule", "ramp", "ramp_from", "rewind", "reinit", "scratch", "distill")
_RECIPE = (
    "optimizer",
    "batch_size",
    "learning_rate",
    "decay",
    "momentum",
    "weight_decay",
    "input_dropout",
)
# What says how to retrain, and so nothing without --retrain.
_NEEDS_RETRAIN = (*_ONLY_HERE, *_RECIPE)
NAMES = ("retrain", *_NEEDS_RETRAIN)
_STARTS = ("rewind", "reinit", "scratch")


def add_recipe(parser: argparse.ArgumentParser, batch_size: int, decay: str) -> None:
    """Add how to train."""
    _choice(parser, "--optimizer", OPTIMIZERS, "adam", ", ".join(OPTIMIZERS))
    parser.add_argument(
        "--batch-size",
        metavar="N",
        type=options.positive,
        default=batch_size,
        help=f"images of a training step (default: {batch_size})",
    )
    parser.add_argument(
        "--learning-rate",
        metavar="RATE",
        type=rate,
        default=0.001,
        help="at the first step (default: 0.001)",
    )
    about = f"of the learning rate, to zero at the last step: {', '.join(DECAYS)}"
    _choice(parser, "--decay", DECAYS, decay, about)
    parser.add_argument(
        "--momentum", metavar="M", type=share, default=0.9, help="of sgd (default: 0.9)"
    )
    parser.add_argument(
        "--weight-decay", metavar="W", type=share, default=0.004, help="of adamw (default: 0.004)"
    )
    parser.add_argument(
        "--input-dropout",
        metavar="SHARE",
        type=below_one,
        default=0.0,
        help="of each image's values that are left out, others at every step (default: 0)",
    )


def add(parser: argparse.ArgumentParser) -> None:
    """Add whether and how to train what is left."""
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
    _choice(parser, "--schedule", SCHEDULES, "one-shot", about)
    _choice(parser, "--ramp", RAMPS, "cubic", "of sparsity, for gradual: cubic or exponential")
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
        type=share,
        default=0.0,
        help="share of the loss, 0 to 1, that is for answering like the whole network (default: 0)",
    )
    add_recipe(parser, 128, "cosine")


def _choice(
    parser: argparse.ArgumentParser, name: str, choices: tuple[str, ...], default: str, about: str
) -> None:
    parser.add_argument(
        name,
        metavar=name[2].upper(),
        choices=choices,
        default=default,
        help=f"{about} (default: {default})",
    )


def rate(text: str) -> float:
    """Parse a number above 0."""
    try:
        found = float(text)
    except ValueError:
        found = 0
    if not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return found


def share(text: str) -> float:
    """Parse a number from 0 to 1."""
    try:
        found = float(text)
    except ValueError:
        found = -1
    if not 0 <= found <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text!r}")
    return found


def below_one(text: str) -> float:
    """Parse a number from 0 to below 1."""
    found = share(text)
    if found == 1:
        raise argparse.ArgumentTypeError("expected less than 1, which leaves nothing to learn from")
    return found


def recipe(args: argparse.Namespace, epochs: int) -> Recipe:
    """Return the recipe that was asked for."""
    from prune.training.recipe import Recipe

    return Recipe(
        epochs=epochs,
        batch_size=args.batch_size,
        learning_rate=args.learning_rate,
        seed=args.seed,
        optimizer=args.optimizer,
        momentum=args.momentum,
        weight_decay=args.weight_decay,
        decay=args.decay,
        input_dropout=args.input_dropout,
    )


def check(args: argparse.Namespace) -> None:
    """Refuse options that contradict each other, before anything is read."""
    given = [
        name for name in _NEEDS_RETRAIN if getattr(args, name) != args.parser.get_default(name)
    ]
    if given and args.retrain is None:
        raise PruneError(
            f"--{given[0].replace('_', '-')} is about training: give --retrain EPOCHS too"
        )
    if args.schedule != "gradual" and (args.ramp != RAMPS[0] or args.ramp_from):
        raise PruneError(f"--ramp and --ramp-from are for --schedule gradual, got {args.schedule}")
    if args.ramp_from == 1:
        raise PruneError("--ramp-from 100 leaves nothing to go on from; give less")
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
        recipe(args, args.retrain),
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

    recipe = _original(job.args)
    course = retrain.original(
        job.source.network, Examples(job.learnt.images, job.learnt.labels), recipe
    )
    past = []
    for network in course:
        past.append(network)
        report(f"training anew: epoch {len(past)} of {recipe.epochs}", 0, "")
    early, network = past[job.args.rewind], past[-1]
    curves = [
        curve._replace(
            plan=curve.plan._replace(network=network),
            retraining=replace(curve.retraining, early=early),
        )
        for curve in job.curves
    ]
    return replace(job, source=job.source._replace(network=network), curves=curves)
