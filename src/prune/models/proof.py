"""The proof that a shrunk model computes what the masked one does, layer by layer.

Equality of the outputs alone is weak: a squeeze-and-excite, a small factor, a saturated softmax
hide errors.  So each layer of the shrunk model is given what that of the masked one was given,
without what was cut, and must answer the same, before its activation.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from prune import PruneError
from prune.core import structure as structures
from prune.core.network import Masks
from prune.models import arrays as models_arrays
from prune.models.cut import rebuilt
from prune.models.flows import Axes, Ids
from prune.models.graph import arguments, functional, is_graph, leaves, nodes, run
from prune.models.inputs import examples
from prune.models.late import keras
from prune.models.trace import Traced, traced

LIMIT = 1e-5  # of a layer's largest value: float32 rounds at 1e-7, wrong cuts were seen from 1e-2
_ACTIVATED = {
    "Dense",
    "EinsumDense",
    *(f"{kind}Conv{rank}D" for kind in ("", "Separable", "Depthwise") for rank in (1, 2, 3)),
    *(f"Conv{rank}DTranspose" for rank in (1, 2, 3)),
}


class LayerDifference(NamedTuple):
    """How far a layer's answers are apart, as a share of the largest."""

    layer: str
    share: float


class Proof(NamedTuple):
    """What was compared, and how well it agreed."""

    layers: tuple[LayerDifference, ...]  # in the order of the graph
    end: float  # the outputs of both models, as a share of their range; in float64 if it must be
    changed: float | None  # by how much masking changed the outputs, if that was asked

    @property
    def worst(self) -> LayerDifference:
        """The layer with the largest difference."""
        return max(self.layers, key=lambda each: each.share, default=LayerDifference("", 0.0))

    @property
    def apart(self) -> str:
        """How far both are apart, in words."""
        layer, share = self.worst
        return f"layer {layer!r} by {share:.3g} of its range, outputs by {self.end:.3g}"

    @property
    def holds(self) -> bool:
        """Whether every layer and the outputs agree."""
        return self.worst.share <= LIMIT and self.end <= LIMIT


def prove(
    masked: keras.Model,
    shrunk: keras.Model,
    masks: Masks,
    inputs: list[np.ndarray] | None = None,
    original: keras.Model | None = None,
) -> Proof:
    """Compare a model masked by `masks`, {group: (size,)}, with its shrunk form, in float32.

    `inputs` holds one array for each input of the model; without them random ones are used.  With
    the `original`, it is measured too by how much masking changed the outputs.  No model is
    changed.  Raises `PruneError` where the masked model has no finite answer, which proves nothing.
    """
    pair = masked, shrunk
    masked, shrunk = map(_in_float32, pair)
    found = traced(masked)
    inputs = examples(masked) if inputs is None else inputs
    comparison = _Comparison(found, structures.left(found.structure, masks), _operations(shrunk))
    comparison.run(masked, inputs)
    ends = _logits(masked, found, inputs)
    end = _largest(ends, _logits(shrunk, found, inputs))
    if end > LIMIT >= max((each.share for each in comparison.differences), default=0):
        # The rounding of many layers may have come together.
        with suppress(Exception):  # some layers cannot compute so, and float32 has to do
            end = _largest(*(_logits(_computing(each, "float64"), found, inputs) for each in pair))
    changed = None
    if original is not None:
        changed = _largest(_logits(_in_float32(original), found, inputs), ends)
    return Proof(tuple(comparison.differences), end, changed)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference as a share of the largest of `one`; infinite if none fits."""
    if one.shape != other.shape:
        return float("inf")
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if not np.isfinite(other).all():
        return float("inf")
    apart = float(np.abs(one - other).max(initial=0))
    extent = float(np.abs(one).max(initial=0))
    return apart / extent if extent else float(apart > 0)


def agree(one: keras.Model, other: keras.Model) -> bool:
    """Tell whether two models answer the same, up to rounding, on random inputs."""
    inputs = examples(one)

    def answers(model: keras.Model) -> list[np.ndarray]:
        given = keras.tree.pack_sequence_as(functional(model)._inputs_struct, inputs)
        found = keras.tree.flatten(model(given, training=False))
        return [keras.ops.convert_to_numpy(each) for each in found]

    return _largest(answers(one), answers(other)) <= LIMIT


def _largest(ones: list[np.ndarray], others: list[np.ndarray]) -> float:
    return max(difference(one, other) for one, other in zip(ones, others, strict=True))


def _in_float32(model: keras.Model) -> keras.Model:
    """Return the model, or one that computes in float32 where it does not."""
    kinds = {str(layer.compute_dtype) for _, layer in models_arrays.layers(model)}
    if not any("float" in kind and kind != "float32" for kind in kinds):
        return model
    return _computing(model, "float32")


def _computing(model: keras.Model, policy: str) -> keras.Model:
    found = traced(model)
    kept = structures.keep(found.structure, {})
    return rebuilt(model, found, kept, models_arrays.arrays(model), policy=policy)


def _operations(model: keras.Model, path: str = "") -> dict[str, Any]:
    """Return all operations of a model's graph, by their names in `run`."""
    named: dict[str, Any] = {}
    for node in nodes(functional(model)):
        name = path + node.operation.name
        named[name] = node.operation
        if is_graph(node.operation):
            named |= _operations(node.operation, f"{name}/")
    return named


def _logits(model: keras.Model, found: Traced, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Return the outputs without the activations of output layers, which may be saturated."""
    heads = found.heads

    def visit(node: Any, name: str, args: tuple, kwargs: dict) -> list[np.ndarray]:
        if is_graph(node.operation):
            return run(node.operation, _arrays(args), visit, f"{name}/")
        if name in heads and type(node.operation).__name__ in ("Activation", "Softmax"):
            return _arrays(args)
        sums, results = _answers(node.operation, args, kwargs)
        return sums if name in heads else results

    return run(model, inputs, visit)


def _answers(operation: Any, args: tuple, kwargs: dict) -> tuple[list, list]:
    """Return what a layer answers before its activation, and after it; arrays both."""

    def tensor(value: object) -> object:
        return keras.ops.convert_to_tensor(value) if isinstance(value, np.ndarray) else value

    def numbers(value: object) -> list[np.ndarray]:
        return [np.array(keras.ops.convert_to_numpy(each)) for each in keras.tree.flatten(value)]

    args, kwargs = keras.tree.map_structure(tensor, (args, kwargs))
    if getattr(operation, "_call_has_training_arg", False):
        kwargs["training"] = False  # or images would be flipped, in each model another way
    function = getattr(operation, "activation", None)
    if function is None or type(operation).__name__ not in _ACTIVATED:
        results = numbers(operation(*args, **kwargs))
        return results, results
    operation.activation = keras.activations.linear
    try:
        sums = operation(*args, **kwargs)
    finally:
        operation.activation = function
    return numbers(sums), numbers(function(sums))


def _arrays(value: object) -> list[np.ndarray]:
    return [each for each in keras.tree.flatten(value) if isinstance(each, np.ndarray)]


class _Comparison:
    """Runs the masked model, and beside each of its layers that of the shrunk one."""

    def __init__(self, found: Traced, kept: np.ndarray, operations: dict[str, Any]) -> None:
        self._found, self._kept, self._operations = found, kept, operations
        self._steps, self._rng = iter(found.steps), np.random.default_rng(0)
        self.differences: list[LayerDifference] = []

    def run(self, model: keras.Model, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """Return the outputs of the masked model."""
        return run(model, inputs, self._visit)

    def _visit(self, node: Any, name: str, args: tuple, kwargs: dict) -> list[np.ndarray]:
        if is_graph(node.operation):
            return run(node.operation, _arrays(args), self._visit, f"{name}/")
        step = next(self._steps)
        sums, results = _answers(node.operation, args, kwargs)
        self._check(name, results)
        given = leaves(arguments(node.operation, args, kwargs), np.ndarray)
        axes = dict(zip(map(id, given), step.inputs, strict=True))
        if step.makes:
            args, kwargs, axes, sums = self._awake(node.operation, axes, (args, kwargs), sums)

        def smaller(value: object) -> object:
            return self._cut(value, axes[id(value)]) if id(value) in axes else value

        small, _ = _answers(
            self._operations[name], *keras.tree.map_structure(smaller, (args, kwargs))
        )
        pairs = zip(sums, small, step.outputs, strict=True)
        share = max(difference(self._cut(one, axes), other) for one, other, axes in pairs)
        self.differences.append(LayerDifference(name, share))
        return results

    def _awake(
        self, operation: Any, axes: dict[int, Axes], given: tuple[tuple, dict], sums: list
    ) -> tuple[tuple, dict, dict[int, Axes], list]:
        """Return arguments, and answers to them, in which no channel that stays is always zero.

        What is read from such a channel would prove nothing; it is given noise.
        """
        noisy: dict[int, Axes] = {}
        kept = []  # or an id could be given again

        def woken(value: object) -> object:
            if id(value) not in axes:
                return value
            result = self._woken(value, axes[id(value)])
            kept.append(result)
            noisy[id(result)] = axes[id(value)]
            return result

        args, kwargs = keras.tree.map_structure(woken, given)
        if noisy.keys() == axes.keys():
            return *given, axes, sums
        return args, kwargs, noisy, _answers(operation, args, kwargs)[0]

    def _woken(self, value: np.ndarray, axes: Axes) -> np.ndarray:
        axis = next((i for i, ids in enumerate(axes) if ids is not None), len(axes) - 1)
        channels = np.moveaxis(value, axis, -1).reshape(-1, value.shape[axis])
        asleep = ~channels.any(axis=0)
        if axes[axis] is not None:
            asleep &= self._stays(axes[axis])
        if value.dtype.kind != "f" or not asleep.any():
            return value
        size = np.abs(value).max() or 1
        noise = self._rng.normal(size=value.shape) * size
        mask = asleep.reshape(-1, *[1] * (value.ndim - axis - 1))
        return np.where(mask, noise, value).astype(value.dtype)

    def _check(self, name: str, results: list[np.ndarray]) -> None:
        if not all(np.isfinite(each).all() for each in results if each.dtype.kind == "f"):
            raise PruneError(
                f"the masked model has no finite answer at {name!r}; keep the units that it reads"
            )

    def _cut(self, value: np.ndarray, axes: Axes) -> np.ndarray:
        for axis, ids in enumerate(axes):
            if ids is not None:
                value = value.compress(self._stays(ids), axis)
        return value

    def _stays(self, ids: Ids) -> np.ndarray:
        return self._kept[self._found.resolved.numbers[ids]]
