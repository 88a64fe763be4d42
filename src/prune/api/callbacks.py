"""Callbacks for `model.fit`: prune while a model trains, and keep zero what is zero."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras  # type: ignore[import-untyped]

from prune import PruneError
from prune.api import options
from prune.api.thinning import Holding, Thinning
from prune.core import blocks
from prune.core.network import Sparsity
from prune.core.pruning import CRITERIA
from prune.core.ramp import ramp as ramped
from prune.settings.kinds import check_known
from prune.settings.pruning import LAYER, WEIGHT, Pruning
from prune.settings.spelling import counted
from prune.settings.timetable import Length, Timetable


class _Holding(keras.callbacks.Callback, ABC):  # type: ignore[misc]  # Keras has no types
    """What both callbacks do: take hold at the first epoch, let go at the end."""

    def __init__(self) -> None:
        super().__init__()
        self._held: Any = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Let go of a training that was interrupted."""
        if self._held is not None:
            self._held.release()
            self._held = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Take hold, when other callbacks have put back what they had stored."""
        if self._held is None:
            self._held = self._taken(epoch)

    @abstractmethod
    def _taken(self, epoch: int) -> Thinning | Holding:
        """Take hold of the model at the begin of an epoch."""

    def _let_go(self) -> None:
        """Let go, and count; nothing is held where no epoch was trained."""
        if self._held is None:
            raise PruneError("no epoch was trained, so that nothing was pruned or held")
        held, self._held = self._held, None
        held.finish()


class Hold(_Holding):
    """Keep at zero what is zero in kernels, and units that are empty, while a model trains.

    For `fit(callbacks=[prune.Hold()])`, on TensorFlow, JAX and PyTorch, with any optimizer, and
    without compiling again.  Biases that begin at zero are free to move, unless nothing makes
    their unit.  When the training ends the model is as any other; it is saved and loaded without
    this package.
    """

    def _taken(self, epoch: int) -> Holding:
        return Holding(self.model)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Let go, and see that all of it is zero."""
        self._let_go()


class Gradual(_Holding):
    """Prune while a model trains, a little at a time, and keep at zero what is pruned.

    `fit(callbacks=[prune.Gradual(90)])` removes `floor(90 * n / 100)` of the n weights of each
    kernel but the output's, the smallest first, on a ramp (Zhu and Gupta 2017).  It works on
    TensorFlow, JAX and PyTorch, with any optimizer, and without compiling again; a training that
    goes on from a stored epoch (`initial_epoch`) goes on with the ramp.

    - `k`: percent to remove, 0 to 100.
    - `method`: "weight", or "unit": whole units of each group, with their biases, normalisation
      and the rows of what reads them; `prune.shrink` then removes them.
    - `criterion`, `scope`, `floor`, `keep`, `include`, `include_output`, `seed`: as in `prune
      weight`; criteria that look at images are refused.
    - `begin`, `end`, `every`: shares of the training from 0 to 1, or texts such as "2 epochs" and
      "500 steps".  All that was asked is gone at `end`; some steps should follow.
    - `ramp`: "cubic", fast at first, or "exponential"; `ramp_from`: percent to remove at once.
    - `n_of_m`: instead of `k`, keep n of every m inputs in a row of each unit, such as (2, 4).

    At the end of each epoch `logs` tell the share that is asked and the share that is zero of each
    layer, `sparsity_asked/LAYER` and `sparsity/LAYER`; callbacks that are to see them, such as
    CSVLogger and TensorBoard, go after this one.  At the end of the training the zeros are counted.

    Raises `PruneError` for what cannot be asked, for a training too short for `end`, and at the
    end if what is zero is not what was asked.
    """

    def __init__(
        self,
        k: float | None = None,
        *,
        method: str = WEIGHT,
        criterion: str | None = None,
        scope: str | None = None,
        begin: float | str | None = None,
        end: float | str | None = None,
        every: float | str | None = None,
        ramp: str | None = None,
        ramp_from: float | None = None,
        n_of_m: tuple[int, int] | None = None,
        floor: float | None = None,
        keep: Sequence[str] = (),
        include: Sequence[str] = (),
        include_output: bool = False,
        seed: int = 0,
    ) -> None:
        """Check all that is asked."""
        super().__init__()
        asked: dict[str, Any] = {"method": method, "criterion": criterion, "scope": scope, "k": k}
        asked |= {"floor": floor, "keep": keep, "include": include}
        asked["include_output"] = include_output
        self._asked = _checked(options.read(Pruning, asked), k, n_of_m)
        if k is not None:
            options.warn_of_shares(self._asked.k)
        when = {"begin": begin, "end": end, "every": every, "ramp": ramp, "ramp_from": ramp_from}
        self._timetable = options.read(Timetable, when)
        self._n_of_m, self._seed = n_of_m, seed
        self._length, self._begun, self._done = Length(None, None), 0, 0
        self._path: list[tuple[int, Sparsity]] = []  # after which step, how much

    def _taken(self, epoch: int) -> Thinning:
        told = self.params or {}
        self._length = Length(told.get("steps"), told.get("epochs"))
        self._begun = self._done = epoch * (self._length.steps or 0)
        self._plan_ahead(epoch)
        taken = Thinning(self.model, self._asked, self._n_of_m, self._seed)
        taken.prune(self._due())
        return taken

    def _plan_ahead(self, epoch: int) -> None:
        """Lay down when how much goes, as soon as the length of the training is known."""
        moments = self._timetable.moments(self._length)
        if moments is None:
            self._path = []
            self._check_later(epoch)
            return
        last = self._asked.k[0] if self._n_of_m is None else 1
        ramp, first = self._timetable.ramp, self._timetable.ramp_from
        self._path = list(zip(moments, ramped(ramp, last, len(moments), first), strict=True))

    def _check_later(self, epoch: int) -> None:
        epochs = self._length.epochs
        if epochs is None or epoch + 1 >= epochs:
            raise PruneError(
                "nothing tells how many steps this training has; give fit steps_per_epoch (a loop "
                "of your own gives CallbackList epochs and steps), or begin, end and every in steps"
            )

    def _due(self) -> Sparsity:
        """Return how much is to be gone by now."""
        return max((much for step, much in self._path if step <= self._done), default=0)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Prune if it is time."""
        self._done = self._begun + batch + 1
        if self._held is not None:
            self._held.prune(self._due())

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Tell what is asked and what is zero."""
        if self._length.steps is None:
            self._length = self._length._replace(steps=self._done - self._begun)
        self._begun = (epoch + 1) * (self._length.steps or 0)
        if not self._path:
            self._plan_ahead(epoch)
        if self._held is not None:
            self._held.prune(self._due())
            if logs is not None:
                logs.update(self._held.told())

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Let go, count the zeros, and refuse others than were asked for."""
        last, much = self._path[-1] if self._path else (None, 1)
        if self._due() < much:
            self._let_go()
            when = "" if last is None else f" of the {last:,} after which all is gone"
            raise PruneError(
                f"training stopped after {counted(self._done, 'step')}{when}: "
                f"{float(self._due()):.1%} is pruned, less than was asked for; train on, or cut "
                "the rest with `prune.weights` or `prune.units`"
            )
        self._let_go()


def _checked(asked: Pruning, k: float | None, n_of_m: tuple[int, int] | None) -> Pruning:
    """Return what is asked with its criterion; refuse what cannot be done while training."""
    if (k is None) == (n_of_m is None):
        raise PruneError("give k, a percent from 0 to 100, or n_of_m, such as (2, 4); one of both")
    if len(asked.k) > 1 and n_of_m is None:
        raise PruneError(f"k is one percent here, got {k!r}")
    if n_of_m is not None and (asked.method != WEIGHT or asked.scope != LAYER):
        raise PruneError(
            'n_of_m is for method "weight" and scope "layer": a pattern of single weights'
        )
    if n_of_m is not None:
        blocks.n_of_m(*n_of_m)
    known = CRITERIA[asked.method]
    criterion = asked.criterion or next(iter(known))
    check_known(criterion, tuple(known), "criterion")
    if known[criterion].needs_images:
        blind = " or ".join(name for name, each in known.items() if not each.needs_images)
        raise PruneError(
            f"criterion {criterion!r} looks at images, which a training does not hand out; use "
            f"{blind}"
        )
    return replace(asked, criterion=criterion)
