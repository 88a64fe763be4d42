"""The rows of every table, as the files and texts that carry them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Row:
    """One measured point.  The fields are the columns of every table, in this order."""

    method: str
    criterion: str
    k: float  # percent asked for; a whole number is an int
    accuracy: float  # 0 to 1, on the test images
    correct: int
    total: int
    loss: float  # mean cross-entropy
    pruned: int  # weights or units removed
    prunable: int  # of how many that could be
    nonzero: int  # counted over the whole network, output layer and biases included
    parameters: int
    scope: str  # what was ranked together
    repair: str  # how what is left was refit
    layers: str  # that could be pruned, joined by +
    floored: str  # of them, those that only the floor of the scope kept alive
    seed: int
    effective: int  # parameters that can still influence the output
    macs: int  # multiply-adds for one image by weights that can
    dense_bytes: int  # of the shrunk network, as plain float32 arrays
    file_bytes: int  # of the shrunk network, in the smallest form that is written


def to_csv(rows: Iterable[Row]) -> str:
    """Return the table with a header, in full precision."""
    return _csv([field.name for field in fields(Row)], (asdict(row) for row in rows))


def _csv(columns: list[str], records: Iterable[dict[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(records)
    return text.getvalue()


def to_json(rows: Iterable[Row]) -> str:
    """Return the table as a list of objects, one a line."""
    lines = ",\n".join(f"  {json.dumps(asdict(row))}" for row in rows)
    return f"[\n{lines}\n]\n" if lines else "[]\n"


@dataclass(frozen=True)
class Epoch:
    """One epoch of training.  The fields are the columns of history.csv."""

    epoch: int  # from 1
    loss: float
    accuracy: float  # while the epoch ran
    test_loss: float
    test_accuracy: float  # after it; reported, never chosen by


def history_to_csv(epochs: Iterable[Epoch]) -> str:
    """Return the course of a training."""
    return _csv([field.name for field in fields(Epoch)], map(asdict, epochs))
