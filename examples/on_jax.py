"""The same on JAX; on PyTorch with KERAS_BACKEND=torch."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras import layers

import prune

tiny = "--tiny" in sys.argv
rng = np.random.default_rng(0)
x = rng.normal(size=(256 if tiny else 5_000, 24, 8)).astype("float32")
y = (x.sum(axis=1) @ rng.normal(size=(8, 3))).argmax(axis=1)

model = keras.Sequential(
    [keras.Input((24, 8)), layers.LSTM(32), layers.Dense(32, "relu"), layers.Dense(3)]
)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.AdamW(0.003), loss, metrics=["accuracy"])

told = model.fit(x, y, epochs=4, verbose=0, callbacks=[prune.Gradual(50, method="unit")])
small = prune.shrink(model, tell=print)
print(f"{keras.backend.backend()}: accuracy {told.history['accuracy'][-1]:.3f}")
print(f"{model.count_params():,} parameters, {small.count_params():,} left")
answers = [each.predict(x[:9], verbose=0) for each in (model, small)]
print("largest difference", float(np.abs(answers[0] - answers[1]).max()))
