"""Gradients of single images in any Keras model: an optimizer that takes no step and adds them up.

That is the same on every backend, and for every layer.  The model predicts while it is asked, so
that no statistic moves and nothing is dropped.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from prune.core import inputs as core_inputs
from prune.core import structure as structures
from prune.core.calibration import Calibration
from prune.core.judge import Judge
from prune.core.losses import BINARY, CROSS_ENTROPY, ON_LOGITS, SHARES, SQUARED
from prune.core.network import Scores
from prune.core.structure import READ, Structure
from prune.models import arrays as models_arrays
from prune.models import ends
from prune.models.late import keras

IMAGES = 1000  # at most, one at a time: more change the ranks of units and weights little


class Reader(NamedTuple):
    """An axis of a kernel along which it reads units."""

    kernel: str
    axis: int
    units: np.ndarray  # (length,) numbers of units, or FIXED


def weight_slopes(
    model: keras.Model, structure: Structure, calibration: Calibration, power: int
) -> Scores:
    """Return the mean over images of |gradient| ** power of each weight, by kernel, as matrices."""
    sums, number = _summed(model, structure, calibration, power)
    kernels = {name: sums[name] / number for name in structure.kernels}
    return structures.matrices(structure, kernels)


def unit_slopes(
    model: keras.Model, structure: Structure, calibration: Calibration, power: int
) -> Scores:
    """Return the mean over images of |output times its gradient| ** power of each unit, by group.

    That product is what the weights that read a unit times their gradients add up to.
    """
    sums, number = _summed(model, structure, calibration, power)
    return {name: sums[_UNITS][group.units] / number for name, group in structure.groups.items()}


_UNITS = ""  # what the sums of units are called among those of arrays


def _summed(
    model: keras.Model, structure: Structure, calibration: Calibration, power: int
) -> tuple[dict[str, np.ndarray], int]:
    """Return the sums over images, and how many there were.  `model` is used up."""
    fitted = core_inputs.fitted(calibration.shown, ends.shapes(model, "inputs"), "images")
    some = core_inputs.mapped(fitted, lambda array: array[:IMAGES])
    judge = calibration.asked.part(slice(IMAGES))
    names = {id(variable): name for name, variable in models_arrays.variables(model).items()}
    model.trainable = True
    losses, sums = _losses(model, judge), _Sums(names, structure, power)
    asked = _predicting(model)
    asked.compile(optimizer=_adder(sums), loss=_alone(losses))
    wanted = _alone([each.values for each in judge.outputs])
    asked.fit(ends.packed(model, some), wanted, batch_size=1, shuffle=False, verbose=0)
    return sums.found(), core_inputs.count(some)


def _alone(values: list[Any]) -> Any:
    """Return one value as itself, as Keras wants it."""
    return values[0] if len(values) == 1 else values


# Of Keras, by what we call them.
_LOSSES = {
    CROSS_ENTROPY: "SparseCategoricalCrossentropy",
    BINARY: "BinaryCrossentropy",
    SHARES: "CategoricalCrossentropy",
    SQUARED: "MeanSquaredError",
    "mean absolute error": "MeanAbsoluteError",
    "Huber loss": "Huber",
    "log cosh": "LogCosh",
    "mean absolute percentage error": "MeanAbsolutePercentageError",
    "mean squared logarithmic error": "MeanSquaredLogarithmicError",
    "Poisson loss": "Poisson",
}


def _losses(model: keras.Model, judge: Judge) -> list[Any]:
    """Return the loss of each output; where it can be, an output gives logits from now on."""
    found = []
    for tensor, wanted in zip(model.outputs, judge.outputs, strict=True):
        kind = getattr(keras.losses, _LOSSES[wanted.loss])
        layer = tensor._keras_history.operation
        found.append(kind(from_logits=_logits(layer)) if wanted.loss in ON_LOGITS else kind())
    return found


def _logits(layer: Any) -> bool:
    """Let an output layer give logits, which lose no digits; tell whether it does."""
    kind = getattr(layer, "activation", None)
    if kind in (keras.activations.softmax, keras.activations.sigmoid):
        layer.activation = keras.activations.linear
        return True
    return kind is keras.activations.linear


def _predicting(model: keras.Model) -> keras.Model:
    """Return a model that trains another as it predicts."""

    class Predicting(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.asked = model

        def call(self, inputs: Any) -> Any:
            return _alone(keras.tree.flatten(self.asked(inputs, training=False)))

    return Predicting()


def _readers(structure: Structure) -> list[Reader]:
    """Return the axes along which units are read, but by what only passes them on."""
    return [
        Reader(name, axis, along.units)
        for (name, axis), along in structure.axes.items()
        if along.role == READ
        and name in structure.kernels
        and axis not in structure.kernels[name].units
    ]


class _Sums:
    """The sums of |gradient| ** power of all variables, and of units, which an optimizer keeps."""

    def __init__(self, names: dict[int, str], structure: Structure, power: int) -> None:
        self._names, self._readers = names, _readers(structure)
        self._count = structures.count(structure)
        self._size = {1: keras.ops.abs, 2: keras.ops.square}[power]
        self._sums: dict[str, Any] = {}

    def begin(self, optimizer: Any, variables: list[Any]) -> None:
        """Let the optimizer make what is to be kept."""
        for each in variables:
            name = self._names[id(each)]
            self._sums[name] = optimizer.add_variable_from_reference(each, "sum")
        self._sums[_UNITS] = optimizer.add_variable((self._count + 1,), name="units")

    def add(self, variables: list[Any], gradients: list[Any]) -> None:
        """Add up the gradients of one image."""
        pairs = zip(variables, gradients, strict=True)
        found = {self._names[id(each)]: (each, gradient) for each, gradient in pairs}
        for name, (_, gradient) in found.items():
            if gradient is not None:
                self._sums[name].assign(self._sums[name] + self._size(gradient))
        self._sums[_UNITS].assign(self._sums[_UNITS] + self._size(self._parts(found)))

    def _parts(self, found: dict[str, tuple[Any, Any]]) -> Any:
        """Return output times gradient of every unit, (units + 1,), the fixed last."""
        total = keras.ops.zeros((self._count + 1,))
        for name, axis, units in self._readers:
            value, gradient = found.get(name, (None, None))
            if gradient is not None:
                others = [each for each in range(len(gradient.shape)) if each != axis]
                product = keras.ops.convert_to_tensor(value) * gradient
                places = np.where(units >= 0, units, self._count)
                own = keras.ops.sum(product, axis=others)
                total = total + keras.ops.segment_sum(own, places, self._count + 1)
        return total

    def found(self) -> dict[str, np.ndarray]:
        """Return all sums, by the names of arrays; of units by `_UNITS`."""
        return {
            name: np.asarray(keras.ops.convert_to_numpy(each)) for name, each in self._sums.items()
        }


def _adder(sums: _Sums) -> Any:
    """Return an optimizer that takes no step, and adds up the gradients it is given."""

    class Adder(keras.optimizers.Optimizer):
        def build(self, variables: list[Any]) -> None:
            if not self.built:
                super().build(variables)
                sums.begin(self, variables)

        def apply(self, grads: list[Any], trainable_variables: Any = None) -> None:
            variables = trainable_variables or self._trainable_variables
            self.build(variables)
            sums.add(variables, grads)
            self.iterations.assign(self.iterations + 1)

    return Adder(learning_rate=0.0)
