"""How the input dropout of studies/limit.toml was chosen: never by the test images.

    python benchmarks/dropout.py [SHARE ...]

Trains a network (batch 128, 10 epochs) without the 5,000 images that are held out, prunes it
gradually by Optimal Brain Damage to 17,895 weights in 20 epochs with each share of the pixels left
out (default: none, 0.1, 0.2, 0.3), and prints the accuracy on the images it learnt from and on
those held out.
"""

from __future__ import annotations

import sys
from fractions import Fraction

from prune.core import holdout, pruning
from prune.core.calibration import draw
from prune.core.network import Network, nonzero
from prune.core.plan import Plan
from prune.core.scopes import ranked_together
from prune.experiments.engines import numpy_engine
from prune.files import data
from prune.training import fit, retrain
from prune.training.compiled import Examples
from prune.training.recipe import Recipe

K, EPOCHS, CALIBRATION = Fraction("0.9925"), 20, 2000


def pruned(network: Network, examples: Examples, share: float) -> Network:
    """Prune and train with so much left out."""
    known = draw(examples.images, examples.labels, CALIBRATION, seed=0)
    layers = pruning.layers(network, include_output=True)
    plan = Plan(network, layers, (K,), known, ranked_together(Fraction(0)))
    recipe = Recipe(EPOCHS, 128, decay="cosine", input_dropout=share)
    gradual = retrain.Regime(
        examples, recipe, "gradual", ramp="exponential", ramp_from=Fraction("0.9")
    )
    (point,) = retrain.sweep("weight", "obd", plan, gradual)
    return point.network


def main(shares: list[float]) -> None:
    """Print one line for each share."""
    train = data.load("mnist", "train")
    learnt, held = holdout.split(len(train.labels))
    examples = Examples(train.images[learnt], train.labels[learnt])
    start = fit.initial([784, 1000, 1000, 500, 200, 10], 0)
    *_, (whole, _, _) = fit.epochs(start, examples.images, examples.labels, Recipe(10, 128))
    engines = [
        numpy_engine(whole, train.images[each], train.labels[each]) for each in (learnt, held)
    ]
    print(f"{'left out':>9} {'weights':>9} {'learnt %':>9} {'held out %':>10}")
    for name in ["unpruned", *shares]:
        found = whole if name == "unpruned" else pruned(whole, examples, name)
        known, unknown = (engine(found) for engine in engines)
        right = [100 * each.correct / each.total for each in (known, unknown)]
        print(f"{name:>9} {nonzero(found):9,} {right[0]:9.2f} {right[1]:10.2f}", flush=True)


if __name__ == "__main__":
    main([float(word) for word in sys.argv[1:]] or [0, 0.1, 0.2, 0.3])
