"""Masks on the variables of a live model, which hold through every step of a training.

The optimizer applies a variable's constraint after each step, on every backend and in every
precision, in `fit` and in loops of the user's own; so that is where a mask is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from prune import PruneError
from prune.core import structure as structures
from prune.core.network import Masks
from prune.core.structure import Arrays, Structure
from prune.models import arrays as models_arrays
from prune.models.late import keras

_MASK = "prune_mask"  # the name of a variable that holds one


def everything(structure: Structure) -> Arrays:
    """Return every array with True for each of its entries."""
    return {name: np.ones(shape, bool) for name, shape in structure.shapes.items()}


def kept_entries(structure: Structure, masks: Masks) -> Arrays:
    """Return which entries of each array stay where `masks` drop kernels' weights or units.

    Arrays that lose nothing are left out.
    """
    kept = structures.masked(structure, everything(structure), masks)
    return {name: mask for name, mask in kept.items() if not mask.all()}


def nonzero_entries(structure: Structure, arrays: Arrays) -> Arrays:
    """Return which entries stay if what was pruned is to stay zero.

    That is what is zero in a kernel; and of a unit that nothing makes, its bias and whatever else
    is made of it.  Other zeros, such as those that biases begin with, may move.
    """
    empty = structures.empty_units(structure, arrays)
    kept = everything(structure) | {name: arrays[name] != 0 for name in structure.kernels}
    kept = structures.masked(structure, kept, {name: ~mask for name, mask in empty.items()})
    return {name: mask for name, mask in kept.items() if not mask.all()}


class Held:
    """A constraint that sets to zero what a mask drops, after that which was there before."""

    def __init__(self, mask: Any, before: Callable[[Any], Any] | None) -> None:
        """Take the mask, a variable of booleans, so that steps that are compiled see it change."""
        self.mask, self.before = mask, before

    def __call__(self, value: Any) -> Any:
        """Return the value with zeros."""
        value = keras.ops.convert_to_tensor(value if self.before is None else self.before(value))
        mask = keras.ops.convert_to_tensor(self.mask)
        # Not a product, of which an infinite value would make a value that is no number.
        return keras.ops.where(mask, value, keras.ops.zeros_like(value))


class Grip:
    """Holds masks in a model from when it is made until it is released; they may change."""

    def __init__(self, model: keras.Model, names: Iterable[str]) -> None:
        """Take hold of the arrays of `names`, of which nothing is dropped yet."""
        self._model = model
        every = models_arrays.variables(model)
        self._variables = {name: every[name] for name in names}
        self._masks = {name: self._attached(each) for name, each in self._variables.items()}
        self._carrier = _Carrier(model, list(self._masks.values()))
        _compile_anew(model)

    def _attached(self, variable: Any) -> Any:
        """Set the constraint of a variable; one that an interrupted training left is replaced."""
        mask = keras.Variable(
            np.ones(tuple(variable.shape), bool), trainable=False, dtype="bool", name=_MASK
        )
        variable.constraint = Held(mask, _before(variable))
        return mask

    def arrays(self) -> Arrays:
        """Return the values of all arrays of the model, as the last step has left them."""
        self._synchronise()
        return models_arrays.arrays(self._model)

    def drop(self, kept: Arrays) -> None:
        """Set all that is not `kept` to zero, and keep it there from now on."""
        self._synchronise()
        for name, mask in kept.items():
            variable = self._variables[name]
            self._masks[name].assign(mask)
            values = keras.ops.convert_to_numpy(variable.value)
            variable.assign(np.where(mask, values, values.dtype.type(0)))

    def release(self) -> None:
        """Give the model back as it was, but for its values."""
        self._synchronise()
        for variable in self._variables.values():
            variable.constraint = _before(variable)
        self._carrier.release()
        _compile_anew(self._model)

    def _synchronise(self) -> None:
        """Put what a training on JAX keeps beside the model back into it."""
        if hasattr(self._model, "jax_state_sync"):
            self._model.jax_state_sync()


def _before(variable: Any) -> Any:
    constraint = variable.constraint
    return constraint.before if isinstance(constraint, Held) else constraint


def _compile_anew(model: keras.Model) -> None:
    """Let the next step be traced again: one that was traced before has other constraints."""
    if getattr(model, "compiled", False) and getattr(model, "train_function", None) is not None:
        model.make_train_function(force=True)


def _part_buffers(model: keras.Model) -> None:
    """Give every variable values of its own.

    An average of weights that Keras has put into a model is in one buffer with it, which JAX cannot
    give to a step twice.
    """
    for variable in model.variables:
        variable.assign(np.array(keras.ops.convert_to_numpy(variable.value)))


class _Carrier:
    """Takes masks through the steps of JAX, which see only the state that they are given.

    While a training lasts they are variables of the optimizer, after all others.  They are not
    saved with it: a file that is written meanwhile is as it would be without them.
    """

    def __init__(self, model: keras.Model, masks: list[Any]) -> None:
        self._model = model
        self._optimizer: Any = None
        if keras.backend.backend() == "jax":
            optimizer = getattr(model, "optimizer", None)
            if optimizer is None:
                raise PruneError(
                    "the model has no optimizer, which on JAX takes the masks along; give it to "
                    "model.compile, in a loop of your own too"
                )
            if not optimizer.built:
                optimizer.build(model.trainable_variables)
            _part_buffers(model)
            self._optimizer = getattr(optimizer, "inner_optimizer", optimizer)
            self._optimizer._variables[:] = [*self._own(), *masks]
            self._optimizer.save_own_variables = self._save

    def _own(self) -> list[Any]:
        """Return what the optimizer has without us, nor a training that was interrupted."""
        return [each for each in self._optimizer._variables if each.name != _MASK]

    def _save(self, store: dict[str, Any]) -> None:
        for place, variable in enumerate(self._own()):
            store[str(place)] = keras.ops.convert_to_numpy(variable.value)

    def release(self) -> None:
        """Leave the optimizer its own variables."""
        if self._optimizer is not None:
            _part_buffers(self._model)
            self._optimizer._variables[:] = self._own()
            del self._optimizer.save_own_variables
            self._optimizer = None
