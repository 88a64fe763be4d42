"""What a network gets right, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from math import sqrt
from typing import NamedTuple

import numpy as np

from prune.core.forms import Run
from prune.core.network import Network, logits

CHUNK = 500


class Evaluation(NamedTuple):
    """Counts on labelled images."""

    correct: int
    total: int
    loss: float  # mean cross-entropy, natural logarithm


Map = Callable[[Callable[[int], tuple[int, float]], Iterable[int]], Iterable[tuple[int, float]]]


def evaluate(run: Run, images: np.ndarray, labels: np.ndarray, over: Map = map) -> Evaluation:
    """Evaluate what `run` answers to `images` (n, inputs), with `labels` (n,), n at least 1.

    `over` may be the `map` of a pool of threads, each of which takes a chunk of images at a time.
    """

    def chunk(start: int) -> tuple[int, float]:
        # Weights near the largest float overflow; the loss then tells, without a warning a chunk.
        with np.errstate(over="ignore", invalid="ignore"):
            answers = run(images[start : start + CHUNK])
        wanted = labels[start : start + CHUNK]
        right = int(np.count_nonzero(answers.argmax(axis=1) == wanted))
        with np.errstate(invalid="ignore"):
            return right, float(cross_entropy(answers, wanted).sum())

    rights, losses = zip(*over(chunk, range(0, len(images), CHUNK)), strict=True)
    return Evaluation(sum(rights), len(images), sum(losses) / len(images))


class Difference(NamedTuple):
    """How far two networks answer apart, on the same images."""

    largest: float  # of any logit
    scale: float  # the largest logit of the first
    agreeing: int  # images that both give the same class
    total: int


def compare(first: Network, second: Network, images: np.ndarray) -> Difference:
    """Compare the logits of two networks on `images` (n, inputs), n at least 1."""
    return differing(partial(logits, first), partial(logits, second), images)


def differing(first: Run, second: Run, images: np.ndarray) -> Difference:
    """Compare what two networks answer to `images` (n, ...), n at least 1."""
    largest = scale = 0.0
    agreeing = 0
    for start in range(0, len(images), CHUNK):
        some = images[start : start + CHUNK]
        ours, theirs = first(some), second(some)
        largest = max(largest, float(np.abs(ours - theirs).max()))
        scale = max(scale, float(np.abs(ours).max()))
        agreeing += int(np.count_nonzero(ours.argmax(axis=1) == theirs.argmax(axis=1)))
    return Difference(largest, scale, agreeing, len(images))


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the cross-entropy of each row, (n,) float64.

    >>> cross_entropy(np.zeros((1, 4)), np.array([2])).round(4)
    array([1.3863])
    """
    # Shifted by the largest, or exp overflows.
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]


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
