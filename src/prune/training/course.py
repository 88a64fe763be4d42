"""A training in progress, of a network that may lose weights or units on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice, pairwise

import numpy as np

from prune import PruneError
from prune.core.alive import Alive, by_masks, cut, put_back
from prune.core.masks import apply
from prune.core.network import Layer, Masks, Network
from prune.training.compiled import STEPS_PER_CALL, Compiled, Examples, Progress, Snapshot
from prune.training.recipe import Recipe

# Compiling takes as long as a hundred steps: smaller arrays must be worth it.
_WORTH_COMPILING = 0.6
_NEVER_WORTH = 20_000  # weights, too few for the time of a step to depend on


def shuffled(size: int, seed: int, epoch: int) -> np.ndarray:
    """Return the order in which an epoch sees the images, another one each epoch.

    Keras itself, once seeded, would shuffle every epoch alike.
    """
    return np.random.default_rng([seed, 1 + epoch]).permutation(size)


def batches(size: int, recipe: Recipe) -> Iterator[np.ndarray]:
    """Yield the places of the images of each step, for all epochs; an epoch's last are fewer."""
    for epoch in range(recipe.epochs):
        order = shuffled(size, recipe.seed, epoch).astype(np.int32)
        for start in range(0, size, recipe.batch_size):
            yield order[start : start + recipe.batch_size]


def steps_per_epoch(size: int, recipe: Recipe) -> int:
    """Return how many steps an epoch takes."""
    return -(-size // recipe.batch_size)


class Course:
    """A training of `network`; what its masks remove is exactly zero after every step.

    What can no longer change an answer is cut out while training and put back after, which is
    the same but for rounding, and for which values an input dropout leaves out.
    """

    def __init__(
        self, network: Network, examples: Examples, recipe: Recipe, masks: Masks | None = None
    ) -> None:
        """Begin, with what `masks` remove at zero."""
        self._examples, self._recipe = examples, recipe
        self._batches = batches(len(examples.labels), recipe)
        self.steps = recipe.epochs * steps_per_epoch(len(examples.labels), recipe)
        self._done, self._snapshot = 0, Snapshot(network)
        self._alive: Alive = []
        self._compiled: Compiled | None = None
        self.hold(masks or {})

    @property
    def network(self) -> Network:
        """The network as it is now."""
        self._pull()
        return self._snapshot.network

    def hold(self, masks: Masks, network: Network | None = None) -> None:
        """Set what `masks` remove to zero, and keep it there from now on.

        They must remove all that was removed before.  Values may be those of another `network`.
        """
        self._pull()
        before = self._snapshot
        self._snapshot = Snapshot(
            apply(network or before.network, masks),
            tuple(apply(moments, masks) for moments in before.memory),
            before.steps,
        )
        self._place(masks)

    def advance(
        self, steps: int, on_batch: Callable[[int], None] = lambda images: None
    ) -> Progress:
        """Take so many steps, or what is left; `on_batch` is told how many images were seen.

        Raises `PruneError` if the loss is no longer a number.
        """
        total = Progress(0, 0.0, 0)
        while steps > 0 and (some := list(islice(self._batches, min(steps, STEPS_PER_CALL)))):
            seen = self._compiled.run(some)
            total = Progress(*map(sum, zip(total, seen, strict=True)))
            self._check(seen.loss)
            self._done += len(some)
            steps -= len(some)
            on_batch(total.images)
        return total

    def _check(self, loss: float) -> None:
        if not np.isfinite(loss):
            epoch = self._done // steps_per_epoch(len(self._examples.labels), self._recipe)
            raise PruneError(
                f"training diverged: the loss was {loss} in epoch {epoch + 1}; "
                f"try a --learning-rate below {self._recipe.learning_rate}"
            )

    def _place(self, masks: Masks) -> None:
        """Put the network where it is trained: in smaller arrays than before, if worth it."""
        network = self._snapshot.network
        groups = by_masks(network, masks)
        if self._compiled is None or _is_worth_it(_size(self._alive), _size(groups)):
            self._compiled, self._alive = None, groups
            self._compiled = self._build()
        whole = tuple(map(_everything, network))
        self._compiled.hold(
            Snapshot(
                cut(network, self._alive),
                tuple(cut(moments, self._alive) for moments in self._snapshot.memory),
                self._snapshot.steps,
            ),
            cut(apply(whole, masks), self._alive),
        )

    def _build(self) -> Compiled:
        images = self._examples.images
        if not self._alive[0].all():
            images = images[:, self._alive[0]]
        return Compiled(
            cut(self._snapshot.network, self._alive),
            replace(self._examples, images=images),
            self._recipe,
            self.steps,
        )

    def _pull(self) -> None:
        """Put what was trained back in its place."""
        if self._compiled is None:
            return
        network = self._snapshot.network
        small = self._compiled.snapshot(cut(network, self._alive))
        nothing = tuple(map(_nothing, network))
        self._snapshot = Snapshot(
            put_back(network, self._alive, small.network),
            tuple(put_back(nothing, self._alive, moments) for moments in small.memory),
            small.steps,
        )


def _everything(layer: Layer) -> Layer:
    return _filled(layer, True)


def _nothing(layer: Layer) -> Layer:
    return _filled(layer, np.float32(0))


def _filled(layer: Layer, value: object) -> Layer:
    bias = None if layer.bias is None else np.full(layer.bias.shape, value)
    return layer._replace(kernel=np.full(layer.kernel.shape, value), bias=bias)


def _is_worth_it(before: int, after: int) -> bool:
    return before > _NEVER_WORTH and after < _WORTH_COMPILING * before


def _size(groups: Alive) -> int:
    return sum(int(a.sum()) * int(b.sum()) for a, b in pairwise(groups))
