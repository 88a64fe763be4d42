"""Train a network with Keras, so that the same seed gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from prune import PruneError
from prune.core.network import Layer, Network
from prune.training import keras_bridge

# Several steps in one call of TensorFlow: the same arithmetic, a fifth less time.
_STEPS_PER_CALL = 16


@dataclass(frozen=True)
class Recipe:
    """How to train; the defaults are those of the published networks."""

    epochs: int = 10
    batch_size: int = 32
    learning_rate: float = 0.001
    seed: int = 0


def initial(sizes: list[int], seed: int) -> Network:
    """Return an untrained network without biases: ReLU between, softmax at the end.

    `sizes` are those of input, hidden layers and output.  The kernels are drawn as Keras does by
    default, uniform within sqrt(6 / (inputs + units)) (Glorot 2010).
    """
    rng = np.random.default_rng([seed, 0])
    layers = []
    for i, (inputs, units) in enumerate(pairwise(sizes)):
        limit = np.sqrt(6 / (inputs + units))
        kernel = rng.uniform(-limit, limit, (inputs, units)).astype(np.float32)
        activation = "relu" if i < len(sizes) - 2 else "softmax"
        layers.append(Layer(f"dense_{i}" if i else "dense", kernel, None, activation))
    return tuple(layers)


def shuffled(size: int, seed: int, epoch: int) -> np.ndarray:
    """Return the order in which an epoch sees the images, another one each epoch.

    Keras itself, once seeded, would shuffle every epoch alike.
    """
    return np.random.default_rng([seed, 1 + epoch]).permutation(size)


def epochs(
    network: Network,
    images: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe,
    on_batch: Callable[[int], None] = lambda done: None,
) -> Iterator[tuple[Network, float, float]]:
    """Train a copy of `network`; after each epoch yield it with training loss and accuracy.

    `on_batch` is told how many images of the epoch are done.  Raises `PruneError` if the loss
    is no longer a number.
    """
    keras = keras_bridge.import_keras()
    model = keras_bridge.build(network)
    model.compile(
        optimizer=keras.optimizers.Adam(recipe.learning_rate),
        loss=keras_bridge.loss(network),
        metrics=["sparse_categorical_accuracy"],
        steps_per_execution=_STEPS_PER_CALL,
    )

    def report(batch: int, logs: object) -> None:
        on_batch(min((batch + 1) * recipe.batch_size, len(images)))

    callbacks = [keras.callbacks.LambdaCallback(on_train_batch_end=report)]
    for epoch in range(recipe.epochs):
        order = shuffled(len(images), recipe.seed, epoch)
        history = model.fit(
            images[order],
            labels[order],
            batch_size=recipe.batch_size,
            shuffle=False,
            callbacks=callbacks,
            verbose=0,
        ).history
        (loss,), (accuracy,) = history["loss"], history["sparse_categorical_accuracy"]
        if not np.isfinite(loss):
            raise PruneError(
                f"training diverged: the loss was {loss} in epoch {epoch + 1}; "
                f"try a --learning-rate below {recipe.learning_rate}"
            )
        yield keras_bridge.network_of(model, network), loss, accuracy
