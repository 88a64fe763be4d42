"""Records and tables of earlier runs, read back: validated, then compared."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import fields
from itertools import zip_longest
from pathlib import Path
from typing import Any

from prune import PruneError
from prune.files import regular
from prune.files.results import Row

_PARTS = {"command": list, "settings": dict, "inputs": dict, "versions": dict, "status": str}
_FIRST = 11  # columns, which every table of any version has
_ROUNDING = 1e-4


def load(path: Path, commands: Collection[str]) -> dict[str, Any]:
    """Return a `run.json` of one of `commands`; `PruneError` says what is wrong with it."""
    record = _json(path)
    for name, kind in _PARTS.items():
        if not isinstance(record, dict) or not isinstance(record.get(name), kind):
            raise PruneError(f"{path}: is no record of a run: it has no {name} as prune writes it")
    words = record["command"]
    if len(words) < 2 or not all(isinstance(word, str) for word in words):
        raise PruneError(f"{path}: is no record of a run: its command is no list of words")
    if words[1] not in commands:
        raise PruneError(f"{path}: is of `prune {words[1]}`; only {', '.join(commands)} repeat")
    if not isinstance(record.get("folder", ""), str):
        raise PruneError(f"{path}: is no record of a run: its folder is no text")
    if not all(isinstance(told, dict) for told in record["inputs"].values()):
        raise PruneError(f"{path}: is no record of a run: its inputs have no sums")
    return record


def rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a `table.json`."""
    table = _json(path)
    names = {field.name for field in fields(Row)[:_FIRST]}
    if not isinstance(table, list) or not all(
        isinstance(row, dict) and names <= set(row) for row in table
    ):
        raise PruneError(f"{path}: is no table of prune with all its columns")
    return table


def _json(path: Path) -> Any:
    try:
        return json.loads(regular.read(path))
    except PruneError as error:
        raise PruneError(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise PruneError(f"{path}: is not JSON ({error})") from error


def versions_changed(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the name of everything that computes whose version differs, with both."""
    for name, before in old["versions"].items():
        after = new["versions"].get(name)
        if after not in (None, before):
            yield name, before, after


def differences(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[str]:
    """Return a sentence for each measured value that differs; losses may by a part in 10,000."""
    return [
        f"{_named(before or after or {})}: {name} was {_value(before, name)}, "
        f"is {_value(after, name)}"
        for before, after in zip_longest(old, new)
        for name in _columns(before or after or {})
        if not _alike(before, after, name)
    ]


def _columns(row: dict[str, Any]) -> list[str]:
    return [field.name for field in fields(Row) if field.name in row]


def _named(row: dict[str, Any]) -> str:
    return f"{row['method']} {row['criterion']} k = {row['k']}"


def _value(row: dict[str, Any] | None, name: str) -> Any:
    return "absent" if row is None else row.get(name, "absent")


def _alike(old: dict[str, Any] | None, new: dict[str, Any] | None, name: str) -> bool:
    if old is None or new is None:
        return name != "correct"  # of a row that is missing, said once
    if name.startswith("microseconds"):  # no machine repeats a time
        return True
    before, after = old[name], new.get(name)
    if name == "loss" and isinstance(before, float) and isinstance(after, float):
        # A sum of floats, which another machine may round otherwise.
        return abs(before - after) <= _ROUNDING * max(abs(before), 1)
    return before == after
