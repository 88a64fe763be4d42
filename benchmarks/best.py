"""How `--retrain best` was chosen: by training images held out of all that follows pruning.

    python benchmarks/best.py chain
    python benchmarks/best.py model NETWORK.keras DATA

Prunes the shipped network of Dense layers, or a model, trains it on in several ways, and prints
what each gets right of the images that are held out.
"""

from __future__ import annotations

import contextlib
import csv
import io
import sys
import tempfile

from prune.cli.main import main as prune

_GRADUAL = "--criterion obd --schedule gradual --calibration 2000"
CHAIN = [
    f"weight --k 99 --retrain 5 {each}"
    for each in (
        "",
        "--criterion obs",
        "--criterion obs --input-dropout 0.2",
        f"{_GRADUAL} --ramp cubic",
        f"{_GRADUAL} --ramp exponential",
    )
]
MODEL = [
    f"{method} --retrain 3 --limit 20000 {each}"
    for method, ways in {
        "weight --k 95": (
            "",
            "--criterion obs",
            "--criterion obs --augment 2",
            "--criterion obs --scope network --augment 2",
            "--schedule gradual --augment 2",
            "--schedule gradual --scope network --augment 2",
        ),
        "unit --k 70": (
            "",
            "--criterion obs",
            "--criterion obs --augment 2",
            "--schedule gradual --augment 2",
        ),
    }.items()
    for each in ways
]


def held_out(words: list[str]) -> float:
    """Return the share of the held out images that is right after all."""
    with tempfile.TemporaryDirectory() as folder:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            status = prune([*words, "--out", folder, "--format", "csv", "-q"])
        if status:
            raise SystemExit(status)
    (row,) = csv.DictReader(printed.getvalue().splitlines())
    return float(row["validation"])


def main(kind: str, *network: str) -> None:
    """Print one line for each way."""
    own = ["--weights", network[0], "--data", network[1]] if network else []
    for line in CHAIN if kind == "chain" else MODEL:
        print(f"{100 * held_out([*line.split(), *own]):6.2f}  {line.strip()}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
