"""Networks to and from Keras models, and Keras as an engine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from prune.core.inputs import Inputs
from prune.core.measure import Evaluation, Runs
from prune.core.network import Network, arrays
from prune.files import keras_config
from prune.models import ends
from prune.models.late import import_keras, keras, tf

_BATCH = 1000


def build(network: Network) -> keras.Model:
    """Return a Keras model of the same function, with the same weights."""
    # Keras refuses some names that files may hold; here they do not matter.
    plain = tuple(layer._replace(name=f"layer_{i}") for i, layer in enumerate(network))
    model = keras.Sequential.from_config(keras_config.describe(plain)["config"])
    model.set_weights(arrays(network))
    return model


def loss(network: Network) -> keras.losses.Loss:
    """Return the cross-entropy that fits the network's output, softmax or not."""
    from_logits = network[-1].activation != "softmax"
    return keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)


def engine(images: np.ndarray, labels: np.ndarray) -> Callable[[Network], Evaluation]:
    """Return a function that evaluates a network with `model.evaluate`."""
    import_keras()
    model, built_for = None, None

    def evaluate(network: Network) -> Evaluation:
        nonlocal model, built_for
        structure = keras_config.describe(network)
        if structure != built_for:  # else only the weights differ
            model, built_for = build(network), structure
            model.compile(loss=loss(network), metrics=["sparse_categorical_accuracy"])
        else:
            model.set_weights(arrays(network))
        mean_loss, accuracy = model.evaluate(images, labels, batch_size=_BATCH, verbose=0)
        return Evaluation(round(accuracy * len(labels)), len(labels), mean_loss)

    return evaluate


def compiled(model: keras.Model) -> Runs:
    """Return what answers a batch in any model, compiled once for its shape."""
    function = tf.function(model, reduce_retracing=True)

    def run(some: Inputs) -> list[np.ndarray]:
        given = keras.tree.map_structure(tf.constant, ends.packed(model, some))
        return ends.unpacked(function(given))

    return run


def runs(network: Network) -> dict[str, Callable[[np.ndarray], object]]:
    """Return the two ways in which Keras answers a batch fast, both compiled once for a shape."""
    model = build(network)
    compiled = tf.function(model, reduce_retracing=True)
    return {
        "predict": model.predict_on_batch,
        "compiled": lambda images: compiled(tf.constant(images)).numpy(),
    }
