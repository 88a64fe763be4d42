"""Networks and images that make trouble, for the tests of pruning on calibration images."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from prune.core.calibration import Calibration
from prune.core.network import Layer, logits


def chain(sizes, activation="relu", bias=False, seed=0):
    rng = np.random.default_rng(seed)
    names = [f"layer_{i}" for i in range(len(sizes) - 1)]
    return tuple(
        Layer(
            name,
            (rng.normal(size=shape) * np.sqrt(2 / shape[0])).astype(np.float32),
            rng.normal(size=shape[1]).astype(np.float32) / 4 if bias else None,
            "softmax" if name == names[-1] else activation,
        )
        for name, shape in zip(names, pairwise(sizes), strict=True)
    )


def calibration(network, n=300, seed=0):
    rng = np.random.default_rng(seed)
    images = np.maximum(rng.normal(size=(n, len(network[0].kernel))), 0).astype(np.float32)
    return Calibration(images, logits(network, images).argmax(axis=1), seed)


def error(network, other, images):
    """Return the mean square of what `other` answers differently."""
    return float(np.square(logits(network, images) - logits(other, images)).mean())


PLAIN = chain([12, 10, 8, 4])
WITH_BIAS = chain([12, 10, 8, 4], bias=True)
TANH = chain([12, 10, 8, 4], "tanh", bias=True)
SIGMOID = chain([12, 10, 8, 4], "sigmoid")
STEEP = chain([12, 10, 8, 4], "elu(3.0)", bias=True)
DEEP = chain([12, *[9] * 11, 4], bias=True)
CHAINS = [PLAIN, WITH_BIAS, TANH, SIGMOID, STEEP, DEEP]
