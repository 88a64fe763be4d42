"""What a study leaves behind: files, what is printed, and the exit code."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from prune.cli import options, pictures
from prune.cli.console import Console

if TYPE_CHECKING:
    from prune.experiments.study import State
    from prune.views.report import Report, Shown

_NEXT = {"study": "prune depth --dry-run  (does depth matter?)"}
_GRID = "prune study FILE.toml --dry-run  (a grid of your own)"


class Written(NamedTuple):
    """What was written: what each --format prints, what it shows, and the exit code so far."""

    texts: dict[str, str]
    report: Report | None
    status: int


def write(console: Console, args: argparse.Namespace, state: State, show: Shown) -> Written:
    """Write all tables, then the picture."""
    from prune.files import atomic
    from prune.files import results as texts_of
    from prune.views import tables

    rows = [row for cell in state.cells for row in state.rows.get(cell, [])]
    if not rows:
        return Written(dict.fromkeys(options.FORMATS, ""), None, 0)
    report = show(rows)
    texts = {
        "csv": texts_of.records_to_csv(list(rows[0]), rows),
        "json": texts_of.records_to_json(rows),
        "markdown": "\n".join(map(tables.to_markdown, report.tables)),
    }
    for suffix, text in zip(("csv", "json", "md"), texts.values(), strict=True):
        atomic.write(args.out / f"table.{suffix}", text.encode())
    for name, content in report.files.items():
        atomic.write(args.out / name, content)
    status = pictures.write(console, args.out, *report.picture)
    texts["table"] = "\n".join(map(tables.to_text, report.tables))
    return Written(texts, report, status)


def results(state: State, written: Written) -> dict[str, Any]:
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


def show(console: Console, args: argparse.Namespace, state: State, written: Written) -> int:
    """Print results on stdout, and what they mean and what failed; return the exit code."""
    print(written.texts[args.format], end="")
    if written.report:
        name, _ = written.report.picture
        names = ["table.csv,json,md", *written.report.files, f"{name}.png,svg", "run.json"]
        console.say(f"\n{written.report.said}")
        console.say(f"Files: {args.out}{os.sep} {{{'  '.join(names)}}}")
    for name, failure in state.failures.items():
        console.say(f"failed: {name}: {failure}")
    if state.failures:
        number = len(state.missing)
        console.say(f"{number} of {len(state.cells)} cells failed; the same command tries again")
        return 4
    console.say(f"Next: {_NEXT.get(args.command, _GRID)}")
    return written.status
