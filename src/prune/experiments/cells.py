"""Cells of a study: small plain values that go to a worker, told apart by all they depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from prune.files.data import Data
from prune.files.results import Row
from prune.settings.fields import Setting, setting, settings, telling
from prune.settings.kinds import text
from prune.settings.pruning import AUTO, Pruning
from prune.settings.recipe import MLP, Retraining, Training
from prune.settings.study import column

# Of what the numbers of a cell mean: another number, and results of before are no longer found.
_VERSION = 2
_ROW = frozenset(field.name for field in fields(Row))
# The columns of tables of version 2 that do not need the network, in their order.
FIRST_COLUMNS = (
    *("method", "criterion", "k", "accuracy", "correct", "total", "loss", "pruned", "prunable"),
    *("nonzero", "parameters", "scope", "repair", "layers", "floored", "seed", "effective"),
    *("macs", "dense_bytes", "file_bytes", "microseconds", "schedule", "retrain", "start"),
    *("imitation", "validation", "hidden", "epochs", "batch_size", "learning_rate"),
    *("calibration", "include_output", "floor", "ramp", "rewind", "retrain_batch_size"),
    *("retrain_learning_rate", "optimizer", "decay", "ramp_from", "momentum", "weight_decay"),
    "input_dropout",
)


@dataclass(frozen=True, eq=False)
class Given:
    """Data in memory instead of a file: as they are, and no other data are the same."""

    test: Data | None = None
    train: Data | None = None
    # A function of the model that gives one number, larger the better, instead of test data.
    score: Callable[[Any], float] | None = None


@dataclass(frozen=True)
class Source:
    """The images, told by their sums: a cell computed on others is another cell."""

    name: str
    limit: int | None
    train: str | None = None  # sha256; None: whatever they are
    test: str | None = None
    scale: str = AUTO
    given: Given | None = None  # instead, what is in memory


@dataclass(frozen=True)
class Stored:
    """A network that was in a file."""

    sha256: str
    seed: int = 0  # of everything random that is done to it
    activation: str = ""  # of the hidden layers, where the file does not tell


@dataclass(frozen=True, kw_only=True)
class Cell(Pruning):
    """One curve of one network, or if it is retrained what one training gives of it."""

    training: Training | Stored  # how the network comes to be
    # Of random pruning, as a control: the criterion that says how much of each layer goes.
    counts_of: str = setting("", text(), "")
    retraining: Retraining | None = None


def identity(cell: Training | Stored | Cell, source: Source) -> dict[str, Any]:
    """Return all that the result depends on, as JSON can hold it."""
    given: dict[str, Any] = {"limit": source.limit, "train": source.train, "test": source.test}
    if source.scale != AUTO:  # so that results of before there was a choice are still found
        given["scale"] = source.scale
    if isinstance(cell, Cell):
        # Cells were once told by the columns of the table too; who has them finds them still.
        given["columns"] = list(FIRST_COLUMNS)
        given["model" if isinstance(cell.training, Stored) else "training"] = _own(cell.training)
        if cell.retraining:
            given["retraining"] = telling(cell.retraining)
    return json.loads(json.dumps({"version": _VERSION} | given | _own(cell)))


def _own(cell: Training | Stored | Cell) -> dict[str, Any]:
    return vars(cell) if isinstance(cell, Stored) else telling(cell)


def name(cell: Training | Stored | Cell, source: Source) -> str:
    """Return a name that a person can read and that no other cell has."""
    text = json.dumps(identity(cell, source), sort_keys=True)
    return "-".join([*_words(cell), hashlib.sha256(text.encode()).hexdigest()[:12]])


def _words(cell: Training | Stored | Cell) -> list[str]:
    if isinstance(cell, Training):
        form = sizes(cell.hidden) if cell.model == MLP else cell.model
        return [f"s{cell.seed}", form, f"b{cell.batch_size}", f"e{cell.epochs}"]
    if isinstance(cell, Stored):
        return [f"s{cell.seed}", cell.sha256[:12]]
    how = [cell.method, cell.criterion, cell.repair, cell.scope]
    how += [f"counts-of-{cell.counts_of}"] if cell.counts_of else []
    if cell.retraining:
        again = cell.retraining
        how += [again.schedule, f"r{again.epochs}", f"k{float(100 * cell.k[-1]):g}"]
    return [*_words(cell.training), *how]


def sizes(hidden: tuple[int, ...]) -> str:
    """Return the sizes of hidden layers as one word.

    >>> sizes((300, 100))
    '300-100'
    """
    return "-".join(map(str, hidden))


def columns(cell: Cell) -> dict[str, Any]:
    """Return what the row of a study tells beyond those of one network, by column."""
    parts = [(Training, cell.training), (Pruning, cell), (Retraining, cell.retraining)]
    cells = {name: value for owner, asked in parts for name, value in _columns(owner, asked)}
    # Those two are filled in where they are known.
    cells |= {"unpruned": None, "network": None, "model": None}
    if isinstance(cell.training, Stored):
        cells["model"] = cell.training.sha256[:12]
    return cells


def ordered(row: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a row as tables have them: those that came later stand last."""
    return {name: row[name] for name in sorted(row, key=_place)}


def _columns(owner: type, asked: Any) -> Iterator[tuple[str, Any]]:
    known = telling(asked) if isinstance(asked, owner) else {}
    for each, own in settings(owner):
        title = own.column or column(owner, each.name)
        if title not in _ROW:
            value = known.get(own.column or each.name, _blank(own, asked))
            yield title, "-".join(map(str, value)) if isinstance(value, list) else value


def _blank(own: Setting, asked: Any) -> Any:
    return None if asked is None else own.blank


def _place(title: str) -> int:
    first = (*FIRST_COLUMNS, "unpruned", "network")
    return first.index(title) if title in first else len(first)
