"""How long the rest of a study will take: from cells that are done, else from a tiny probe."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

from prune.core import anatomy, pruning
from prune.experiments import perform
from prune.experiments.cells import Cell, Source, Stored
from prune.experiments.crew import train_on_one_thread
from prune.experiments.study import State
from prune.files import data
from prune.models.late import import_keras
from prune.settings.recipe import MLP, Training

_PROBED = 1000  # images
_EPOCHS = 10  # at most
_ENOUGH = 1.0  # seconds of them
_INPUTS = 784  # near enough for an estimate

Task = Training | Cell


class Estimate(NamedTuple):
    """Seconds of one core's work, or of all cores if a cell has them all."""

    seconds: float
    measured: int  # cells whose kind was timed
    probed: int  # cells whose kind was only probed


def kind(cell: Task) -> Hashable:
    """Return what cells have in common whose seconds are as their work."""
    if isinstance(cell, Training):
        return "training", cell.model, cell.batch_size
    if cell.retraining:
        return "training on", cell.retraining.schedule, cell.retraining.batch_size
    return cell.method, cell.criterion, cell.repair, cell.scope


def work(cell: Task) -> float:
    """Return how much there is to do, in units of the kind."""
    if isinstance(cell, Training):
        return _weights(cell) * cell.epochs
    epochs = cell.retraining.epochs if cell.retraining else 1
    return _weights(cell.training) * len(cell.k) * epochs


def _weights(training: Training | Stored) -> int:
    if isinstance(training, Stored) or training.model != MLP:
        return 1  # all cells of such a network, and no others, have it in common
    return sum(a * b for a, b in pairwise([_INPUTS, *training.hidden, 10]))


def estimate(state: State, probe: Callable[[Task], float]) -> Estimate:
    """Estimate what is left; `probe` measures a cell of a kind of which none is done."""
    rates = _rates(state)
    left: list[Task] = [*state.untrained, *state.missing]
    guessed = {kind(cell): cell for cell in reversed(left) if kind(cell) not in rates}
    measured = sum(kind(cell) in rates for cell in left)
    for each, cell in guessed.items():
        rates[each] = probe(cell) / work(cell)
    seconds = sum(rates[kind(cell)] * work(cell) for cell in left)
    return Estimate(seconds, measured, len(left) - measured)


def _rates(state: State) -> dict[Hashable, float]:
    """Return seconds for a unit of work, by kind, of the cells that were timed."""
    times = state.store.times()
    done: Iterable[Task] = [*state.rows, *dict.fromkeys(cell.training for cell in state.cells)]
    timed = [(cell, times[name]) for cell in done if (name := state.name(cell)) in times]
    totals: dict[Hashable, tuple[float, float]] = {}
    for cell, seconds in timed:
        before = totals.get(kind(cell), (0.0, 0.0))
        totals[kind(cell)] = (before[0] + seconds, before[1] + work(cell))
    return {each: seconds / amount for each, (seconds, amount) in totals.items()}


def _like(training: Training | Stored, state: State) -> Training:
    """Return the training of a network of that size."""
    if isinstance(training, Training):
        return training
    return Training(hidden=tuple(layer.kernel.shape[1] for layer in state.networks[training][:-1]))


def _images(source: Source, split: data.Split) -> int:
    return len(perform.images(source, split).labels)


def _of_model(cell: Cell, model: Any, source: Source, few: Source) -> float:
    """Guess the seconds of a cell of any model, of which there is but this one."""
    split: data.Split = "train" if cell.retraining else "test"
    epochs = cell.retraining.epochs if cell.retraining else 1
    once = cell.retraining and replace(cell.retraining, epochs=1)
    calibration = min(_PROBED, cell.calibration)
    short = replace(cell, k=cell.k[-1:], calibration=calibration, retraining=once)
    start = time.perf_counter()
    perform.prune(short, model, few, None)
    share = perform.images(source, split).total / perform.images(few, split).total
    return (time.perf_counter() - start) * share * len(cell.k) * epochs


def probe(state: State) -> Callable[[Task], float]:
    """Return what guesses the seconds of a cell by doing a small part of it."""
    train_on_one_thread()
    few = replace(state.source, limit=min(_PROBED, state.source.limit or _PROBED))

    def train(cell: Training) -> float:
        import_keras()  # which takes seconds, once
        ticks = [time.perf_counter()]
        for _ in perform.course(replace(cell, epochs=1 + _EPOCHS), few):
            ticks.append(time.perf_counter())
            if len(ticks) > 2 and ticks[-1] - ticks[1] > _ENOUGH:
                break
        first, *others = (after - before for before, after in pairwise(ticks))
        epoch = sum(others) / len(others)
        share = _images(state.source, "train") / _images(few, "train")
        # The first compiles too, which no more images make longer.
        return max(0.0, first - epoch) + epoch * share * cell.epochs

    def prune(cell: Cell) -> float:
        stored = None if isinstance(cell.training, Training) else state.networks[cell.training]
        if stored is not None and not anatomy.is_chain(stored):
            return _of_model(cell, stored, state.source, few)
        if cell.retraining:  # pruning takes little beside it
            epochs = cell.retraining.epochs * len(cell.k)
            return train(replace(_like(cell.training, state), epochs=epochs))
        network = perform.untrained(_like(cell.training, state), few)
        short = replace(cell, k=cell.k[-1:], calibration=min(_PROBED, cell.calibration))
        start = time.perf_counter()
        perform.prune(short, network, few, None)
        share = _images(state.source, "test") / _images(few, "test")
        if pruning.needs_images(cell.method, cell.criterion, cell.repair):
            share = 1  # most of it is spent on matrices, whose size is that of the layers
        return (time.perf_counter() - start) * share * len(cell.k)

    return lambda cell: train(cell) if isinstance(cell, Training) else prune(cell)
