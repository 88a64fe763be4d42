"""Many training steps in one compiled call, with masks that hold in every one of them.

Keras' own optimizers: the gradient of what is masked is zero before they see it, so that their
moments stay zero too, and there is nothing to be decayed.  Any model of Keras is trained, as its
layers do in training: normalisation learns its statistics, dropout drops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np

from prune.models.late import tf
from prune.training import learners, outputs
from prune.training.recipe import Recipe, optimizer

# More steps in one call save nothing; progress is told after each call.
STEPS_PER_CALL = 16

# What else a step draws, each by numbers of its own: the seed, the step and one of these.
_DROPPED, _MOVED, _RANDOM_LAYERS = 2, 3, 4


@dataclass(frozen=True)
class Examples:
    """What is learnt from."""

    images: np.ndarray  # (n, inputs) float32
    labels: np.ndarray  # (n,)
    imitation: float = 0.0  # share of the loss that is for a teacher's answers (Hinton 2015)
    temperature: float = 4.0  # which softens both answers
    imitated: np.ndarray | None = None  # (n, classes): the teacher's logits
    moves: np.ndarray | None = None  # (moves, inputs) of `shifts`, one of which each step makes


class _Lesson(NamedTuple):
    """Examples as tensors."""

    examples: Examples
    images: Any
    labels: Any
    teacher: Any  # None if there is nobody to imitate
    moves: Any  # None if nothing moves


def _lesson(examples: Examples) -> _Lesson:
    images, teacher, moves = (
        None if each is None else tf.convert_to_tensor(each)
        for each in (examples.images, examples.imitated, examples.moves)
    )
    labels = tf.convert_to_tensor(examples.labels.astype(np.int32))
    return _Lesson(examples, images, labels, teacher, moves)


class Snapshot(NamedTuple):
    """All that a training changes: a network, and the optimizer's memory of it."""

    network: Any
    memory: tuple[Any, ...] = ()  # its moments, in the form of the network
    steps: int = 0


class Progress(NamedTuple):
    """What some steps saw."""

    images: int
    loss: float  # summed over the images
    correct: int


class Compiled:
    """Networks of one form in training; `hold` comes before the first `run`."""

    def __init__(self, network: Any, examples: Examples, recipe: Recipe, steps: int) -> None:
        """Build what trains networks formed like `network`, in all for so many `steps`."""
        own = learners.of(network)
        self._model = own.model()
        self._fused, self._recipe = own.fused, recipe
        self._batch = min(recipe.batch_size, len(examples.images))
        self._shape = tuple(self._model.inputs[0].shape[1:])
        self._dropped = (self._batch, prod(self._shape)) if recipe.input_dropout else (1, 1)
        self._moves = 0 if examples.moves is None else len(examples.moves)
        self._optimizer = optimizer(recipe, steps)
        self._values = own.variables(self._model)
        self._variables = _among(self._values, self._model.trainable_variables)
        self._optimizer.build(self._variables)
        self._masks = _booleans(self._variables)
        self._call = self._compile(examples)

    def hold(self, snapshot: Snapshot, trainable: Any) -> None:
        """Go on from `snapshot`, changing only where `trainable`, of booleans, is True."""
        for variable, values in self._pairs(self._values, snapshot.network):
            variable.assign(values)
        masks = dict(zip(map(id, self._variables), self._masks, strict=True))
        for variable, values in self._pairs(self._values, trainable):
            if id(variable) in masks:
                masks[id(variable)].assign(values)
        self._optimizer.iterations.assign(snapshot.steps)
        for moments, network in zip(self._memory(), snapshot.memory, strict=False):
            for moment, values in self._pairs(moments, network):
                if moment is not None:
                    moment.assign(values)
        self._seed_layers(snapshot.steps)

    @staticmethod
    def _pairs(variables: list[Any], network: Any) -> zip:
        return zip(variables, learners.of(network).arrays(), strict=True)

    def _seed_layers(self, steps: int) -> None:
        """Let layers that draw numbers do so by the seed, and from here on."""
        known = {id(variable) for variable in self._model.weights}
        states = [each for each in self._model.variables if id(each) not in known]
        rng = np.random.default_rng([self._recipe.seed, steps, _RANDOM_LAYERS])
        for state in states:
            state.assign(rng.integers(2**31, size=state.shape).astype(state.dtype))

    def snapshot(self, like: Any) -> Snapshot:
        """Return where the training stands; `like` gives the names."""
        own = learners.of(like)
        return Snapshot(
            own.with_arrays([variable.numpy() for variable in self._values]),
            tuple(own.with_arrays(self._numbers(moments)) for moments in self._memory()),
            int(self._optimizer.iterations.numpy()),
        )

    def _numbers(self, moments: list[Any]) -> list[np.ndarray]:
        """Return the values of moments: zero for what has none."""
        return [
            np.zeros(value.shape, np.float32) if moment is None else moment.numpy()
            for moment, value in zip(moments, self._values, strict=True)
        ]

    def run(self, batches: list[np.ndarray]) -> Progress:
        """Take one step for each batch, at most `STEPS_PER_CALL`, given as places of images."""
        order = np.zeros((STEPS_PER_CALL, self._batch), np.int32)
        used = np.zeros(order.shape, np.float32)
        for row, batch in enumerate(batches):
            order[row, : len(batch)], used[row, : len(batch)] = batch, 1
        steps = len(batches)
        inputs = (order, used, np.int32(steps), self._left(steps), self._moved(steps))
        loss, correct = self._call(*map(tf.constant, inputs))
        return Progress(int(used.sum()), float(loss), int(correct))

    def _memory(self) -> list[list[Any]]:
        """Return the optimizer's moments: for each kind a list of one, or None, a variable."""
        moments = [variable for variable in self._optimizer.variables if len(variable.shape)]
        kinds = len(moments) // len(self._variables)  # Keras keeps those of a variable together
        places = {id(variable): i * kinds for i, variable in enumerate(self._variables)}
        return [
            [
                moments[places[id(value)] + kind] if id(value) in places else None
                for value in self._values
            ]
            for kind in range(kinds)
        ]

    def _left(self, steps: int) -> np.ndarray:
        """Return which values of its images each step sees, (STEPS_PER_CALL, images, inputs).

        It depends on the seed and the step alone.  NumPy draws it: compiled, to draw the numbers
        of a step takes tens of times as long.
        """
        share = self._recipe.input_dropout
        left = np.ones((STEPS_PER_CALL, *self._dropped), bool)
        if share:
            for i, rng in enumerate(self._draws(steps, _DROPPED)):
                left[i] = rng.random(self._dropped, np.float32) >= share
        return left

    def _moved(self, steps: int) -> np.ndarray:
        """Return by which move each image of a step is shifted, (STEPS_PER_CALL, images)."""
        moved = np.zeros((STEPS_PER_CALL, self._batch), np.int32)
        if self._moves:
            for i, rng in enumerate(self._draws(steps, _MOVED)):
                moved[i] = rng.integers(self._moves, size=self._batch)
        return moved

    def _draws(self, steps: int, what: int) -> list[np.random.Generator]:
        first = int(self._optimizer.iterations.numpy())
        return [np.random.default_rng([self._recipe.seed, first + i, what]) for i in range(steps)]

    def _seen(self, images: Any, left: Any) -> Any:
        """Return a batch as the network sees it: what is `left`, the larger for the rest."""
        share = self._recipe.input_dropout
        seen = tf.where(left, images / (1 - share), 0.0) if share else images
        return seen if len(self._shape) == 1 else tf.reshape(seen, (-1, *self._shape))

    def _compile(self, examples: Examples) -> Callable[..., tuple[Any, Any]]:
        lesson = _lesson(examples)

        @tf.function(jit_compile=self._fused)
        def call(
            order: tf.Tensor, used: tf.Tensor, steps: tf.Tensor, left: tf.Tensor, moved: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor]:
            loss = correct = tf.constant(0.0)
            for i in tf.range(steps):
                drawn = order[i], used[i], left[i], moved[i]
                step_loss, step_correct = self._step(lesson, *map(self._trimmed(used[i]), drawn))
                loss, correct = loss + step_loss, correct + step_correct
            return loss, correct

        # Traced here and once: called anew for each network it would be warned of.
        shape = (STEPS_PER_CALL, self._batch)
        return call.get_concrete_function(
            tf.TensorSpec(shape, tf.int32),
            tf.TensorSpec(shape, tf.float32),
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((STEPS_PER_CALL, *self._dropped), tf.bool),
            tf.TensorSpec(shape, tf.int32),
        )

    def _trimmed(self, used: Any) -> Callable[[Any], Any]:
        """Return what leaves out of a batch that is filled up what does not belong to it.

        Normalisation would learn from it.  XLA takes batches of one size alone.
        """
        number = tf.cast(tf.reduce_sum(used), tf.int32)
        return (lambda each: each) if self._fused else (lambda each: each[:number])

    def _step(
        self, lesson: _Lesson, places: Any, used: Any, left: Any, moved: Any
    ) -> tuple[Any, Any]:
        """Take a step; return the sum of the losses before it, and how many were right."""
        wanted, images = tf.gather(lesson.labels, places), tf.gather(lesson.images, places)
        if lesson.moves is not None:
            images = _shifted(images, tf.gather(lesson.moves, moved))
        with tf.GradientTape() as tape:
            answers = outputs.logits(self._model(self._seen(images, left), training=True))
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(wanted, answers)
            if lesson.teacher is not None:
                losses = _mixed(losses, answers, tf.gather(lesson.teacher, places), lesson.examples)
            loss = tf.reduce_sum(used * losses)
            mean = loss / tf.reduce_sum(used)
            whole = tf.add_n([mean, *self._model.losses]) if self._model.losses else mean
        gradients = tape.gradient(whole, [variable.value for variable in self._variables])
        kept = [_kept(mask, each) for mask, each in zip(self._masks, gradients, strict=True)]
        self._optimizer.apply(kept, self._variables)
        right = tf.argmax(answers, axis=1, output_type=tf.int32) == wanted
        return loss, tf.reduce_sum(used * tf.cast(right, tf.float32))


def _among(variables: list[Any], some: list[Any]) -> list[Any]:
    known = {id(variable) for variable in some}
    return [variable for variable in variables if id(variable) in known]


def _kept(mask: Any, gradient: Any) -> Any:
    """Return a gradient where the mask is True; what the loss does not depend on has none."""
    zeros = tf.zeros(mask.shape)
    return zeros if gradient is None else tf.where(mask, gradient, 0.0)


def _shifted(images: Any, sources: Any) -> Any:
    """Return images, (n, inputs), of values from other places; one beyond the last is zero."""
    return tf.gather(tf.pad(images, [[0, 0], [0, 1]]), sources, batch_dims=1)


def _mixed(losses: Any, answers: Any, teacher: Any, examples: Examples) -> Any:
    """Return the losses, in part those of imitating a teacher, (n,)."""
    heat, share = examples.temperature, examples.imitation
    soft = tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(teacher / heat), answers / heat)
    # Squared, so that gradients are as large as without (Hinton 2015).
    return (1 - share) * losses + share * heat**2 * soft


def _booleans(variables: list[Any]) -> list[Any]:
    return [tf.Variable(tf.ones(like.shape, tf.bool), trainable=False) for like in variables]
