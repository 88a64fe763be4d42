"""Rows of a study -> families: the same curve of several networks, told apart by their seeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from prune.core.spread import Spread, spread
from prune.views import telling
from prune.views.metrics import TOLERANCE

Record = dict[str, Any]  # a row of a study, by column

_TRAINING = ("hidden", "epochs", "batch_size", "learning_rate")


class Family(NamedTuple):
    """One curve of several networks."""

    label: str
    first: Record  # any of its rows: they differ in seed, k and what was measured
    accuracy: dict[float, dict[int, float]]  # by k, ascending, then by seed
    unpruned: dict[int, float]  # by seed
    data: str = "mnist"  # what the networks are for

    @property
    def method(self) -> str:
        """weight or unit."""
        return self.first["method"]

    @property
    def kind(self) -> tuple[str, str]:
        """Method and sizes: what must be the same for pairs of networks to be comparable."""
        return self.method, self.first["hidden"]

    @property
    def training(self) -> tuple[Any, ...]:
        """What networks of one seed must share to be the same network."""
        return tuple(self.first[name] for name in _TRAINING)

    def spread(self, k: float) -> Spread:
        """Return the mean accuracy at k, and where it may be."""
        return spread(list(self.accuracy[k].values()))

    def reach(self) -> dict[int, float]:
        """Return for each network the last k up to which it keeps within one point; -1: none."""
        return {seed: _reach(self.curve(seed), whole) for seed, whole in self.unpruned.items()}

    def curve(self, seed: int) -> list[tuple[float, float]]:
        """Return k and accuracy of one network, in order."""
        return [(k, found[seed]) for k, found in self.accuracy.items() if seed in found]


def _reach(curve: list[tuple[float, float]], unpruned: float) -> float:
    last = -1.0
    for k, accuracy in curve:
        # The counts are whole; a hair of tolerance keeps exactly one point inside.
        if accuracy < unpruned - TOLERANCE - 1e-12:
            break
        last = k
    return last


def families(rows: list[Record], data: str = "mnist") -> list[Family]:
    """Group the rows of networks for `data` into families, in the order in which they come."""
    grouped = telling.curves(rows, "k", "seed")
    return [_family(label, own, data) for label, own in grouped.items()]


def _family(label: str, rows: list[Record], data: str) -> Family:
    accuracy: dict[float, dict[int, float]] = {}
    for row in sorted(rows, key=lambda row: row["k"]):
        accuracy.setdefault(row["k"], {})[row["seed"]] = row["accuracy"]
    unpruned = {row["seed"]: row["unpruned"] for row in rows}
    return Family(label, rows[0], accuracy, unpruned, data)


class Comparison(NamedTuple):
    """How much better one family is than another at one k, network by network."""

    better: Family
    worse: Family
    k: float
    difference: Spread  # of accuracy

    @property
    def certain(self) -> bool:
        """Whether there are networks enough, and the interval leaves out zero."""
        low, high = self.difference.low, self.difference.high
        known = self.difference.enough and low is not None and high is not None
        return known and not low <= 0 <= high


def compare(one: Family, other: Family, k: float) -> Comparison | None:
    """Compare two families where both were measured at k; pairs share the seed.

    So they share the network where only the pruning differs, and of networks of equal sizes at
    least the initial weights and the order of images.
    """
    ours, theirs = one.accuracy.get(k, {}), other.accuracy.get(k, {})
    shared = [seed for seed in ours if seed in theirs]
    if not shared:
        return None
    return Comparison(one, other, k, spread([ours[seed] - theirs[seed] for seed in shared]))


def comparisons(found: list[Family]) -> Iterator[Comparison]:
    """Compare each family with all before it that are of its kind, at every k they share."""
    for i, one in enumerate(found):
        for other in found[:i]:
            if one.kind == other.kind:
                pairs = (compare(one, other, k) for k in one.accuracy)
                yield from (pair for pair in pairs if pair)
