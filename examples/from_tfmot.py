"""Code written for the TensorFlow toolkit, on Keras 3: one line is another."""

from __future__ import annotations

import sys

import keras
import numpy as np
from keras import layers

# was: from tensorflow_model_optimization.sparsity import keras as sparsity
from prune.compat import tfmot as sparsity

tiny = "--tiny" in sys.argv
rng = np.random.default_rng(0)
x = rng.normal(size=(256 if tiny else 10_000, 20)).astype("float32")
y = (x @ rng.normal(size=(20, 4))).argmax(axis=1)

model = keras.Sequential(
    [keras.Input((20,)), layers.Dense(64, "relu"), layers.Dense(32, "relu"), layers.Dense(4)]
)
epochs, batch = 4, 32
schedule = sparsity.PolynomialDecay(
    initial_sparsity=0.2, final_sparsity=0.8, begin_step=0, end_step=epochs * len(x) // batch
)
model = sparsity.prune_low_magnitude(model, pruning_schedule=schedule)
model.compile(
    "adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
)
steps = sparsity.UpdatePruningStep()
told = model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0, callbacks=[steps])
model = sparsity.strip_pruning(model)

print(f"accuracy {told.history['accuracy'][-1]:.3f}")
for each in model.weights:
    print(f"{each.path:<30}{(keras.ops.convert_to_numpy(each.value) == 0).mean():8.1%} zeros")
