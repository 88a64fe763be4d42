"""`prune study`, and what every command that is a study underneath does."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from prune import PruneError
from prune.cli import pages
from prune.cli.asked import Asked
from prune.cli.console import Console
from prune.cli.job import remark_on_scale, write_tables
from prune.core.chance import guessed, is_guessing
from prune.core.network import Network
from prune.experiments import crew, estimate, grid, perform
from prune.experiments import study as experiment
from prune.experiments.cells import Cell, Source, Stored
from prune.experiments.crew import Crew
from prune.experiments.study import Outcome, State
from prune.files import atomic, data, lock, runs, studies
from prune.files.store import Store
from prune.files.weights import WeightsFile
from prune.models import loading
from prune.settings.files import FORMATS, Out, Talk
from prune.settings.recipe import Training
from prune.settings.single import File
from prune.settings.spelling import counted
from prune.settings.study import KEYS, Study
from prune.settings.workers import Workers
from prune.views import grid as grids
from prune.views import metrics, report, tables
from prune.views.report import Report, Shown

_NEXT = {"study": "prune depth --dry-run  (does depth matter?)"}
_GRID = "prune study FILE.toml --dry-run  (a grid of your own)"


@dataclass(frozen=True)
class Task:
    """A study that is asked for, where its files go, and how it is shown."""

    asked: Asked
    study: Study
    out: Path
    crew: Workers
    show: Shown

    @property
    def console(self) -> Console:
        """Where it is talked about."""
        return Console(self.asked.of(Talk).quiet)


def run(asked: Asked) -> int:
    """Carry out the study of a settings file."""
    path = asked.of(File).file
    out = asked.of(Out).out or Path("results") / f"study-{path.stem}"
    study = studies.load(path)
    show = partial(report.spread, data=study.data)
    return carry_out(Task(asked, study, out, asked.of(Workers), show))


def carry_out(task: Task) -> int:
    """Do what is missing of a study, or only tell; return the exit code."""
    models = _models(task.study)
    stored = {path: Stored(file.sha256, 0, file.assumed) for path, file in models.items()}
    cells = grid.cells(task.study, stored)
    learns = any(isinstance(cell.training, Training) or perform.learns(cell) for cell in cells)
    source = _source(task.console, task.study, learns)
    networks = _networks(cells, models.values(), source)
    kept = task.crew.networks or task.out / "networks"
    store = Store(
        task.out / "cells",
        kept,
        looks_only=task.crew.dry_run,
        content=loading.content,
        read=lambda path: loading.load(path).network,
    )
    look = partial(experiment.look, cells, source, store, networks)
    if task.crew.dry_run:
        fresh = task.crew.fresh
        state = State(cells, source, store, networks=networks) if fresh else look()
        return _tell(task, _said(task.console, state))
    runs.prove_writable(store.cells, "--out")
    runs.prove_writable(store.networks, "--networks")
    store.prepare()
    with lock.held(store.cells):
        store.tidy()
        if task.crew.fresh:
            store.clear()
        state = _said(task.console, look())
        record = runs.Record(task.asked.words, _settings(task), {"data": asdict(source)})
        with runs.recorded(task.out, record):
            _run(task, state)
            _warn_of_guessing(task, state)
            written = _write(task, state)
            record.results = _results(state, written)
    return _show(task, state, written)


def _warn_of_guessing(task: Task, state: State) -> None:
    """Warn, quiet or not, of networks that hardly knew more than guessing before any pruning."""
    if not state.rows:
        return
    known = next(iter(state.networks.values()), None)  # by which labels of any form are read
    labels = perform.images(state.source, "test", known).labels
    unpruned = {cell.training: rows[0]["unpruned"] for cell, rows in state.rows.items()}
    guessing = [share for share in unpruned.values() if is_guessing(share, labels)]
    if guessing:
        task.console.warn(
            f"WARNING: {len(guessing)} of {counted(len(unpruned), 'network')} before any pruning: "
            f"hardly better than guessing ({max(guessing):.1%}, guessing {guessed(labels):.1%}); "
            "this tells nothing of pruning; train them longer, or try another scale"
        )


def _settings(task: Task) -> dict[str, Any]:
    parts = [
        {name: _plain(name, value) for name, value in vars(part).items()}
        for part in task.study.parts
    ]
    study = task.study
    asked = {"about": study.about, "data": study.data, "limit": study.limit, "parts": parts}
    return task.asked.plain() | {"study": asked | {"scale": study.scale}}


def _plain(name: str, value: Any) -> Any:
    """Return the value of a key as JSON can hold it."""
    key = KEYS[name]
    plain = key.setting.kind.plain
    if key.lists:
        return [None if each is None else plain(each) for each in value]
    return None if value is None else plain(value)


def _source(console: Console, study: Study, learns: bool) -> Source:
    asked = (study.limit, study.scale)
    seen = [data.load(study.data, "test", *asked)]
    try:
        seen.append(data.load(study.data, "train", *asked))
    except PruneError:
        if learns:  # else nobody needs them
            raise
    remark_on_scale(console, study.scale, *reversed(seen))
    sums = {each.split: each.sha256 for each in seen}
    return Source(study.data, study.limit, sums.get("train"), sums["test"], study.scale)


def _models(study: Study) -> dict[Path, WeightsFile]:
    """Read the networks that are in files."""
    return {
        part.model: loading.load(part.model, part.activation, part.isolate, part.trust)
        for part in study.parts
        if part.model is not None
    }


def _networks(
    cells: list[Cell], files: Collection[WeightsFile], source: Source
) -> dict[Stored, Network]:
    """Return the networks of cells that are in files, all of which a study can measure."""
    found = {
        cell.training: file.network
        for cell in cells
        for file in files
        if isinstance(cell.training, Stored) and cell.training.sha256 == file.sha256
    }
    for network in found.values():
        perform.refuse_unlike(network, source)
    return found


def _said(console: Console, state: State) -> State:
    """Say what is done already."""
    for path in state.store.set_aside:
        console.say(f"note: {path.stem} is not what was written; set aside as {path.name}")
    networks = {cell.training for cell in state.cells}
    console.say(
        f"{counted(len(state.cells), 'cell')} of {counted(len(networks), 'network')}: "
        f"{len(state.rows):,} done, {len(state.missing):,} to do, "
        f"{counted(len(state.untrained), 'network')} to train for them"
    )
    return state


def _tell(task: Task, state: State) -> int:
    """Print the grid, what is done, and an estimate."""
    print(tables.to_text(grids.table(state.cells, set(state.rows), set(state.untrained))), end="")
    if not state.missing:
        task.console.say("\nAll is done; without --dry-run the tables are written again.")
        return 0
    left = estimate.estimate(state, estimate.probe(state))
    task.console.say(f"\n{grids.estimate(left, task.crew.jobs)}")
    return 0


def _workers(asked: Workers) -> AbstractContextManager[Crew]:
    if asked.scheduler:
        return crew.cluster(asked.scheduler)
    return crew.alone() if asked.jobs == 1 else crew.processes(asked.jobs)


def _run(task: Task, state: State) -> None:
    total = len(state.missing) + len(state.untrained)
    if not total:
        return
    with _workers(task.crew) as workers, task.console.progress(total) as progress:
        for done, outcome in enumerate(experiment.run(state, workers, task.console.warn), 1):
            progress(outcome.name, done, f"{done} of {total}: {_line(outcome)}")


def _line(outcome: Outcome) -> str:
    """Say what came of a cell."""
    if outcome.failure:
        return f"{outcome.name} FAILED: {outcome.failure}"
    if isinstance(outcome.value, tuple):
        _, course = outcome.value
        came = f"trained, {course[-1].test_accuracy:.2%}"
    else:
        last = outcome.value[-1]
        came = f"k = {last['k']:g}: {metrics.said(last)}"
    return f"{outcome.name} {came} ({outcome.seconds:.1f} s)"


@dataclass(frozen=True)
class _Written:
    """What was written: what each --format prints, what it shows, and the exit code so far."""

    texts: dict[str, str]
    report: Report | None = None
    status: int = 0


def _write(task: Task, state: State) -> _Written:
    """Write all tables, then the picture."""
    rows = [row for cell in state.cells for row in state.rows.get(cell, [])]
    if not rows:
        return _Written(dict.fromkeys(FORMATS, ""))
    # Columns that came after a cell was recorded are empty in it.
    columns = list(dict.fromkeys(name for row in rows for name in row))
    rows = [{name: row.get(name) for name in columns} for row in rows]
    shown = task.show(rows)
    texts = write_tables(task.out, rows, shown.tables, columns)
    for name, content in shown.files.items():
        atomic.write(task.out / name, content)
    return _Written(texts, shown, task.console.picture(task.out, *shown.picture))


def _results(state: State, written: _Written) -> dict[str, Any]:
    """Return what run.json tells of the outcome."""
    times = state.store.times()
    networks = {cell.training: rows[0]["network"] for cell, rows in state.rows.items()}
    names = {state.name(cell) for cell in [*state.rows, *networks]}
    return {
        "cells": len(state.cells),
        "done": len(state.rows),
        "failures": state.failures,
        "seconds_of_cells": round(sum(times.get(name, 0) for name in sorted(names)), 1),
        "networks": {state.name(training): digest for training, digest in networks.items()},
        "conclusion": written.report.said.splitlines() if written.report else [],
    }


def _show(task: Task, state: State, written: _Written) -> int:
    """Print results on stdout, and what they mean and what failed; return the exit code."""
    console, name, status = task.console, task.asked.command.name, written.status
    print(written.texts[task.asked.of(Out).format], end="")
    if written.report:
        status = pages.share(task.asked, task.out) or status
        picture, _ = written.report.picture
        names = ["table.csv,json,md", *written.report.files, f"{picture}.png,svg", "run.json"]
        console.say(f"\n{written.report.said}")
        console.say(f"Files: {task.out}{os.sep} {{{'  '.join(names)}}}")
    for cell, failure in state.failures.items():
        console.say(f"failed: {cell}: {failure}")
    if state.failures:
        number = len(state.missing)
        console.say(f"{number} of {len(state.cells)} cells failed; the same command tries again")
        return 4
    console.say(f"Next: {_NEXT.get(name, _GRID)}")
    return status
