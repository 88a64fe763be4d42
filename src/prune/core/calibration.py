"""Training images that a criterion or a repair may look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from prune import PruneError
from prune.core import inputs
from prune.core.inputs import Inputs
from prune.core.judge import Judge, classes

_CHUNK = 1000  # images at a time: enough for BLAS, and a few megabytes of activations


@dataclass(frozen=True)
class Calibration:
    """Images with labels, and the seed of everything random; images only where they are needed."""

    images: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float32))  # (n, inputs)
    labels: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))  # (n,)
    seed: int = 0
    inputs: Inputs | None = None  # of any other model than a chain, of its shapes
    judge: Judge | None = None  # what its answers are held against

    @property
    def total(self) -> int:
        """How many examples there are."""
        return len(self.images) if self.inputs is None else inputs.count(self.inputs)

    @property
    def shown(self) -> Inputs:
        """What a network is given: images of a chain, or of any other model its inputs."""
        return self.images if self.inputs is None else self.inputs

    @property
    def asked(self) -> Judge:
        """What should come of it."""
        return self.judge or classes(self.labels)

    def chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield images and labels, some at a time, so that activations stay small."""
        for start in range(0, len(self.images), _CHUNK):
            yield self.images[start : start + _CHUNK], self.labels[start : start + _CHUNK]


def draw(images: np.ndarray, labels: np.ndarray, size: int, seed: int) -> Calibration:
    """Draw `size` of the training images at random, or take all if there are not so many.

    >>> draw(np.eye(4), np.arange(4), 2, seed=0).labels
    array([2, 1])
    """
    chosen = places(len(images), size, seed)
    return Calibration(images[chosen], labels[chosen], seed)


def places(number: int, size: int, seed: int) -> np.ndarray:
    """Return which of so many examples are drawn."""
    if size < 1:
        raise PruneError(f"calibration needs at least 1 training image, got {size}")
    # Not sorted: any part of them is then a fair sample, such as the part held out for the ridge.
    return np.random.default_rng([seed, number]).permutation(number)[:size]
