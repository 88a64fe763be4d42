"""Cells of a study: small plain values that go to a worker, told apart by all they depend on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from prune.files.data import Scale
from prune.files.results import Row

# Of what the numbers of a cell mean: another number, and results of before are no longer found.
_VERSION = 2


@dataclass(frozen=True)
class Source:
    """The images, told by their sums: a cell computed on others is another cell."""

    name: str
    limit: int | None
    train: str  # sha256
    test: str  # sha256
    scale: Scale = "auto"


@dataclass(frozen=True)
class Training:
    """How one network comes to be."""

    seed: int
    hidden: tuple[int, ...]
    epochs: int
    batch_size: int
    learning_rate: float


@dataclass(frozen=True)
class Retraining:
    """How a network that is pruned is trained on; with these words `training.retrain` knows."""

    schedule: str
    epochs: int
    ramp: str | None  # of schedule gradual
    start: str
    rewind: int | None  # the epoch of start rewind
    batch_size: int
    learning_rate: float
    optimizer: str
    decay: str
    imitation: float | None = None
    ramp_from: float | None = None  # percent that goes at once, of schedule gradual
    momentum: float | None = None  # of optimizer sgd
    weight_decay: float | None = None  # of optimizer adamw
    input_dropout: float | None = None


@dataclass(frozen=True)
class Pruning:
    """One curve of one network, or if it is retrained what one training gives of it."""

    training: Training
    method: str
    criterion: str
    repair: str
    scope: str
    k: tuple[float, ...]  # percent
    calibration: int
    retraining: Retraining | None = None
    include_output: bool | None = None
    floor: float | None = None  # percent of a layer that scope network keeps to the last


def settings(cell: Training | Pruning, source: Source) -> dict[str, Any]:
    """Return all that the result depends on, as JSON can hold it."""
    given: dict[str, Any] = {"limit": source.limit, "train": source.train, "test": source.test}
    if source.scale != "auto":  # so that results of before there was a choice are still found
        given["scale"] = source.scale
    if isinstance(cell, Pruning):  # rows of other columns do not go into one table
        given["columns"] = [*(field.name for field in fields(Row)), *columns(cell)]
    # What a cell leaves at None is as if the field did not exist, so that one more field does
    # not make old results unknown.
    told = _without_none(asdict(cell))
    return json.loads(json.dumps({"version": _VERSION, **given, **told}))


def _without_none(value: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_none(each) if isinstance(each, dict) else each
        for name, each in value.items()
        if each is not None
    }


def name(cell: Training | Pruning, source: Source) -> str:
    """Return a name that a person can read and that no other cell has."""
    text = json.dumps(settings(cell, source), sort_keys=True)
    return "-".join([*_words(cell), hashlib.sha256(text.encode()).hexdigest()[:12]])


def _words(cell: Training | Pruning) -> list[str]:
    if isinstance(cell, Training):
        return [f"s{cell.seed}", sizes(cell.hidden), f"b{cell.batch_size}", f"e{cell.epochs}"]
    how = [cell.method, cell.criterion, cell.repair, cell.scope]
    if cell.retraining:
        how += [cell.retraining.schedule, f"r{cell.retraining.epochs}", f"k{cell.k[-1]:g}"]
    return [*_words(cell.training), *how]


def sizes(hidden: tuple[int, ...]) -> str:
    """Return the sizes of hidden layers as one word.

    >>> sizes((300, 100))
    '300-100'
    """
    return "-".join(map(str, hidden))


def columns(cell: Pruning) -> dict[str, Any]:
    """Return what the row of a study tells beyond those of one network."""
    training, again = cell.training, cell.retraining
    return {
        "hidden": sizes(training.hidden),
        "epochs": training.epochs,
        "batch_size": training.batch_size,
        "learning_rate": training.learning_rate,
        "calibration": cell.calibration,
        "include_output": bool(cell.include_output),
        "floor": cell.floor,
        "ramp": again.ramp if again else None,
        "rewind": again.rewind if again else None,
        "retrain_batch_size": again.batch_size if again else None,
        "retrain_learning_rate": again.learning_rate if again else None,
        "optimizer": again.optimizer if again else None,
        "decay": again.decay if again else None,
        "ramp_from": again.ramp_from if again else None,
        "momentum": again.momentum if again else None,
        "weight_decay": again.weight_decay if again else None,
        "input_dropout": again.input_dropout if again else None,
    }
