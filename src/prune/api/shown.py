"""What was measured from Python, as a table of text and as a run that a page can show."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from prune.api.subject import Subject
from prune.experiments.cells import Source
from prune.files import results, runs
from prune.files.data import Data
from prune.files.folders import Cells, Run
from prune.views import tables
from prune.views.tables import Table

_MODEL, _DATA = "MODEL.keras", "DATA.npz"  # in the command that measures the same of files


@dataclass(frozen=True)
class Shown(ABC):
    """Something that was measured; a notebook shows its table, `prune.report` makes its page."""

    run: Run = field(repr=False, kw_only=True)

    @abstractmethod
    def _tabled(self) -> Table:
        """Return what was measured as a table."""

    @property
    def table(self) -> str:
        """All that was measured, rounded, in columns."""
        return tables.to_text(self._tabled())

    def _repr_markdown_(self) -> str:
        return tables.to_markdown(self._tabled())

    def __str__(self) -> str:
        """Return the table."""
        return self.table


def cells(entries: Iterable[results.Entry]) -> tuple[Cells, ...]:
    """Return lines of a table as they are read from its file."""
    return tuple(json.loads(results.to_json(entries)))


def record(
    command: str, given: Subject, source: Source, asked: Mapping[str, Any], told: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what `run.json` would hold of a call; `told` is what came of it."""
    data = source.given.test or source.given.train if source.given else None
    score = source.given.score if source.given else None
    named = {"weights": given.name, "data": "data in memory" if score is None else score.__name__}
    settings = {"called": "from Python; the command is for files of the same", **named, **asked}
    own = runs.Record(_words(command, asked), settings, _inputs(given, data), dict(told))
    return runs.described(own)


def _inputs(given: Subject, data: Data | None) -> dict[str, dict[str, Any]]:
    """Return the sums of what went in, and of data how they were stored."""
    found: dict[str, dict[str, Any]] = {"weights": {"sha256": given.sum}}
    if data is not None:
        found["data"] = {"images": data.total, "sha256": data.sha256, "stored": data.stored}
    return found


def _words(command: str, asked: Mapping[str, Any]) -> list[str]:
    """Return the command that measures the same, of a model and data in files."""
    words = ["prune", command, "--weights", _MODEL, "--data", _DATA]
    for name, value in asked.items():
        if name != "methods" and value not in (None, False, (), []):  # the command has one or both
            words += [f"--{name.replace('_', '-')}", *_typed(value)]
    return words


def _typed(value: Any) -> list[str]:
    if value is True:
        return []
    several = isinstance(value, Iterable) and not isinstance(value, str)
    return [",".join(map(str, value)) if several else str(value)]
