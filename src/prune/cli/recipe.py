"""The options that say how to train, of `prune train` and of retraining."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from prune import PruneError
from prune.cli import options
from prune.core.lists import MOST_DROPPED

if TYPE_CHECKING:
    from prune.training.recipe import Recipe

OPTIMIZERS = ("adam", "sgd", "adamw")
DECAYS = ("none", "cosine", "linear")
NAMES = (
    "optimizer",
    "batch_size",
    "learning_rate",
    "decay",
    "momentum",
    "weight_decay",
    "input_dropout",
)
Options = argparse._ActionsContainer  # a parser, or a group of its options


def add(parser: Options, batch_size: int, decay: str) -> None:
    """Add how to train."""
    choice(parser, "--optimizer", OPTIMIZERS, "adam", ", ".join(OPTIMIZERS))
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
    choice(parser, "--decay", DECAYS, decay, about)
    parser.add_argument(
        "--momentum", metavar="M", type=share, default=0.9, help="of sgd (default: 0.9)"
    )
    parser.add_argument(
        "--weight-decay", metavar="W", type=share, default=0.004, help="of adamw (default: 0.004)"
    )
    parser.add_argument(
        "--input-dropout",
        metavar="SHARE",
        type=dropped,
        default=0.0,
        help="of each image's values that are left out, others at every step (default: 0)",
    )


# An optimizer's own options, and the optimizer.
_OWN = {"momentum": "sgd", "weight_decay": "adamw"}


def check(args: argparse.Namespace) -> None:
    """Refuse an option of another optimizer than the one that is asked for."""
    for name, optimizer in _OWN.items():
        given = getattr(args, name) != args.parser.get_default(name)
        if given and args.optimizer != optimizer:
            option = name.replace("_", "-")
            raise PruneError(
                f"--{option} is for --optimizer {optimizer}, got {args.optimizer}; "
                f"leave out --{option}, or give --optimizer {optimizer}"
            )


def choice(parser: Options, name: str, choices: tuple[str, ...], default: str, about: str) -> None:
    """Add an option that is one of a few names."""
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
    return _from_zero(text, 1)


def dropped(text: str) -> float:
    """Parse a share that may be left out."""
    return _from_zero(text, MOST_DROPPED)


def _from_zero(text: str, most: float) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1
    if not 0 <= found <= most:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to {most}, got {text!r}")
    return found


def asked(args: argparse.Namespace, epochs: int) -> Recipe:
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
