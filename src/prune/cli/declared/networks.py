"""What the commands take that are about one network: its layers, its file, its training."""

from __future__ import annotations

from pathlib import Path

from prune import PruneError
from prune.cli.asked import Asked, Command
from prune.cli.declared import HIDDEN
from prune.settings.files import JSON, TABLE, Activation, Out, Page, Save, Talk, Weights
from prune.settings.pruning import Controls, Images, Pruning
from prune.settings.recipe import Retraining, Training
from prune.settings.single import Allotting, File, Packing


def _one_k(asked: Asked) -> None:
    if len(asked.of(Pruning).k) > 1:
        raise PruneError("shrink takes one --k, such as --k 90")


COMMANDS = (
    Command(
        "sensitivity",
        "sensitivity",
        "Prune each layer alone, at each k, and suggest how far to prune each for the least loss "
        "on training images.",
        "prune sensitivity\n"
        "prune sensitivity --method unit --repair lstsq --per macs\n"
        "prune weight --k-map results/sensitivity/allocation.json",
        (Pruning, Allotting, Controls, Weights, Images, Out, Page, Talk),
        defaults={"out": Path("results/sensitivity")},
        helps={"controls": HIDDEN},
        one_curve=True,
    ),
    Command(
        "shrink",
        "shrink",
        "Prune to one k, physically remove what no longer matters, prove that the answers are the "
        "same, and save.",
        "prune shrink --method unit --k 70 --save small.keras\n"
        "prune shrink --method unit --criterion obs --k 90 --save small.weights.h5\n"
        "prune shrink --method weight --k 95 --save small.npz --float16",
        (Pruning, Controls, Save, Packing, Weights, Images, Retraining, Out, Page, Talk),
        without=("log",),  # it has no rows
        defaults={"out": Path("results/shrink")},
        choices={"format": (TABLE, JSON)},
        helps={
            "controls": HIDDEN,
            "k": {"metavar": "PERCENT", "nargs": 1, "help": "percent to remove, such as 90"},
        },
        one_curve=True,
        check=_one_k,
    ),
    Command(
        "train",
        "train",
        "Train a network with Keras: the home network, ReLU layers without biases, or another of "
        "the zoo, by a recipe of its own; what is given goes before it.",
        "prune train --save weights.h5\n"
        "prune train --model resnet8 --save resnet8.keras\n"
        "prune train --save quick.keras --epochs 1 --limit 1000\n"
        "prune train --save small.weights.h5 --hidden 300,100 --seed 1",
        (Training, Save, Images, Out, Talk),
        without=("format",),
        defaults={"out": Path("results/train")},
    ),
    Command(
        "inspect",
        "inspect",
        "Show what is in a weights file, without running anything.",
        "prune inspect weights.h5\nprune inspect model.keras --format json",
        (File, Activation, Out, Talk),
        without=("out",),
        choices={"format": (TABLE, JSON)},
    ),
)
