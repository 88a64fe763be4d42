"""The rows of every table, as the files and texts that carry them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any


def _measured(**default: Any) -> Any:
    """Declare a column that came out; every other was asked for, and tells curves apart."""
    return field(metadata={"measured": True}, **default)


@dataclass(frozen=True)
class Row:
    """One measured point.  The fields are the columns of every table, in this order."""

    method: str
    criterion: str
    k: float  # percent asked for; a whole number is an int
    accuracy: float = _measured()  # 0 to 1, on the test images
    correct: int = _measured()
    total: int = _measured()
    loss: float = _measured()  # mean cross-entropy
    pruned: int = _measured()  # weights or units removed
    prunable: int = _measured()  # of how many that could be
    nonzero: int = _measured()  # counted over the whole network, output layer and biases included
    parameters: int = _measured()
    scope: str  # what was ranked together
    repair: str  # how what is left was refit
    layers: str  # that could be pruned, joined by +
    floored: str = _measured()  # of them, those that only the floor of the scope kept alive
    seed: int
    effective: int = _measured()  # parameters that can still influence the output
    macs: int = _measured()  # multiply-adds for one image by weights that can
    dense_bytes: int = _measured()  # of the shrunk network, as plain float32 arrays
    file_bytes: int = _measured()  # of the shrunk network, in the smallest form that is written
    # For one image of a batch of 1,000, in the form measured to be fastest, the median of the
    # rounds; only where time was asked for.
    microseconds: float | None = _measured(default=None)
    schedule: str = "none"  # how pruning and training took turns
    retrain: int = 0  # epochs of training: of the point, or of each round where iterative
    start: str = "pruned"  # from which values what is left was trained
    imitation: float = 0.0  # the share of the loss that was for answering like the whole network
    # Accuracy on training images held out; to choose by.
    validation: float | None = _measured(default=None)
    # The bounds of the middle half of the rounds.
    microseconds_low: float | None = _measured(default=None)
    microseconds_high: float | None = _measured(default=None)


@dataclass(frozen=True)
class Epoch:
    """One epoch of training.  The fields are the columns of history.csv."""

    epoch: int  # from 1
    loss: float
    accuracy: float  # while the epoch ran
    test_loss: float
    test_accuracy: float  # after it; reported, never chosen by


@dataclass(frozen=True)
class Timing:
    """How long one network took in one form.  The fields are the columns of its table."""

    method: str
    criterion: str
    k: float
    scope: str
    repair: str
    batch: int  # images at a time
    form: str  # one of forms.FORMS, or keras..., or the fastest of the former
    seconds: float = _measured()  # for one batch, the median of the rounds
    seconds_low: float = _measured()  # the bounds of their middle half
    seconds_high: float = _measured()
    # How many times faster than the dense form, the median of the ratios by round.
    faster: float = _measured()
    faster_low: float = _measured()
    faster_high: float = _measured()
    effective: int = _measured()
    macs: int = _measured()
    rounds: int = _measured()
    threads: int = _measured()
    choice: str = _measured(default="")  # of form fastest: which one it is


Entry = Row | Timing | Epoch | dict[str, Any]  # one line of a table
Columns = type | list[str]  # a dataclass whose fields they are, or their names
# Columns that came out, those that a study adds of its networks among them.
MEASURED = frozenset(
    each.name for kind in (Row, Timing) for each in fields(kind) if each.metadata.get("measured")
) | {"unpruned", "network"}


def to_csv(entries: Iterable[Entry], columns: Columns = Row) -> str:
    """Return the table of entries that have these columns, with a header, in full precision.

    A column that came after an entry was recorded is empty in it.
    """
    text = io.StringIO()
    names = columns if isinstance(columns, list) else [field.name for field in fields(columns)]
    table = csv.DictWriter(text, names, lineterminator="\n")
    table.writeheader()
    for entry in entries:
        table.writerow({name: _cell(value) for name, value in _values(entry).items()})
    return text.getvalue()


def _values(entry: Entry) -> dict[str, Any]:
    return entry if isinstance(entry, dict) else asdict(entry)


def _cell(value: Any) -> Any:
    # A spreadsheet would run a layer's name that begins like a formula; after an apostrophe it is
    # text.
    is_formula = isinstance(value, str) and value.lstrip().startswith(("=", "+", "-", "@"))
    return f"'{value}" if is_formula else value


def to_json(entries: Iterable[Entry]) -> str:
    """Return the table as a list of objects, one a line."""
    lines = ",\n".join(f"  {json.dumps(_values(entry))}" for entry in entries)
    return f"[\n{lines}\n]\n" if lines else "[]\n"
