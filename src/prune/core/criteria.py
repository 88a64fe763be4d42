"""Scores: how much each weight, or each unit, matters.

A criterion takes the network and calibration images and returns one score for each thing that
could be removed, by layer, so the shape of its answer says what is pruned: (inputs, units) for
single weights, (units,) for whole units.  Larger means keep.  What may be removed is not its
business: it scores every layer it can.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from prune.core import anatomy
from prune.core.calibration import Calibration
from prune.core.network import Scores
from prune.core.structure import Reading


def magnitude(network: Any, calibration: Calibration) -> Scores:
    """Score each weight by its absolute value (Janowsky 1989; Han 2015)."""
    return {name: np.abs(kernel) for name, kernel in anatomy.of(network).kernels().items()}


def random_weight(network: Any, calibration: Calibration) -> Scores:
    """Score each weight at random."""
    kernels = anatomy.of(network).kernels()
    return {
        name: _random(calibration.seed, i, kernel.shape)
        for i, (name, kernel) in enumerate(kernels.items())
    }


def weight_activation(network: Any, calibration: Calibration) -> Scores:
    """Score each weight by its size times the root mean square of its input (Wanda, Sun 2023)."""
    whole = anatomy.of(network)
    kernels, rms = whole.kernels(), whole.rms_inputs(calibration)
    return {name: np.abs(kernels[name]) * rms[name] for name in kernels if name in rms}


def weight_taylor(network: Any, calibration: Calibration) -> Scores:
    """Score each weight by |weight times gradient|, averaged over images (Molchanov 2016; SNIP).

    The absolute value is taken before the average: at the end of training the gradients of
    single images cancel, and their mean says nothing.
    """
    whole = anatomy.of(network)
    kernels, slopes = whole.kernels(), whole.weight_slopes(calibration, 1)
    return {name: np.abs(kernels[name]) * slopes[name] for name in kernels}


def weight_obd(network: Any, calibration: Calibration) -> Scores:
    """Score each weight by its square times the mean square of its gradient: what the loss
    gains without it, in second order (Optimal Brain Damage, LeCun 1990; with Fisher's matrix for
    the curvature, Theis 2018)."""
    whole = anatomy.of(network)
    kernels, slopes = whole.kernels(), whole.weight_slopes(calibration, 2)
    return {name: np.square(kernels[name], dtype=np.float64) * slopes[name] for name in kernels}


def lamp(network: Any, calibration: Calibration) -> Scores:
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


def norm(network: Any, calibration: Calibration) -> Scores:
    """Score each unit by the L2 norm of its column of the kernel (Li 2017, with L1)."""
    return anatomy.of(network).unit_norms()


def random_unit(network: Any, calibration: Calibration) -> Scores:
    """Score each unit at random."""
    norms = anatomy.of(network).unit_norms()
    return {
        name: _random(calibration.seed, i, norm.shape)
        for i, (name, norm) in enumerate(norms.items())
    }


def unit_activation(network: Any, calibration: Calibration) -> Scores:
    """Score each unit by the rms of its output times the norm of its outgoing weights.

    Of several rows that read it, in one kernel or many, the squares add up.
    """
    whole = anatomy.of(network)
    kernels, rms = whole.kernels(), whole.rms_inputs(calibration)
    return {
        group: np.sqrt(sum(_carried(each, kernels, rms, len(norm)) for each in readings))
        for (group, readings), norm in zip(
            whole.readings().items(), whole.unit_norms().values(), strict=False
        )
    }


def _carried(reading: Reading, kernels: Scores, rms: Scores, units: int) -> np.ndarray:
    """Return the squares of what a kernel takes from each unit of a group, (units,)."""
    scale = rms[reading.kernel]
    if scale.shape[1] == 1:
        carried = scale[:, 0] * np.linalg.norm(kernels[reading.kernel], axis=1)
    else:
        carried = np.linalg.norm(kernels[reading.kernel] * scale, axis=1)
    read = reading.units >= 0
    return np.bincount(reading.units[read], np.square(carried[read]), units)


def unit_taylor(network: Any, calibration: Calibration) -> Scores:
    """Score each unit by |output times its gradient|, averaged over images (Molchanov 2016)."""
    return anatomy.of(network).unit_slopes(calibration, 1)


def unit_obd(network: Any, calibration: Calibration) -> Scores:
    """Score each unit by the mean square of its output times its gradient (Fisher pruning)."""
    return anatomy.of(network).unit_slopes(calibration, 2)


def _random(seed: int, layer: int, shape: tuple[int, ...]) -> np.ndarray:
    # Seeded by the layer's place too, so that leaving out a layer changes no other.
    return np.random.default_rng([seed, layer]).random(shape)
