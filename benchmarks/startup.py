"""How soon do help and usage errors stand there?  Two checkouts, whole processes, in turn.

    python benchmarks/startup.py OTHER_CHECKOUT [ROUNDS]

Prints the median milliseconds of both and the median of the ratios, round by round, this to the
other.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

WORDS = (
    ["--help"],
    ["nonsense"],
    ["weight", "--help"],
    ["weight", "--k", "abc"],
    ["weight", "--weights", "none.h5"],
    ["unit", "--scope", "lay"],
    ["compare", "--nope"],
    ["sensitivity", "--k", "101"],
    ["shrink", "--k", "3"],
    ["bench", "--help"],
    ["train", "--help"],
    ["inspect", "none.h5"],
    ["criteria", "--help"],
    ["depth", "--help"],
    ["study", "none.toml"],
    ["rerun", "none.json"],
)


def seconds(words: list[str], environment: dict[str, str]) -> float:
    """Run the command once, in an empty folder, and return how long it took."""
    with tempfile.TemporaryDirectory() as empty:
        started = time.perf_counter()
        argv = [sys.executable, "-m", "prune", *words]
        subprocess.run(argv, env=environment, cwd=empty, capture_output=True, check=False)
        return time.perf_counter() - started


def main() -> None:
    """Time both, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path)
    parser.add_argument("rounds", type=int, nargs="?", default=21)
    asked = parser.parse_args()
    own, other, rounds = Path(__file__).parents[1], asked.other.resolve(), asked.rounds
    if not (other / "src" / "prune").is_dir() or rounds < 1:
        parser.error(f"needs a checkout with src/prune, and rounds from 1; got {other}, {rounds}")
    with tempfile.TemporaryDirectory() as compiled:
        # As an installed package is: compiled once, wherever it lies.
        usual = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        trees = [
            usual | {"PYTHONPATH": str(tree / "src"), "PYTHONPYCACHEPREFIX": compiled}
            for tree in (own, other)
        ]
        print("  ms   other  ratio  command")
        for words in WORDS:
            for tree in trees:
                seconds(words, tree)
            pairs = [[seconds(words, tree) for tree in trees] for _ in range(rounds)]
            this, that = (1000 * median(times) for times in zip(*pairs, strict=True))
            ratio = median(first / second for first, second in pairs)
            print(f"{this:4.0f}  {that:6.0f}  {ratio:5.2f}  prune {' '.join(words)}")


if __name__ == "__main__":
    main()
