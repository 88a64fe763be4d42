"""The folder of a run, read back whole: its record, its table and its layers, never trusted."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from prune import PruneError
from prune.files import outlines, regular
from prune.files.outlines import Layers
from prune.files.results import Row
from prune.settings.pruning import METHODS, REPAIRS

_PARTS = {"command": list, "settings": dict, "inputs": dict, "versions": dict, "results": dict}
_FIRST = 11  # columns, which every table of accuracies has
_NUMBERS = {"k", "accuracy", "loss"}
_OF_CLASSES = ("accuracy", "correct")  # absent where no classes are told apart
# Of commands whose rows are of another kind: what each must have.
_TRIED = {"method": str, "criterion": str, "k": float, "validation": float, "bytes": int}
_TRIED |= {"curve": int, "macs": int, "effective": int, "chosen": bool, "repair": str}
_TIMES = {"method": str, "k": float, "form": str, "batch": float, "seconds": float, "faster": float}

_OTHER = {"bench": _TIMES, "search": _TRIED}

Cells = dict[str, Any]  # one line of a table, by column


@dataclass(frozen=True)
class Run:
    """What one run was and found."""

    name: str  # of its folder
    record: dict[str, Any]  # what run.json holds
    rows: tuple[Cells, ...] = ()
    layers: Layers | None = None
    others: tuple[Cells, ...] = ()  # of `bench` and `search`, whose rows are of another kind

    @property
    def command(self) -> str:
        """Which command it was of."""
        words = self.record["command"]
        return words[1] if len(words) > 1 else words[0]


def read(folder: Path) -> Run:
    """Return the run whose files are in a folder; `PruneError` says what is wrong with them."""
    if not folder.is_dir():
        raise PruneError(f"no folder {folder}; give one that a run has written, with its run.json")
    record = _record(folder / "run.json")
    table, layers = _parsed(folder / "table.json", "[]"), None
    if (folder / "layers.json").exists():
        layers = _named(folder / "layers.json", outlines.parse, _content(folder / "layers.json"))
    kinds = _OTHER.get("".join(record["command"][1:2]))
    rows = tuple(_table(folder, table, kinds) if kinds else _rows(folder, table))
    if not rows and layers is None:
        raise PruneError(f"{folder}: has no rows to show; is the run finished?")
    name = folder.name or folder.resolve().name
    if layers and len(layers.left) not in (0, 1, len(rows)):
        layers = layers._replace(left=())
    return Run(name, record, *((), layers, rows) if kinds else (rows, layers))


def _record(path: Path) -> dict[str, Any]:
    record = _parsed(path)
    for name, kind in _PARTS.items():
        if not isinstance(record, dict) or not isinstance(record.get(name), kind):
            raise PruneError(f"{path}: is no record of a run: it has no {name} as prune writes it")
    words = record["command"]
    if not words or not all(isinstance(word, str) for word in words):
        raise PruneError(f"{path}: is no record of a run: its command is no list of words")
    if not all(isinstance(told, dict) for told in record["inputs"].values()):
        raise PruneError(f"{path}: is no record of a run: its inputs have no sums")
    return record


def _rows(folder: Path, table: Any) -> list[Cells]:
    """Return the rows of a table of accuracies, whose values are of the kinds that are written."""
    kinds = {each.name: _kind(each.name, str(each.type)) for each in fields(Row)[:_FIRST]}
    if _measures_more(table):
        kinds = {name: kind for name, kind in kinds.items() if name not in (*_OF_CLASSES, "loss")}
        kinds["metric"] = str
    for row in _table(folder, table, kinds):
        if row["method"] not in METHODS or row.get("repair", REPAIRS[0]) not in REPAIRS:
            raise PruneError(f"{folder}: its table is of another version of prune")
        if not (_is_right(row) and row["total"] > 0 and 0 <= row["k"] <= 100):
            raise PruneError(f"{folder}: its table counts more than there is")
    return table


def _measures_more(table: Any) -> bool:
    """Tell whether what was measured is no accuracy: it is named then."""
    return isinstance(table, list) and any(
        isinstance(row, dict) and "metric" in row for row in table
    )


def _is_right(row: Cells) -> bool:
    """Tell whether a row says what was measured, and no more than can be."""
    counts = [row.get(name) for name in _OF_CLASSES]
    if None not in counts:
        numbers = _fits(row, "accuracy", float) and type(row["correct"]) is int
        return numbers and 0 <= row["correct"] <= row["total"] and 0 <= row["accuracy"] <= 1
    return any(_fits(row, name, float) for name in ("score", "loss"))


def _kind(name: str, declared: str) -> type:
    return float if name in _NUMBERS else {"str": str}.get(declared, int)


def _table(folder: Path, table: Any, kinds: dict[str, type]) -> list[Cells]:
    if not isinstance(table, list):
        raise PruneError(f"{folder}: its table.json is no table of prune")
    for i, row in enumerate(table):
        wrong = [name for name, kind in kinds.items() if not _fits(row, name, kind)]
        wrong += [name for name in row if not _is_plain(row[name])] if not wrong else []
        if wrong:
            raise PruneError(
                f"{folder}: line {i + 1} of its table has no {wrong[0]} as prune writes it"
            )
    return table


def _fits(row: Any, name: str, kind: type) -> bool:
    value = row.get(name) if isinstance(row, dict) else None
    if kind is float:
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is kind


def _is_plain(value: Any) -> bool:
    return value is None or type(value) in (str, int, bool) or _fits({"": value}, "", float)


def _content(path: Path) -> bytes:
    return _named(path, regular.read, path)


def _parsed(path: Path, absent: str | None = None) -> Any:
    try:
        return json.loads(_content(path) if absent is None or path.exists() else absent)
    except (ValueError, RecursionError) as error:
        raise PruneError(f"{path}: is not JSON ({error})") from error


def _named(path: Path, read: Any, what: Any) -> Any:
    """Return what `read` makes of something; an error names the file."""
    try:
        return read(what)
    except PruneError as error:
        raise PruneError(f"{path}: {error}") from error
