"""The house: imports go down, heavy packages are imported only where they are used, and functions
are short and typed."""

from __future__ import annotations

import ast
import io
import re
import statistics
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

import prune
from prune.files import places

SOURCE = Path(prune.__file__).parent
FLOORS = {
    name: int(floor) for name, floor in re.findall(r"^    (\w+) +floor (\d)", prune.__doc__, re.M)
}
FILES = sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE)


def imported(text):
    """Yield the full name of everything that a file of ours imports, wherever in it, types too.

    Where `import_module` is used, a string that is a name of ours counts, and one that ends in a
    value (`f"prune.cli.{name}"`) for all names that begin with it.
    """
    nodes = list(ast.walk(ast.parse(text)))
    by_name = any(
        getattr(node, "id", getattr(node, "attr", "")) == "import_module" for node in nodes
    )
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif by_name and isinstance(node, ast.Constant) and str(node.value).startswith("prune."):
            yield node.value


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
    assert not breaches(path, imported(path.read_text()))


def test_a_breach_would_be_seen():
    assert breaches(SOURCE / "core" / "masks.py", ["prune.files.data.load"]) == {"files"}
    assert breaches(SOURCE / "views" / "plot.py", ["prune.training.fit"]) == {"training"}


# The package itself is no file of this graph: all import from it, and it hands out what they hold.
TEXTS = {
    ".".join(("prune", *path.relative_to(SOURCE).with_suffix("").parts)): path.read_text()
    for path in FILES
    if path.stem != "__init__"
}


def named(name, files):
    """Return the file that an imported name is or is in; all that begin with one that ends open."""
    if name.endswith("."):
        return {file for file in files if file.startswith(name)}
    return {file for file in files if name == file or name.startswith(f"{file}.")}


def circles(texts):
    """Return the largest sets of files of which each imports, through others, each."""
    imports = {
        file: set().union(*(named(name, texts) for name in imported(text))) - {file}
        for file, text in texts.items()
    }
    reached = {file: set(others) for file, others in imports.items()}
    for between in texts:
        for others in reached.values():
            if between in others:
                others.update(reached[between])
    return {
        frozenset(other for other in reached[file] if file in reached[other])
        for file in texts
        if file in reached[file]
    }


def test_no_files_import_each_other_in_a_circle():
    assert circles(TEXTS) == set()


@pytest.mark.parametrize(
    "text",
    [
        "from prune.core import ranking",
        "import prune.core.ranking",
        "if TYPE_CHECKING:\n    from prune.core.ranking import Ranks",
        "def late():\n    from prune.core.ranking import ranks",
        "import_module('prune.core.ranking')",
        "importlib.import_module(name='prune.core.ranking')",
        "import_module(f'prune.core.{name}')",
        "for name in ('numpy', 'prune.core.ranking'):\n    import_module(name)",
    ],
)
def test_a_circle_would_be_seen(text):
    planted = TEXTS | {"prune.core.network": f"{TEXTS['prune.core.network']}\n{text}\n"}
    (found,) = circles(planted)
    assert found >= {"prune.core.network", "prune.core.ranking"}


def test_a_name_in_a_string_is_no_import_by_itself():
    planted = TEXTS | {"prune.core.network": 'NAME = "prune.core.ranking"'}
    assert circles(planted) == set()


LATE = {"prune.models.late.keras": "keras", "prune.models.late.tf": "tensorflow"}


@pytest.mark.parametrize(
    ("package", "rooms"),
    [
        ("matplotlib", {"views", "api"}),  # there as a type alone
        ("keras", {"training", "models", "runtimes", "api", "compat"}),
        ("tensorflow", {"training", "models", "runtimes"}),
    ],
)
def test_heavy_packages_stay_in_their_room(package, rooms):
    users = {
        path.relative_to(SOURCE).parts[0]
        for path in FILES
        if any(LATE.get(name, name).split(".")[0] == package for name in imported(path.read_text()))
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

    assert not loaded_by("inspect", str(places.shipped()))


def test_the_numpy_engine_never_imports_tensorflow(tmp_path):
    out = str(tmp_path / "out")
    assert loaded_by("compare", "--limit", "50", "--k", "0,90", "--out", out) == {
        "matplotlib",
        "scipy",
    }


FUNCTIONS = [
    (path, node)
    for path in SOURCE.rglob("*.py")
    for node in ast.walk(ast.parse(path.read_text()))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
]
NO_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
}


def code_lines(text):
    """Return the numbers of the lines with code: neither empty nor of comments or docstrings."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    lines = {
        line
        for token in tokens
        if token.type not in NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str):
            lines -= set(range(node.lineno, node.end_lineno + 1))
    return lines


def lengths():
    """Return how many lines of code each function has, by file and name."""
    code = {path: code_lines(path.read_text()) for path in {path for path, _ in FUNCTIONS}}
    return {
        f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}": sum(
            line in code[path] for line in range(node.lineno, node.end_lineno + 1)
        )
        for path, node in FUNCTIONS
    }


def test_code_is_counted_without_what_explains_it():
    text = '''def f(x):
    """Say.

    More.
    """
    # Why.
    return g(  # here

        """two
        lines"""
    )
'''
    assert code_lines(text) == {1, 7, 9, 10, 11}


def test_functions_are_short():
    by_name = lengths()
    ordered = sorted(by_name.values())
    assert statistics.median(ordered) <= 6
    assert ordered[len(ordered) * 9 // 10] <= 16
    assert {name: length for name, length in by_name.items() if length > 40} == {}


def arguments(of):
    every = [*of.posonlyargs, *of.args, of.vararg, *of.kwonlyargs, of.kwarg]
    return [one for one in every if one is not None and one.arg not in ("self", "cls")]


def test_every_argument_is_typed_and_none_is_what_argparse_has_parsed():
    wrong = [
        f"{path.relative_to(SOURCE)}:{node.lineno} {argument.arg}"
        for path, node in FUNCTIONS
        for argument in arguments(node.args)
        if argument.annotation is None or "Namespace" in ast.unparse(argument.annotation)
    ]
    assert wrong == []


def late_imports(path, node):
    """Yield the imports inside a function, each with the comment beside it."""
    lines = path.read_text().splitlines()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import | ast.ImportFrom):
            place = f"{path.relative_to(SOURCE)}:{inner.lineno}"
            yield place, lines[inner.end_lineno - 1].partition("#")[2].strip()


def test_imports_inside_functions_are_few_and_say_why():
    reasons = dict(found for path, node in FUNCTIONS for found in late_imports(path, node))
    assert len(reasons) <= 25
    assert [place for place, reason in reasons.items() if not reason] == []
