"""A Keras model as it is drawn: its layers with kernels, and where branches meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from prune.core.outline import INPUT, Count, Counts, Node, Outline
from prune.core.structure import FIXED, MADE, Arrays, Structure
from prune.models.graph import arguments, functional, is_graph, leaves, run

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class _From:
    """The nearest nodes that a tensor comes from."""

    names: tuple[str, ...]


def outline(model: keras.Model, structure: Structure) -> Outline:
    """Return the nodes of a model, each before those that read it first.

    Of a model without a graph it is known which layers there are, not what they read.
    """
    if not is_graph(model):
        return tuple(_without_graph(structure))
    nodes: dict[str, Node] = {}

    def visit(node: Any, name: str, args: tuple, kwargs: dict) -> list[_From]:
        given = leaves(arguments(node.operation, args, kwargs), _From)
        if is_graph(node.operation):
            return run(node.operation, given, visit, f"{name}/")
        found = _node(structure, name, type(node.operation).__name__, _sources(given))
        if found is None:
            return [_From(_sources(given))] * len(node.outputs)
        earlier = nodes.get(name)  # a layer that is called again reads more
        nodes[name] = _reading(found, earlier.reads) if earlier else found
        return [_From((name,))] * len(node.outputs)

    inputs = [Node(_named(tensor), INPUT) for tensor in functional(model).inputs]
    nodes |= {node.name: node for node in inputs}
    run(model, [_From((node.name,)) for node in inputs], visit)
    return tuple(nodes.values())


def _named(tensor: keras.KerasTensor) -> str:
    """Return the name of an input that the file has too; that of a tensor is counted anew."""
    return tensor._keras_history.operation.name


def _sources(given: Iterable[_From]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in given for name in each.names))


def _reading(node: Node, more: tuple[str, ...]) -> Node:
    reads = dict.fromkeys((*more, *node.reads))
    reads.pop(node.name, None)
    return node._replace(reads=tuple(reads))


def _node(structure: Structure, name: str, kind: str, reads: tuple[str, ...]) -> Node | None:
    """Return the node of an operation; None of one that only passes on what it takes."""
    kernels = tuple(
        kernel
        for kernel, own in structure.kernels.items()
        if f"{own.layer}/".startswith(f"{name}/")
    )
    if not kernels:
        return Node(name, kind, reads) if len(reads) > 1 else None
    stays = {each.layer: each.reason for each in structure.frozen}
    groups = _groups(structure, kernels)
    why = next((stays[layer] for layer in stays if f"{layer}/".startswith(f"{name}/")), "")
    return _reading(Node(name, kind, reads, groups, kernels, "" if groups else why), ())


def _without_graph(structure: Structure) -> Iterator[Node]:
    for layer in dict.fromkeys(kernel.layer for kernel in structure.kernels.values()):
        node = _node(structure, layer, "", ())
        if node:
            yield node


def _groups(structure: Structure, kernels: tuple[str, ...]) -> tuple[str, ...]:
    """Name the groups of the units that kernels make."""
    made = [
        along.units
        for (name, _), along in structure.axes.items()
        if name in kernels and along.role == MADE
    ]
    units = np.concatenate([np.zeros(0, int), *made])
    return tuple(
        name for name, group in structure.groups.items() if np.isin(group.units, units).any()
    )


class Left(NamedTuple):
    """What is left of a model."""

    arrays: Arrays
    kept: np.ndarray  # (units + 1,) boolean
    uses: dict[str, int]  # how often each entry of a kernel is used for one input


def counts(outline: Outline, structure: Structure, left: Left) -> Counts:
    """Count what is left of each node; of inputs and places where branches meet nothing."""
    own: dict[str, list[str]] = {}  # arrays, by the layer whose they are
    for name in left.arrays:
        own.setdefault(name.rpartition("/")[0], []).append(name)
    return tuple(_count(node, structure, left, own) if node.kernels else None for node in outline)


def _count(node: Node, structure: Structure, left: Left, own: dict[str, list[str]]) -> Count:
    layers = dict.fromkeys(structure.kernels[name].layer for name in node.kernels)
    arrays = [left.arrays[name] for layer in layers for name in own[layer]]
    work = (
        int(np.count_nonzero(left.arrays[name])) * left.uses.get(name, 0) for name in node.kernels
    )
    return Count(
        _units(node.kernels[-1], structure, left),
        sum(array.size for array in arrays),
        sum(int(np.count_nonzero(array)) for array in arrays),
        sum(work),
    )


def _units(kernel: str, structure: Structure, left: Left) -> int:
    """Count the units of a kernel: the gates of a recurrent one have theirs in common."""
    sizes = []
    for axis in structure.kernels[kernel].units:
        along = structure.axes.get((kernel, axis))
        if along is None:
            sizes.append(left.arrays[kernel].shape[axis])
            continue
        free = along.units[along.units != FIXED]
        stay = np.unique(free[left.kept[free]]).size
        sizes.append(stay + len(along.units) - len(free))
    return prod(sizes)
