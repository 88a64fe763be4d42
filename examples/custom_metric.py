"""A sweep by a number of your own: here the share of pixels that a small segmenter gets right."""

from __future__ import annotations

import sys

import keras
import numpy as np
from keras import layers

import prune

tiny = "--tiny" in sys.argv
rng = np.random.default_rng(0)
x = rng.normal(size=(64 if tiny else 1_000, 16, 16, 1)).astype("float32")
y = (x > 0.5).astype("float32")

model = keras.Sequential(
    [
        keras.Input((16, 16, 1)),
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.Conv2D(1, 1, activation="sigmoid"),
    ]
)
model.compile("adam", "binary_crossentropy")
model.fit(x, y, epochs=2 if tiny else 10, verbose=0)


def overlap(pruned: keras.Model) -> float:
    """Return the intersection over union; anything that gives one number will do."""
    found = pruned.predict(x, verbose=0) > 0.5
    return float((found & (y > 0.5)).sum() / max(1, (found | (y > 0.5)).sum()))


curves = prune.compare(model, overlap, k=[0, 25, 50, 75])
print(curves)
