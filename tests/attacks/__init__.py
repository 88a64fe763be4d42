"""Files that attack, each made by a short function; what is expected of `prune` stands above it.

A function's docstring says what its file does; beside each stands a canary that nobody may touch.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Attack(NamedTuple):
    """A file that attacks."""

    name: str
    about: str
    kind: str  # what it is given as: weights, model, data or k-map
    refusal: str  # what the one line says; empty where the file is answered, and rightly
    build: Callable[[Path], Path]


ATTACKS: dict[str, Attack] = {}


def attack(refusal: str, kind: str = "weights"):
    """Register a function that makes a file in a folder and returns its path."""

    def register(build: Callable[[Path], Path]):
        name = f"{build.__module__.rpartition('.')[2]}: {build.__name__.replace('_', ' ')}"
        ATTACKS[name] = Attack(name, " ".join(build.__doc__.split()), kind, refusal, build)
        return build

    return register


def answered(kind: str = "weights"):
    """Register a file that looks like an attack but has a right answer."""
    return attack("", kind)


from attacks import (  # noqa: E402  (they register themselves)
    accidents,
    archives,
    filters,
    idx,
    links,
    maps,
    models,
    names,
    npz,
    shapes,
    storage,
    structure,
    types,
    values,
)

__all__ = ["ATTACKS", "accidents", "archives", "filters", "idx", "links", "maps"]
__all__ += ["models", "names", "npz", "shapes", "storage", "structure", "types", "values"]
