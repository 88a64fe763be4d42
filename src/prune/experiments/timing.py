"""How long networks take to run: side by side, in turn, in every form."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from math import ceil
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController

from prune import PruneError
from prune.core.forms import Run
from prune.core.inputs import Inputs, count, part
from prune.core.measure import CHUNK
from prune.experiments.engines import cores

# A sample takes about so many seconds, of at most so many images where a batch takes less.
_SAMPLE, _IMAGES = 0.008, 500
_WARMING = 5  # one in so many runs before the clock: caches and sleeping threads take a moment
# From so many images on, every core takes a share of them; below, BLAS shares out each product.
_WORTH_SHARING = 32
# The quickest of a few tries strays less than so far, and the first, which is cold, than so far.
_NEARLY, _HOPELESS, _TRIES = 1.25, 3, 3


class Samples(NamedTuple):
    """The seconds that one batch took, round by round; the same round is the same moment."""

    seconds: list[float]

    def median(self) -> float:
        """Return the middle one."""
        return median(self.seconds)

    def quartiles(self) -> tuple[float, float]:
        """Return the bounds of the middle half."""
        return _quartiles(self.seconds)

    def times_faster(self, other: Samples) -> tuple[float, float, float]:
        """Return how many times faster these are than `other`, round by round.

        That is the median of the ratios and the bounds of their middle half: what slows a moment
        down slows both.
        """
        ratios = [theirs / ours for ours, theirs in zip(self.seconds, other.seconds, strict=True)]
        return (median(ratios), *_quartiles(ratios))


def _quartiles(values: list[float]) -> tuple[float, float]:
    if len(values) == 1:
        return values[0], values[0]
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high


Timed = Callable[[Any], object]  # takes a batch of inputs


def interleaved(
    runs: Sequence[Timed],
    batches: Sequence[Inputs],
    rounds: int,
    on_round: Callable[[int], None],
) -> list[Samples]:
    """Time each of `runs` on the same batches; `on_round` hears the number of each round.

    Every round times all of them in turn, so that a slow moment of the machine falls on all;
    every other round backwards, so that what one leaves behind for the next does too.  A sample
    is as many of the batches as take some milliseconds, after a few that are not timed.
    """
    turns = [(run, batches[: _repeats(run, batches)], list[float]()) for run in runs]
    for number in range(rounds):
        for run, own, seconds in turns[:: -1 if number % 2 else 1]:
            for batch in own[: len(own) // _WARMING]:
                run(batch)
            seconds.append(_seconds(run, own))
        on_round(number + 1)
    return [Samples(seconds) for _, _, seconds in turns]


def promising(runs: Mapping[str, Timed], batch: Inputs) -> list[str]:
    """Name those of `runs` that are nearly as fast on one batch as the fastest, or faster."""
    quickest: dict[str, float] = {}
    for name, run in runs.items():
        quickest[name] = _seconds(run, [batch])
        if quickest[name] < _HOPELESS * min(quickest.values()):
            quickest[name] = min(_seconds(run, [batch]) for _ in range(_TRIES))
    return [name for name in runs if quickest[name] <= _NEARLY * min(quickest.values())]


def _repeats(run: Timed, batches: Sequence[Inputs]) -> int:
    run(batches[0])  # to warm up: what is compiled or cached at the first call is then
    return max(1, min(len(batches), int(_SAMPLE / _seconds(run, batches[:1]))))


def _seconds(run: Timed, batches: Sequence[Inputs]) -> float:
    """Return the mean seconds of a batch."""
    started = time.perf_counter()
    for batch in batches:
        run(batch)
    return (time.perf_counter() - started) / len(batches)


def batches(fed: Inputs, size: int) -> list[Inputs]:
    """Return batches of `size` examples, in order: one, or as many as a sample may run."""
    last = max(1, min(_IMAGES, count(fed)) // size)
    return [part(fed, slice(i * size, (i + 1) * size)) for i in range(last)]


@contextmanager
def on_all_cores(size: int) -> Iterator[Callable[[Run], Timed]]:
    """Yield how batches of `size` images are run on every core, whatever the form.

    Many images are shared out, to one BLAS thread a core; of few, BLAS shares out each product.
    """
    if size < _WORTH_SHARING:
        yield lambda run: run
        return
    blas = ThreadpoolController().select(user_api="blas")
    shares = max(cores(), ceil(size / CHUNK))
    with ThreadPoolExecutor(cores()) as pool, blas.limit(limits=1):
        yield lambda run: lambda images: list(pool.map(run, np.array_split(images, shares)))


@contextmanager
def held_to(threads: int | None) -> Iterator[None]:
    """Let this process use so many cores alone, whatever pools of threads its libraries have."""
    if threads is None:
        yield
        return
    before = _affinity()
    if not before or threads > len(before):
        there = (
            f"this process may use {len(before)}"
            if before
            else "here no process can be held to some"
        )
        raise PruneError(f"--threads {threads}: {there}; leave it out")
    _hold(set(sorted(before)[:threads]))
    try:
        with ThreadpoolController().limit(limits=threads):
            yield
    finally:
        _hold(before)


def _affinity() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def _hold(cores: set[int]) -> None:
    """Hold every thread that there is to some cores; those that they start are held too."""
    for task in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):  # it has ended
            os.sched_setaffinity(int(task.name), cores)
