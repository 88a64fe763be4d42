"""Whether the images are what a network was trained on: what to say if not, and what to try."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from prune.core import anatomy, forms, measure
from prune.core.chance import guessed, is_guessing
from prune.core.network import Network
from prune.files import data
from prune.files.data import Data
from prune.models import running

# More right than this leaves nothing that another scale could better by as much as is told.
_GOOD = 0.98
_FEW = 5000  # images that tell one scale from another
_POINT, _SIGMAS = 0.01, 3  # that another scale must be better by, to be told


class Doubt(NamedTuple):
    """What stands against taking the answers of an unpruned network for what it can."""

    text: str
    guesses: bool  # so that nothing at all can be concluded
    scale: str | None = None  # another one, with which it gets far more right

    def before(self, conclusion: str) -> str:
        """Return it and what can be concluded nevertheless."""
        return self.text if self.guesses else f"{self.text} {conclusion}"


def doubt(network: Network, test: Data, accuracy: float) -> Doubt | None:
    """Return what is doubtful about a network with this accuracy, if anything is."""
    if is_guessing(accuracy, test.labels):
        return _of_a_guesser(network, test, accuracy)
    return None if accuracy > _GOOD else _of_the_scale(network, test)


def _of_a_guesser(network: Network, test: Data, accuracy: float) -> Doubt:
    known = (
        f"The unpruned network gets {_percent(accuracy)} right, and always giving the same answer "
        f"{_percent(guessed(test.labels))}: nothing here tells what pruning costs"
    )
    other = _best_otherwise(network, test)
    if other is None:
        return Doubt(f"{known}; see that the data are of the kind that it was trained on.", True)
    scale, share = other
    advice = f"the images were {test.scale}, with --scale {scale} it gets {_percent(share)} right"
    if is_guessing(share, test.labels):
        kind = "see that they are of the kind that it was trained on"
        return Doubt(f"{known}; {advice}; {kind}.", True)
    return Doubt(f"{known}; {advice}.", True, scale)


def _of_the_scale(network: Network, test: Data) -> Doubt | None:
    few = test.part(slice(_FEW))
    other = _best_otherwise(network, few)
    if other is None:
        return None
    scale, share = other
    ours = _share(network, few)
    noise = sqrt(2 * ours * (1 - ours) / len(few.labels))
    if share - ours <= max(_POINT, _SIGMAS * noise):
        return None
    text = (
        f"The images were {test.scale}, and the unpruned network seems to be trained on others: "
        f"with --scale {scale} it gets {_percent(share)} of the first {len(few.labels):,} right, "
        f"as they are {_percent(ours)}."
    )
    return Doubt(text, False, scale)


def _best_otherwise(network: Network, test: Data) -> tuple[str, float] | None:
    """Return the scale, other than that of the images, with which most are right, and how many.

    None where inputs are no images, or several.
    """
    if isinstance(test.inputs, dict) or anatomy.of(network).as_they_are():
        return None
    stored = test.scale.undone(test.inputs)
    shares = {
        name: _share(network, test._replace(inputs=scale.of(stored)))
        for name, scale in data.BY_NAME.items()
        if scale != test.scale
    }
    return max(shares.items(), key=lambda each: each[1])


def _share(network: Network, test: Data) -> float:
    """Return how much of `test` is right."""
    if anatomy.is_chain(network):
        return measure.evaluate(forms.dense(network), test.images, test.labels).accuracy or 0
    return running.Engine(network, test.inputs, test.judge)(network).accuracy or 0


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")
