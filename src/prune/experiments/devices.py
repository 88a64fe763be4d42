"""The same networks dense, masked and shrunk in each runtime: held against Keras, then timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from prune import PruneError
from prune.core import anatomy, forms, inputs, measure
from prune.core.inputs import Inputs
from prune.core.measure import Runs
from prune.core.network import Network
from prune.experiments import bench, exporting, timing
from prune.experiments.sweep import Point
from prune.files.results import Timing
from prune.models import keras_bridge
from prune.models.net import KERAS as ONE_AT_A_TIME
from prune.runtimes.forms import require
from prune.runtimes.table import RUNTIMES
from prune.settings.files import FILES_OF
from prune.settings.pruning import KERAS, NUMPY

DENSE, MASKED, SHRUNK = "dense", "masked", "shrunk"
_HELD = 64  # examples at least, by which a runtime is held against Keras


class Entry(NamedTuple):
    """A network in one form, in one runtime."""

    runtime: str
    form: str
    network: bytes  # the fingerprint of the pruned one; of form dense that of the whole one
    run: Runs
    original: Runs  # the same in Keras, with all its units

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"{self.runtime} {self.form}"


class Field(NamedTuple):
    """The points that are timed, and what is run for them: each distinct network once."""

    points: Sequence[Point]
    entries: list[Entry]
    within: float = exporting.ROUNDING  # of the largest output, how far answers may be apart


def check(names: Sequence[str], network: Any) -> None:
    """Refuse a runtime that is not there, or that cannot run this network."""
    for name in names:
        if name in FILES_OF:
            require(RUNTIMES[FILES_OF[name]], FILES_OF[name])
    if NUMPY in names and not anatomy.is_chain(network):
        raise PruneError(
            "--runtime numpy runs chains of Dense layers alone; leave it out, or give keras"
        )


def field(
    names: Sequence[str],
    whole: Any,
    points: Sequence[Point],
    example: Inputs,
    report: Callable[[str], None],
) -> Field:
    """Make each distinct network ready to run in each runtime, those in Keras last.

    Its threads look for work for a while after each call, in the way of who comes next.
    """
    networks = {bench.fingerprint(point.pruned.network): point.pruned.network for point in points}
    found = []
    for form, made in (
        (DENSE, {bench.fingerprint(whole): whole}),
        (MASKED, networks),
        (SHRUNK, networks),
    ):
        for key, network in made.items():
            report(f"{form}, {len(found)} made ready")
            found += _in_all(names, key, network, form, example)
    return Field(points, sorted(found, key=lambda each: each.runtime == KERAS))


def _in_all(
    names: Sequence[str], key: bytes, network: Any, form: str, example: Inputs
) -> Iterator[Entry]:
    whole = _masked(network)
    small = anatomy.of(network).shrunk() if form == SHRUNK else whole
    original = keras_bridge.compiled(exporting.keras_model(whole))
    model = exporting.keras_model(small)
    runs = keras_bridge.compiled(model)
    with ONE_AT_A_TIME:
        runs(example)  # what was never called cannot be exported
    for name in names:
        if name == KERAS:
            run = runs
        elif name == NUMPY:
            run = _in_numpy(small)
        else:
            run = exporting.opened(RUNTIMES[FILES_OF[name]], model, example)
        yield Entry(name, form, key, run, original)


def _masked(network: Any) -> Any:
    """Return a network with all its units."""
    if anatomy.is_chain(network):
        return network
    return replace(network, kept=np.ones_like(network.kept))


def _in_numpy(network: Network) -> Runs:
    logits = forms.dense(network)
    if network[-1].activation != "softmax":
        return lambda images: [logits(images)]

    def run(images: Any) -> list[np.ndarray]:
        found = logits(images)
        powers = np.exp(found - found.max(axis=-1, keepdims=True))
        return [powers / powers.sum(axis=-1, keepdims=True)]

    return run


def timings(
    entered: Field, fed: Inputs, batch: int, rounds: int, on_round: Callable[[int], None]
) -> list[Timing]:
    """Time all of them on batches of what they are fed, once each has answered as Keras does."""
    batches = timing.batches(fed, batch)
    for each in entered.entries:
        _prove(each, batches[: -(-_HELD // batch)], entered.within)
    samples = timing.interleaved([each.run for each in entered.entries], batches, rounds, on_round)
    timed = list(zip(entered.entries, samples, strict=True))
    dense = {each.runtime: own for each, own in timed if each.form == DENSE}
    return [
        bench.row(point, bench.Outcome(each.name, own), dense[each.runtime], batch)
        for point in entered.points
        for each, own in timed
        if each.form == DENSE or each.network == bench.fingerprint(point.pruned.network)
    ]


def _prove(entry: Entry, batches: Sequence[Inputs], within: float) -> None:
    """Refuse a runtime whose answers are not those of Keras, but for rounding."""
    for batch in batches:
        found = measure.differing(entry.original, entry.run, batch)
        told = f"{entry.name} {{}}; nothing was timed"
        exporting.check(found, inputs.count(batch), within, told)
