"""How fast is a training step?  In turn, in one process, on the home network or another.

    python benchmarks/training.py [ROUNDS [NETWORK]]

NETWORK is a file, or a name such as resnet8; it reads MNIST.

Prints the median milliseconds of a step of plain Keras (`model.fit`, as it is and with our steps in
a call), of ours, of ours with masks, and of ours with units removed, and the ratios round by round.
Processor time is told too: where other programs run it is the steadier of the two.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from prune.core import anatomy, pruning
from prune.core.network import Masks
from prune.core.plan import Plan
from prune.files import data, runs
from prune.models import keras_bridge, loading
from prune.training.compiled import STEPS_PER_CALL, Examples
from prune.training.course import Course
from prune.training.recipe import Recipe

STEPS = 64
BATCHES = (32, 128)
Run = Callable[[], object]


def built(network: Any) -> Any:
    """Return a Keras model of a network."""
    return keras_bridge.build(network) if anatomy.is_chain(network) else network.model()


def plain(network: Any, train: data.Data, batch: int, steps_in_a_call: int) -> Run:
    """Return plain Keras, ready to take `STEPS` steps."""
    keras = keras_bridge.import_keras()
    model = built(network)
    model.compile(
        optimizer=keras.optimizers.Adam(),
        loss="sparse_categorical_crossentropy",
        metrics=["sparse_categorical_accuracy"],
        steps_per_execution=steps_in_a_call,
    )
    images, labels = train.images[: STEPS * batch], train.labels[: STEPS * batch]
    images = images.reshape(-1, *model.inputs[0].shape[1:])
    return lambda: model.fit(images, labels, batch_size=batch, verbose=0)


def ours(network: Any, train: data.Data, batch: int, held: Masks | None) -> Run:
    """Return our training, ready to take `STEPS` steps."""
    examples = Examples(train.images, train.labels)
    course = Course(network, examples, Recipe(epochs=100, batch_size=batch), held)
    return lambda: course.advance(STEPS)


def masks(network: Any, method: str, sparsity: float) -> Masks:
    """Return the masks of a pruning."""
    plan = Plan(network, pruning.layers(network, method=method), (sparsity,))
    (point,) = pruning.sweep(method, next(iter(pruning.CRITERIA[method])), plan)
    return point.masks


def timed(run: Run) -> tuple[float, float]:
    """Return the milliseconds of a step, by the wall and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    run()
    milliseconds = 1000 / STEPS
    return (
        (time.perf_counter() - wall) * milliseconds,
        (time.process_time() - processor) * milliseconds,
    )


def compare(network: Any, batch: int, rounds: int) -> None:
    """Time all in turn and print."""
    train = data.load("mnist", "train")
    # Half of the weights: of so many masks nothing is cut out, and masks alone are measured.
    kinds = {
        "ours": ours(network, train, batch, None),
        "ours, masks of k = 50": ours(network, train, batch, masks(network, "weight", 0.5)),
        "ours, masks of k = 99": ours(network, train, batch, masks(network, "weight", 0.99)),
        "ours, units, k = 90": ours(network, train, batch, masks(network, "unit", 0.9)),
        "Keras fit": plain(network, train, batch, 1),
        f"Keras fit, {STEPS_PER_CALL} in a call": plain(network, train, batch, STEPS_PER_CALL),
    }
    for run in kinds.values():
        run()  # compiles
    found = {name: np.array([]).reshape(0, 2) for name in kinds}
    for _ in range(rounds):
        for name, run in kinds.items():
            found[name] = np.vstack([found[name], timed(run)])
    print(f"batch {batch}: milliseconds a step, and times ours")
    for name, times in found.items():
        ratios = times / found["ours"]
        print(
            f"  {name:24} wall {median(times[:, 0]):6.2f} ({median(ratios[:, 0]):.2f} x)   "
            f"processor {median(times[:, 1]):6.2f} ({median(ratios[:, 1]):.2f} x)"
        )


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    name = sys.argv[2] if len(sys.argv) > 2 else "mnist"
    asked, machine = loading.load(Path(name)).network, runs.machine()
    print(f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, {count} rounds")
    for size in BATCHES:
        compare(asked, size, count)
