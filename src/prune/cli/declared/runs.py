"""Commands about many runs, or about what runs have written: what each takes."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from prune import PruneError
from prune.cli.asked import Asked, Command
from prune.settings import lists
from prune.settings.fields import percents
from prune.settings.files import JSON, TABLE, Out, Page, Talk
from prune.settings.gate import Gate
from prune.settings.pruning import Images, Pruning
from prune.settings.recipe import Training
from prune.settings.work import Depths, File, Folders, Workers

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
    Command(
        "criteria",
        "criteria",
        "List the criteria: how weights or units can be ranked for removal.",
        "prune criteria\nprune criteria --format json",
        (Out, Talk),
        without=("out",),
        choices={"format": (TABLE, JSON)},
    ),
    Command(
        "report",
        "pages",
        "Make one HTML page of the folders of runs: figures, curves, the model drawn, tables and "
        "an evaluation card. Several folders stand side by side.",
        "prune report results/compare\n"
        "prune report results/compare results/weight-criteria results/sensitivity\n"
        "prune report results/compare --out shared\n"
        "prune report results/compare --log mlflow",
        (Folders, Out, Page, Talk),
        without=("format", "html"),
        helps={"folders": {"nargs": "+"}},
    ),
    Command(
        "rerun",
        "rerun",
        "Repeat a run of weight, unit, compare or sensitivity as its run.json tells, and compare "
        "every count with its table. Exit status 1 if any differs.",
        "prune rerun results/compare/run.json\nprune rerun results/compare/run.json --out again",
        (File, Gate, Out, Talk),
        without=("format",),
    ),
)
