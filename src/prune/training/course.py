"""A training in progress, of a network that may lose weights or units on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from prune import PruneError
from prune.core.network import Masks
from prune.training import learners, shifts
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
        self, network: Any, examples: Examples, recipe: Recipe, masks: Masks | None = None
    ) -> None:
        """Begin, with what `masks` remove at zero."""
        self._examples, self._recipe = _moving(examples, network, recipe), recipe
        self._batches = batches(len(examples.labels), recipe)
        self.steps = recipe.epochs * steps_per_epoch(len(examples.labels), recipe)
        self._done, self._snapshot = 0, Snapshot(network)
        self._alive: Any = None
        self._compiled: Compiled | None = None
        self.hold(masks or {})

    @property
    def network(self) -> Any:
        """The network as it is now."""
        self._pull()
        return self._snapshot.network

    def hold(self, masks: Masks, network: Any = None) -> None:
        """Set what `masks` remove to zero, and keep it there from now on.

        They must remove all that was removed before.  Values may be those of another `network`.
        """
        self._pull()
        before = self._snapshot
        self._snapshot = Snapshot(
            learners.of(before.network if network is None else network).masked(masks),
            tuple(learners.of(moments).masked(masks) for moments in before.memory),
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
        own = learners.of(self._snapshot.network)
        alive = own.alive(masks)
        if self._compiled is None or _is_worth_it(own.size(self._alive), own.size(alive)):
            self._compiled, self._alive = None, alive
            self._compiled = self._build()
        held = learners.of(own.filled(True)).masked(masks)
        self._compiled.hold(
            Snapshot(
                own.cut(self._alive),
                tuple(learners.of(each).cut(self._alive) for each in self._snapshot.memory),
                self._snapshot.steps,
            ),
            learners.of(held).cut(self._alive),
        )

    def _build(self) -> Compiled:
        own, examples = learners.of(self._snapshot.network), self._examples
        read = own.inputs(self._alive)
        if examples.moves is not None:
            examples = replace(examples, moves=examples.moves[:, read])
        elif not read.all():
            examples = replace(examples, images=examples.images[:, read])
        return Compiled(own.cut(self._alive), examples, self._recipe, self.steps)

    def _pull(self) -> None:
        """Put what was trained back in its place."""
        if self._compiled is None:
            return
        own = learners.of(self._snapshot.network)
        small = self._compiled.snapshot(own.cut(self._alive))
        nothing = learners.of(own.filled(np.float32(0)))
        self._snapshot = Snapshot(
            own.put_back(self._alive, small.network),
            tuple(nothing.put_back(self._alive, moments) for moments in small.memory),
            small.steps,
        )


def _moving(examples: Examples, network: Any, recipe: Recipe) -> Examples:
    """Return the examples with the moves that they make while training, if any."""
    if not recipe.augment:
        return examples
    return replace(examples, moves=shifts.moves(learners.of(network).shape(), recipe.augment))


def _is_worth_it(before: int, after: int) -> bool:
    return before > _NEVER_WORTH and after < _WORTH_COMPILING * before
