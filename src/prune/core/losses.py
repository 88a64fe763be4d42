"""How far answers are from what they should be: losses, by the names that people read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# Takes what should be, and what was answered, (n, ...) each; returns (n,) in float64.
Loss = Callable[[np.ndarray, np.ndarray], np.ndarray]
_SMALLEST = 1e-7  # of a number that is divided by or taken the logarithm of, as Keras has it


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the cross-entropy of each row, (n,) float64.

    >>> cross_entropy(np.zeros((1, 4)), np.array([2])).round(4)
    array([1.3863])
    """
    # Shifted by the largest, or exp overflows.
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]


def _classes(labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Return the cross-entropy of classes (n, ...) and logits (n, ..., classes)."""
    rows = cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.ravel())
    return _mean(rows.reshape(labels.shape))


def _binary(wanted: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Return that of 0 or 1, or what lies between, and the logits of as many."""
    logits = logits.astype(np.float64)
    wanted = wanted.reshape(logits.shape)  # a single one need not have a side of its own
    return _mean(np.maximum(logits, 0) - logits * wanted + np.log1p(np.exp(-np.abs(logits))))


def _shares(wanted: np.ndarray, logits: np.ndarray) -> np.ndarray:
    logits = logits.astype(np.float64)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return _mean(-(wanted * logs).sum(axis=-1))


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean of what belongs to each of the n."""
    return values.reshape(len(values), -1).mean(axis=1)


def _of_differences(each: Callable[[np.ndarray], np.ndarray]) -> Loss:
    return lambda wanted, answers: _mean(each(answers.astype(np.float64) - wanted))


def _huber(difference: np.ndarray) -> np.ndarray:
    size = np.abs(difference)
    return np.where(size <= 1, size**2 / 2, size - 0.5)


def _log_cosh(difference: np.ndarray) -> np.ndarray:
    return np.logaddexp(difference, -difference) - np.log(2)


def _percentage(wanted: np.ndarray, answers: np.ndarray) -> np.ndarray:
    return _mean(100 * np.abs(answers - wanted) / np.maximum(np.abs(wanted), _SMALLEST))


def _logarithmic(wanted: np.ndarray, answers: np.ndarray) -> np.ndarray:
    first, second = (np.log1p(np.maximum(each, _SMALLEST)) for each in (wanted, answers))
    return _mean((first - second).astype(np.float64) ** 2)


def _poisson(wanted: np.ndarray, answers: np.ndarray) -> np.ndarray:
    answers = answers.astype(np.float64)
    return _mean(answers - wanted * np.log(answers + _SMALLEST))


CROSS_ENTROPY, BINARY, SHARES = "cross-entropy", "binary cross-entropy", "cross-entropy of shares"
SQUARED = "mean squared error"
ON_LOGITS = (CROSS_ENTROPY, BINARY, SHARES)
LOSSES: dict[str, Loss] = {
    CROSS_ENTROPY: _classes,
    BINARY: _binary,
    SHARES: _shares,
    SQUARED: _of_differences(np.square),
    "mean absolute error": _of_differences(np.abs),
    "Huber loss": _of_differences(_huber),
    "log cosh": _of_differences(_log_cosh),
    "mean absolute percentage error": _percentage,
    "mean squared logarithmic error": _logarithmic,
    "Poisson loss": _poisson,
}
# Of Keras, without what is spelled differently; of any other loss the squared error stands in.
_NAMES = {
    **dict.fromkeys(["sparsecategoricalcrossentropy"], CROSS_ENTROPY),
    **dict.fromkeys(["binarycrossentropy", "bce"], BINARY),
    **dict.fromkeys(["categoricalcrossentropy"], SHARES),
    **dict.fromkeys(["meansquarederror", "mse"], SQUARED),
    **dict.fromkeys(["meanabsoluteerror", "mae"], "mean absolute error"),
    **dict.fromkeys(["huber", "huberloss"], "Huber loss"),
    **dict.fromkeys(["logcosh"], "log cosh"),
    **dict.fromkeys(["meanabsolutepercentageerror", "mape"], "mean absolute percentage error"),
    **dict.fromkeys(["meansquaredlogarithmicerror", "msle"], "mean squared logarithmic error"),
    **dict.fromkeys(["poisson"], "Poisson loss"),
}


def named(loss: str) -> str | None:
    """Return the one of LOSSES that Keras calls so, in any of its spellings.

    >>> named("MeanSquaredError"), named("mae")
    ('mean squared error', 'mean absolute error')
    """
    return _NAMES.get(loss.replace("_", "").replace(" ", "").lower())
