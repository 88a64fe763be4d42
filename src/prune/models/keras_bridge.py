"""Networks to and from Keras models, and Keras as an engine."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from prune import EnvironmentFailure
from prune.core.measure import Evaluation
from prune.core.network import Network, arrays
from prune.files import keras_config

if TYPE_CHECKING:
    import keras

_BATCH = 1000


@cache
def import_keras() -> ModuleType:
    """Import Keras on TensorFlow, silently, with the settings that our numbers assume.

    The user's own Keras settings may name another backend or float type; they must not change
    results unnoticed.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    try:
        with _silenced_stderr():
            import keras
            import tensorflow  # else Keras imports it later, with its noise
    except ImportError as error:
        raise EnvironmentFailure(
            f"Keras on TensorFlow cannot be imported: {error}; `pip install tensorflow`, "
            "or use --engine numpy where it is offered"
        ) from error
    # It warns of every network that is compiled, as if there were to be but one.
    tensorflow.get_logger().setLevel("ERROR")
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_image_data_format("channels_last")
    return keras


@contextmanager
def _silenced_stderr() -> Iterator[None]:
    """Hold back what C libraries write to stderr; show it after all if the block fails."""
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as noise:
        os.dup2(noise.fileno(), 2)
        try:
            yield
        except Exception:
            noise.seek(0)
            os.write(saved, noise.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def build(network: Network) -> keras.Model:
    """Return a Keras model of the same function, with the same weights."""
    keras = import_keras()
    # Keras refuses some names that files may hold; here they do not matter.
    plain = tuple(layer._replace(name=f"layer_{i}") for i, layer in enumerate(network))
    model = keras.Sequential.from_config(keras_config.describe(plain)["config"])
    model.set_weights(arrays(network))
    return model


def loss(network: Network) -> keras.losses.Loss:
    """Return the cross-entropy that fits the network's output, softmax or not."""
    from_logits = network[-1].activation != "softmax"
    return import_keras().losses.SparseCategoricalCrossentropy(from_logits=from_logits)


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


def runs(network: Network) -> dict[str, Callable[[np.ndarray], object]]:
    """Return the two ways in which Keras answers a batch fast, both compiled once for a shape."""
    model = build(network)
    import tensorflow as tf  # after Keras, which was imported in silence

    compiled = tf.function(model, reduce_retracing=True)
    return {
        "predict": model.predict_on_batch,
        "compiled": lambda images: compiled(tf.constant(images)).numpy(),
    }
