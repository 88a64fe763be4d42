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


class Refitted(NamedTuple):
    """A refit layer, and what losing each weight would cost, the others of its unit refit."""

    layer: Layer
    losses: np.ndarray  # (inputs, units): w^2 / diag(H^-1) (Hassibi and Stork 1993)


@dataclass(frozen=True)
class _Problem:
    """Weights of `kernel`, where `kept`, are sought that turn `inputs` into `wanted`.

    A bias is one more row of the kernel, and of the inputs a column of ones.
    """

    inputs: np.ndarray  # (n, inputs)
    wanted: np.ndarray  # (n, units)
    kernel: np.ndarray  # (inputs, units), to start from
    kept: np.ndarray  # (inputs, units), boolean
    activation: Activation
    steepest: float  # the largest slope of the activation

    def images(self, some: slice) -> _Problem:
        return replace(self, inputs=self.inputs[some], wanted=self.wanted[some])

    def units(self, some: np.ndarray) -> _Problem:
        return replace(
            self,
            wanted=self.wanted[:, some],
            kernel=self.kernel[:, some],
            kept=self.kept[:, some],
        )

    def rows(self, some: np.ndarray) -> _Problem:
        return replace(
            self, inputs=self.inputs[:, some], kernel=self.kernel[some], kept=self.kept[some]
        )

    def gram(self) -> np.ndarray:
        return self.inputs.T @ self.inputs / np.float32(len(self.inputs))

    def lack(self, kernel: np.ndarray) -> np.ndarray:
        return self.wanted - self.activation(self.inputs @ kernel)

    def missed(self, kernel: np.ndarray) -> np.ndarray:
        lack = self.lack(kernel)
        return np.einsum("ij,ij->j", lack, lack)


def outputs(layer: Layer, inputs: np.ndarray) -> np.ndarray:
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
    return activation(_before_softmax(layer))(sums)


def _before_softmax(layer: Layer) -> str:
    return "linear" if layer.activation == "softmax" else layer.activation


def refit(
    layer: Layer,
    inputs: np.ndarray,
    wanted: np.ndarray,
    support: np.ndarray,
    effort: Effort = THOROUGH,
) -> Refitted:
    """Refit the weights in `support` so that `inputs` (n, inputs) give `wanted` (n, units).

    Starts from the weights that `layer` has, which are zero outside of `support`.  A bias takes
    part, unless its unit is removed.
    """
    problem = _pose(layer, inputs, wanted, support)
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
    problem = _pose(layer, inputs, inputs[:, :0], np.ones(layer.kernel.shape, bool))
    diagonal = equations(problem.gram(), ridge).inverse.diagonal()
    return (problem.kernel**2 / diagonal[:, None])[: len(layer.kernel)]


def with_ones(inputs: np.ndarray, layer: Layer) -> np.ndarray:
    """Return `inputs` (n, inputs), with a column of ones for the bias if there is one."""
    if layer.bias is None:
        return inputs
    return np.column_stack([inputs, np.ones(len(inputs), inputs.dtype)])


def _pose(layer: Layer, inputs: np.ndarray, wanted: np.ndarray, support: np.ndarray) -> _Problem:
    name, kernel = _before_softmax(layer), layer.kernel
    if layer.bias is not None:
        kernel = np.vstack([kernel, layer.bias])
        support = np.vstack([support, support.any(axis=0) | (layer.bias != 0)])
    inputs = with_ones(inputs, layer)
    return _Problem(inputs, wanted, kernel, support, activation(name), _steepest(name))


def _steepest(name: str) -> float:
    return float(derivative(name)(np.linspace(-10, 10, 2001)).max())


def _best_ridge(problem: _Problem, effort: Effort) -> float:
    """Choose the ridge whose refit of some units does best on held-out images."""
    if len(effort.ridges) == 1:
        return effort.ridges[0]
    number, units = len(problem.inputs), problem.kernel.shape[1]
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
    scale = np.float32(1 / (len(problem.inputs) * problem.steepest))
    before = kernel = problem.kernel
    for _ in range(steps):
        ahead = kernel + np.float32(_MOMENTUM) * (kernel - before)
        before, kernel = kernel, ahead + solve(problem.inputs.T @ problem.lack(ahead) * scale)
    improved = problem.missed(kernel) <= problem.missed(problem.kernel)
    return np.where(improved, kernel, problem.kernel)
