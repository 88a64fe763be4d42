"""How what a network answers is held against what it should: by accuracy, or by a loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from prune import PruneError
from prune.core import inputs, losses
from prune.core.inputs import Inputs, Shape
from prune.core.losses import BINARY, CROSS_ENTROPY, LOSSES, SQUARED

ACCURACY = "accuracy"
MOST_CLASSES = 1_000_000


class Wanted(NamedTuple):
    """What one output should be, and the loss that tells how far from it an answer is."""

    loss: str  # one of LOSSES
    values: np.ndarray  # (n, ...): classes, or numbers of the output's shape


class Judge(NamedTuple):
    """What all outputs should be, and what is measured."""

    metric: str  # ACCURACY, or what the loss is called
    outputs: tuple[Wanted, ...]

    @property
    def labels(self) -> np.ndarray:
        """The classes (n,) of a classifier."""
        if self.metric != ACCURACY:
            raise PruneError(
                f"this needs labels, and the network is measured by its {self.metric} instead"
            )
        return self.outputs[0].values

    def part(self, places: np.ndarray | slice) -> Judge:
        """Return what there is to judge some of the n by."""
        kept = (each._replace(values=each.values[places]) for each in self.outputs)
        return self._replace(outputs=tuple(kept))

    def sums(self, answers: list[np.ndarray], start: int) -> tuple[int, float]:
        """Return how many are right and the sum of their losses, of answers from `start` on.

        Answers to losses ON_LOGITS are logits.
        """
        here = slice(start, start + len(answers[0]))
        loss = sum(
            float(LOSSES[each.loss](each.values[here], given).sum())
            for each, given in zip(self.outputs, answers, strict=True)
        )
        return self._right(answers[0], here), loss

    def _right(self, answers: np.ndarray, here: slice) -> int:
        if self.metric != ACCURACY:
            return 0
        given = answers.argmax(axis=1) if self.outputs[0].loss == CROSS_ENTROPY else answers > 0
        return int(np.count_nonzero(given.reshape(-1) == self.outputs[0].values[here]))


def classes(labels: np.ndarray) -> Judge:
    """Return what judges a classifier with an output for each class."""
    return Judge(ACCURACY, (Wanted(CROSS_ENTROPY, labels),))


def of(
    targets: Inputs, shapes: Mapping[str, Shape], loss: str, what: str, classes: int = 0
) -> Judge:
    """Return how outputs of these shapes, by name, are held against `targets`.

    One output is judged by accuracy if it tells classes apart and the targets name one each: by a
    number, as a row of zeros with a one, or of a single output as 0 or 1.  Any other is judged by
    the loss that Keras calls `loss`, or that its targets suggest, else by the squared error.
    Raises `PruneError` where outputs cannot be such targets; there may be `classes` in all.
    """
    arrays = inputs.named(targets)
    if len(arrays) == len(shapes) == 1:
        arrays = dict(zip(shapes, arrays.values(), strict=True))
    if odd := sorted(arrays.keys() ^ shapes.keys()):
        raise PruneError(
            f"{what} are named {', '.join(sorted(arrays)) or 'nothing'}, but the model's outputs "
            f"are {', '.join(shapes)}: {odd[0]!r} is on one side only; give each by its name, such "
            "as y_test.NAME"
        )
    wanted = [_wanted(arrays[name], shape, loss, what) for name, shape in shapes.items()]
    if wanted[0].loss == CROSS_ENTROPY and classes > 1:
        _check_range(0, classes - 1, next(iter(shapes.values()))[-1], what)
    tells_classes = len(wanted) == 1 and wanted[0].loss in (CROSS_ENTROPY, BINARY)
    if tells_classes and wanted[0].values.ndim == 1:
        return Judge(ACCURACY, tuple(wanted))
    return Judge(" + ".join(each.loss for each in wanted), tuple(wanted))


def _wanted(targets: np.ndarray, shape: Shape, loss: str, what: str) -> Wanted:
    known, whole = losses.named(loss), labels(targets)
    if shape in ((), (1,)):
        if whole is not None and whole.max() <= 1 and whole.min() >= 0 and known in (None, BINARY):
            return Wanted(BINARY, whole)
    elif len(shape) == 1:
        whole = whole if whole is not None else one_hot(targets, shape)
        if whole is not None:
            return Wanted(CROSS_ENTROPY, _in_range(whole, shape[0], what))
        _check_countable(targets, what)
    elif shape[-1] != 1 and (_names_places(targets, shape) or known == CROSS_ENTROPY):
        places = inputs.fitted(targets, {"": shape[:-1]}, what, "gives classes at")[""]
        return Wanted(CROSS_ENTROPY, _in_range(places.astype(np.int64), shape[-1], what))
    fitted = inputs.fitted(_columns(targets, shape), {"": shape}, what, "gives")
    values = fitted[""].astype(np.float32)
    return Wanted(SQUARED if known in (None, CROSS_ENTROPY) else known, values)


def _names_places(targets: np.ndarray, shape: Shape) -> bool:
    """Tell whether there is a whole number for each place that has outputs (..., classes)."""
    own = targets.shape[1:]
    return targets.dtype.kind in "iu" and len(own) in (len(shape) - 1, len(shape)) and own != shape


def _columns(targets: np.ndarray, shape: Shape) -> np.ndarray:
    """Return numbers (n,) as (n, 1) where that is asked for."""
    return targets[:, None] if targets.ndim == 1 and len(shape) == 1 else targets


def _check_countable(targets: np.ndarray, what: str) -> None:
    """Refuse whole numbers, one each, that are no classes since there are not so many."""
    if targets.dtype.kind in "iu" and targets.size == len(targets):
        raise PruneError(
            f"{what} go from {targets.min()} to {targets.max()}; they count from 0, and up to "
            f"{MOST_CLASSES:,}"
        )


def _in_range(found: np.ndarray, number: int | None, what: str) -> np.ndarray:
    _check_range(int(found.min()), int(found.max()), number, what)
    return found


def _check_range(low: int, high: int, number: int | None, what: str) -> None:
    if low < 0:
        raise PruneError(f"{what} go from {low} to {high}; they count from 0")
    if number is not None and high >= number:
        raise PruneError(
            f"{what} go up to {high}, but the network has {number} outputs (0 to {number - 1})"
        )


def labels(targets: np.ndarray) -> np.ndarray | None:
    """Return whole numbers (n,), or (n, 1), as int64; None of anything else, or beyond all classes.

    >>> labels(np.array([[2.0], [0.0]]))
    array([2, 0])
    """
    if targets.ndim not in (1, 2) or targets.size != len(targets):
        return None
    if not (targets.min() > -MOST_CLASSES and targets.max() < MOST_CLASSES):
        return None
    if targets.dtype.kind not in "iub" and not (targets == np.round(targets)).all():
        return None
    return targets.ravel().astype(np.int64)


def one_hot(targets: np.ndarray, shape: Shape) -> np.ndarray | None:
    """Return the places of the ones in rows of zeros, (n,); None of anything else.

    >>> one_hot(np.array([[0, 0, 1], [1, 0, 0]]), (3,))
    array([2, 0])
    """
    if targets.ndim != 2 or targets.shape[1:] != shape:
        return None
    if not ((targets == 0) | (targets == 1)).all() or not (targets.sum(axis=1) == 1).all():
        return None
    return targets.argmax(axis=1).astype(np.int64)
