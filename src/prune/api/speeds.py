"""How long models take to answer, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prune import PruneError
from prune.api import asking, material, options, shown, subject
from prune.api.shown import Shown
from prune.api.subject import ModelOrPath, Subject
from prune.core.inputs import Inputs
from prune.experiments import timing
from prune.experiments.cells import Given, Source
from prune.experiments.timing import Samples
from prune.files.folders import Run
from prune.models import running
from prune.settings.runtimes import Bench
from prune.views.tables import Table

_HEADER = ["model", "parameters", "batch", "ms", "times as fast"]


@dataclass(frozen=True)
class Speed:
    """How long one model takes for a batch.  The fields are the columns of the table."""

    model: str
    batch: int  # examples at a time
    seconds: float  # for one batch, the median of the rounds
    seconds_low: float  # the bounds of their middle half
    seconds_high: float
    # How many times faster than the first model, the median of the ratios by round.
    faster: float
    faster_low: float
    faster_high: float
    parameters: int
    rounds: int


@dataclass(frozen=True)
class Speeds(Shown):
    """Rows that were timed; a notebook shows their table."""

    rows: tuple[Speed, ...]

    def _tabled(self) -> Table:
        first = self.rows[0]
        note = (
            f"Milliseconds for a batch in Keras, the median of {first.rounds} rounds in turn; "
            f"times as fast as {first.model} in the same round."
        )
        return Table(_HEADER, list(map(_line, self.rows)), note)


def _line(row: Speed) -> list[str]:
    ms, faster = f"{1e3 * row.seconds:.3g}", f"{row.faster:.2f}"
    return [row.model, f"{row.parameters:,}", f"{row.batch:,}", ms, faster]


def bench(
    models: Mapping[str, ModelOrPath] | Sequence[ModelOrPath],
    data: Any,
    *,
    batch: int | Sequence[int] = (1, 32),
    rounds: int = Bench.rounds,
) -> Speeds:
    """Time models side by side, each as Keras runs it on the backend of this process.

    - `models`: by the names that the table is to have, or a list; the others are told as times as
      fast as the first, round by round: what slows a moment down slows all.
    - `data`: (x, y), or a data set of such batches, at least as many examples as the largest batch.
    - `batch`: how many examples at a time; several in a list.  `rounds`: how often each is timed.

    Zeros do not make a model faster in Keras, and fewer units do.  Raises `PruneError` for what
    cannot be asked.
    """
    sizes = [batch] if isinstance(batch, int) else list(batch)
    asked = options.read(Bench, {"batch": sizes, "rounds": rounds})
    entered = {name: subject.of(model) for name, model in _by_name(models).items()}
    first = next(iter(entered.values()))
    read = material.read(data, "test", asking.names(first))
    if max(asked.batch) > read.total:
        raise PruneError(
            f"a batch of {max(asked.batch):,} needs as many examples, got {read.total:,}; give "
            "more, or a smaller batch"
        )
    rows = [row for size in asked.batch for row in _timed(entered, read.inputs, size, asked.rounds)]
    source = Source(asking.NAME, None, given=Given(test=read))
    record = shown.record("bench", first, source, {"batch": sizes, "rounds": rounds}, {})
    return Speeds(tuple(rows), run=Run("bench", record, others=shown.cells(map(vars, rows))))


def _by_name(models: Mapping[str, ModelOrPath] | Sequence[ModelOrPath]) -> dict[str, ModelOrPath]:
    if isinstance(models, Mapping):
        found = dict(models)
    elif isinstance(models, list | tuple):
        found = {f"{i} {subject.of(each).name}": each for i, each in enumerate(models, 1)}
    else:
        found = {}
    if not found:
        raise PruneError('give models to time: a list, or by name, such as {"before": model}')
    return found


def _timed(entered: Mapping[str, Subject], inputs: Inputs, size: int, rounds: int) -> list[Speed]:
    runs = [running.direct(each.template) for each in entered.values()]
    batches = timing.batches(inputs, size)
    samples = timing.interleaved(runs, batches, rounds, lambda number: None)
    return [
        _speed(name, each.template.count_params(), size, (own, samples[0]))
        for (name, each), own in zip(entered.items(), samples, strict=True)
    ]


def _speed(name: str, parameters: int, size: int, samples: tuple[Samples, Samples]) -> Speed:
    own, first = samples
    return Speed(
        name,
        size,
        own.median(),
        *own.quartiles(),
        *own.times_faster(first),
        parameters=parameters,
        rounds=len(own.seconds),
    )
