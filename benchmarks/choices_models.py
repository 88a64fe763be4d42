"""What is in view when kernels of any model are refit, chosen by training images held out.

    python benchmarks/choices_models.py DATA MODEL.keras [MODEL.keras ...]

Prunes each model with one thing changed at a time, calibrated on some training images, and
prints the accuracy on other training images.  What the source does is the first line, unless
another line is better by more than its noise.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

from prune.core import calibration, obs, pruning
from prune.core.calibration import Calibration
from prune.core.judge import classes
from prune.core.plan import Plan
from prune.core.repair import aim
from prune.core.scopes import SCOPES
from prune.files import data
from prune.models import loading, passing, spots
from prune.models.running import Engine

CALIBRATION, HELD_OUT = 1500, 3000

Change = tuple[object, str, Callable[[Any], Any]]  # where, what, and what becomes of it


def following(**without: Any) -> Change:
    """Leave something out of view that follows on the sums of a kernel."""

    def change(own: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args: own(*args)._replace(**without)

    return spots, "_following", change


def _unsummed(own: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: None


def _no_depthwise(own: Callable[..., Any]) -> Callable[..., Any]:
    def fewer(*args: Any) -> dict[str, Any]:
        return {
            name: [spot for spot in found if spot.read is not spots._depthwise]
            for name, found in own(*args).items()
        }

    return fewer


VARIANTS: dict[str, list[Change]] = {
    "as it is": [],
    "additions out of view": [(spots, "_added", _unsummed)],
    "activations out of view": [following(activation="linear", beside=None)],
    "depthwise kernels left": [(passing, "spots", _no_depthwise)],
    "places 5,000": [(passing, "ROWS", lambda _: 5000)],
    "rounds keep 0.85": [(obs, "_KEPT_PER_ROUND", lambda _: 0.85)],
    "then bn": [],
}
TRIALS = [
    ("unit", "obs", "none", "layer", (25, 50, 70)),
    ("unit", "norm", "lstsq", "layer", (25, 50)),
    ("weight", "obs", "none", "layer", (80, 90, 95)),
    ("weight", "obs", "none", "network", (80, 90, 95)),
    ("unit", "norm", "bn", "layer", (25, 50)),
]


def main(source: str, paths: list[Path], trials: list[int], variants: list[str]) -> None:
    """Print one line for each trial and variant."""
    train = data.load(source, "train")
    images = calibration.draw(train.images, train.labels, CALIBRATION + HELD_OUT, seed=0)
    for path in paths:
        model = loading.load(path).network
        side = next(iter(model.inputs().values()))
        held = Engine(
            model,
            images.images[CALIBRATION:].reshape(-1, *side),
            classes(images.labels[CALIBRATION:]),
        )
        seen = Calibration(images.images[:CALIBRATION], images.labels[:CALIBRATION])
        print(f"{path.name}: unpruned {_percent(held(model))}", flush=True)
        for trial in trials:
            print(f"{path.name}: {TRIALS[trial]}", flush=True)
            for name in variants:
                model.passages.clear()  # which have found what is in view
                with changed(VARIANTS[name]):
                    found = list(accuracies(model, seen, TRIALS[trial], (held, name == "then bn")))
                print(f"  {name:24}", *found, flush=True)


@contextmanager
def changed(changes: list[Change]) -> Iterator[None]:
    """Make `changes`, and undo them."""
    saved = [(place, name, getattr(place, name)) for place, name, _ in changes]
    for place, name, change in changes:
        setattr(place, name, change(getattr(place, name)))
    yield
    for place, name, value in saved:
        setattr(place, name, value)


def accuracies(
    model: Any, seen: Calibration, trial: tuple, how: tuple[Engine, bool]
) -> Iterator[str]:
    """Yield the percent right on the held-out training images, at each k."""
    (method, criterion, repaired, scope, ks), (engine, renewed) = trial, how
    layers = pruning.layers(model, method=method)
    sparsities = tuple(Fraction(k, 100) for k in ks)
    plan = Plan(model, layers, sparsities, seen, SCOPES[scope], repaired)
    goal = aim(model, seen.images) if renewed else None
    for point in pruning.sweep(method, criterion, plan):
        yield _percent(engine(point.network.renewed(goal) if renewed else point.network))


def _percent(found: Any) -> str:
    return f"{100 * found.correct / found.total:6.2f}"


if __name__ == "__main__":
    main(sys.argv[1], [Path(word) for word in sys.argv[2:]], [*range(len(TRIALS))], [*VARIANTS])
