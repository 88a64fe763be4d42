"""What to say of a network that hardly knows more than guessing does: why, and what to try."""

from __future__ import annotations

import numpy as np

from prune.core import forms, measure
from prune.core.anatomy import is_chain
from prune.core.chance import guessed, is_guessing
from prune.core.network import Network
from prune.files.data import Data


def remark(network: Network, test: Data, accuracy: float) -> str:
    """Say that nothing can be told of pruning `network`; empty where it knows something."""
    if not is_guessing(accuracy, test.labels):
        return ""
    known = (
        f"The unpruned network gets {_percent(accuracy)} right, and always giving the same answer "
        f"{_percent(guessed(test.labels))}: nothing here tells what pruning costs"
    )
    done, option, images = _scaled_otherwise(test)
    if not is_chain(network):
        return f"{known}; the images were {done}, try --scale {option}."
    seen = measure.evaluate(forms.dense(network), images, test.labels)
    better = seen.correct / seen.total
    advice = f"the images were {done}, with --scale {option} it gets {_percent(better)} right"
    if is_guessing(better, test.labels):
        advice += "; see that they are of the kind that it was trained on"
    return f"{known}; {advice}."


def _scaled_otherwise(test: Data) -> tuple[str, str, np.ndarray]:
    """Return what was done to the images, the other --scale, and what that would make of them."""
    if test.divisor == 1:
        return "taken as they are", "255", test.images / 255
    return f"divided by {test.divisor}", "none", test.images * test.divisor


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")
