"""Try the package with the lowest and the newest version of each dependency, on each Python here.

    python benchmarks/matrix.py [--bounds lowest,newest] [--pythons python3.11,python3.12,...]
                                [--tests tests/test_masks.py ...] [--keep DIR]

For each pair it makes a virtual environment, installs the checkout with the lowest versions that
pyproject.toml admits and that there are for this Python, or with the newest, runs some commands and
tests, and prints a line.  Needs `uv` (pip install uv), which finds the lowest.  A Python that is
not here is told as such.  Exit status 1 if anything failed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
# By what uv calls it.
BOUNDS = {"lowest": "lowest-direct", "newest": "highest"}
PYTHONS = ("python3.11", "python3.12", "python3.13")
# Quick; with the commands, of every dependency: arrays, HDF5, pictures, least squares, trackers.
TESTS = ("masks", "hdf5", "pictures", "refit", "trackers")
COMMANDS = (
    ["--version"],
    ["compare", "--k", "0,50,90", "--limit", "1000", "--html", "-q"],
    ["weight", "--k", "90", "--limit", "500", "--engine", "keras", "-q", "--out", "keras"],
    ["unit", "resnet8", "--k", "50", "--limit", "200", "-q", "--out", "model"],
    ["export", "lenet5", "--to", "litert", "--limit", "200", "-q", "--out", "file"],
)
# What is old warns of what has come since: matplotlib 3.9 of the pyparsing of today.
PYTEST = ("-p", "no:cacheprovider", "-W", "ignore::DeprecationWarning")
_LINES = 15  # of what a failure printed


def tried(python: str, bound: str, tests: list[str], own: Path) -> str:
    """Return what was tried if all went well, or the end of what went wrong."""
    uv, inside = ["uv", "pip"], ["--python", str(own / "bin" / "python")]
    # None is to be compiled, which takes more than a Python.
    resolution = ["--resolution", BOUNDS[bound], *(f"--only-binary={name}" for name in _packages())]
    steps = [
        ["uv", "venv", "-q", "--python", python, str(own)],
        [*uv, "install", "-q", *inside, *resolution, f"{ROOT}[test]"],
        *([str(own / "bin" / "prune"), *words] for words in COMMANDS),
    ]
    for step in steps:
        done = _run(step, own if own.exists() else ROOT)
        if done.returncode:
            return _end(step, done)
    words = [str(own / "bin" / "python"), "-m", "pytest", "-q", *PYTEST, *tests]
    done = _run(words, ROOT)
    if done.returncode:
        return _end(words, done)
    passed = re.sub(r" in .*", "", done.stdout.splitlines()[-1])
    listed = _run([*uv, "list", *inside, "--format", "freeze"], own).stdout
    return f"all well, {passed}; {_versions(listed)}"


def _versions(listed: str) -> str:
    """Return the versions of what the package depends on, and of Keras, which comes along."""
    found = dict(line.split("==") for line in listed.splitlines() if "==" in line)
    return ", ".join(f"{name} {found[name]}" for name in [*_packages(), "keras"])


def _packages() -> list[str]:
    """Return the names of what the package depends on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [re.split(r"\W", each)[0] for each in project["dependencies"]]


def _run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


def _end(words: list[str], done: subprocess.CompletedProcess[str]) -> str:
    end = (done.stdout + done.stderr).splitlines()[-_LINES:]
    return "\n".join([f"FAILED {' '.join(words)}: exit {done.returncode}", *end])


def _version(python: str) -> str:
    """Return which Python it is, or nothing if it does not run here."""
    try:
        return _run([python, "--version"], ROOT).stdout.strip()
    except OSError:
        return ""


def main() -> int:
    """Try every pair; print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bounds", default=",".join(BOUNDS))
    parser.add_argument("--pythons", default=",".join(PYTHONS))
    parser.add_argument("--tests", nargs="+", default=[f"tests/test_{name}.py" for name in TESTS])
    parser.add_argument("--keep", type=Path, help="where the environments stay")
    given = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as made:
        folder = given.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        for python in given.pythons.split(","):
            if not (version := _version(python)):
                print(f"{python}: not here")
                continue
            for bound in given.bounds.split(","):
                own = folder / f"{version.replace(' ', '')}-{bound}"
                said = tried(python, bound, given.tests, own)
                failed |= said.startswith("FAILED")
                print(f"{version}, {bound}: {said}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
