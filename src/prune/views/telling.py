"""Rows -> curves, named by what tells them apart; and in words what all of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import Field
from typing import Any, NamedTuple, TypeVar

from prune.core.pruning import CRITERIA, needs_images, usual
from prune.core.spread import ENOUGH, Spread
from prune.files.results import MEASURED
from prune.settings.fields import Setting, settings
from prune.settings.pruning import Pruning
from prune.settings.recipe import Retraining, Training
from prune.settings.study import column

Line = TypeVar("Line")  # a row: of one network, with fields, or of a study, by column
Record = dict[str, Any]


class Word(NamedTuple):
    """How a column is told: in words, in which rows it means something, and what is usual."""

    say: Callable[[Any], str]
    usual: Any = None  # goes without saying where all rows share it; an empty cell means it too
    quiet: bool = False  # the usual goes without saying in the name of a curve as well
    matters: Callable[[Record], Any] | None = None  # None: where the cell is not empty


def _always(_record: Record) -> bool:
    return True


def _learns(record: Record) -> bool:
    """Tell whether criterion or repair looks at training images."""
    criterion = CRITERIA[record["method"]].get(record["criterion"])
    return criterion is None or needs_images(
        record["method"], record["criterion"], record["repair"]
    )


_BARE = "{}".format
# In the order in which a name has them; then come all other settings, then all other columns,
# which are told by their names and values.
_FIRST = (
    *("criterion", "repair", "scope", "hidden", "epochs", "batch_size", "learning_rate"),
    *("calibration", "retrain", "schedule", "ramp", "ramp_from", "start", "rewind"),
    *("retrain_batch_size", "retrain_learning_rate", "optimizer", "decay", "imitation"),
    *("momentum", "weight_decay", "input_dropout", "include_output", "floor", "seed"),
)


def _words() -> dict[str, Word]:
    """Return the words of all settings, by column."""
    words = {
        title: _of(owner, title, each, own)
        for owner in (Pruning, Training, Retraining)
        for each, own in settings(owner)
        if (title := own.column or column(owner, each.name)) not in ("method", "k")
    }
    words["criterion"] = Word(_BARE)  # what is usual depends on the method
    words["calibration"] = words["calibration"]._replace(matters=_learns)
    words["retrain"] = words["retrain"]._replace(usual=0, matters=_always)  # not to, as well
    # The rows of a study tell the sizes instead.
    words["layers"] = Word("layers {}".format, matters=lambda record: "hidden" not in record)
    return {name: words[name] for name in dict.fromkeys((*_FIRST, *words))}


def _of(owner: type, title: str, declared: Field, own: Setting) -> Word:
    say = own.said or f"{title.replace('_', ' ')} {{}}".format
    usual = None if declared.default is None else own.kind.plain(declared.default)
    if isinstance(usual, list):
        usual = "-".join(map(str, usual)) or None
    needs = own.needs and (own.needs[0], own.needs[1])

    def matters(record: Record) -> Any:
        again = owner is not Retraining or record.get("retrain")
        return again and (needs is None or record.get(needs[0], needs[1]) == needs[1])

    told = owner is Retraining or own.needs
    return Word(say, usual, own.quiet or not own.always, matters if told else None)


WORDS = _words()


def curves(rows: Iterable[Line], *within: str) -> dict[str, list[Line]]:
    """Group rows by all columns but those measured and those that vary `within` a curve.

    Each has a name that no other has, in the order in which they come.
    """
    rows = list(rows)
    names = _columns(map(_record, rows), within)
    grouped: dict[tuple[Any, ...], list[Line]] = {}
    for row in rows:
        record = _record(row)
        grouped.setdefault(tuple(_value(record, name) for name in names), []).append(row)
    labels = _labels([_record(curve[0]) for curve in grouped.values()], names)
    return dict(zip(labels, grouped.values(), strict=True))


def shared(rows: Iterable[Any], *within: str) -> str:
    """Say what all rows share that is not usual; nothing where all is usual."""
    records = [_record(row) for row in rows]
    told = []
    for name in _columns(records, ("method", "layers", *within)):
        owners = [record for record in records if _matters(record, name)]
        values = {_value(record, name) for record in owners}
        if len(values) == 1 and any(_is_unusual(record, name) for record in owners):
            say, (value,) = _word(name).say, values
            bare = say(value) == str(value)
            told.append(f"{name} {value}" if bare else say(value))
    return ", ".join(told)


def throughout(rows: Iterable[Any], *within: str) -> str:
    """Return what all rows share as a sentence, or nothing."""
    told = shared(rows, *within)
    return f"Throughout: {told}." if told else ""


def joined(*sentences: str) -> str:
    """Return the sentences that say something."""
    return " ".join(filter(None, sentences))


def bounds(*numbers: int) -> str:
    """Name the bounds of means of so many networks: of few the interval is their range."""
    if min(numbers) >= ENOUGH:
        return "the 95 % bootstrap interval of the mean"
    if max(numbers) < ENOUGH:
        return "their range"
    return f"the 95 % bootstrap interval of the mean, or of fewer than {ENOUGH} their range"


def between(each: Spread, low: str, high: str) -> str:
    """Say between which bounds a mean is."""
    return f"{'95 % interval' if each.enough else 'range'} {low} to {high}"


def listed(names: Sequence[str]) -> str:
    """Return names as they stand in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def brief(row: Any) -> str:
    """Name the curve of one row while the others are not known."""
    return _label(_record(row), ["criterion", "repair", "scope"])


def _record(row: Any) -> Record:
    return row if isinstance(row, dict) else vars(row)


def _word(name: str) -> Word:
    return WORDS.get(name) or Word(lambda value: f"{name} {value}", matters=_always)


def _matters(record: Record, name: str) -> bool:
    matters = _word(name).matters
    return bool(matters(record)) if matters else record.get(name) is not None


def _columns(records: Iterable[Record], without: Iterable[str]) -> list[str]:
    """Return the columns that were asked for, in the order in which they are told."""
    there = {name: None for record in records for name in record}
    names = [name for name in WORDS if name in there]
    names += [name for name in there if name not in WORDS and name not in MEASURED]
    return [name for name in names if name not in without]


def _value(record: Record, name: str) -> Any:
    value = record.get(name)
    return _word(name).usual if value is None else value


def _is_unusual(record: Record, name: str) -> bool:
    if name == "criterion":
        return record[name] != usual(record["method"])
    return _value(record, name) != _word(name).usual


def _labels(firsts: list[Record], names: list[str]) -> list[str]:
    """Name curves by the columns that differ, in full where words would not tell two apart."""
    names = [name for name in names if name != "method"]
    labels = [_label(first, [n for n in names if _differs(firsts, n)]) for first in firsts]
    if len(set(labels)) == len(labels):
        return labels
    names = [name for name in names if len({_value(first, name) for first in firsts}) > 1]
    return [
        " ".join([first["method"], *(f"{name} {_value(first, name)}" for name in names)])
        for first in firsts
    ]


def _differs(firsts: list[Record], name: str) -> bool:
    """Tell whether a column differs among the curves for which it means something."""
    owners = [first for first in firsts if _matters(first, name)]
    values = {_value(first, name) for first in owners}
    if name == "layers":  # other names for kernels than for groups are no difference
        methods = {(first["method"], _value(first, name)) for first in owners}
        return len(methods) > len({method for method, _ in methods})
    # Of each method its usual criterion is no difference.
    return len(values) > 1 and (
        name != "criterion" or any(_is_unusual(first, name) for first in owners)
    )


def _label(record: Record, names: list[str]) -> str:
    told = [record["method"]]
    for name in names:
        word = _word(name)
        if _matters(record, name) and (not word.quiet or _is_unusual(record, name)):
            told.append(word.say(_value(record, name)))
    return " ".join(told)
