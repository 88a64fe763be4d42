"""What every runtime has in common: a file is made of a Keras model, run, and looked into."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from prune.core.inputs import Inputs, named
from prune.core.measure import Runs
from prune.files import packages

if TYPE_CHECKING:
    import keras

Parts = dict[str, bytes]  # the files of one model by their endings; the first is the one to name
Place = TypeVar("Place")

# Axes from which on a constant of a file is a kernel, and no bias.
KERNEL = 2


class Form(NamedTuple):
    """How weights are kept in a file."""

    int8: bool = False  # weights and activations as bytes, by the ranges that are seen
    sparse: bool = False  # zeros are left out of the file

    @property
    def name(self) -> str:
        """Its name in a table."""
        return " ".join(["int8"] * self.int8 + ["sparse"] * self.sparse) or "plain"


class Runtime(NamedTuple):
    """A runtime: what its files are called, and how they are made, run and looked into."""

    title: str
    endings: tuple[str, ...]  # of its files; the first is the one to name
    modules: tuple[str, ...]  # that it takes
    convert: Callable[[keras.Model, Form, Inputs], Parts]  # by training inputs, for int8
    opened: Callable[[Parts, int], Runs]  # with so many threads
    kernels: Callable[[Parts], list[np.ndarray]]  # as they are in the file
    forms: tuple[Form, ...] = (Form(),)  # that it has


def require(runtime: Runtime, extra: str) -> None:
    """Refuse a runtime whose packages are not installed; `extra` is the name of those of ours."""
    packages.require(runtime.title, runtime.modules, extra)


def placed(inputs: Inputs, places: Mapping[str, Place]) -> list[tuple[Place, np.ndarray]]:
    """Return each array with the place that a file has for it, by name, or of one the only."""
    arrays = named(inputs)
    if len(arrays) == len(places) == 1:
        return list(zip(places.values(), arrays.values(), strict=True))
    return [(place, arrays[name]) for name, place in places.items()]


def size(parts: Parts) -> int:
    """Count the bytes of all files of a model."""
    return sum(map(len, parts.values()))


def packed(parts: Parts) -> int:
    """Count the bytes of all files of a model, each in gzip, which makes little of zeros."""
    return sum(len(gzip.compress(part, 9, mtime=0)) for part in parts.values())
