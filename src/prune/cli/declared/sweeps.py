"""Commands that prune a network at each sparsity that is asked for: what each takes."""

from __future__ import annotations

from pathlib import Path

from prune import PruneError
from prune.cli.asked import Asked, Command
from prune.cli.declared import HIDDEN
from prune.settings.files import (
    Out,
    Page,
    Picture,
    Talk,
    Weights,
)
from prune.settings.gate import Gate
from prune.settings.pruning import METHODS, UNIT, WEIGHT, Controls, Images, Pruning
from prune.settings.recipe import Retraining
from prune.settings.seeds import Seeds


def _single_network(asked: Asked) -> None:
    """Refuse with --seeds what is of one network."""
    if asked.of(Seeds).seeds is None:
        if "model" in asked.given:
            raise PruneError(
                "--model names the network that --seeds trains; give --seeds too, or --weights "
                "NAME or FILE for one that is trained"
            )
        return
    for option, _ in asked.set():
        if option.owner in (Weights, Picture, Gate):
            raise PruneError(
                f"--seeds trains networks of its own and prunes them alike; leave out {option.word}"
            )


def _sweep(name: str, methods: tuple[str, ...], about: str) -> Command:
    return Command(
        name,
        "sweep",
        about,
        f"prune {name}\n"
        f"prune {name} --k 0,25,50,90\n"
        f"prune {name} --criterion activation,obs --repair lstsq\n"
        f"prune {name} --weights mine.keras --data mine.npz --k 0:90:10\n"
        f"prune {name} --k 50 --max-drop 1\n"
        f"prune {name} --format csv > {name}.csv",
        (Pruning, Controls, Weights, Seeds, Images, Retraining, Gate, Out, Picture, Page, Talk),
        methods=methods,
        without=("method",),
        # No unit of the output can go.
        helps={"include_output": HIDDEN} if UNIT in methods else {},
        defaults={"out": Path("results") / name},
        check=_single_network,
    )


COMMANDS = (
    _sweep(
        "weight",
        (WEIGHT,),
        "Set the weights of smallest magnitude to zero, at each k, and measure accuracy.",
    ),
    _sweep(
        "unit",
        (UNIT,),
        "Remove the units whose kernel columns have the smallest L2 norm, at each k, and measure "
        "accuracy.",
    ),
    _sweep(
        "compare",
        METHODS,
        "Prune by weight and by unit, and show both in one table and one picture.",
    ),
)
