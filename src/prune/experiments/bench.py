"""Pruned networks x forms x batches -> how long each takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from prune.core import anatomy
from prune.core.alive import shrink
from prune.core.forms import FORMS, Run
from prune.core.inputs import Inputs, count
from prune.core.network import Network
from prune.experiments import timing
from prune.experiments.engines import cores
from prune.experiments.sweep import Point
from prune.experiments.timing import Samples, Timed
from prune.files.results import Row, Timing
from prune.models import keras_bridge, running
from prune.settings import lists

YARDSTICK, FASTEST = "dense", "fastest"
_LARGE, _ROUNDS = 1000, 21  # of the time that rows carry
_FEW_ROUNDS = 5  # of any model, which takes a hundred times as long


class Lineup:
    """Networks that are to be timed, each distinct one once."""

    def __init__(self) -> None:
        """Begin without any."""
        self._networks: dict[bytes, Any] = {}
        self._order: list[bytes] = []

    def add(self, network: Any) -> None:
        """Take one more network."""
        self._order.append(fingerprint(network))
        self._networks.setdefault(self._order[-1], network)

    def timed(self, rows: Sequence[Row], fed: Inputs, on_round: Callable[[int], None]) -> list[Row]:
        """Return `rows`, of the networks as they came, with the time of each for an image.

        That is the time of the form that is fastest, of those that come near when each is tried.
        """
        size = min(_LARGE, count(fed))
        best = self._best(timing.batches(fed, size), size, on_round)
        return [
            _with_time(row, best[key], size) for row, key in zip(rows, self._order, strict=True)
        ]

    def _best(
        self, batches: Sequence[Inputs], size: int, on_round: Callable[[int], None]
    ) -> dict[bytes, Samples]:
        """Time the promising forms of each network; return the samples of its fastest."""
        rounds = _ROUNDS if all(map(anatomy.is_chain, self._networks.values())) else _FEW_ROUNDS
        with timing.on_all_cores(size) as share:
            ready = [
                (key, run)
                for key, network in self._networks.items()
                for run in _promising(network, batches[0], share)
            ]
            samples = timing.interleaved([run for _, run in ready], batches, rounds, on_round)
        found: dict[bytes, list[Samples]] = {}
        for (key, _), each in zip(ready, samples, strict=True):
            found.setdefault(key, []).append(each)
        return {key: min(each, key=Samples.median) for key, each in found.items()}


def _promising(network: Any, batch: Inputs, share: Callable[[Run], Timed]) -> Iterator[Timed]:
    if not anatomy.is_chain(network):
        return iter([running.forms(network)["shrunk"]])  # which can only have less to do
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
    run: Timed
    shares: bool  # among the cores by us, and not by itself


class Field(NamedTuple):
    """The points that are timed, and what is run for them: each distinct network once."""

    points: Sequence[Point]
    contenders: list[Contender]


def field(points: Sequence[Point], with_keras: bool) -> Field:
    """Make every form of every network ready to run, those in Keras last.

    Its threads look for work for a while after each call, in the way of who comes next.
    """
    networks = {fingerprint(point.pruned.network): point.pruned.network for point in points}
    found = [each for key, network in networks.items() for each in _ours(key, network)]
    if with_keras and all(map(anatomy.is_chain, networks.values())):
        found += [
            Contender(key, *each, False)
            for key, network in networks.items()
            for each in _in_keras(network).items()
        ]
    return Field(points, found)


def _ours(key: bytes, network: Any) -> Iterator[Contender]:
    if not anatomy.is_chain(network):
        for name, timed in running.forms(network).items():
            yield Contender(key, name, timed, False)
        return
    for name, form in FORMS.items():
        yield Contender(key, name, form.prepare(network), True)


def fingerprint(network: Any) -> bytes:
    """Return what tells a network from any other."""
    return anatomy.of(network).fingerprint()


def _in_keras(network: Network) -> dict[str, Run]:
    whole, small = map(keras_bridge.runs, (network, shrink(network)))
    return {
        **{f"keras {how} dense": run for how, run in whole.items()},
        **{f"keras {how} shrunk": run for how, run in small.items()},
    }


def timings(
    entered: Field,
    fed: Inputs,
    batch: int,
    rounds: int,
    on_round: Callable[[int], None],
) -> list[Timing]:
    """Time all contenders on batches of what they are fed, at least `batch` examples."""
    with timing.on_all_cores(batch) as share:
        runs: list[Timed] = [
            share(each.run) if each.shares else each.run for each in entered.contenders
        ]
        samples = timing.interleaved(runs, timing.batches(fed, batch), rounds, on_round)
    found: dict[bytes, dict[str, Samples]] = {}
    for each, own in zip(entered.contenders, samples, strict=True):
        found.setdefault(each.network, {})[each.form] = own
    return [
        row
        for point in entered.points
        for row in _rows(point, found[fingerprint(point.pruned.network)], batch)
    ]


class Outcome(NamedTuple):
    """What came of a form, and of the fastest which it is."""

    form: str
    samples: Samples
    choice: str = ""


def _rows(point: Point, samples: dict[str, Samples], batch: int) -> Iterator[Timing]:
    """Yield a row for each form, and after ours one for the fastest of them."""
    own = [form for form in FORMS if form in samples]
    choice = min(own, key=lambda form: samples[form].median())
    ours = [Outcome(form, samples[form]) for form in own]
    theirs = [Outcome(form, each) for form, each in samples.items() if form not in FORMS]
    for outcome in (*ours, Outcome(FASTEST, samples[choice], choice), *theirs):
        yield row(point, outcome, samples[YARDSTICK], batch)


def row(point: Point, outcome: Outcome, dense: Samples, batch: int) -> Timing:
    """Return how long a form took, and how many times faster than `dense` that is."""
    (method, criterion, plan, *_), pruned = point
    small = anatomy.of(anatomy.of(pruned.network).shrunk())
    samples = outcome.samples
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
        effective=small.nonzero(),
        macs=small.multiply_adds(),
        rounds=len(samples.seconds),
        threads=cores(),
        choice=outcome.choice,
    )
