"""How fast is `prune compare`?  Whole processes, side by side, in turn.

    python benchmarks/compare.py [ROUNDS]

Prints the median seconds and largest memory of `prune compare` (default k, tables, pictures) and of
keras_script.py (the same 20 points in plain Keras), the ratio round by round, and the evaluation
alone against its floor, the matrix products of 20 dense forward passes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from prune.core import judge, pruning
from prune.core.plan import Plan
from prune.experiments.engines import numpy_engine
from prune.files import data, places, runs, weights
from prune.settings.pruning import Pruning

HERE = Path(__file__).parent


def timed(*argv: str) -> tuple[float, float]:
    """Run a command; return its seconds and its peak memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(argv)} failed with status {status}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def whole_processes(rounds: int) -> None:
    """Time both commands in turn."""
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            ours.append(timed(sys.executable, "-m", "prune", "compare", "--out", folder))
            theirs.append(timed(sys.executable, str(HERE / "keras_script.py")))
    for name, runs_of in (("prune compare", ours), ("keras_script.py", theirs)):
        seconds = [second for second, _ in runs_of]
        print(
            f"{name:16} {median(seconds):6.2f} s ({min(seconds):.2f} to {max(seconds):.2f}), "
            f"{max(memory for _, memory in runs_of):.0f} MB"
        )
    ratios = [slow / fast for (fast, _), (slow, _) in zip(ours, theirs, strict=True)]
    print(f"ratio {median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")


def evaluation(rounds: int) -> None:
    """Time the evaluation of the 20 points against 20 times the dense matrix products."""
    network = weights.load(places.shipped()).network
    test = data.load("mnist", "test")
    sparsities = Pruning().k
    plan = Plan(network, pruning.layers(network), sparsities)
    pruned = [
        point.network
        for curve in (("weight", "magnitude"), ("unit", "norm"))
        for point in pruning.sweep(*curve, plan)
    ]
    engine = numpy_engine(network, test.images, judge.classes(test.labels))
    ours, floor = [], []
    for _ in range(rounds):
        started = time.perf_counter()
        for point in pruned:
            engine(point)
        ours.append(time.perf_counter() - started)
        started = time.perf_counter()
        for _ in pruned:
            products([layer.kernel for layer in network], test.images)
        floor.append(time.perf_counter() - started)
    ratios = [time_of / bound for time_of, bound in zip(ours, floor, strict=True)]
    print(f"20 evaluations   {median(ours):6.2f} s, the dense products alone {median(floor):.2f} s")
    print(f"ratio {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def products(kernels: list[np.ndarray], images: np.ndarray) -> None:
    """Multiply through, a thousand images at a time, on all cores, and nothing else."""
    for start in range(0, len(images), 1000):
        outputs = images[start : start + 1000]
        for kernel in kernels:
            outputs = outputs @ kernel


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    machine = runs.machine()
    print(f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, {count} rounds")
    whole_processes(count)
    evaluation(count)
