"""Training images set aside: they decide what is chosen, and nothing is learnt from them."""

from __future__ import annotations

import numpy as np

MOST = 5000
_SHARE = 12  # one image in so many, which of MNIST's 60,000 is MOST
_SEED = 20_221_123  # fixed: what is chosen must not depend on the seed of what is studied


def split(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of the images to learn from, and of those held out, ascending.

    >>> [len(places) for places in split(60_000)]
    [55000, 5000]
    """
    order = np.random.default_rng(_SEED).permutation(number)
    aside = min(MOST, number // _SHARE)
    return np.sort(order[aside:]), np.sort(order[:aside])
