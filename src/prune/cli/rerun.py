"""`prune rerun`: repeat a run from its run.json, and say whether the counts are the same."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from prune import PruneError
from prune.cli import options
from prune.cli.console import Console
from prune.cli.parser import Parser

# Those whose table is all they make: no file elsewhere is written by repeating them.
COMMANDS = ("weight", "unit", "compare", "sensitivity")
_MOST_TOLD = 10  # differences


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser: Parser = commands.add_parser(
        "rerun",
        help="repeat a run from its run.json, and compare",
        description="Repeat a run of weight, unit, compare or sensitivity as its run.json tells, "
        "and compare every count with its table. Exit status 1 if any differs.",
        examples="prune rerun results/compare/run.json\n"
        "prune rerun results/compare/run.json --out again",
    )
    parser.add_argument("run", metavar="RUN.JSON", type=options.path, help="the record of the run")
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=options.path,
        help="where the files of the new run go (default: `rerun` in the folder of the old)",
    )
    options.add_common(parser)
    parser.set_defaults(parser=parser, module=__name__, command="rerun")


def run(args: argparse.Namespace) -> int:
    """Read the record, run its command again, compare the tables."""
    from prune.files import records

    console = Console(args.quiet)
    record = records.load(args.run, COMMANDS)
    old = records.rows(args.run.parent / "table.json")
    out = args.out or args.run.parent / "rerun"
    if out.resolve() == args.run.resolve().parent:
        raise PruneError(f"--out {out} is the folder of the run itself; choose another")
    status = _again(args, record, out)
    if status:
        return status
    new = records.load(out / "run.json", COMMANDS)
    _check_inputs(record, new)
    for name, before, after in records.versions_changed(record, new):
        console.say(f"note: {name} was {before}, and is {after}")
    differences = records.differences(old, records.rows(out / "table.json"))
    counted = f"{len(old):,} rows, files in {out}"
    if not differences:
        print(f"The same: every count of {counted}.")
        return 0
    print(f"{len(differences):,} counts differ, of {counted}:")
    for difference in differences[:_MOST_TOLD]:
        print(f"  {difference}")
    if len(differences) > _MOST_TOLD:
        print(f"  and {len(differences) - _MOST_TOLD:,} more")
    return 1


def _again(args: argparse.Namespace, record: dict[str, Any], out: Path) -> int:
    """Run the command of a record, without what it prints, into a folder of its own."""
    from prune.cli.main import parsed

    words = [*_without(record["command"][1:], "--out", "--format"), "--out", str(out)]
    words += ["--quiet"] if args.quiet and "--quiet" not in words and "-q" not in words else []
    for option, path in _paths(parsed(words)):
        words = [*_without(words, option), option, str(_located(path, args.run, record))]
    again = parsed(words)
    again.argv = ["prune", *words]
    with contextlib.redirect_stdout(io.StringIO()):
        return import_module(again.module).run(again)


def _paths(again: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """Yield the options that name a file or folder to read, each with its path."""
    from prune.files import data

    for name in ("weights", "k_map"):
        if path := getattr(again, name):
            yield f"--{name.replace('_', '-')}", path
    if again.data not in data.NAMES:
        yield "--data", Path(again.data)


def _located(path: Path, run: Path, record: dict[str, Any]) -> Path:
    """Return where a file of the run is: by the folder that it was started in, or else by ours."""
    start = run.resolve().parent / record.get("folder", os.curdir)  # older records do not tell it
    for found in (start / path, path):
        if found.exists():
            return Path(os.path.relpath(found))
    places = " or ".join(dict.fromkeys(str(each.resolve()) for each in (start, Path.cwd())))
    where = "" if path.is_absolute() else f", seen from {places}"
    raise PruneError(f"{run}: the run read {path}, which is not there{where}; put it back there")


def _without(words: list[str], *names: str) -> list[str]:
    """Return a command's words without these options, each of which has one value."""
    kept: list[str] = []
    skipped = False
    for word in words:
        if skipped:
            skipped = False
        elif word in names:
            skipped = True
        elif not word.startswith(tuple(f"{name}=" for name in names)):
            kept.append(word)
    return kept


def _check_inputs(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Refuse a comparison of runs on other weights or data."""
    for name, told in old["inputs"].items():
        before, after = (each.get("sha256") for each in (told, new["inputs"].get(name, {})))
        if before != after:
            raise PruneError(
                f"the {name} are not those of the run: sha256 was {json.dumps(before)[:80]}, "
                f"and is {after}; run it where they are the same"
            )
