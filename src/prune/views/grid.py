"""The grid of a study as a table: what there is to do, and what is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any, NamedTuple

from prune.settings import lists
from prune.settings.recipe import MLP
from prune.views.tables import Table


class Left(NamedTuple):
    """An estimate, as `experiments.estimate` makes it."""

    seconds: float
    measured: int
    probed: int


def table(cells: list[Any], done: Collection[Any], untrained: Collection[Any]) -> Table:
    """Return one line for each way to prune each size of network, with how many seeds are done."""
    asked = Counter(_line(cell) for cell in cells)
    finished = Counter(_line(cell) for cell in cells if cell in done)
    missing = Counter(
        _line(cell) for cell in cells if cell not in done and cell.training in untrained
    )
    header = ["hidden", "recipe", "method", "criterion", "repair", "scope", "k", "cells"]
    lines = [
        [*line, str(number), str(finished[line]), str(missing[line])]
        for line, number in asked.items()
    ]
    return Table([*header, "done", "untrained"], lines, "")


def _network(training: Any) -> tuple[str, str]:
    if not hasattr(training, "hidden"):
        return f"model {training.sha256[:12]}", "from a file"
    recipe = f"{training.epochs} epochs, batch {training.batch_size}, {training.learning_rate:g}"
    form = "-".join(map(str, training.hidden)) if training.model == MLP else training.model
    return form, recipe


def _line(cell: Any) -> tuple[str, ...]:
    hidden, recipe = _network(cell.training)
    ks = f"{lists.k(cell.k[0]):g}"
    if len(cell.k) > 1:
        ks = f"{len(cell.k)}: {ks} to {lists.k(cell.k[-1]):g}"
    return hidden, recipe, cell.method, cell.criterion, cell.repair, cell.scope, ks


def estimate(left: Left, jobs: int) -> str:
    """Say how long it may take, and how one knows."""
    told = f"About {_time(left.seconds / jobs)} are left"
    if jobs > 1:
        told += f" with {jobs} jobs, if each has a core"
    basis = []
    if left.measured:
        basis.append(f"{left.measured} tasks by the seconds of like ones that are done")
    if left.probed:
        basis.append(f"{left.probed} tasks by a tiny probe, which may be wrong by several times")
    return f"{told} ({', '.join(basis)})."


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
