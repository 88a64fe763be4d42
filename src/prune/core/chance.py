"""Whether a network knows more than guessing does."""

from __future__ import annotations

import numpy as np


def guessed(labels: np.ndarray) -> float:
    """Return what share of `labels` is right for whoever always gives the commonest.

    >>> guessed(np.array([0, 2, 2, 1]))
    0.5
    """
    return float(np.bincount(labels).max() / len(labels))


def is_guessing(accuracy: float, labels: np.ndarray) -> bool:
    """Tell whether an accuracy on images with `labels` is hardly more than guessing gives.

    Hardly: not twice as much, and not a tenth of what guessing leaves to be known.
    """
    share = guessed(labels)
    return accuracy < share + min(share, (1 - share) / 10)
