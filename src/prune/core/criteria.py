"""Scores: how much each weight, or each unit, matters.

A criterion takes the network and calibration images and returns one score for each thing that
could be removed, by layer, so the shape of its answer says what is pruned: (inputs, units) for
single weights, (units,) for whole units.  Larger means keep.  What may be removed is not its
business: it scores every layer it can.
"""

from __future__ import annotations

import numpy as np

from prune.core import anatomy
from prune.core.calibration import Calibration
from prune.core.gradients import backward
from prune.core.network import Network, Scores, forward, prunable


def magnitude(network: Network, calibration: Calibration) -> Scores:
    """Score each weight by its absolute value (Janowsky 1989; Han 2015)."""
    return {name: np.abs(kernel) for name, kernel in anatomy.of(network).kernels().items()}


def random_weight(network: Network, calibration: Calibration) -> Scores:
    """Score each weight at random."""
    kernels = anatomy.of(network).kernels()
    return {
        name: _random(calibration.seed, i, kernel.shape)
        for i, (name, kernel) in enumerate(kernels.items())
    }


def weight_activation(network: Network, calibration: Calibration) -> Scores:
    """Score each weight by its size times the root mean square of its input (Wanda, Sun 2023)."""
    rms = _rms_inputs(network, calibration)
    return {
        layer.name: np.abs(layer.kernel) * rms[:, None]
        for layer, rms in zip(network, rms, strict=True)
    }


def weight_taylor(network: Network, calibration: Calibration) -> Scores:
    """Score each weight by |weight times gradient|, averaged over images (Molchanov 2016; SNIP).

    The absolute value is taken before the average: at the end of training the gradients of
    single images cancel, and their mean says nothing.
    """
    sums = [np.zeros(layer.kernel.shape) for layer in network]
    for images, labels in calibration.chunks():
        for i, (inputs, errors) in enumerate(zip(*backward(network, images, labels), strict=True)):
            sums[i] += np.abs(inputs).T @ np.abs(errors)
    total = len(calibration.images)
    return {
        layer.name: np.abs(layer.kernel) * summed / total
        for layer, summed in zip(network, sums, strict=True)
    }


def weight_obd(network: Network, calibration: Calibration) -> Scores:
    """Score each weight by its square times the mean square of its gradient: what the loss
    gains without it, in second order (Optimal Brain Damage, LeCun 1990; with Fisher's matrix for
    the curvature, Theis 2018)."""
    sums = [np.zeros(layer.kernel.shape) for layer in network]
    for images, labels in calibration.chunks():
        for i, (inputs, errors) in enumerate(zip(*backward(network, images, labels), strict=True)):
            sums[i] += np.square(inputs).T @ np.square(errors)
    total = len(calibration.images)
    return {
        layer.name: np.square(layer.kernel, dtype=np.float64) * summed / total
        for layer, summed in zip(network, sums, strict=True)
    }


def lamp(network: Network, calibration: Calibration) -> Scores:
    """Score each weight by its square over the squares of all that outlive it (LAMP, Lee 2021).

    Within a layer the order is that of magnitude; between layers the scores compare what share
    of its layer a weight carries.
    """
    return {name: _lamp(kernel) for name, kernel in anatomy.of(network).kernels().items()}


def _lamp(kernel: np.ndarray) -> np.ndarray:
    squares = kernel.ravel().astype(np.float64) ** 2
    present = np.flatnonzero(squares)  # what is zero scores zero, and changes no other score
    order = present[np.argsort(squares[present], kind="stable")]
    ascending = squares[order]
    scores = np.zeros_like(squares)
    scores[order] = ascending / np.cumsum(ascending[::-1])[::-1]
    return scores.reshape(kernel.shape)


def norm(network: Network, calibration: Calibration) -> Scores:
    """Score each unit by the L2 norm of its column of the kernel (Li 2017, with L1)."""
    return anatomy.of(network).unit_norms()


def random_unit(network: Network, calibration: Calibration) -> Scores:
    """Score each unit at random."""
    norms = anatomy.of(network).unit_norms()
    return {
        name: _random(calibration.seed, i, norm.shape)
        for i, (name, norm) in enumerate(norms.items())
    }


def unit_activation(network: Network, calibration: Calibration) -> Scores:
    """Score each hidden unit by the rms of its output times the norm of its outgoing weights."""
    rms = _rms_inputs(network, calibration)
    return {
        layer.name: rms[i + 1] * np.linalg.norm(network[i + 1].kernel, axis=1)
        for i, layer in enumerate(prunable(network))
    }


def unit_taylor(network: Network, calibration: Calibration) -> Scores:
    """Score each hidden unit by |output times its gradient|, averaged over images (Molchanov)."""
    sums = [np.zeros(layer.kernel.shape[1]) for layer in prunable(network)]
    for images, labels in calibration.chunks():
        inputs, errors = backward(network, images, labels)
        for i in range(len(sums)):
            sums[i] += np.abs(inputs[i + 1] * (errors[i + 1] @ network[i + 1].kernel.T)).sum(axis=0)
    total = len(calibration.images)
    return {layer.name: summed / total for layer, summed in zip(network, sums, strict=False)}


def _random(seed: int, layer: int, shape: tuple[int, ...]) -> np.ndarray:
    # Seeded by the layer's place too, so that leaving out a layer changes no other.
    return np.random.default_rng([seed, layer]).random(shape)


def _rms_inputs(network: Network, calibration: Calibration) -> list[np.ndarray]:
    """Return the root mean square of each layer's inputs, (inputs,) each."""
    squares = [np.zeros(layer.kernel.shape[0]) for layer in network]
    for images, _ in calibration.chunks():
        for i, (inputs, _) in enumerate(forward(network, images)):
            squares[i] += np.einsum("ij,ij->j", inputs, inputs)
    return [np.sqrt(total / len(calibration.images)) for total in squares]
