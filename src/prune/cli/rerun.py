"""`prune rerun`: repeat a run from its run.json, and say whether the counts are the same."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prune import PruneError
from prune.cli.asked import Asked
from prune.cli.console import Console
from prune.files import data, places, records
from prune.settings.files import Out, Talk
from prune.settings.gate import POINTS, Gate
from prune.settings.pruning import Images
from prune.settings.recipe import Taught
from prune.settings.single import File

# Those whose table is all they make: no file elsewhere is written by repeating them.
COMMANDS = ("weight", "unit", "compare", "sensitivity")
MISSED = 1  # the exit status where the gate of the run was
_MOST_TOLD = 10  # differences


def run(asked: Asked) -> int:
    """Read the record, run its command again, compare the tables."""
    path, console = _record(asked), Console(asked.of(Talk).quiet)
    record = records.load(path, COMMANDS)
    old = records.rows(path.parent / "table.json")
    out = asked.of(Out).out or path.parent / "rerun"
    if out.resolve() == path.resolve().parent:
        raise PruneError(f"--out {out} is the folder of the run itself; choose another")
    status = _again(asked, record, out)
    if status not in (0, MISSED):
        return status
    new = records.load(out / "run.json", COMMANDS)
    _check_inputs(record, new)
    for name, before, after in records.versions_changed(record, new):
        console.say(f"note: {name} was {before}, and is {after}")
    differences = records.differences(old, records.rows(out / "table.json"))
    counted = f"{len(old):,} rows, files in {out}"
    if not differences:
        print(f"The same: every count of {counted}.")
        return status
    print(f"{len(differences):,} counts differ, of {counted}:")
    for difference in differences[:_MOST_TOLD]:
        print(f"  {difference}")
    if len(differences) > _MOST_TOLD:
        print(f"  and {len(differences) - _MOST_TOLD:,} more")
    return 1


def _record(asked: Asked) -> Path:
    """Return the record that is asked for; of a folder, the one within it."""
    path = asked.of(File).file
    return path / "run.json" if path.is_dir() else path


def _again(asked: Asked, record: dict[str, Any], out: Path) -> int:
    """Run the command of a record, without what it prints, into a folder of its own."""
    # A tracker is sent nothing twice.
    words = [*_without(record["command"][1:], "--out", "--format", "--log"), "--out", str(out)]
    run, quiet = _record(asked), asked.of(Talk).quiet
    words = _gated(asked, words)
    words += ["--quiet"] if quiet and "--quiet" not in words and "-q" not in words else []
    for option, before, path in _paths(asked.understand(words)):
        words = [*_without(words, option), option, f"{before}{_located(path, run, record)}"]
    with contextlib.redirect_stdout(io.StringIO()):
        return asked.carry_out(asked.understand(words))


def _gated(asked: Asked, words: list[str]) -> list[str]:
    """Return the words of a run with the gate that is asked for now, if one is."""
    if (allowed := asked.of(Gate).max_drop) is None:
        return words
    if Gate not in asked.understand(words).command.declared:
        raise PruneError(f"--max-drop is for points of weight, unit and compare, not {words[0]}")
    return [*_without(words, "--max-drop"), "--max-drop", POINTS.said(allowed)]


def _paths(again: Asked) -> Iterator[tuple[str, str, Path]]:
    """Yield the options that name a file or folder to read, what comes before it, and its path."""
    for option, value in again.set():
        taught = isinstance(value, Taught)
        before, path = (f"{value.share:.15g},", value.file) if taught else ("", value)
        shipped = str(path) in places.SHIPPED  # by their names, wherever they are
        if isinstance(path, Path) and option.name != "out" and not shipped:
            yield option.word, before, path
    if again.of(Images).data not in data.NAMES:
        yield "--data", "", Path(again.of(Images).data)


def _located(path: Path, run: Path, record: dict[str, Any]) -> Path:
    """Return where a file of the run is: by the folder that it was started in, or else by ours."""
    start = run.resolve().parent / record.get("folder", os.curdir)  # older records do not tell it
    for candidate in (start / path, path):
        if candidate.exists():
            return Path(os.path.relpath(candidate))
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
