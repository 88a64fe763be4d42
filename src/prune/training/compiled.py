"""Many training steps in one compiled call, with masks that hold in every one of them.

Keras' own optimizers: the gradient of what is masked is zero before they see it, so that their
moments stay zero too, and there is nothing to be decayed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from prune.core.network import Network, arrays, with_arrays
from prune.models import keras_bridge
from prune.models.late import tf
from prune.training.recipe import Recipe, optimizer

# More steps in one call save nothing; progress is told after each call.
STEPS_PER_CALL = 16


@dataclass(frozen=True)
class Examples:
    """What is learnt from."""

    images: np.ndarray  # (n, inputs) float32
    labels: np.ndarray  # (n,)
    imitation: float = 0.0  # share of the loss that is for a teacher's answers (Hinton 2015)
    temperature: float = 4.0  # which softens both answers
    imitated: np.ndarray | None = None  # (n, classes): the teacher's logits


class Snapshot(NamedTuple):
    """All that a training changes: a network, and the optimizer's memory of it."""

    network: Network
    memory: tuple[Network, ...] = ()  # its moments, in the shape of the network
    steps: int = 0


class Progress(NamedTuple):
    """What some steps saw."""

    images: int
    loss: float  # summed over the images
    correct: int


class Compiled:
    """Networks of one shape in training; `hold` comes before the first `run`."""

    def __init__(self, network: Network, examples: Examples, recipe: Recipe, steps: int) -> None:
        """Build what trains networks shaped like `network`, in all for so many `steps`."""
        # Logits rather than probabilities, whatever the network's output.
        self._model = keras_bridge.build((*network[:-1], network[-1]._replace(activation="linear")))
        self._recipe = recipe
        self._batch = min(recipe.batch_size, len(examples.images))
        inputs = network[0].kernel.shape[0]
        self._dropped_shape = (self._batch, inputs) if recipe.input_dropout else (1, 1)
        self._optimizer = optimizer(recipe, steps)
        self._variables = self._model.trainable_variables
        self._optimizer.build(self._variables)
        self._masks = _booleans(self._variables)
        self._call = self._compile(examples)

    def hold(self, snapshot: Snapshot, trainable: Network) -> None:
        """Go on from `snapshot`, changing only where `trainable`, of booleans, is True."""
        self._model.set_weights(arrays(snapshot.network))
        for mask, values in zip(self._masks, arrays(trainable), strict=True):
            mask.assign(values)
        self._optimizer.iterations.assign(snapshot.steps)
        for moments, values in zip(self._memory(), snapshot.memory, strict=False):
            for moment, array in zip(moments, arrays(values), strict=True):
                moment.assign(array)

    def snapshot(self, like: Network) -> Snapshot:
        """Return where the training stands; `like` gives the names."""
        return Snapshot(
            with_arrays(like, self._model.get_weights()),
            tuple(
                with_arrays(like, [moment.numpy() for moment in moments])
                for moments in self._memory()
            ),
            int(self._optimizer.iterations.numpy()),
        )

    def run(self, batches: list[np.ndarray]) -> Progress:
        """Take one step for each batch, at most `STEPS_PER_CALL`, given as places of images."""
        order = np.zeros((STEPS_PER_CALL, self._batch), np.int32)
        used = np.zeros(order.shape, np.float32)
        for row, batch in enumerate(batches):
            order[row, : len(batch)], used[row, : len(batch)] = batch, 1
        inputs = (order, used, np.int32(len(batches)), self._left(len(batches)))
        loss, correct = self._call(*map(tf.constant, inputs))
        return Progress(int(used.sum()), float(loss), int(correct))

    def _memory(self) -> list[list[Any]]:
        """Return the optimizer's moments, one list as long as the variables for each kind."""
        moments = [variable for variable in self._optimizer.variables if len(variable.shape)]
        kinds = len(moments) // len(self._variables)  # Keras keeps those of a variable together
        return [moments[kind::kinds] for kind in range(kinds)]

    def _left(self, steps: int) -> np.ndarray:
        """Return which values of its images each step sees, (STEPS_PER_CALL, images, inputs).

        It depends on the seed and the step alone.  NumPy draws it: compiled, to draw the numbers
        of a step takes tens of times as long.
        """
        share, shape = self._recipe.input_dropout, self._dropped_shape
        left = np.ones((STEPS_PER_CALL, *shape), bool)
        if share:
            first = int(self._optimizer.iterations.numpy())
            for i in range(steps):
                rng = np.random.default_rng([self._recipe.seed, first + i, 2])
                left[i] = rng.random(shape, np.float32) >= share
        return left

    def _seen(self, images: Any, left: Any) -> Any:
        """Return a batch as the network sees it: what is `left`, the larger for the rest."""
        share = self._recipe.input_dropout
        return tf.where(left, images / (1 - share), 0.0) if share else images

    def _compile(self, examples: Examples) -> Callable[..., tuple[Any, Any]]:
        images = tf.convert_to_tensor(examples.images)
        labels = tf.convert_to_tensor(examples.labels.astype(np.int32))
        teacher = None if examples.imitated is None else tf.convert_to_tensor(examples.imitated)

        def step(
            places: tf.Tensor, used: tf.Tensor, left: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor]:
            wanted = tf.gather(labels, places)
            with tf.GradientTape() as tape:
                answers = self._model(self._seen(tf.gather(images, places), left), training=True)
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(wanted, answers)
                if teacher is not None:
                    losses = _mixed(losses, answers, tf.gather(teacher, places), examples)
                loss = tf.reduce_sum(used * losses)
                mean = loss / tf.reduce_sum(used)
            gradients = tape.gradient(mean, [variable.value for variable in self._variables])
            kept = [tf.where(m, g, 0.0) for m, g in zip(self._masks, gradients, strict=True)]
            self._optimizer.apply(kept, self._variables)
            right = tf.argmax(answers, axis=1, output_type=tf.int32) == wanted
            return loss, tf.reduce_sum(used * tf.cast(right, tf.float32))

        @tf.function(jit_compile=True)
        def call(
            order: tf.Tensor, used: tf.Tensor, steps: tf.Tensor, left: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor]:
            loss = correct = tf.constant(0.0)
            for i in tf.range(steps):
                step_loss, step_correct = step(order[i], used[i], left[i])
                loss, correct = loss + step_loss, correct + step_correct
            return loss, correct

        # Traced here and once: called anew for each network it would be warned of.
        shape = (STEPS_PER_CALL, self._batch)
        return call.get_concrete_function(
            tf.TensorSpec(shape, tf.int32),
            tf.TensorSpec(shape, tf.float32),
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((STEPS_PER_CALL, *self._dropped_shape), tf.bool),
        )


def _mixed(losses: Any, answers: Any, teacher: Any, examples: Examples) -> Any:
    """Return the losses, in part those of imitating a teacher, (n,)."""
    heat, share = examples.temperature, examples.imitation
    soft = tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(teacher / heat), answers / heat)
    # Squared, so that gradients are as large as without (Hinton 2015).
    return (1 - share) * losses + share * heat**2 * soft


def _booleans(variables: list[Any]) -> list[Any]:
    return [tf.Variable(tf.ones(like.shape, tf.bool), trainable=False) for like in variables]
