"""Pruned networks x forms x batches -> how long each takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from prune.core.alive import shrink
from prune.core.forms import FORMS, Run
from prune.core.network import Network, fingerprint, multiply_adds, nonzero
from prune.experiments import timing
from prune.experiments.engines import cores
from prune.experiments.sweep import Point
from prune.experiments.timing import Samples, Timed
from prune.files.results import Row, Timing
from prune.models import keras_bridge
from prune.settings import lists

YARDSTICK, FASTEST = "dense", "fastest"
_LARGE, _ROUNDS = 1000, 21  # of the time that rows carry


class Lineup:
    """Networks that are to be timed, each distinct one once."""

    def __init__(self) -> None:
        """Begin without any."""
        self._networks: dict[bytes, Network] = {}
        self._order: list[bytes] = []

    def add(self, network: Network) -> None:
        """Take one more network."""
        self._order.append(fingerprint(network))
        self._networks.setdefault(self._order[-1], network)

    def timed(
        self, rows: Sequence[Row], images: np.ndarray, on_round: Callable[[int], None]
    ) -> list[Row]:
        """Return `rows`, of the networks as they came, with the time of each for an image.

        That is the time of the form that is fastest, of those that come near when each is tried.
        """
        size = min(_LARGE, len(images))
        best = self._best(timing.batches(images, size), size, on_round)
        return [
            _with_time(row, best[key], size) for row, key in zip(rows, self._order, strict=True)
        ]

    def _best(
        self, batches: Sequence[np.ndarray], size: int, on_round: Callable[[int], None]
    ) -> dict[bytes, Samples]:
        """Time the promising forms of each network; return the samples of its fastest."""
        with timing.on_all_cores(size) as share:
            ready = [
                (key, run)
                for key, network in self._networks.items()
                for run in _promising(network, batches[0], share)
            ]
            samples = timing.interleaved([run for _, run in ready], batches, _ROUNDS, on_round)
        found: dict[bytes, list[Samples]] = {}
        for (key, _), each in zip(ready, samples, strict=True):
            found.setdefault(key, []).append(each)
        return {key: min(each, key=Samples.median) for key, each in found.items()}


def _promising(
    network: Network, batch: np.ndarray, share: Callable[[Run], Timed]
) -> Iterator[Timed]:
    # The likeliest first: what is much slower is then tried but once.
    runs = {name: share(form.prepare(network)) for name, form in reversed(FORMS.items())}
    return (runs[name] for name in timing.promising(runs, batch))


def _with_time(row: Row, samples: Samples, size: int) -> Row:
    middle, low, high = (
        1e6 * seconds / size for seconds in (samples.median(), *samples.quartiles())
    )
    return replace(row, microseconds=middle, microseconds_low=low, microseconds_high=high)


class Contender(NamedTuple):
    """One network in one form."""

    network: bytes  # its fingerprint
    form: str
    run: Run
    shares: bool  # among the cores by us, and not by itself


class Field(NamedTuple):
    """The points that are timed, and what is run for them: each distinct network once."""

    points: Sequence[Point]
    contenders: list[Contender]


def field(points: Sequence[Point], with_keras: bool) -> Field:
    """Make every form of every network ready to run, those in Keras last.

    Its threads look for work for a while after each call, in the way of who comes next.
    """
    networks = {_fingerprint(point): point.pruned.network for point in points}
    found = [
        Contender(key, name, form.prepare(network), True)
        for key, network in networks.items()
        for name, form in FORMS.items()
    ]
    if with_keras:
        found += [
            Contender(key, *each, False)
            for key, network in networks.items()
            for each in _in_keras(network).items()
        ]
    return Field(points, found)


def _fingerprint(point: Point) -> bytes:
    return fingerprint(point.pruned.network)


def _in_keras(network: Network) -> dict[str, Run]:
    whole, small = map(keras_bridge.runs, (network, shrink(network)))
    return {
        **{f"keras {how} dense": run for how, run in whole.items()},
        **{f"keras {how} shrunk": run for how, run in small.items()},
    }


def timings(
    entered: Field,
    images: np.ndarray,
    batch: int,
    rounds: int,
    on_round: Callable[[int], None],
) -> list[Timing]:
    """Time all contenders on batches of `images` (n, inputs), n at least `batch`."""
    with timing.on_all_cores(batch) as share:
        runs: list[Timed] = [
            share(each.run) if each.shares else each.run for each in entered.contenders
        ]
        samples = timing.interleaved(runs, timing.batches(images, batch), rounds, on_round)
    found: dict[bytes, dict[str, Samples]] = {}
    for each, own in zip(entered.contenders, samples, strict=True):
        found.setdefault(each.network, {})[each.form] = own
    return [
        row for point in entered.points for row in _rows(point, found[_fingerprint(point)], batch)
    ]


class _Outcome(NamedTuple):
    """What came of a form, and of the fastest which it is."""

    form: str
    samples: Samples
    choice: str = ""


def _rows(point: Point, samples: dict[str, Samples], batch: int) -> Iterator[Timing]:
    """Yield a row for each form, and after ours one for the fastest of them."""
    choice = min(FORMS, key=lambda form: samples[form].median())
    ours = [_Outcome(form, samples[form]) for form in FORMS]
    theirs = [_Outcome(form, each) for form, each in samples.items() if form not in FORMS]
    for outcome in (*ours, _Outcome(FASTEST, samples[choice], choice), *theirs):
        yield _row(point, outcome, samples[YARDSTICK], batch)


def _row(point: Point, outcome: _Outcome, dense: Samples, batch: int) -> Timing:
    (method, criterion, plan, *_), pruned = point
    small, samples = shrink(pruned.network), outcome.samples
    low, high = samples.quartiles()
    faster, faster_low, faster_high = samples.times_faster(dense)
    return Timing(
        method=method,
        criterion=criterion,
        k=lists.k(pruned.sparsity),
        scope=plan.scope.name,
        repair=plan.repair,
        batch=batch,
        form=outcome.form,
        seconds=samples.median(),
        seconds_low=low,
        seconds_high=high,
        faster=faster,
        faster_low=faster_low,
        faster_high=faster_high,
        effective=nonzero(small),
        macs=multiply_adds(small),
        rounds=len(samples.seconds),
        threads=cores(),
        choice=outcome.choice,
    )
