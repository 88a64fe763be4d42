"""The straightforward way for any model, the yardstick: Keras alone, the same 20 points.

Load, zero, `model.evaluate`, as most would write it, for each method and k.

    python benchmarks/keras_model_script.py MODEL.keras
"""

import sys

import keras
import numpy as np

from prune.files import data

KS = [0, 25, 50, 60, 70, 80, 90, 95, 97, 99]

with np.load(data.MNIST) as mnist:
    images = mnist["x_test"].reshape(-1, 28, 28, 1).astype("float32") / 255
    labels = mnist["y_test"]

for method in ("weight", "unit"):
    for k in KS:
        model = keras.models.load_model(sys.argv[1])
        model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        layers = [layer for layer in model.layers if hasattr(layer, "kernel")]
        for layer in layers[:-1]:
            kernel, *others = layer.get_weights()
            if method == "weight":
                smallest = np.argsort(np.abs(kernel), axis=None)[: k * kernel.size // 100]
                kernel.flat[smallest] = 0
            else:
                norms = np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), axis=0)
                kernel[..., np.argsort(norms)[: k * len(norms) // 100]] = 0
            layer.set_weights([kernel, *others])
        loss, accuracy = model.evaluate(images, labels, verbose=0)
        print(f"{method} {k} {accuracy:.4f}")
