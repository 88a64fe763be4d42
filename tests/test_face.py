"""What `import prune` gives: little at once, the rest when it is used, all of it typed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import prune

TYPED = Path(__file__).parent / "typing"


def loaded_by(code):
    """Return the modules that a fresh process has imported after `code`."""
    code += "; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_to_import_it_imports_nothing_else():
    assert {name for name in loaded_by("import prune") if name.startswith("prune.")} == set()
    packages = {name.partition(".")[0] for name in loaded_by("import prune")}
    assert packages - set(sys.stdlib_module_names) <= {"prune", "__main__", *loaded_at_start()}


def loaded_at_start():
    return {name.partition(".")[0] for name in loaded_by("pass")}


def test_the_settings_need_no_numpy():
    rows = "[row.command() for row in COMMANDS.values()]"
    code = f"import prune.settings.study; from prune.cli.commands import COMMANDS; {rows}"
    assert "prune.settings.workers" in loaded_by(code) and "numpy" not in loaded_by(code)


@pytest.mark.parametrize(
    ("words", "read"),
    [
        (["--help"], set()),
        (["nonsense"], set()),
        (
            ["weight", "--k", "abc"],
            {"fields", "files", "gate", "lists", "pruning", "recipe", "seeds"},
        ),
    ],
)
def test_help_and_errors_read_the_settings_of_no_other_command(words, read):
    loaded = loaded_by(f"from prune.cli.main import main; main({words})")
    rooms = {name.removeprefix("prune.settings.") for name in loaded if "prune.settings." in name}
    assert rooms - {"spelling", "kinds"} == read


@pytest.mark.parametrize(
    "words",
    [
        ["weight", "none.keras"],
        ["inspect", "none.keras"],
        ["study", "none.toml"],
        ["rerun", "none.json"],
    ],
)
def test_a_file_that_is_not_there_is_told_before_numpy_is_imported(words):
    assert "numpy" not in loaded_by(f"from prune.cli.main import main; main({words})")


@pytest.mark.parametrize("collects", [True, False])
def test_the_collector_of_garbage_is_left_as_it_was(collects):
    code = f"""
import gc
if not {collects}:
    gc.disable()
import prune.__main__  # which runs nothing by that
left = [gc.isenabled()]
for words in (["--help"], ["weight", "--k", "abc"], ["criteria"]):
    prune.__main__.main(words)
    left.append(gc.isenabled())
assert left == [{collects}] * 4, left"""
    loaded_by(code)


def test_a_public_name_is_imported_when_it_is_first_used(monkeypatch):
    monkeypatch.setitem(prune._LAZY, "wilson", "prune.core.measure")
    assert "wilson" in dir(prune) and "wilson" not in vars(prune)
    from prune.core.measure import wilson

    assert prune.wilson is wilson and vars(prune)["wilson"] is wilson
    monkeypatch.delitem(vars(prune), "wilson")


def test_there_are_no_other_names():
    with pytest.raises(AttributeError, match="module 'prune' has no attribute 'comapre'"):
        prune.comapre  # noqa: B018
    assert set(prune.__all__) == {"EnvironmentFailure", "PruneError", "__version__"} | {
        *prune._LAZY
    }
    assert all(hasattr(prune, name) for name in prune.__all__)


def test_what_is_imported_late_is_what_type_checkers_read():
    tree = ast.parse(Path(prune.__file__).read_text())
    read = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("prune")
        for alias in node.names
    }
    assert read == prune._LAZY


def test_the_package_says_that_it_is_typed():
    assert (Path(prune.__file__).parent / "py.typed").exists()


def refused(path):
    """Return the lines of a file that a type checker refuses, and by which rules."""
    api = pytest.importorskip("mypy.api", reason="`pip install mypy`")
    said, _, _ = api.run(["--strict", "--no-error-summary", "--no-incremental", str(path)])
    return {
        (int(line), rule)
        for line, rule in re.findall(rf"{path.name}:(\d+): error: .*\[([\w-]+)\]$", said, re.M)
    }


def expected(path):
    lines = enumerate(path.read_text().splitlines(), 1)
    return {(i, rule) for i, line in lines for rule in re.findall(r"# refused: ([\w-]+)", line)}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["right", "wrong"])
def test_a_type_checker_refuses_what_is_wrong_and_nothing_else(name, monkeypatch):
    monkeypatch.setenv("MYPYPATH", str(Path(prune.__file__).parents[1]))
    path = TYPED / f"{name}.py"
    assert bool(expected(path)) == (name == "wrong")
    assert refused(path) == expected(path)
