"""`--seeds` on weight, unit and compare: the short form of a study, of the home recipe."""

from __future__ import annotations

import argparse
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prune import PruneError
from prune.cli import options, pruning, retraining, studying
from prune.core import lists

if TYPE_CHECKING:
    from prune.files.studies import Part

# What is of one network, or of another way to run it; with several it would mean nothing.
_REFUSED = ("weights", "activation", "engine", "k_map", "keep", "controls")
_REFUSED += ("x", "seed")
NETWORKS = Path("results") / "networks"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    parser.add_argument(
        "--seeds",
        metavar="LIST",
        help="instead of one network, train those of the reference recipe with these seeds, such "
        f"as 0-4 (minutes each; kept in {NETWORKS}), and tell the spread; `prune study` does more",
    )


def run(args: argparse.Namespace) -> int:
    """Carry out the study that is meant."""
    found = lists.seeds(args.seeds, "--seeds")
    sparsities = options.sparsities(args.k)
    _refuse(args)
    retraining.check(args)
    from prune.files import studies
    from prune.views import report

    study = studies.Study("", args.data, args.limit, (_part(args, found, sparsities),), args.scale)
    if args.out == args.parser.get_default("out"):  # where the results of one network are
        args.out = args.out.with_name(f"{args.out.name}-seeds")
    carried = {"jobs": 1, "scheduler": None, "dry_run": False, "fresh": False}
    carried_out = argparse.Namespace(**{**vars(args), **carried, "networks": NETWORKS})
    return studying.carry_out(carried_out, study, partial(report.spread, data=study.data))


def _refuse(args: argparse.Namespace) -> None:
    for name in _REFUSED:
        if getattr(args, name) != args.parser.get_default(name):
            option = name.replace("_", "-")
            raise PruneError(
                f"--seeds trains networks of its own and prunes them alike; leave out --{option}"
            )


def _part(args: argparse.Namespace, found: tuple[int, ...], sparsities: list[Fraction]) -> Part:
    from prune.files import studies

    pruning.criteria(args)  # the names are right
    return studies.part(
        {
            "seeds": found,
            "methods": tuple(args.methods),
            "criteria": tuple(dict.fromkeys(args.criterion)),
            "repairs": tuple(args.repair),
            "scopes": (args.scope,),
            "k": tuple(sparsities),
            "calibration": args.calibration,
            "include_output": args.include_output,
            "floor": args.floor,
            **_retraining(args),
        }
    )


def _retraining(args: argparse.Namespace) -> dict[str, Any]:
    """Return how to train on, in the words of a settings file."""
    start = next((name for name in ("reinit", "scratch") if getattr(args, name)), "pruned")
    return {
        "retrain": (args.retrain or 0,),
        "schedules": (args.schedule,),
        "ramps": (args.ramp,),
        "ramp_from": Fraction(args.ramp_from),
        "starts": (start if args.rewind is None else "rewind",),
        "rewind": args.rewind or 0,
        "retrain_batch_size": args.batch_size,
        "retrain_learning_rate": args.learning_rate,
        "optimizer": args.optimizer,
        "decay": args.decay,
        "momentum": args.momentum,
        "weight_decay": args.weight_decay,
        "distill": args.distill,
        "input_dropout": args.input_dropout,
    }
