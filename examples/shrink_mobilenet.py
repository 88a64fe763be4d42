"""A MobileNet without half of its units: smaller, and proved to answer as if they were zero."""

from __future__ import annotations

import sys

import keras
import numpy as np

import prune

tiny = "--tiny" in sys.argv
side, width = (32, 0.25) if tiny else (96, 1.0)

# In your code: keras.models.load_model("mine.keras"), or weights="imagenet".
model = keras.applications.MobileNet((side, side, 3), alpha=width, weights=None, classes=10)

small = prune.units(model, k=50)
print(f"{model.count_params():,} parameters, {small.count_params():,} without half of the units")

images = np.random.default_rng(0).normal(size=(4, side, side, 3)).astype("float32")
print("answers", small.predict(images, verbose=0).shape)

small.save("small.keras")
