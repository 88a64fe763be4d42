"""How units flow: every axis of every tensor and array is bound to the units that it runs along.

A flow says, for each axis of a tensor, by which unit each entry lives, or None for an axis that
stays whole.  Units that live or die together are united; what cannot be cut is frozen, with its
reason.  Handlers of layers record all this in a `Binder`, and it is resolved once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from prune.core.structure import FIXED, Axis, Frozen, Group, Structure

Ids = np.ndarray | None  # (length,) one number for each entry of an axis, or FIXED; None: all fixed
Axes = tuple[Ids, ...]  # of a tensor, the batch first
Shape = tuple[int | None, ...]
Size = Any  # Ids, to be counted when it is known which are left; a number; or a tuple of both


@dataclass(frozen=True)
class Flow:
    """What is known of a tensor."""

    axes: Axes
    makers: frozenset[str] = frozenset()  # the layers with kernels that it comes from directly


class Making(NamedTuple):
    """Units that a layer makes side by side."""

    name: str
    layer: str
    ids: np.ndarray


class Freezing(NamedTuple):
    """Why some units stay."""

    ids: np.ndarray
    reason: str


class Call(NamedTuple):
    """A layer as it is called at one place of the graph."""

    layer: Any
    name: str
    arguments: dict[str, Any]  # by the names of the parameters, with flows for tensors
    flows: list[Flow]  # of all tensors among the arguments
    shapes: list[Shape]  # of the same tensors
    outputs: list[Shape]

    @property
    def axes(self) -> Axes:
        """The axes of the first tensor."""
        return self.flows[0].axes

    @property
    def kind(self) -> str:
        """What the layer is, for a reason: `dense_2 (Dense)`."""
        return f"{self.name} ({type(self.layer).__name__})"


def fixed(shape: Shape) -> Axes:
    """Return the axes of a tensor of which nothing can be cut."""
    return (None,) * len(shape)


@dataclass
class Binder:
    """What the handlers of layers have recorded so far."""

    names: dict[int, str]  # of arrays, by the id of their variable
    handler: Callable[[Any], Any]  # of a layer or operation, for those that hold another
    makings: list[Making] = field(default_factory=list)
    freezings: list[Freezing] = field(default_factory=list)
    pairs: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    bound: dict[tuple[str, int], tuple[Ids, str]] = field(default_factory=dict)
    sizes: dict[int, dict[tuple, Size]] = field(default_factory=dict)  # by id of layer, and key
    scales: dict[str, np.ndarray] = field(default_factory=dict)
    alike: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)  # in number
    count: int = 0

    def made(self, call: Call, size: int, part: str = "") -> np.ndarray:
        """Return `size` new units that a layer makes, (size,); the same ones when it is shared."""
        name = f"{call.name}/{part}" if part else call.name
        for making in self.makings:
            if making.name == name:
                return making.ids
        ids = np.arange(self.count, self.count + size)
        self.count += size
        self.makings.append(Making(name, call.name, ids))
        return ids

    def bind(self, variable: Any, axis: int, ids: Ids, role: str) -> None:
        """Say that an axis of an array runs along `ids`; nothing if there is no such array."""
        if variable is None:
            return
        key = (self.names[id(variable)], axis % len(variable.shape))
        if key in self.bound:
            before, _ = self.bound[key]
            self.unite(before, ids, f"{key[0]} is shared with a place where all units stay")
        else:
            self.bound[key] = (ids, role)

    def unite(self, one: Ids, other: Ids, reason: str) -> None:
        """Say that entries live or die together; for `reason` they stay where one is fixed."""
        if one is None or other is None:
            self.freeze(other if one is None else one, reason)
            return
        free = (one != FIXED) & (other != FIXED)
        self.pairs.append((one[free], other[free]))
        self.freeze(np.concatenate([one[~free], other[~free]]), reason)

    def unite_all(self, rows: np.ndarray) -> np.ndarray:
        """Unite the entries of each column, (rows, n); return the first of each, (n,)."""
        for row in rows[1:]:
            self.unite(rows[0], row, "tied to what stays")
        return rows[0]

    def freeze(self, ids: Ids, reason: str) -> None:
        """Say that these units stay, and why."""
        if ids is not None and (free := ids[ids != FIXED]).size:
            self.freezings.append(Freezing(free, reason))

    def freeze_axes(self, axes: Axes, reason: str) -> None:
        """Freeze all that a tensor runs along."""
        for ids in axes:
            self.freeze(ids, reason)

    def resize(self, layer: Any, **sizes: Size) -> None:
        """Say what the configuration of a layer must say when units are cut: `units=ids`."""
        for key, size in sizes.items():
            self.resize_at(layer, (key,), size)

    def resize_at(self, layer: Any, path: tuple, size: Size) -> None:
        """Say what stands at `path` in the configuration of a layer when units are cut."""
        own = self.sizes.setdefault(id(layer), {})
        if path in own:
            pairs = zip(_entries(own[path]), _entries(size), strict=True)
            for one, other in pairs:
                if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
                    self.unite(
                        one if isinstance(one, np.ndarray) else None,
                        other if isinstance(other, np.ndarray) else None,
                        f"{layer.name} is shared with a place where all units stay",
                    )
        else:
            own[path] = size


def _entries(size: Size) -> tuple:
    return size if isinstance(size, tuple) else (size,)


class Resolved(NamedTuple):
    """A structure, and the number of the unit that each recorded id has become."""

    structure: Structure
    numbers: np.ndarray  # (ids + 1,); the last stands for FIXED

    def units(self, ids: Ids) -> np.ndarray | None:
        """Return the numbers of the units along an axis; None for an axis that stays whole."""
        return None if ids is None else self.numbers[ids]


def resolve(binder: Binder, kernels: dict, shapes: dict[str, tuple[int, ...]]) -> Resolved:
    """Unite, freeze and number all units that were recorded."""
    labels = _components(binder.count, binder.pairs)
    reasons = _reasons(binder, labels)
    groups, numbers = _groups(binder, labels, reasons)
    axes = {
        key: Axis(numbers[ids], role)
        for key, (ids, role) in binder.bound.items()
        if ids is not None and (numbers[ids] != FIXED).any()
    }
    frozen = _frozen(binder, labels, reasons)
    alike = tuple((numbers[one], numbers[other]) for one, other in binder.alike)
    return Resolved(Structure(shapes, kernels, axes, groups, frozen, alike), numbers)


def _components(count: int, pairs: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return the same label for all that are linked, directly or not, (count,)."""
    from scipy.sparse import coo_array, csgraph  # here: it would slow the start of every command

    if not pairs or not count:
        return np.arange(count)
    ones = np.concatenate([one for one, _ in pairs])
    others = np.concatenate([other for _, other in pairs])
    links = coo_array((np.ones(len(ones), np.int8), (ones, others)), shape=(count, count))
    return csgraph.connected_components(links, directed=False)[1]


def _reasons(binder: Binder, labels: np.ndarray) -> dict[int, str]:
    """Return the first reason why a label stays, for those that do."""
    reasons: dict[int, str] = {}
    for freezing in binder.freezings:
        for label in np.unique(labels[freezing.ids]):
            reasons.setdefault(int(label), freezing.reason)
    return reasons


def _groups(
    binder: Binder, labels: np.ndarray, reasons: dict[int, str]
) -> tuple[dict[str, Group], np.ndarray]:
    """Return the groups, and each id's unit, numbered from 0 group by group, (ids + 1,)."""
    free = np.ones(labels.max(initial=-1) + 1, bool)
    free[list(reasons)] = False
    of_label = np.full(len(free) + 1, FIXED)
    groups, count = {}, 0
    for makings in _tied(binder.makings, labels, free):
        units = np.concatenate([labels[making.ids] for making in makings])
        units = units[free[units]]
        distinct = units[np.sort(np.unique(units, return_index=True)[1])]
        of_label[distinct] = np.arange(count, count + len(distinct))
        layers = tuple(dict.fromkeys(making.layer for making in makings))
        groups[makings[0].name] = Group(of_label[distinct], layers)
        count += len(distinct)
    return groups, np.append(of_label[labels], FIXED)


def _tied(makings: list[Making], labels: np.ndarray, free: np.ndarray) -> list[list[Making]]:
    """Return the makings with free units, those that share a unit in one list."""
    own = [np.unique(labels[making.ids]) for making in makings]
    own = [each[free[each]] for each in own]
    size = len(free) + len(makings)
    pairs = [(each, np.full(len(each), len(free) + i)) for i, each in enumerate(own)]
    tied = _components(size, pairs)[len(free) :]
    lists: dict[int, list[Making]] = {}
    for making, each, label in zip(makings, own, tied, strict=True):
        if len(each):
            lists.setdefault(int(label), []).append(making)
    return list(lists.values())


def _frozen(binder: Binder, labels: np.ndarray, reasons: dict[int, str]) -> tuple[Frozen, ...]:
    """List how many units of each layer stay, by reason; units that are tied are told once."""
    told: set[int] = set()
    counts: dict[tuple[str, str], int] = {}
    for making in binder.makings:
        for label in set(labels[making.ids].tolist()) & reasons.keys() - told:
            told.add(label)
            key = making.name, reasons[label]
            counts[key] = counts.get(key, 0) + 1
    return tuple(Frozen(name, count, reason) for (name, reason), count in counts.items())
