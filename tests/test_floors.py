"""The house: imports go down, and heavy packages are imported only where they are used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import prune

SOURCE = Path(prune.__file__).parent
FLOORS = {
    name: int(floor) for name, floor in re.findall(r"^    (\w+) +floor (\d)", prune.__doc__, re.M)
}
FILES = sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE)


def imported(path):
    """Yield the full name of everything that a file of ours imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(name):
    parts = name.split(".")
    return parts[1] if parts[0] == "prune" and len(parts) > 1 and parts[1] in FLOORS else None


def breaches(path, names):
    own = path.relative_to(SOURCE).parts[0]
    rooms = {room(name) for name in names} - {None, own}
    return {other for other in rooms if FLOORS[other] >= FLOORS[own]}


def test_every_folder_has_a_floor():
    assert set(FLOORS) == {path.parent.name for path in SOURCE.glob("*/__init__.py")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_only_from_lower_floors(path):
    assert not breaches(path, imported(path))


def test_a_breach_would_be_seen():
    assert breaches(SOURCE / "core" / "masks.py", ["prune.files.data.load"]) == {"files"}
    assert breaches(SOURCE / "views" / "plot.py", ["prune.training.fit"]) == {"training"}


@pytest.mark.parametrize(
    ("package", "rooms"),
    [("matplotlib", {"views"}), ("keras", {"training", "models"}), ("tensorflow", {"training"})],
)
def test_heavy_packages_stay_in_their_room(package, rooms):
    users = {
        path.relative_to(SOURCE).parts[0]
        for path in FILES
        if any(name.split(".")[0] == package for name in imported(path))
    }
    assert users == rooms


HEAVY = {"tensorflow", "keras", "matplotlib", "scipy", "h5py"}


def loaded_by(*argv):
    """Run the command in a fresh process; return the heavy packages it imported."""
    code = (
        "import sys; from prune.cli.main import main; main(sys.argv[1:]);"
        "print(','.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True)
    return HEAVY & set(done.stderr.splitlines()[-1].split(","))


@pytest.mark.parametrize(
    "argv",
    [
        ["--help"],
        ["--version"],
        ["weight", "--help"],
        ["train", "--help"],
        ["wieght"],
        ["weight", "--k", "101"],
        ["weight", "--weights", "none.h5"],
    ],
)
def test_help_and_errors_import_nothing_heavy(argv):
    assert not loaded_by(*argv)


def test_inspecting_a_file_imports_nothing_heavy():
    from prune.files import weights

    assert not loaded_by("inspect", str(weights.shipped()))


def test_the_numpy_engine_never_imports_tensorflow(tmp_path):
    out = str(tmp_path / "out")
    assert loaded_by("compare", "--limit", "50", "--k", "0,90", "--out", out) == {
        "matplotlib",
        "scipy",
    }
