"""What a study leaves behind: files, what is printed, and the exit code."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from prune.cli import options
from prune.cli.console import Console

if TYPE_CHECKING:
    from prune.experiments.study import State
    from prune.views.report import Report, Shown

_NEXT = {"study": "prune depth --dry-run  (does depth matter?)"}
_GRID = "prune study FILE.toml --dry-run  (a grid of your own)"


def write(
    args: argparse.Namespace, state: State, show: Shown
) -> tuple[dict[str, str], Report | None]:
    """Write all tables and pictures; return what each --format prints."""
    from prune.files import atomic
    from prune.files import results as texts_of
    from prune.views import tables

    rows = [row for cell in state.cells for row in state.rows.get(cell, [])]
    if not rows:
        return dict.fromkeys(options.FORMATS, ""), None
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
    return {**texts, "table": "\n".join(map(tables.to_text, report.tables))}, report


def results(state: State, report: Report | None) -> dict[str, Any]:
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
        "conclusion": report.said.splitlines() if report else [],
    }


def show(
    console: Console,
    args: argparse.Namespace,
    state: State,
    shown: tuple[dict[str, str], Report | None],
) -> int:
    """Print results on stdout, and what they mean and what failed; return the exit code."""
    texts, report = shown
    print(texts[args.format], end="")
    if report:
        names = ", ".join(["table.csv,json,md", *report.files, "run.json"])
        console.say(f"\n{report.said}")
        console.say(f"Files: {args.out}{os.sep} {{{names}}}")
    for name, failure in state.failures.items():
        console.say(f"failed: {name}: {failure}")
    if state.failures:
        number = len(state.missing)
        console.say(f"{number} of {len(state.cells)} cells failed; the same command tries again")
        return 4
    console.say(f"Next: {_NEXT.get(args.command, _GRID)}")
    return 0
