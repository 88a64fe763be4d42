"""A training loop written by hand, on each backend, and the small models that are trained."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers as L

BACKEND = keras.backend.backend()
X = np.random.default_rng(0).normal(size=(48, 6, 6, 2)).astype("float32")
Y = np.random.default_rng(1).integers(0, 3, 48)
BATCH, STEPS = 16, 3


def loss():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def small(policy="float32"):
    """A convolution with its normalisation, two Dense layers and the output."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            L.Conv2D(4, 3, dtype=policy, name="conv"),
            L.BatchNormalization(dtype=policy),
            L.ReLU(dtype=policy),
            L.Flatten(dtype=policy),
            L.Dense(10, activation="relu", dtype=policy, name="first"),
            L.Dense(7, activation="relu", dtype=policy, name="second"),
            L.Dense(3, dtype="float32"),
        ]
    )


def batches():
    for start in range(0, len(X), BATCH):
        yield X[start : start + BATCH], Y[start : start + BATCH]


def by_hand(model, callbacks, epochs, steps=STEPS):
    """Train as a user does who wants no `fit`."""
    told = {"model": model, "epochs": epochs, "steps": steps}
    callbacks = keras.callbacks.CallbackList(callbacks, **told)
    step = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[BACKEND](model)
    callbacks.on_train_begin()
    for epoch in range(epochs):
        callbacks.on_epoch_begin(epoch)
        for number, batch in enumerate(batches()):
            callbacks.on_train_batch_begin(number)
            step(*batch)
            callbacks.on_train_batch_end(number)
        callbacks.on_epoch_end(epoch, {})
    callbacks.on_train_end()


def _tensorflow(model):
    import tensorflow as tf

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            found = loss()(y, model(x, training=True))
        variables = model.trainable_variables
        model.optimizer.apply(tape.gradient(found, variables), variables)

    return step


def _torch(model):
    def step(x, y):
        model.zero_grad()
        loss()(keras.ops.convert_to_tensor(y), model(x, training=True)).backward()
        variables = model.trainable_variables
        model.optimizer.apply([each.value.grad for each in variables], variables)

    return step


def _jax(model):
    import jax

    model.optimizer.build(model.trainable_variables)

    def cost(trainable, others, x, y):
        answers, others = model.stateless_call(trainable, others, x, training=True)
        return loss()(y, answers), others

    @jax.jit
    def stepped(trainable, others, state, x, y):
        (_, others), slopes = jax.value_and_grad(cost, has_aux=True)(trainable, others, x, y)
        return *model.optimizer.stateless_apply(state, slopes, trainable), others

    def step(x, y):
        kept = (
            model.trainable_variables,
            model.non_trainable_variables,
            model.optimizer.variables,
        )
        trainable, others, state = ([each.value for each in variables] for variables in kept)
        trainable, state, others = stepped(trainable, others, state, x, y)
        for variables, values in zip(kept, (trainable, others, state)):
            for variable, value in zip(variables, values):
                variable.assign(value)

    return step
