"""A passage through a network in the order of its data: each kernel in turn, with what it is given.

Refit and Surgeon see nothing else of a network: matrices, what they read and what they should put
out.  Who passes, a chain of dense layers or any model, is the business of `anatomy`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from prune.core.network import Layer
from prune.core.refit import Shown


class Stop(NamedTuple):
    """A kernel on the way, or of one in groups the part whose units read the same inputs."""

    name: str  # of the kernel
    layer: Layer  # as it stands, with the normalisation and activation that follow in view
    inputs: np.ndarray  # (n, inputs): what all that comes before gives it now
    wanted: np.ndarray  # (n, units): what it should put out
    columns: slice = slice(None)  # of the kernel's matrix
    beside: np.ndarray | None = None  # (n, units) that is added before the activation

    @property
    def shown(self) -> Shown:
        """What the layer is given, and what should come of it."""
        return Shown(self.inputs, self.wanted, self.beside)


Visit = Callable[[Stop], Layer]  # returns what the layer becomes before the way goes on
See = Callable[[Stop], None]


class Goal(Protocol):
    """What every stop should put out on some images."""

    @property
    def number(self) -> int:
        """How many images there are."""

    def first(self, number: int) -> Goal:
        """Return the goal on the first `number` images alone."""


def unseen(stop: Stop) -> None:
    """Look at nothing."""
