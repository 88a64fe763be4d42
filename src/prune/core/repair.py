"""Repair: refit the weights that survive, so that each layer answers as it did before pruning.

Layer after layer, on calibration images: inputs are those of the pruned network, the outputs
wanted are those of the whole one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from prune.core.network import Masks, Network, Scores
from prune.core.refit import THOROUGH, Effort, outputs, refit


class Aim(NamedTuple):
    """What each layer should put out on the images."""

    images: np.ndarray  # (n, inputs)
    wanted: list[np.ndarray]  # (n, units) each; of the output layer the logits

    def first(self, number: int) -> Aim:
        """Return the aim on the first `number` images alone."""
        return Aim(self.images[:number], [each[:number] for each in self.wanted])


def aim(network: Network, images: np.ndarray) -> Aim:
    """Return what `network` puts out."""
    found = [images]
    for layer in network:
        found.append(outputs(layer, found[-1]))
    return Aim(images, found[1:])


def refit_all(
    network: Network, masks: Masks, aim: Aim, effort: Effort = THOROUGH
) -> tuple[Network, Scores]:
    """Refit `network`, masked already, layer after layer.

    Layers without a mask are refit too, the output layer among them, if anything before them
    has changed.  Also returns what losing each weight of a refit layer would cost.
    """
    inputs, touched, refitted, losses = aim.images, False, [], {}
    for start, wanted, support in zip(network, aim.wanted, supports(network, masks), strict=True):
        touched, layer = touched or not support.all(), start
        if touched:
            layer, losses[start.name] = refit(start, inputs, wanted, support, effort)
        refitted.append(layer)
        inputs = outputs(layer, inputs)
    return tuple(refitted), losses


def supports(network: Network, masks: Masks) -> Iterator[np.ndarray]:
    """Yield which weights of each layer may be other than zero, (inputs, units) boolean.

    A removed unit takes its column with it, and its row of the next kernel.
    """
    fed = np.ones(network[0].kernel.shape[0], bool)
    for layer in network:
        units = layer.kernel.shape[1]
        mask = masks.get(layer.name, np.ones(units, bool))
        yield fed[:, None] & mask
        removes_units = mask.ndim == 1
        fed = mask if removes_units else np.ones(units, bool)
