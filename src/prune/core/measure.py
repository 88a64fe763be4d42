"""What a network gets right, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from math import sqrt
from typing import NamedTuple

import numpy as np

from prune.core import inputs, judge
from prune.core.forms import Run
from prune.core.inputs import Inputs
from prune.core.judge import ACCURACY, Judge
from prune.core.network import Network, logits

CHUNK = 500


class Evaluation(NamedTuple):
    """What came of a network on examples with answers."""

    correct: int | None  # None where no classes are told apart
    total: int
    loss: float | None  # mean over the examples; of a classifier cross-entropy, natural logarithm
    metric: str = ACCURACY  # or what the loss, or the function that scores, is called
    score: float | None = None  # what a function of the user's gives; larger is better

    @property
    def accuracy(self) -> float | None:
        """The share that is right."""
        return None if self.correct is None else self.correct / self.total

    @property
    def value(self) -> float | None:
        """What the metric says."""
        if self.score is not None:
            return self.score
        return self.loss if self.correct is None else self.accuracy

    @property
    def higher_is_better(self) -> bool:
        """Whether more of that is better, as it is of all but a loss."""
        return self.correct is not None or self.score is not None


Sums = tuple[int, float]
Map = Callable[[Callable[[int], Sums], Iterable[int]], Iterable[Sums]]


def evaluate(run: Run, images: np.ndarray, labels: np.ndarray, over: Map = map) -> Evaluation:
    """Evaluate what `run` answers to `images` (n, inputs), with `labels` (n,), n at least 1.

    `over` may be the `map` of a pool of threads, each of which takes a chunk of images at a time.
    """
    return judged(lambda some: [run(some)], images, judge.classes(labels), over)


Runs = Callable[[Inputs], list[np.ndarray]]  # gives an array for each output


def judged(run: Runs, fed: Inputs, by: Judge, over: Map = map) -> Evaluation:
    """Evaluate what `run` answers to what it is fed, a chunk at a time: an array an output."""

    def chunk(start: int) -> Sums:
        # Weights near the largest float overflow; the loss then tells, without a warning a chunk.
        with np.errstate(over="ignore", invalid="ignore"):
            answers = run(inputs.part(fed, slice(start, start + CHUNK)))
        with np.errstate(over="ignore", invalid="ignore"):
            return by.sums(answers, start)

    total = inputs.count(fed)
    rights, losses = zip(*over(chunk, range(0, total, CHUNK)), strict=True)
    right = sum(rights) if by.metric == ACCURACY else None
    return Evaluation(right, total, sum(losses) / total, by.metric)


class Difference(NamedTuple):
    """How far two networks answer apart, on the same images."""

    largest: float  # of any logit
    scale: float  # the largest logit of the first
    agreeing: int  # examples that both give the same class, by their first output
    total: int


def compare(first: Network, second: Network, images: np.ndarray) -> Difference:
    """Compare the logits of two networks on `images` (n, inputs), n at least 1."""
    ours, theirs = (partial(logits, each) for each in (first, second))
    return differing(lambda some: [ours(some)], lambda some: [theirs(some)], images)


def differing(first: Runs, second: Runs, fed: Inputs) -> Difference:
    """Compare what two networks answer to what both are fed, n at least 1.

    What is not a number is as far from all as can be: NaN.
    """
    largest = scale = 0.0
    agreeing = 0
    for start in range(0, inputs.count(fed), CHUNK):
        some = inputs.part(fed, slice(start, start + CHUNK))
        for i, (ours, theirs) in enumerate(zip(first(some), second(some), strict=True)):
            apart = np.subtract(ours, theirs, out=np.zeros_like(ours), where=ours != theirs)
            largest = float(np.maximum(largest, np.abs(apart).max()))  # NaN, if one of them is
            scale = max(scale, float(np.abs(ours[np.isfinite(ours)]).max(initial=0)))
            if i == 0:
                agreeing += _agreeing(ours, theirs)
    return Difference(largest, scale, agreeing, inputs.count(fed))


def _agreeing(ours: np.ndarray, theirs: np.ndarray) -> int:
    """Count the examples of which all classes are the same."""
    same = ours.argmax(axis=-1) == theirs.argmax(axis=-1)
    return int(np.count_nonzero(same.reshape(len(ours), -1).all(axis=1)))


def wilson(correct: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a proportion (Wilson 1927), which stays within 0 and 1.

    >>> [round(bound, 3) for bound in wilson(8, 10)]
    [0.49, 0.943]
    """
    z = 1.959963984540054  # the normal quantile of 0.975
    share = correct / total
    middle = share + z * z / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    scale = 1 + z * z / total
    low, high = (middle - spread) / scale, (middle + spread) / scale
    # Rounding must put neither a bound outside 0 to 1 nor the proportion outside its bounds.
    return max(0.0, min(share, low)), min(1.0, max(share, high))
