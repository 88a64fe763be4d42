"""Repair: refit the weights that survive, so that each layer answers as it did before pruning.

Layer after layer, on calibration images: inputs are those of the pruned network, the outputs
wanted are those of the whole one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from prune.core import anatomy
from prune.core.inputs import Inputs
from prune.core.network import Layer, Masks, Scores
from prune.core.passage import Goal, See, Stop, unseen
from prune.core.refit import THOROUGH, Effort, refit


def aim(network: Any, given: Inputs, see: See = unseen) -> Any:
    """Return the goal of what `network` puts out; `see` is shown every kernel on the way."""
    return anatomy.of(network).goal(given, see)


def refit_all(
    network: Any, masks: Masks, aim: Goal, effort: Effort = THOROUGH
) -> tuple[Any, Scores]:
    """Refit `network`, masked already, layer after layer.

    Layers without a mask are refit too, the output layer among them, if anything before them
    has changed.  Also returns what losing each weight of a refit layer would cost.
    """
    whole = anatomy.of(network)
    supports, losses, touched = whole.supports(masks), Scores(), False

    def visit(stop: Stop) -> Layer:
        nonlocal touched
        support = supports[stop.name]
        touched = touched or not support.all()
        if not touched:
            return stop.layer
        part = support[:, stop.columns]
        layer, lost = refit(stop.layer, stop.shown, part, effort)
        losses.setdefault(stop.name, np.zeros(support.shape, lost.dtype))[:, stop.columns] = lost
        return layer

    return whole.passed(aim, visit), losses
