"""`prune compare` of a convolutional network against the straightforward Keras script.

    python benchmarks/compare_models.py MODEL.keras [ROUNDS]

Whole processes, in turn, with what the system says of each: seconds, seconds of the processor
(which other programs disturb less) and memory.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from prune.files import runs

HERE = Path(__file__).parent


class Used(NamedTuple):
    """What a process took."""

    seconds: float
    processor: float
    megabytes: float


def used(*argv: str) -> Used:
    """Run a command; return what it took."""
    started = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(argv)} failed with status {status}")
    seconds = time.perf_counter() - started
    return Used(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main(model: str, rounds: int) -> None:
    """Run both in turn and print the medians and their ratios."""
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            command = ("-m", "prune", "compare", "--weights", model, "--out", folder)
            ours.append(used(sys.executable, *command))
            theirs.append(used(sys.executable, str(HERE / "keras_model_script.py"), model))
    for name, each in (("prune compare", ours), ("straightforward", theirs)):
        seconds, processor, memory = (median(column) for column in zip(*each, strict=True))
        print(f"{name:16} {seconds:7.1f} s, {processor:7.1f} s of the processor, {memory:.0f} MB")
    for what in ("seconds", "processor"):
        ratios = [getattr(a, what) / getattr(b, what) for a, b in zip(ours, theirs, strict=True)]
        print(f"ratio of {what:9} {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    machine = runs.machine()
    print(f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}")
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3)
