"""Repair: refit the weights that survive, so that each layer answers as it did before pruning.

Layer after layer, on calibration images: inputs are those of the pruned network, the outputs
wanted are those of the whole one.
"""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple

import numpy as np

from prune.core.alive import supports
from prune.core.network import Masks, Network, Scores
from prune.core.refit import THOROUGH, Effort, outputs, refit


class Aim(NamedTuple):
    """What each layer should put out on the images."""

    images: np.ndarray  # (n, inputs)
    wanted: list[np.ndarray]  # (n, units) each; of the output layer the logits

    def first(self, number: int) -> Aim:
        """Return the aim on the first `number` images alone."""
        return Aim(self.images[:number], [layer[:number] for layer in self.wanted])


def aim(network: Network, images: np.ndarray) -> Aim:
    """Return what `network` puts out."""
    inputs = accumulate(network, lambda inputs, layer: outputs(layer, inputs), initial=images)
    return Aim(images, list(inputs)[1:])


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
