"""What the commands take that are about no network: lists, and what runs have written."""

from __future__ import annotations

from prune.cli.asked import Command
from prune.settings.files import JSON, TABLE, Out, Page, Talk
from prune.settings.gate import Gate
from prune.settings.single import File, Folders

COMMANDS = (
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
        missing="{}: no such file",
        without=("format",),
    ),
)
