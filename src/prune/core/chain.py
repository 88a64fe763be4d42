"""What data tell of a chain of dense layers: the way of images through it, and its gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from prune.core.calibration import Calibration
from prune.core.gradients import backward
from prune.core.network import Network, Scores, forward, prunable
from prune.core.passage import See, Stop, Visit
from prune.core.refit import outputs


class ChainGoal(NamedTuple):
    """What each layer should put out on the images."""

    images: np.ndarray  # (n, inputs)
    wanted: list[np.ndarray]  # (n, units) each; of the output layer the logits

    @property
    def number(self) -> int:
        """How many images there are."""
        return len(self.images)

    def first(self, number: int) -> ChainGoal:
        """Return the goal on the first `number` images alone."""
        return ChainGoal(self.images[:number], [layer[:number] for layer in self.wanted])


def goal(network: Network, images: np.ndarray, see: See) -> ChainGoal:
    """Return what `network` puts out, and show every layer on the way."""
    inputs, wanted = images, []
    for layer in network:
        put_out = outputs(layer, inputs)
        see(Stop(layer.name, layer, inputs, put_out))
        wanted.append(put_out)
        inputs = put_out
    return ChainGoal(images, wanted)


def passed(network: Network, goal: ChainGoal, visit: Visit) -> Network:
    """Send the images through, layer after layer; return what `visit` has made of them."""
    inputs, layers = goal.images, []
    for layer, wanted in zip(network, goal.wanted, strict=True):
        layers.append(visit(Stop(layer.name, layer, inputs, wanted)))
        inputs = outputs(layers[-1], inputs)
    return tuple(layers)


def rms_inputs(network: Network, calibration: Calibration) -> Scores:
    """Return the root mean square of each layer's inputs, (inputs, 1) each."""
    squares = [np.zeros(layer.kernel.shape[0]) for layer in network]
    for images, _ in calibration.chunks():
        for i, (inputs, _) in enumerate(forward(network, images)):
            squares[i] += np.einsum("ij,ij->j", inputs, inputs)
    return {
        layer.name: np.sqrt(total / len(calibration.images))[:, None]
        for layer, total in zip(network, squares, strict=True)
    }


# What is summed of a gradient, or of a unit's part in the loss: by the power of its size.
SIZES: dict[int, Callable[[np.ndarray], np.ndarray]] = {1: np.abs, 2: np.square}


def weight_slopes(network: Network, calibration: Calibration, power: int) -> Scores:
    """Return the mean over images of |gradient| ** power of each weight."""
    size = SIZES[power]
    sums = [np.zeros(layer.kernel.shape) for layer in network]
    for images, labels in calibration.chunks():
        for i, (inputs, errors) in enumerate(zip(*backward(network, images, labels), strict=True)):
            sums[i] += size(inputs).T @ size(errors)
    return _means(network, sums, calibration)


def unit_slopes(network: Network, calibration: Calibration, power: int) -> Scores:
    """Return the mean over images of |output times its gradient| ** power of hidden units."""
    size = SIZES[power]
    sums = [np.zeros(layer.kernel.shape[1]) for layer in prunable(network)]
    for images, labels in calibration.chunks():
        inputs, errors = backward(network, images, labels)
        for i in range(len(sums)):
            part = inputs[i + 1] * (errors[i + 1] @ network[i + 1].kernel.T)
            sums[i] += size(part).sum(axis=0)
    return _means(network, sums, calibration)


def _means(network: Network, sums: list[np.ndarray], calibration: Calibration) -> Scores:
    total = len(calibration.images)
    return {layer.name: summed / total for layer, summed in zip(network, sums, strict=False)}
