"""What rows measure, and how people read it: accuracy, a loss, or a score of the user's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from prune.core.judge import ACCURACY
from prune.files.results import Row

TOLERANCE = 0.01  # of accuracy: "one point"
_SHARE = 0.1  # of a loss or a score: "a tenth"
# The counts are whole; a hair of tolerance keeps exactly one point inside.
_HAIR = 1e-12


class Metric(NamedTuple):
    """What is measured, and how it is said."""

    name: str
    header: str  # of a column
    cell: Callable[[float], str]  # in a column
    said: Callable[[float], str]  # in a line of progress
    told: Callable[[float], str]  # in a sentence
    holds: Callable[[float, float], bool]  # whether a value is near enough to the unpruned one
    near: str  # so near, in a sentence


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")


_ACCURACY = Metric(
    ACCURACY,
    "accuracy %",
    lambda share: f"{100 * share:.2f}",
    "{:.2%}".format,
    _percent,
    lambda share, unpruned: share >= unpruned - TOLERANCE - _HAIR,
    "within 1 point of",
)


def of(row: Row) -> Metric:
    """Return what a row measures: of a loss less is better, of a score more."""
    if row.metric == ACCURACY:
        return _ACCURACY
    name, worse = row.metric, -1 if row.score is not None else 1

    def holds(value: float, unpruned: float) -> bool:
        return worse * (value - unpruned) <= _SHARE * abs(unpruned) + _HAIR

    said = "{:.4g}".format
    return Metric(
        name, name, said, f"{name} {{:.4g}}".format, said, holds, f"a {name} within a tenth of"
    )


def value(row: Row) -> float:
    """Return what a row measures."""
    found = row.loss if row.accuracy is None else row.accuracy
    return row.score if found is None else found  # type: ignore[return-value]


def said(record: dict[str, Any]) -> str:
    """Say what a row of a study measures."""
    return _ACCURACY.said(record["accuracy"])
