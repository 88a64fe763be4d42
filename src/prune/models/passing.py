"""A passage of images through any Keras model, layer by layer: what each kernel reads on the way.

Values are arrays of all images; Keras computes them some images at a time.  What a kernel reads is
sampled at so many places that matrices stay small, the same ones in every passage of a goal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, prod
from typing import Any, NamedTuple

import numpy as np

from prune.core import structure as structures
from prune.core.inputs import count
from prune.core.network import Layer, Scores
from prune.core.passage import See, Stop, Visit
from prune.core.refit import outputs
from prune.core.structure import Arrays, Structure
from prune.models import arrays as models_arrays
from prune.models.graph import branch_by_branch, functional, is_graph, known, nodes, run
from prune.models.late import keras
from prune.models.spots import Norm, Spot, blind, space_of, spots

ROWS = 20_000  # of a kernel's inputs: so many are sampled
_BYTES = 1 << 28  # that a matrix of rows, or all the tensors of a step, may take
_CHUNK = 250  # images that Keras computes at a time
_LIVE = 4  # tensors of the largest size that are there at a time, all branches told


class ModelGoal(NamedTuple):
    """What each kernel should put out, at places of its layer's output."""

    images: dict[str, np.ndarray]  # (n, ...) of each input
    places: dict[str, np.ndarray]  # (n, p), by kernel
    wanted: dict[tuple[str, int], np.ndarray]  # (n p, units), by kernel and first column

    @property
    def number(self) -> int:
        """How many images there are."""
        return count(self.images)

    def first(self, number: int) -> ModelGoal:
        """Return the goal on the first `number` images alone."""
        return ModelGoal(
            {name: array[:number] for name, array in self.images.items()},
            {name: places[:number] for name, places in self.places.items()},
            {
                key: rows[: number * self.places[key[0]].shape[1]]
                for key, rows in self.wanted.items()
            },
        )


class Energies:
    """The mean square of what each kernel reads."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._squares: dict[str, list[np.ndarray]] = {}

    def see(self, stop: Stop) -> None:
        """Take the inputs of a stop, for all units that read them."""
        squares = np.einsum("ij,ij->j", stop.inputs, stop.inputs, dtype=np.float64)
        units = 1 if stop.columns == slice(None) else stop.layer.kernel.shape[1]
        column = np.repeat(squares[:, None] / len(stop.inputs), units, axis=1)
        self._squares.setdefault(stop.name, []).append(column)

    def roots(self) -> Scores:
        """Return the roots, (inputs, 1), or of a kernel in groups (inputs, units)."""
        return {name: np.sqrt(np.hstack(columns)) for name, columns in self._squares.items()}


def affordable(model: keras.Model) -> int:
    """Return how many images can pass at a time."""
    sizes = [prod(_known(t.shape)) for node in nodes(functional(model)) for t in node.outputs]
    return max(64, 2 * _BYTES // (4 * _LIVE * max(sizes, default=1)))


def _known(shape: tuple) -> tuple[int, ...]:
    return tuple(size or 1 for size in shape[1:])


@dataclass
class Passage:
    """A model of its own whose arrays may change on the way."""

    model: keras.Model
    structure: Structure
    arrays: Arrays = field(default_factory=dict)  # what the model has now

    def __post_init__(self) -> None:
        """Find the kernels that can be seen."""
        self._variables = models_arrays.variables(self.model)
        names = {id(variable): name for name, variable in self._variables.items()}
        self.spots = spots(self.model, names)
        self._added = {spot.beside for own in self.spots.values() for spot in own}
        self._held: dict[int, np.ndarray] = {}  # what is added to the sums of kernels, by tensor

    def take(self, arrays: Arrays) -> None:
        """Give the model other arrays."""
        for name, array in arrays.items():
            if self.arrays.get(name) is not array:
                self._variables[name].assign(array)
        self.arrays = dict(arrays)

    def seen(self) -> list[str]:
        """Name the kernels that can be seen, in the order of data."""
        return [spot.kernel for own in self.spots.values() for spot in own]

    def blind(self) -> dict[str, str]:
        """Name the kernels that cannot be seen, and say why."""
        return blind(self.model, self.structure, self.seen())

    def goal(self, images: dict[str, np.ndarray], see: See) -> ModelGoal:
        """Return what each kernel puts out now, and show every one on the way."""
        goal = ModelGoal(images, {}, {})

        def look(stop: Stop) -> Layer:
            put_out = outputs(stop.layer, stop.inputs, stop.beside)
            goal.wanted[stop.name, stop.columns.start or 0] = put_out
            see(stop._replace(wanted=put_out))
            return stop.layer

        self._run(goal, look)
        return goal

    def passed(self, goal: ModelGoal, visit: Visit) -> Arrays:
        """Return the arrays that `visit` makes."""
        self._run(goal, visit)
        return self.arrays

    def _run(self, goal: ModelGoal, visit: Visit) -> None:
        met: set[str] = set()
        self._held.clear()

        def call(node: Any, name: str, args: tuple, kwargs: dict) -> list[np.ndarray]:
            if is_graph(node.operation):
                return run(node.operation, _given(args), call, f"{name}/", branch_by_branch)
            if name not in met:
                met.add(name)
                for spot in self.spots.get(name, ()):
                    given = _heard(spot, node.operation, args, kwargs)
                    self._stop(spot, spot.within or node.operation, (given, goal), visit)
            results = _computed(node.operation, args, kwargs)
            self._hold(node, results)
            return results

        run(self.model, [*goal.images.values()], call, order=branch_by_branch)
        self._held.clear()

    def _hold(self, node: Any, results: list[np.ndarray]) -> None:
        """Keep what will be added to something, as long as the graph does."""
        if known(node.operation, ["Add"]):
            for tensor in node.input_tensors:
                self._held.pop(id(tensor), None)
        for tensor, values in zip(node.outputs, results, strict=True):
            if id(tensor) in self._added:
                self._held[id(tensor)] = values

    def _stop(self, spot: Spot, layer: Any, on: tuple[np.ndarray, ModelGoal], visit: Visit) -> None:
        """Show a kernel with its inputs, group by group, and take what it becomes."""
        given, goal = on
        if spot.kernel not in goal.places:
            goal.places[spot.kernel] = self._places(spot, len(given), space_of(layer, given.shape))
        rows, groups = spot.read(layer, given, goal.places[spot.kernel])
        whole, beside = self._layer(spot), None
        if spot.beside in self._held:
            beside = _at(self._held[spot.beside], goal.places[spot.kernel])
        elif spot.beside is not None:  # it comes later: up to the addition all is linear
            whole = whole._replace(activation="linear")
        units, channels = whole.kernel.shape[1] // groups, rows.shape[2] // groups
        parts = []
        for i in range(groups):
            columns = slice(i * units, (i + 1) * units) if groups > 1 else slice(None)
            own = rows[:, :, i * channels : (i + 1) * channels].reshape(len(rows), -1)
            wanted = goal.wanted.get((spot.kernel, columns.start or 0), own[:, :0])
            part = _columns(whole, columns)
            near = None if beside is None else beside[:, columns]
            parts.append(visit(Stop(spot.kernel, part, own, wanted, columns, near)))
        self._take(spot, whole, parts)

    def _places(self, spot: Spot, number: int, space: tuple[int, ...]) -> np.ndarray:
        inputs, _ = structures.matrix_shape(self.structure, spot.kernel)
        units = sum(structures.matrix_shape(self.structure, each)[1] for each in self.seen())
        rows = min(ROWS, _BYTES // (4 * inputs), 2 * _BYTES // (4 * units))
        size, wanted = prod(space), ceil(rows / number)
        if wanted >= size:
            return np.broadcast_to(np.arange(size), (number, size))
        return np.random.default_rng([number, size]).integers(0, size, (number, wanted))

    def _matrix(self, name: str) -> np.ndarray:
        return structures.matrix(self.structure, name, self.arrays[name])

    def _layer(self, spot: Spot) -> Layer:
        """Return a kernel as a layer, what normalises its sums folded into it."""
        kernel = self._matrix(spot.kernel)
        bias = None if spot.bias is None else self.arrays[spot.bias].reshape(-1)
        if spot.norm is not None:
            scale, shift = self._folded(spot.norm)
            kernel, bias = kernel * scale, shift + scale * (0 if bias is None else bias)
        return Layer(spot.kernel, kernel, bias, spot.activation)

    def _folded(self, norm: Norm) -> tuple[np.ndarray, np.ndarray]:
        """Return by what a normalisation multiplies, and what it adds, (units,) each."""
        scale = 1 / np.sqrt(self.arrays[norm.variance] + np.float32(norm.layer.epsilon))
        if norm.gamma is not None:
            scale = scale * self.arrays[norm.gamma]
        return scale, self.arrays[norm.beta] - scale * self.arrays[norm.mean]

    def _take(self, spot: Spot, before: Layer, parts: list[Layer]) -> None:
        """Give the model what its layer has become, in parts side by side."""
        kernel = np.hstack([part.kernel for part in parts])
        if np.array_equal(kernel, before.kernel) and _same_bias(before, parts):
            return
        bias = None if before.bias is None else np.concatenate([part.bias for part in parts])
        if spot.norm is not None:
            scale, _shift = self._folded(spot.norm)
            safe = np.where(scale == 0, 1, scale)
            kernel = np.where(scale == 0, self._matrix(spot.kernel), kernel / safe)
            self._set(spot.norm.beta, self.arrays[spot.norm.beta] + bias - before.bias)
        elif bias is not None:
            self._set(spot.bias, bias.reshape(self.arrays[spot.bias].shape))
        shape = self.structure.shapes[spot.kernel]
        array = structures.from_matrix(kernel, self.structure.kernels[spot.kernel], shape)
        self._set(spot.kernel, array)

    def _set(self, name: str, array: np.ndarray) -> None:
        self.arrays[name] = array.astype(self.arrays[name].dtype)
        self._variables[name].assign(self.arrays[name])


def _at(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the channels of (n, ..., channels) at places (n, p), (n p, channels)."""
    flat = values.reshape(len(values), -1, values.shape[-1])
    return flat[np.arange(len(flat))[:, None], places].reshape(-1, flat.shape[-1])


def _same_bias(before: Layer, parts: list[Layer]) -> bool:
    return before.bias is None or np.array_equal(
        before.bias, np.concatenate([part.bias for part in parts])
    )


def _columns(layer: Layer, columns: slice) -> Layer:
    bias = None if layer.bias is None else layer.bias[columns]
    return layer._replace(kernel=layer.kernel[:, columns], bias=bias)


def _given(values: Any) -> list[np.ndarray]:
    return [each for each in keras.tree.flatten(values) if isinstance(each, np.ndarray)]


def _heard(spot: Spot, operation: Any, args: tuple, kwargs: dict) -> np.ndarray:
    """Return what the layer of a spot is given, listening where another one calls it."""
    if spot.within is None:
        return _given((args, kwargs))[0]
    heard: list[np.ndarray] = []
    own = spot.within.call

    def call(given: Any, *others: Any, **named: Any) -> Any:
        heard.append(np.asarray(given))
        return own(given, *others, **named)

    object.__setattr__(spot.within, "call", call)
    try:
        _computed(operation, args, kwargs)
    finally:
        object.__delattr__(spot.within, "call")
    return np.concatenate(heard)


def _computed(operation: Any, args: tuple, kwargs: dict) -> list[np.ndarray]:
    """Return the outputs of a layer as it predicts, some images at a time."""
    if getattr(operation, "_call_has_training_arg", False):
        kwargs = {**kwargs, "training": False}
    number = len(_given((args, kwargs))[0])

    def part(start: int) -> Callable[[object], object]:
        def cut(value: object) -> object:
            if isinstance(value, np.ndarray) and len(value) == number:
                return keras.ops.convert_to_tensor(value[start : start + _CHUNK])
            return value

        return cut

    results = []
    for start in range(0, number, _CHUNK):
        few, named = keras.tree.map_structure(part(start), (args, kwargs))
        answers = keras.tree.flatten(operation(*few, **named))
        results.append([np.asarray(keras.ops.convert_to_numpy(each)) for each in answers])
    return [np.concatenate(each) for each in zip(*results, strict=True)]
