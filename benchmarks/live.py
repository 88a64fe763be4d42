"""What does Python cost?  `import prune`, and `prune.compare` of a live model beside the command.

    python benchmarks/live.py [ROUNDS]

Prints the seconds of a fresh `python -c "import prune"` and of `python -c pass`, in turn, and their
ratio; then those of `prune.compare` on the shipped network as a live Keras model (20 points, 10,000
images) and of the command on its file, a whole process, in turn; and whether the rows are the
same to the byte.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from compare import timed
from prune.files import data, places, results, weights
from prune.models import keras_bridge


def started(rounds: int) -> None:
    """Time fresh processes, in turn."""
    imports, nothing = [], []
    for _ in range(rounds):
        nothing.append(timed(sys.executable, "-c", "pass")[0])
        imports.append(timed(sys.executable, "-c", "import prune")[0])
    told("python -c pass", nothing)
    told("import prune", imports)
    added = [1000 * (own - other) for own, other in zip(imports, nothing, strict=True)]
    print(f"added by the import: {median(added):.1f} ms, times {_ratio(imports, nothing):.2f}")


def compared(rounds: int) -> None:
    """Time the call and the command, in turn, and compare their rows."""
    import prune

    keras_bridge.import_keras()
    model = keras_bridge.build(weights.load(places.shipped()).network)
    test = data.load("mnist", "test", None)
    calls, commands = [], []
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "mine.keras")
        model.save(file)
        command = [sys.executable, "-m", "prune", "compare", "--weights", file, "--out", folder]
        for _ in range(rounds):
            commands.append(timed(*command)[0])
            began = time.perf_counter()
            found = prune.compare(model, (test.images, test.labels))
            calls.append(time.perf_counter() - began)
        stored = (Path(folder) / "table.json").read_text()
    told("prune.compare(model)", calls)
    told("prune compare", commands)
    print(f"the command takes {_ratio(commands, calls):.2f} times as long as the call")
    print(f"rows the same to the byte: {results.to_json(found.rows) == stored}")


def told(name: str, seconds: list[float]) -> None:
    """Print the median and the range."""
    print(f"{name:22} {median(seconds):7.3f} s ({min(seconds):.3f} to {max(seconds):.3f})")


def _ratio(ones: list[float], others: list[float]) -> float:
    return median(one / other for one, other in zip(ones, others, strict=True))


if __name__ == "__main__":
    count = int(sys.argv[1]) if sys.argv[1:] else 5
    started(4 * count)
    compared(count)
