"""The names of `tensorflow_model_optimization.sparsity.keras`, for models of Keras 3.

    from prune.compat import tfmot as sparsity

Code written for the toolkit goes on: mark layers or a model with `prune_low_magnitude`, train with
`UpdatePruningStep`, end with `strip_pruning`.  No layer is wrapped: what is marked is the layer
itself, whose kernels are held at zero while it trains, on TensorFlow, JAX and PyTorch.  So models
are saved and loaded as any other; after loading, mark the model again to go on, zeros and all.

Unlike there, the sparsity that a schedule has at the end is what a model has at the end, however
short the training and whatever the frequency; a model that was never pruned is refused.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any, TypeVar

import keras  # type: ignore[import-untyped]
import numpy as np

from prune import EnvironmentFailure, PruneError
from prune.core import blocks
from prune.core.ranking import exact, keep_largest, ranks
from prune.core.scopes import Scope
from prune.core.structure import Arrays
from prune.models import arrays as models_arrays
from prune.models.holding import Grip

Markable = TypeVar("Markable")
_NAMES = ("kernel", "recurrent_kernel", "pointwise_kernel", "embeddings")
_EVERY = -1  # as an end: for ever


class PruningSchedule(ABC):
    """When a layer is pruned, and how far: called with a step, it gives (whether, sparsity)."""

    @abstractmethod
    def __call__(self, step: int) -> tuple[bool, float]:
        """Return whether something goes at this step, and the sparsity, 0 to 1, then."""

    @abstractmethod
    def get_config(self) -> dict[str, Any]:
        """Return the class name and the arguments."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> PruningSchedule:
        """Return a schedule from what `get_config` has returned."""
        return cls(**config.get("config", config))

    def _is_due(self, step: int) -> bool:
        begin, end, every = (vars(self)[name] for name in ("begin_step", "end_step", "frequency"))
        return bool(begin <= step and (end < 0 or step <= end) and (step - begin) % every == 0)


class ConstantSparsity(PruningSchedule):
    """The same sparsity from `begin_step` on."""

    def __init__(
        self, target_sparsity: float, begin_step: int, end_step: int = -1, frequency: int = 100
    ) -> None:
        """Prune at every `frequency`-th step; an `end_step` of -1 is never."""
        self.target_sparsity = target_sparsity
        self.begin_step, self.end_step, self.frequency = begin_step, end_step, frequency
        _check_steps(begin_step, end_step, frequency)
        _check_share(target_sparsity, "target_sparsity")

    def __call__(self, step: int) -> tuple[bool, float]:
        """Return whether something goes at this step, and the sparsity."""
        return self._is_due(step), self.target_sparsity

    def get_config(self) -> dict[str, Any]:
        """Return the class name and the arguments."""
        return {"class_name": type(self).__name__, "config": dict(vars(self))}


class PolynomialDecay(PruningSchedule):
    """A sparsity that grows, fast at first, up to `end_step` (Zhu and Gupta 2017)."""

    def __init__(
        self,
        initial_sparsity: float,
        final_sparsity: float,
        begin_step: int,
        end_step: int,
        power: float = 3,
        frequency: int = 100,
    ) -> None:
        """Prune at every `frequency`-th step."""
        self.initial_sparsity, self.final_sparsity, self.power = (
            initial_sparsity,
            final_sparsity,
            power,
        )
        self.begin_step, self.end_step, self.frequency = begin_step, end_step, frequency
        _check_steps(begin_step, end_step, frequency)
        if end_step == _EVERY:
            raise PruneError("end_step cannot be -1 here: a ramp has an end; give its last step")
        _check_share(initial_sparsity, "initial_sparsity")
        _check_share(final_sparsity, "final_sparsity")

    def __call__(self, step: int) -> tuple[bool, float]:
        """Return whether something goes at this step, and the sparsity then."""
        passed = (step - self.begin_step) / max(1, self.end_step - self.begin_step)
        left = (1 - min(1.0, max(0.0, passed))) ** self.power
        return self._is_due(step), (
            self.final_sparsity + (self.initial_sparsity - self.final_sparsity) * left
        )

    def get_config(self) -> dict[str, Any]:
        """Return the class name and the arguments."""
        return {"class_name": type(self).__name__, "config": dict(vars(self))}


def _check_steps(begin: int, end: int, frequency: int) -> None:
    if begin < 0 or end < _EVERY or (end != _EVERY and end < begin) or frequency < 1:
        raise PruneError(
            "steps are whole numbers, 0 <= begin_step <= end_step and frequency from 1, got "
            f"begin_step={begin}, end_step={end}, frequency={frequency}"
        )


def _check_share(sparsity: float, name: str) -> None:
    if not 0 <= sparsity < 1:
        raise PruneError(f"{name} is a share from 0 to below 1, got {sparsity}")


class PrunableLayer(ABC):
    """A layer that says itself what of it is pruned."""

    @abstractmethod
    def get_prunable_weights(self) -> list[Any]:
        """Return the weights to prune, once it is built."""


class PruningPolicy(ABC):
    """Which layers of a model are pruned."""

    @abstractmethod
    def allow_pruning(self, layer: Any) -> bool:
        """Tell whether a layer is to be pruned."""

    @abstractmethod
    def ensure_model_supports_pruning(self, model: keras.Model) -> None:
        """Raise an error for a model that is not to be pruned."""


class PruneForLatencyOnXNNPack(PruningPolicy):
    """Convolutions of 1x1 alone: what XNNPACK has sparse kernels for.

    They are off where a processor has AVX; on those, removed units are what gives speed.
    """

    def allow_pruning(self, layer: Any) -> bool:
        """Tell whether it is a convolution of 1x1."""
        sides = getattr(layer, "kernel_size", None)
        return type(layer) is keras.layers.Conv2D and tuple(sides or ()) == (1, 1)

    def ensure_model_supports_pruning(self, model: keras.Model) -> None:
        """Refuse a model without any."""
        if not any(self.allow_pruning(layer) for _, layer in models_arrays.layers(model)):
            raise PruneError(
                f"model {model.name!r} has no Conv2D of 1x1, which this policy alone prunes"
            )


class _Mark:
    """What is asked of a layer."""

    def __init__(self, schedule: PruningSchedule, pattern: Scope | None) -> None:
        self.schedule, self.pattern = schedule, pattern
        self.sparsity = 0.0  # that it has
        self.grip: Grip | None = None

    @property
    def final(self) -> float:
        """The sparsity at the end of its schedule."""
        end = getattr(self.schedule, "end_step", _EVERY)
        return self.schedule(end if end > 0 else 2**62)[1]

    def kept(self, values: np.ndarray, sparsity: float) -> np.ndarray:
        """Return which entries of an array stay."""
        scores = np.abs(values)
        if self.pattern is None:
            return keep_largest(ranks(scores), exact(round(sparsity, 9)))
        matrix = {"": scores.reshape(-1, scores.shape[-1])}
        return self.pattern.cut(self.pattern.rank(matrix), 1)[""].reshape(scores.shape)


def prune_low_magnitude(
    to_prune: Markable,
    pruning_schedule: PruningSchedule | None = None,
    block_size: tuple[int, int] = (1, 1),
    block_pooling_type: str = "AVG",
    pruning_policy: PruningPolicy | None = None,
    sparsity_m_by_n: tuple[int, int] | None = None,
    **kwargs: Any,
) -> Markable:
    """Mark a layer, a list of layers or a model to be pruned while it trains, and return it.

    Without a schedule half of each kernel goes at the first step.  `sparsity_m_by_n`, such as
    (2, 4): m zeros among every n inputs in a row, all at once when the schedule begins.
    """
    if tuple(block_size) != (1, 1):
        raise PruneError(f"block_size is (1, 1) here, got {block_size}: single weights are pruned")
    pattern = None
    if sparsity_m_by_n is not None:
        zeros, row = sparsity_m_by_n
        pattern = blocks.n_of_m(row - zeros, row)
    schedule = pruning_schedule or ConstantSparsity(0.5, 0)
    model = isinstance(to_prune, keras.Model)
    if model and pruning_policy is not None:
        pruning_policy.ensure_model_supports_pruning(to_prune)
    for layer in _layers(to_prune):
        if pruning_policy is None or pruning_policy.allow_pruning(layer):
            _check_known(layer)
            layer._prune_mark = _Mark(schedule, pattern)
    return to_prune


def _layers(to_prune: Any) -> list[Any]:
    if isinstance(to_prune, keras.Model):
        return [layer for _, layer in models_arrays.layers(to_prune) if not _has_parts(layer)]
    return list(to_prune) if isinstance(to_prune, list | tuple) else [to_prune]


def _has_parts(layer: Any) -> bool:
    return isinstance(layer, keras.Model)


def _check_known(layer: Any) -> None:
    """Refuse a layer of the user's own that does not say what of it is pruned."""
    if not isinstance(layer, keras.layers.Layer):
        raise PruneError(f"a layer, a list of layers or a model is needed, got {layer!r}")
    known = type(layer).__module__.split(".")[0] == "keras" or isinstance(layer, PrunableLayer)
    if not known and (layer.trainable_weights or not layer.built):
        raise PruneError(
            f"layer {layer.name!r} is a {type(layer).__name__}, which does not say what of it is "
            "pruned; let the class inherit PrunableLayer, with get_prunable_weights"
        )


def _marked(model: keras.Model) -> Iterator[tuple[_Mark, list[Any]]]:
    """Yield the marks of a model, each with the weights that it is for."""
    for _, layer in models_arrays.layers(model):
        mark = getattr(layer, "_prune_mark", None)
        if mark is not None:
            yield mark, _prunable(layer)


def _prunable(layer: Any) -> list[Any]:
    if isinstance(layer, PrunableLayer):
        return layer.get_prunable_weights()
    if type(layer).__name__.startswith("Depthwise"):
        return []
    return [each for each in layer.weights if each.name in _NAMES]


class UpdatePruningStep(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Prunes what is marked, when its schedule says so, by the steps of the optimizer."""

    def __init__(self) -> None:
        """Begin with no model."""
        super().__init__()
        self._step = 0
        self._grip: Grip | None = None
        self._named: list[tuple[_Mark, list[str]]] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Take hold of what is marked, at the step at which the optimizer is."""
        names = {id(each): name for name, each in models_arrays.variables(self.model).items()}
        marked = list(_marked(self.model))
        if not any(weights for _, weights in marked):
            raise PruneError(
                "nothing in this model is marked; give it to prune_low_magnitude before, after "
                "loading it from a file too"
            )
        self._named = [(mark, [names[id(each)] for each in weights]) for mark, weights in marked]
        self._grip = Grip(self.model, [name for _, group in self._named for name in group])
        for mark, _ in self._named:
            mark.grip = self._grip
        self._step = int(self.model.optimizer.iterations)
        self._prune(lambda due: due)

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Prune if it is time."""
        self._prune(lambda due: due)
        self._step += getattr(self.model, "steps_per_execution", None) or 1

    def on_epoch_end(
        self, epoch: int | None = None, logs: dict[str, Any] | None = None, batch: int | None = None
    ) -> None:
        """Tell the share of zeros of each array that is pruned."""
        if logs is not None and self._grip is not None:
            logs.update(sparsities(self._grip.arrays(), self._named))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Prune as far as the schedule says by now, at whatever frequency, and let go."""
        self._step = int(self.model.optimizer.iterations)
        self._prune(lambda due: True)
        if self._grip is not None:
            self._grip.release()
            self._grip = None

    def _prune(self, now: Callable[[bool], bool]) -> None:
        asked = [(mark, names, *mark.schedule(self._step)) for mark, names in self._named]
        begun = [each for each in asked if each[0].sparsity or each[2] or self._begins(each[0])]
        due = [(mark, names, share) for mark, names, is_due, share in begun if now(is_due)]
        if not due or self._grip is None:
            return
        arrays = self._grip.arrays()
        kept: Arrays = {}
        for mark, names, share in due:
            kept |= {name: mark.kept(arrays[name], share) for name in names}
            mark.sparsity = share
        self._grip.drop(kept)

    def _begins(self, mark: _Mark) -> bool:
        return self._step >= getattr(mark.schedule, "begin_step", 0)


def sparsities(arrays: Arrays, named: list[tuple[_Mark, list[str]]]) -> dict[str, float]:
    """Return the share of zeros of each array that is pruned."""
    names = [name for _, group in named for name in group]
    return {f"sparsity/{name}": float((arrays[name] == 0).mean()) for name in names}


class PruningSummaries(keras.callbacks.TensorBoard):  # type: ignore[misc]  # Keras has no types
    """TensorBoard, with the share of zeros of each array that is pruned."""

    def __init__(self, log_dir: str, update_freq: str = "epoch", **kwargs: Any) -> None:
        """Write to a folder."""
        if missing := [name for name in ("tensorboard", "tensorflow") if not find_spec(name)]:
            raise EnvironmentFailure(
                f"summaries need tensorboard and tensorflow: pip install {' '.join(missing)}; logs "
                "tell the same to other callbacks"
            )
        super().__init__(log_dir=log_dir, update_freq=update_freq, **kwargs)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the shares beside what TensorBoard writes."""
        names = {id(each): name for name, each in models_arrays.variables(self.model).items()}
        named = [(mark, [names[id(each)] for each in some]) for mark, some in _marked(self.model)]
        super().on_epoch_end(epoch, (logs or {}) | sparsities(self._arrays(), named))

    def _arrays(self) -> Arrays:
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()
        return models_arrays.arrays(self.model)


def prune_scope() -> Any:
    """Return a context in which models are loaded: there is nothing to be known in it."""
    return nullcontext()


def strip_pruning(model: keras.Model) -> keras.Model:
    """Let go of what is marked, see that its zeros are there, and return the model.

    Raises `PruneError` if the schedule did not come to its end.
    """
    marks = list(_marked(model))
    if not marks:
        raise PruneError(
            "nothing in this model is marked; there is nothing to strip: a model that was loaded "
            "is a plain one already, and one to prune goes to prune_low_magnitude first"
        )
    for mark, weights in marks:
        if mark.grip is not None:
            mark.grip.release()
            mark.grip = None
        _check_finished(mark, weights)
    for _, layer in models_arrays.layers(model):
        if hasattr(layer, "_prune_mark"):
            del layer._prune_mark
    return model


def _check_finished(mark: _Mark, weights: Sequence[Any]) -> None:
    for weight in weights:
        values = keras.ops.convert_to_numpy(weight.value)
        wanted = np.count_nonzero(~mark.kept(values, mark.final))
        zeros = int(np.count_nonzero(values == 0))
        if zeros < wanted:
            raise PruneError(
                f"{weight.path} has {zeros:,} zeros of {values.size:,}, and its schedule ends with "
                f"{wanted:,}; train on with UpdatePruningStep, or let the schedule end earlier"
            )


# For code that says `tfmot.sparsity.keras.prune_low_magnitude`, as the guide of the toolkit does.
sparsity = SimpleNamespace(keras=sys.modules[__name__])
