"""Prune while a network trains; then keep what is zero while it trains on; then shrink it."""

from __future__ import annotations

import sys

import keras
import numpy as np
from keras import layers

import prune

tiny = "--tiny" in sys.argv
rng = np.random.default_rng(0)
x = rng.normal(size=(200 if tiny else 5_000, 16, 16, 1)).astype("float32")
y = (x[:, :8].mean(axis=(1, 2, 3)) > x[:, 8:].mean(axis=(1, 2, 3))).astype("int32")

model = keras.Sequential(
    [
        keras.Input((16, 16, 1)),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(2, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

# From 0 to 90 percent in the first three quarters of the training; whole units with method="unit".
told = model.fit(x, y, epochs=4, verbose=0, callbacks=[prune.Gradual(90)])
for name, shares in told.history.items():
    print(f"{name:<30}", *(f"{share:6.3f}" for share in shares))

model.fit(x, y, epochs=1, verbose=0, callbacks=[prune.Hold()])
for each in model.weights:
    zeros = (keras.ops.convert_to_numpy(each.value) == 0).mean()
    print(f"{each.path:<30}{zeros:8.1%} zeros")

prune.shrink(model, tell=print)
