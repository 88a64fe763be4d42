"""The values of a model as before training, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from prune.core.structure import Arrays
from prune.models import arrays as models_arrays
from prune.models.cut import classes
from prune.models.late import keras


@contextmanager
def seeded(seed: tuple[int, ...]) -> Iterator[None]:
    """Let layers that are built in the block draw by `seed`; what the user draws is as it was.

    An initializer without a seed takes one from Python's own generator when it is made.
    """
    before = random.getstate()
    random.seed(int(np.random.default_rng(seed).integers(2**63)))
    try:
        yield
    finally:
        random.setstate(before)


def arrays(model: keras.Model, seed: tuple[int, ...]) -> Arrays:
    """Return all weights of a model, as the initializers of its layers draw them."""
    with seeded(seed), keras.saving.custom_object_scope(classes(model)):
        anew = keras.models.clone_model(model)
    return models_arrays.arrays(anew)
