"""What studies of many networks take."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from prune import PruneError
from prune.cli.asked import Asked, Command
from prune.settings import lists
from prune.settings.files import Out, Page, Talk
from prune.settings.kinds import percents
from prune.settings.pruning import Images, Pruning
from prune.settings.recipe import Training
from prune.settings.single import File
from prune.settings.workers import Depths, Workers

_DEEPEST = 50


def _depths(asked: Asked) -> None:
    depths = sorted(asked.of(Depths).depths)
    if not 1 <= depths[0] <= depths[-1] <= _DEEPEST:
        raise PruneError(
            f"--depths takes numbers from 1 to {_DEEPEST}, got {lists.seeds_again(depths)}"
        )
    if asked.of(Pruning).k[0] != 0:
        raise PruneError("--k must hold 0: the largest k is told from what no pruning gives")


COMMANDS = (
    Command(
        "study",
        "studies",
        "Train networks, prune them in many ways, and tell the spread. Again: what is missing.",
        "prune study studies/replication.toml --dry-run\n"
        "prune study studies/replication.toml --jobs 2\n"
        "prune study studies/methods.toml --scheduler tcp://127.0.0.1:8786",
        (File, Out, Workers, Page, Talk),
        missing="study {}: No such file or directory; give a .toml file",
    ),
    Command(
        "depth",
        "depth",
        "Train networks of several depths, of equal width and of equally many parameters, and "
        "tell how far each can be pruned: a study, which goes on where it was.",
        "prune depth --dry-run\nprune depth --jobs 2\n"
        "prune depth --depths 1-3 --seeds 0-9 --width 100",
        (Depths, Training, Pruning, Workers, Images, Out, Page, Talk),
        without={each.name for each in (*fields(Training), *fields(Pruning))}
        - {"k", "epochs", "batch_size"},
        defaults={"out": Path("results/depth"), "batch_size": 128, "k": percents().typed("0:98:2")},
        check=_depths,
    ),
)
