"""The rows of every table, as the files and texts that carry them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from prune.core.judge import ACCURACY


def _measured(**default: Any) -> Any:
    """Declare a column that came out; every other was asked for, and tells curves apart."""
    return field(metadata={"measured": True}, **default)


@dataclass(frozen=True)
class Row:
    """One measured point.  The fields are the columns of every table, in this order."""

    method: str
    criterion: str
    k: float  # percent asked for; a whole number is an int
    accuracy: float | None = _measured()  # 0 to 1, on the test images; None: see `metric`
    correct: int | None = _measured()
    total: int = _measured()
    loss: float | None = _measured()  # mean cross-entropy, or what the metric says
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
    file_bytes: int = _measured()  # of the shrunk network: sparse .npz, or plain .keras
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
    # What was measured.  Both are in no table where that is accuracy.
    metric: str = _measured(default=ACCURACY)
    score: float | None = _measured(default=None)  # of a function of the user's


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


@dataclass(frozen=True)
class Conversion:
    """A model in the file of a runtime.  The fields are the columns of its table."""

    runtime: str
    form: str  # plain, sparse, int8, int8 sparse
    saved: bool  # the one that was asked for
    bytes: int = _measured()
    gzip_bytes: int = _measured()
    kernels: int = _measured()  # weights of kernels, in the model
    nonzero: int = _measured()  # of them, counted in the file
    accuracy: float | None = _measured()  # of the file, by its own runtime
    correct: int | None = _measured()
    total: int = _measured()
    loss: float | None = _measured()
    metric: str = _measured()
    difference: float = _measured()  # from Keras, the largest of any output
    scale: float = _measured()  # the largest output of Keras
    agreeing: int = _measured()  # images that both give the same class


@dataclass(frozen=True)
class Attempt:
    """A network that a search has looked at.  The fields are the columns of its table."""

    method: str
    criterion: str
    k: float
    repair: str
    scope: str
    curve: int  # its number, from 0
    validation: float | None = _measured(default=None)  # on the examples to choose by
    bytes: int = _measured(default=0)  # of its .keras file, deflated
    macs: int = _measured(default=0)
    effective: int = _measured(default=0)
    faster: float | None = _measured(default=None)  # times as fast as the whole network
    chosen: bool = _measured(default=False)
    retrain: int = 0  # epochs
    after: str = ""  # what was done before, of a network that was pruned twice


Entry = Row | Timing | Epoch | Conversion | Attempt | dict[str, Any]  # one line of a table
Columns = type | list[str]  # a dataclass whose fields they are, or their names
# Columns that came out, those that a study adds of its networks among them.
MEASURED = frozenset(
    each.name
    for kind in (Row, Timing, Attempt)
    for each in fields(kind)
    if each.metadata.get("measured")
) | {"unpruned", "network"}


_METRIC = ("metric", "score")


def to_csv(entries: Iterable[Entry], columns: Columns = Row) -> str:
    """Return the table of entries that have these columns, with a header, in full precision.

    A column that came after an entry was recorded is empty in it.
    """
    text = io.StringIO()
    lines = [values(entry) for entry in entries]
    table = csv.DictWriter(text, _names(columns, lines), lineterminator="\n")
    table.writeheader()
    for line in lines:
        table.writerow({name: _cell(value) for name, value in line.items()})
    return text.getvalue()


def _names(columns: Columns, lines: list[dict[str, Any]]) -> list[str]:
    if isinstance(columns, list):
        return columns
    names = [each.name for each in fields(columns)]
    told = any("metric" in line for line in lines)
    return [name for name in names if told or name not in _METRIC]


def values(entry: Entry) -> dict[str, Any]:
    """Return an entry by column: what was measured is told where it is not accuracy."""
    if isinstance(entry, dict):
        return entry
    found = asdict(entry)
    usual = found.get("metric") == ACCURACY
    return {name: value for name, value in found.items() if not (usual and name in _METRIC)}


def _cell(value: Any) -> Any:
    # A spreadsheet would run a layer's name that begins like a formula; after an apostrophe it is
    # text.
    is_formula = isinstance(value, str) and value.lstrip().startswith(("=", "+", "-", "@"))
    return f"'{value}" if is_formula else value


def to_json(entries: Iterable[Entry]) -> str:
    """Return the table as a list of objects, one a line."""
    lines = ",\n".join(f"  {json.dumps(values(entry))}" for entry in entries)
    return f"[\n{lines}\n]\n" if lines else "[]\n"
