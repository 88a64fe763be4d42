"""How the constants of repair and of the Surgeon were chosen: never by the test images.

    python benchmarks/choices.py [WEIGHTS ...]

Prunes each network (default: the shipped one) with one constant changed at a time, calibrated on
20,000 training images, and prints the accuracy on 10,000 other training images.  The constants
in the source are those of the first line unless another line is better by more than its noise.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from prune.core import calibration, obs, pruning, refit, repair
from prune.core.calibration import Calibration
from prune.core.network import Network
from prune.core.plan import Plan
from prune.experiments.engines import numpy_engine
from prune.files import data, places, weights

CALIBRATION, HELD_OUT = 20_000, 10_000


Change = tuple[object, str, object]  # where, what it is called there, what it becomes


def momentum(value: float) -> Change:
    """Change the momentum of a refit."""
    return refit, "_MOMENTUM", value


def asked(**changes: object) -> Change:
    """Change the effort of the Surgeon at a sparsity that was asked for."""
    return obs, "STEADY", refit.STEADY._replace(**changes)


def between(**changes: object) -> Change:
    """Change its effort in the rounds between."""
    return obs, "QUICK", refit.QUICK._replace(**changes)


def thorough(**changes: object) -> Change:
    """Change the effort of the repair."""
    return repair.refit_all, "__defaults__", (refit.THOROUGH._replace(**changes),)


OBS: dict[str, list[Change]] = {
    "as it is": [],
    "momentum 0.5": [momentum(0.5)],
    "momentum 0.85": [momentum(0.85)],
    "3 steps where asked": [asked(steps=3)],
    "8 steps where asked": [asked(steps=8)],
    "4 steps in between": [between(steps=4)],
    "ridge 1e-4 where asked": [asked(ridges=(1e-4,))],
    "ridge 1e-2 where asked": [asked(ridges=(1e-2,))],
    "rounds keep 0.85": [(obs, "_KEPT_PER_ROUND", 0.85)],
}
LSTSQ: dict[str, list[Change]] = {
    "as it is": [],
    "momentum 0.5": [momentum(0.5)],
    "momentum 0.85": [momentum(0.85)],
    "4 steps": [thorough(steps=4)],
    "12 steps": [thorough(steps=12)],
    "ridge from 1e-4": [thorough(ridges=(1e-4, 1e-3, 1e-2, 1e-1))],
    "ridge 1e-3 only": [thorough(ridges=(1e-3,))],
}
TRIALS = [
    ("unit", "obs", "none", (80, 90, 95), OBS),
    ("unit", "activation", "lstsq", (80, 90), LSTSQ),
    ("weight", "magnitude", "lstsq", (95,), LSTSQ),
    ("weight", "obs", "none", (95, 99), OBS),
]


def main(paths: list[Path]) -> None:
    """Print one line for each trial and variant."""
    train = data.load("mnist", "train")
    images = calibration.draw(train.images, train.labels, CALIBRATION + HELD_OUT, seed=0)
    for path in paths:
        network = weights.load(path).network
        for *curve, ks, variants in TRIALS:
            print(f"{path.name}: {' '.join(curve)}, k = {ks}", flush=True)
            for name, changes in variants.items():
                with changed(changes):
                    found = accuracies(network, images, curve, ks)
                print(f"  {name:24}", *found, flush=True)


@contextmanager
def changed(changes: list[Change]) -> Iterator[None]:
    """Make `changes`, and undo them."""
    saved = [(place, name, getattr(place, name)) for place, name, _ in changes]
    for place, name, value in changes:
        setattr(place, name, value)
    yield
    for place, name, value in saved:
        setattr(place, name, value)


def accuracies(
    network: Network, images: Calibration, curve: list[str], ks: tuple[int, ...]
) -> list[str]:
    """Return the percent right on the held-out training images, at each k."""
    method, criterion, repaired = curve
    known = Calibration(images.images[:CALIBRATION], images.labels[:CALIBRATION])
    rest = (images.images[CALIBRATION:], images.labels[CALIBRATION:])
    engine = numpy_engine(network, *rest)
    sparsities = tuple(Fraction(k, 100) for k in ks)
    plan = Plan(network, pruning.layers(network), sparsities, known, repair=repaired)
    found = (engine(point.network) for point in pruning.sweep(method, criterion, plan))
    return [f"{100 * each.correct / each.total:6.2f}" for each in found]


if __name__ == "__main__":
    main([Path(word) for word in sys.argv[1:]] or [places.shipped()])
