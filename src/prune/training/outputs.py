"""What a classifier answers, as logits, whatever its last layer makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from prune import PruneError
from prune.core.measure import CHUNK
from prune.models.late import tf


def logits(answers: Any) -> Any:
    """Return what the softmax or sigmoid of a model's outputs, (n, classes), was given.

    It is found in the graph that is being traced, without the rounding that the way back has.
    """
    operation = answers.op
    while operation.type in ("Identity", "Cast"):
        operation = operation.inputs[0].op
    squashed = operation.type in ("Softmax", "Sigmoid")
    found = tf.cast(operation.inputs[0] if squashed else answers, tf.float32)
    if found.shape[1] > 1:
        return found
    if not squashed:
        raise PruneError(
            "the model answers with one number that is no probability; only classifiers are trained"
        )
    return tf.concat([tf.zeros_like(found), found], axis=1)


def of(model: Any, images: np.ndarray) -> np.ndarray:
    """Return the logits that a model gives for images of its shape, (n, classes)."""
    run = tf.function(lambda some: logits(model(some, training=False)), reduce_retracing=True)
    starts = range(0, len(images), CHUNK)
    return np.concatenate([run(tf.constant(images[start : start + CHUNK])) for start in starts])
