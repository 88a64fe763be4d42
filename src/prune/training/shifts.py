"""Images moved by a few pixels, as indices: which value of an image stands where after a move."""

from __future__ import annotations

from itertools import product

import numpy as np

from prune import PruneError


def moves(shape: tuple[int, ...], most: int) -> np.ndarray:
    """Return, for every move by up to `most` pixels, where the values come from, (moves, inputs).

    `shape` is of one image, (height, width) or (height, width, channels); an index of as many as
    it has values stands for zero, which comes in from outside.

    >>> moves((1, 3), 1)[3:6]
    array([[1, 2, 3],
           [0, 1, 2],
           [3, 0, 1]], dtype=int32)
    """
    if len(shape) not in (2, 3):
        raise PruneError(
            f"--augment shifts images, and an input of shape {shape} is none; leave it out"
        )
    whole = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    wide = [(most, most)] * 2 + [(0, 0)] * (len(shape) - 2)
    padded = np.pad(whole, wide, constant_values=whole.size)
    height, width = shape[:2]
    steps = range(2 * most, -1, -1)
    windows = [
        padded[down : down + height, right : right + width].ravel()
        for down, right in product(steps, steps)
    ]
    return np.stack(windows)
