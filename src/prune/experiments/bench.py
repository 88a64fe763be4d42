"""Pruned networks x forms x batches -> how long each takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from prune.core.alive import shrink
from prune.core.forms import FORMS, Run
from prune.core.network import Network, multiply_adds, nonzero
from prune.experiments import timing
from prune.experiments.engines import cores
from prune.experiments.sweep import Point
from prune.experiments.timing import Samples, Timed
from prune.files.results import Row, Timing
from prune.settings import lists

YARDSTICK = "dense"
_LARGE, _ROUNDS = 1000, 21  # of the time that rows carry


def timed(
    rows: Sequence[Row], runs: Sequence[Run], images: np.ndarray, on_round: Callable[[int], None]
) -> list[Row]:
    """Return `rows` with the time that their networks, ready in `runs`, take for an image."""
    size = min(_LARGE, len(images))
    with timing.on_all_cores(size) as share:
        ready = [share(run) for run in runs]
        samples = timing.interleaved(ready, timing.batches(images, size), _ROUNDS, on_round)
    return [
        replace(row, microseconds=1e6 * each.median() / size)
        for row, each in zip(rows, samples, strict=True)
    ]


class Contender(NamedTuple):
    """One network in one form, and what it is."""

    point: Point
    form: str
    run: Run
    shares: bool  # among the cores by us, and not by itself


def contenders(points: Sequence[Point], with_keras: bool) -> list[Contender]:
    """Make every form of every point ready to run, those in Keras last.

    Its threads look for work for a while after each call, in the way of who comes next.
    """
    found = [
        Contender(point, name, form.prepare(point.pruned.network), True)
        for point in points
        for name, form in FORMS.items()
    ]
    if with_keras:
        found += [
            Contender(point, *each, False)
            for point in points
            for each in _in_keras(point.pruned.network).items()
        ]
    return found


def _in_keras(network: Network) -> dict[str, Run]:
    from prune.training import keras_bridge  # here: it imports TensorFlow

    whole, small = map(keras_bridge.runs, (network, shrink(network)))
    return {
        **{f"keras {how} dense": run for how, run in whole.items()},
        **{f"keras {how} shrunk": run for how, run in small.items()},
    }


def timings(
    ready: Sequence[Contender],
    images: np.ndarray,
    batch: int,
    rounds: int,
    on_round: Callable[[int], None],
) -> list[Timing]:
    """Time all contenders on batches of `images` (n, inputs), n at least `batch`."""
    with timing.on_all_cores(batch) as share:
        runs: list[Timed] = [share(each.run) if each.shares else each.run for each in ready]
        samples = timing.interleaved(runs, timing.batches(images, batch), rounds, on_round)
    return list(_rows(ready, samples, batch))


def _rows(ready: Sequence[Contender], samples: list[Samples], batch: int) -> Iterator[Timing]:
    dense = {
        id(each.point): own
        for each, own in zip(ready, samples, strict=True)
        if each.form == YARDSTICK
    }
    for each, own in zip(ready, samples, strict=True):
        yield _row(each, own, own.times_faster(dense[id(each.point)]), batch)


def _row(
    contender: Contender, samples: Samples, faster: tuple[float, float, float], batch: int
) -> Timing:
    (method, criterion, plan, *_), pruned = contender.point
    small = shrink(pruned.network)
    low, high = samples.quartiles()
    return Timing(
        method=method,
        criterion=criterion,
        k=lists.k(pruned.sparsity),
        scope=plan.scope.name,
        repair=plan.repair,
        batch=batch,
        form=contender.form,
        seconds=samples.median(),
        seconds_low=low,
        seconds_high=high,
        faster=faster[0],
        faster_low=faster[1],
        faster_high=faster[2],
        effective=nonzero(small),
        macs=multiply_adds(small),
        rounds=len(samples.seconds),
        threads=cores(),
    )
