"""The straightforward way, the yardstick: Keras alone, the same 20 points, nothing else.

Import TensorFlow, and for each method and k: reload the network, zero, `model.evaluate`.

    python benchmarks/keras_script.py
"""

import keras
import numpy as np

from prune.files import data, places

KS = [0, 25, 50, 60, 70, 80, 90, 95, 97, 99]

with np.load(data.MNIST) as mnist:
    images = mnist["x_test"].reshape(-1, 784).astype("float32") / 255
    labels = mnist["y_test"]

model = keras.Sequential([keras.layers.Input((784,))])
for units in (1000, 1000, 500, 200):
    model.add(keras.layers.Dense(units, activation="relu", use_bias=False))
model.add(keras.layers.Dense(10, activation="softmax", use_bias=False))
model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])

for method in ("weight", "unit"):
    for k in KS:
        model.load_weights(places.shipped())
        for layer in model.layers[:-1]:
            (kernel,) = layer.get_weights()
            scores = np.abs(kernel) if method == "weight" else np.linalg.norm(kernel, axis=0)
            smallest = np.argsort(scores, axis=None)[: k * scores.size // 100]
            if method == "weight":
                kernel.flat[smallest] = 0
            else:
                kernel[:, smallest] = 0
            layer.set_weights([kernel])
        loss, accuracy = model.evaluate(images, labels, verbose=0)
        print(f"{method} {k} {accuracy:.4f}")
