"""A network as it is drawn: its layers, what each reads, and what is left of each."""

from __future__ import annotations

from typing import NamedTuple


class Node(NamedTuple):
    """A layer with kernels, or a place where branches begin or meet."""

    name: str
    kind: str  # its class, or `INPUT`
    reads: tuple[str, ...] = ()  # the nodes whose outputs it takes
    groups: tuple[str, ...] = ()  # whose units it makes
    kernels: tuple[str, ...] = ()
    stays: str = ""  # why none of its units can go


INPUT = "input"

Outline = tuple[Node, ...]


class Count(NamedTuple):
    """What there is of a layer, or what is left of it."""

    units: int
    parameters: int  # of its kernels and biases
    nonzero: int  # of them
    multiply_adds: int  # for one input


Counts = tuple[Count | None, ...]  # in the order of the outline; None of what has no kernels
