"""Try the package with the lowest and the newest version of each dependency, on each Python here.

    python benchmarks/matrix.py [--bounds lowest,newest] [--pythons python3.11,python3.12,...]
                                [--tests tests/test_masks.py ...] [--keep DIR]

For each pair it makes a virtual environment, installs the checkout with the lowest versions that
pyproject.toml admits or with the newest that pip finds, runs some commands and tests, and prints a
line.  A Python that is not here is told as such.  Exit status 1 if anything failed.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
BOUNDS = LOWEST, NEWEST = ("lowest", "newest")
PYTHONS = ("python3.11", "python3.12", "python3.13")
# Quick, and of every dependency: arrays, HDF5, pictures, Keras.
TESTS = ("tests/test_masks.py", "tests/test_hdf5.py", "tests/test_pictures.py", "tests/test_obs.py")
COMMANDS = (
    ["--version"],
    ["compare", "--k", "0,50,90", "--limit", "1000", "--html", "-q"],
    ["weight", "--k", "90", "--limit", "500", "--engine", "keras", "-q", "--out", "keras"],
)
_LINES = 15  # of what a failure printed


def lowest(requirements: list[str]) -> list[str]:
    """Return requirements held to the lowest version that each admits.

    >>> lowest(["numpy>=2.0", "rich>=13.7,<15"])
    ['numpy==2.0.*', 'rich==13.7.*']
    """
    return [re.sub(r">=\s*([\w.]+).*", r"==\1.*", each) for each in requirements]


def tried(python: str, bound: str, tests: list[str], folder: Path) -> str:
    """Return an empty text if all went well, or the end of what went wrong."""
    own = folder / f"{Path(python).name}-{bound}"
    if failed := _run([python, "-m", "venv", str(own)], folder):
        return failed
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    held = lowest(project["dependencies"]) if bound == LOWEST else ["--upgrade"]
    install = [str(own / "bin" / "pip"), "install", "-q", f"{ROOT}[test]", *held]
    steps = [install, *([str(own / "bin" / "prune"), *words] for words in COMMANDS)]
    steps.append([str(own / "bin" / "python"), "-m", "pytest", "-q", *tests])
    for step in steps:
        where = ROOT if "pytest" in step else own
        if failed := _run(step, where):
            return failed
    return ""


def _run(words: list[str], folder: Path) -> str:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if not done.returncode:
        return ""
    end = (done.stdout + done.stderr).splitlines()[-_LINES:]
    return "\n".join([f"{' '.join(words)}: exit {done.returncode}", *end])


def main() -> int:
    """Try every pair; print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bounds", default=",".join(BOUNDS))
    parser.add_argument("--pythons", default=",".join(PYTHONS))
    parser.add_argument("--tests", nargs="+", default=list(TESTS))
    parser.add_argument("--keep", type=Path, help="where the environments stay")
    given = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as made:
        folder = given.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        for python in given.pythons.split(","):
            if shutil.which(python) is None:
                print(f"{python}: not here")
                continue
            for bound in given.bounds.split(","):
                failed = tried(python, bound, given.tests, folder)
                failures += bool(failed)
                print(f"{python} {bound}: {failed or 'all well'}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
