"""Refit one layer: its weights on a support, by damped least squares on what it puts out.

Each step asks of the sum before the activation what the output still lacks, and solves for that
by least squares.  For a rising activation this finds the weights although nothing is known
between kinks (GLM-tron, Kakade 2011), and all units share one Gram matrix, of which each takes
the part on its own support.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from prune.core.alive import linked
from prune.core.gradients import derivative
from prune.core.network import Activation, Layer, activation, preactivations
from prune.core.subsets import Solve, Subset, batches, equations, restrict

_MOMENTUM = 0.7  # Polyak 1964; gains at 95 % what three times the steps would
_TRIED = 24  # units on which the ridge is chosen
_FITTED = 0.8  # of the images, while the ridge is chosen on the others


class Effort(NamedTuple):
    """How hard to try."""

    steps: int
    ridges: tuple[float, ...]  # relative to the mean of the Gram matrix's diagonal


THOROUGH = Effort(8, (1e-3, 1e-2, 1e-1))
STEADY = Effort(5, (1e-3,))
QUICK = Effort(2, (1e-3,))


class Shown(NamedTuple):
    """What a layer is given, and what should come of it."""

    inputs: np.ndarray  # (n, inputs)
    wanted: np.ndarray  # (n, units)
    beside: np.ndarray | None = None  # (n, units) that is added before the activation


class Refitted(NamedTuple):
    """A refit layer, and what losing each weight would cost, the others of its unit refit."""

    layer: Layer
    losses: np.ndarray  # (inputs, units): w^2 / diag(H^-1) (Hassibi and Stork 1993)


@dataclass(frozen=True)
class _Problem:
    """Weights of `kernel`, where `kept`, are sought that turn `inputs` into `wanted`.

    A bias is one more row of the kernel, and of the inputs a column of ones.
    """

    shown: Shown
    kernel: np.ndarray  # (inputs, units), to start from
    kept: np.ndarray  # (inputs, units), boolean
    activation: Activation
    steepest: float  # the largest slope of the activation

    def images(self, some: slice) -> _Problem:
        return replace(self, shown=_part(self.shown, some, slice(None)))

    def units(self, some: np.ndarray) -> _Problem:
        return replace(
            self,
            shown=_part(self.shown, slice(None), some),
            kernel=self.kernel[:, some],
            kept=self.kept[:, some],
        )

    def rows(self, some: np.ndarray) -> _Problem:
        shown = self.shown._replace(inputs=self.shown.inputs[:, some])
        return replace(self, shown=shown, kernel=self.kernel[some], kept=self.kept[some])

    def gram(self) -> np.ndarray:
        inputs = self.shown.inputs
        return inputs.T @ inputs / np.float32(len(inputs))

    def lack(self, kernel: np.ndarray) -> np.ndarray:
        sums = self.shown.inputs @ kernel
        if self.shown.beside is not None:
            sums += self.shown.beside
        return self.shown.wanted - self.activation(sums)

    def missed(self, kernel: np.ndarray) -> np.ndarray:
        lack = self.lack(kernel)
        return np.einsum("ij,ij->j", lack, lack)


def _part(shown: Shown, images: slice, units: slice | np.ndarray) -> Shown:
    beside = None if shown.beside is None else shown.beside[images, units]
    return Shown(shown.inputs[images], shown.wanted[images, units], beside)


def outputs(layer: Layer, inputs: np.ndarray, beside: np.ndarray | None = None) -> np.ndarray:
    """Run `inputs` (n, inputs) through one layer, up to but without a softmax.

    Rows and columns of the kernel that are all zero cost no time.
    """
    rows, units = linked(layer.kernel)
    if rows.all() and units.all():
        sums = preactivations(layer, inputs)
    else:
        sums = np.zeros((len(inputs), len(units)), inputs.dtype)
        sums[:, units] = inputs[:, rows] @ layer.kernel[np.ix_(rows, units)]
        sums += 0 if layer.bias is None else layer.bias
    if beside is not None:
        sums = sums + beside
    return activation(_before_softmax(layer))(sums)


def _before_softmax(layer: Layer) -> str:
    return "linear" if layer.activation == "softmax" else layer.activation


def refit(layer: Layer, shown: Shown, support: np.ndarray, effort: Effort = THOROUGH) -> Refitted:
    """Refit the weights in `support` so that the inputs that are shown give what is wanted.

    Starts from the weights that `layer` has, which are zero outside of `support`.  A bias takes
    part, unless its unit is removed.
    """
    problem = _pose(layer, shown, support)
    rows, units = linked(problem.kept)
    fitted, losses = np.zeros_like(problem.kernel), np.zeros_like(problem.kernel)
    if rows.any():
        within = np.ix_(rows, units)
        # What nothing reads or feeds costs no time.
        small = problem if rows.all() and units.all() else problem.rows(rows).units(units)
        ridge = _best_ridge(small, effort)
        fitted[within], diagonal = _descend(small, small.gram(), ridge, effort.steps)
        losses[within] = fitted[within] ** 2 / diagonal
    size = len(layer.kernel)
    bias = None if layer.bias is None else fitted[size]
    return Refitted(layer._replace(kernel=fitted[:size], bias=bias), losses[:size])


def losses(layer: Layer, inputs: np.ndarray, ridge: float) -> np.ndarray:
    """Return what losing each weight of an unpruned layer would cost, (inputs, units)."""
    problem = _pose(layer, Shown(inputs, inputs[:, :0]), np.ones(layer.kernel.shape, bool))
    diagonal = equations(problem.gram(), ridge).inverse.diagonal()
    return (problem.kernel**2 / diagonal[:, None])[: len(layer.kernel)]


def with_ones(inputs: np.ndarray, layer: Layer) -> np.ndarray:
    """Return `inputs` (n, inputs), with a column of ones for the bias if there is one."""
    if layer.bias is None:
        return inputs
    return np.column_stack([inputs, np.ones(len(inputs), inputs.dtype)])


def _pose(layer: Layer, shown: Shown, support: np.ndarray) -> _Problem:
    name, kernel = _before_softmax(layer), layer.kernel
    if layer.bias is not None:
        kernel = np.vstack([kernel, layer.bias])
        support = np.vstack([support, support.any(axis=0) | (layer.bias != 0)])
    shown = shown._replace(inputs=with_ones(shown.inputs, layer))
    return _Problem(shown, kernel, support, activation(name), _steepest(name))


def _steepest(name: str) -> float:
    return float(derivative(name)(np.linspace(-10, 10, 2001)).max())


def _best_ridge(problem: _Problem, effort: Effort) -> float:
    """Choose the ridge whose refit of some units does best on held-out images."""
    if len(effort.ridges) == 1:
        return effort.ridges[0]
    number, units = len(problem.shown.inputs), problem.kernel.shape[1]
    some = problem.units(np.unique(np.linspace(0, units - 1, _TRIED).astype(int)))
    fitted = max(1, int(_FITTED * number))
    shown = some.images(slice(fitted))
    held_out = some.images(slice(fitted, None)) if fitted < number else shown
    gram = shown.gram()

    def error(ridge: float) -> float:
        kernel, _ = _descend(shown, gram, ridge, effort.steps)
        return float(held_out.missed(kernel).sum())

    return min(reversed(effort.ridges), key=error)


def _descend(
    problem: _Problem, gram: np.ndarray, ridge: float, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the refit kernel, and for each unit the diagonal of its subset's inverse."""
    whole = equations(gram, ridge)
    fitted, diagonal = np.empty_like(problem.kernel), np.empty_like(problem.kernel)
    for groups in batches(problem.kept):
        units = np.concatenate(groups)
        parts = [restrict(whole, problem.kept[:, group[0]]) for group in groups]
        fitted[:, units] = _iterate(problem.units(units), _together(parts, groups), steps)
        for group, part in zip(groups, parts, strict=True):
            diagonal[:, group] = part.diagonal[:, None]
    return fitted, diagonal


def _together(parts: list[Subset], groups: list[np.ndarray]) -> Solve:
    """Return what solves the columns of all `groups`, each on its own subset."""
    ends = np.cumsum([len(group) for group in groups])[:-1]

    def solve(right: np.ndarray) -> np.ndarray:
        columns = zip(parts, np.split(right, ends, axis=1), strict=True)
        return np.hstack([part.solve(some) for part, some in columns])

    return solve


def _iterate(problem: _Problem, solve: Solve, steps: int) -> np.ndarray:
    """Return the kernel after some steps; of a unit that they made worse, the one before."""
    inputs = problem.shown.inputs
    scale = np.float32(1 / (len(inputs) * problem.steepest))
    before = kernel = problem.kernel
    for _ in range(steps):
        ahead = kernel + np.float32(_MOMENTUM) * (kernel - before)
        before, kernel = kernel, ahead + solve(inputs.T @ problem.lack(ahead) * scale)
    improved = problem.missed(kernel) <= problem.missed(problem.kernel)
    return np.where(improved, kernel, problem.kernel)
