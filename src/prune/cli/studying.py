"""What every command that is a study underneath does: look, do what is missing, write, print."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from prune.cli import options
from prune.cli import study_output as output
from prune.cli.console import Console

if TYPE_CHECKING:
    from prune.experiments.cells import Source
    from prune.experiments.crew import Crew
    from prune.experiments.study import Outcome, State
    from prune.files.store import Store
    from prune.files.studies import Study
    from prune.views.report import Shown


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add how a study is carried out."""
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="tell the grid, what is done already and how long the rest may take; do nothing",
    )
    parser.add_argument("--fresh", action="store_true", help="forget what is done; start over")
    add_crew(parser)
    parser.add_argument(
        "--networks",
        metavar="DIR",
        type=options.path,
        help="where trained networks are kept; several studies may share it (default: in --out)",
    )


def add_crew(parser: argparse.ArgumentParser) -> None:
    """Add who carries it out."""
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=options.positive,
        default=1,
        help="processes, which share the cores (default: 1)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a Dask cluster that carries out the cells, instead of --jobs",
    )


def carry_out(args: argparse.Namespace, study: Study, show: Shown) -> int:
    """Do what is missing of a study, or only tell; return the exit code."""
    from prune.experiments import grid
    from prune.files import lock, runs

    console = Console(args.quiet)
    source = _source(console, study)
    cells = grid.cells(study)
    store = _store(args)
    if args.dry_run:
        return _tell(console, args, _look(console, args, cells, (source, store)))
    runs.prove_writable(store.cells, "--out")
    runs.prove_writable(store.networks, "--networks")
    store.prepare()
    with lock.held(store.cells):
        store.tidy()
        if args.fresh:
            store.clear()
        state = _look(console, args, cells, (source, store))
        record = runs.Record(args.argv, _settings(args, study), {"data": asdict(source)})
        with runs.recorded(args.out, record):
            _run(console, args, state)
            _warn_of_guessing(console, study, state)
            found = output.write(console, args, state, show)
            record.results = output.results(state, found)
    return output.show(console, args, state, found)


def _warn_of_guessing(console: Console, study: Study, state: State) -> None:
    """Warn, quiet or not, of networks that hardly knew more than guessing before any pruning."""
    from prune.core.chance import guessed, is_guessing
    from prune.files import data

    labels = data.load(study.data, "test", study.limit, study.scale).labels
    unpruned = {cell.training: rows[0]["unpruned"] for cell, rows in state.rows.items()}
    guessing = [share for share in unpruned.values() if is_guessing(share, labels)]
    if guessing:
        console.warn(
            f"WARNING: {len(guessing)} of {len(unpruned)} networks hardly do better than guessing "
            f"before they are pruned ({max(guessing):.1%}, and guessing {guessed(labels):.1%}): "
            "this tells nothing of pruning; train them longer, or try another scale"
        )


def _settings(args: argparse.Namespace, study: Study) -> dict[str, Any]:
    parts = [
        asdict(part)
        | {"k": [float(100 * k) for k in part.k]}
        | {"ramp_from": float(100 * part.ramp_from), "floor": float(100 * part.floor)}
        for part in study.parts
    ]
    asked = {"about": study.about, "data": study.data, "limit": study.limit, "parts": parts}
    asked["scale"] = study.scale
    return options.settings(args, study=asked)


def _source(console: Console, study: Study) -> Source:
    from prune.experiments.cells import Source
    from prune.files import data

    train, test = (
        data.load(study.data, split, study.limit, study.scale) for split in ("train", "test")
    )
    options.remark_scale(console, study.scale, train, test)
    return Source(study.data, study.limit, train.sha256, test.sha256, study.scale)


def _store(args: argparse.Namespace) -> Store:
    from prune.files.store import Store

    networks = args.networks or args.out / "networks"
    return Store(args.out / "cells", networks, looks_only=args.dry_run)


def _look(
    console: Console, args: argparse.Namespace, cells: list[Any], where: tuple[Source, Store]
) -> State:
    """Read what is done, and say so."""
    from prune.experiments import study

    forgotten = args.fresh and args.dry_run
    state = study.State(cells, *where) if forgotten else study.look(cells, *where)
    for path in state.store.set_aside:
        console.say(f"note: {path.stem} is not what was written; set aside as {path.name}")
    networks = {cell.training for cell in cells}
    console.say(
        f"{len(cells):,} cells of {len(networks):,} networks: {len(state.rows):,} done, "
        f"{len(state.missing):,} to do, {len(state.untrained):,} networks to train for them"
    )
    return state


def _tell(console: Console, args: argparse.Namespace, state: State) -> int:
    """Print the grid, what is done, and an estimate."""
    from prune.views import grid, tables

    print(tables.to_text(grid.table(state.cells, set(state.rows), set(state.untrained))), end="")
    if not state.missing:
        console.say("\nAll is done; without --dry-run the tables are written again.")
        return 0
    from prune.experiments import estimate

    found = estimate.estimate(state, estimate.probe(state))
    console.say(f"\n{grid.estimate(found, args.jobs)}")
    return 0


def _crew(args: argparse.Namespace) -> AbstractContextManager[Crew]:
    from prune.experiments import crew

    if args.scheduler:
        return crew.cluster(args.scheduler)
    return crew.alone() if args.jobs == 1 else crew.processes(args.jobs)


def _run(console: Console, args: argparse.Namespace, state: State) -> None:
    from prune.experiments import study

    total = len(state.missing) + len(state.untrained)
    if not total:
        return
    with _crew(args) as crew, console.progress(total) as report:
        for done, outcome in enumerate(study.run(state, crew, console.warn), 1):
            report(outcome.name, done, f"{done} of {total}: {_line(outcome)}")


def _line(outcome: Outcome) -> str:
    """Say what came of a cell."""
    if outcome.failure:
        return f"{outcome.name} FAILED: {outcome.failure}"
    if isinstance(outcome.value, tuple):
        _, course = outcome.value
        came = f"trained, {course[-1].test_accuracy:.2%}"
    else:
        last = outcome.value[-1]
        came = f"k = {last['k']:g}: {last['accuracy']:.2%}"
    return f"{outcome.name} {came} ({outcome.seconds:.1f} s)"
