"""What measures claims takes long and runs by hand; that it finds all it uses is tested here."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))


def there(module, name):
    found = import_module(module)
    try:
        return hasattr(found, name) or import_module(f"{module}.{name}")
    except ImportError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_finds_all_that_it_imports_of_ours(script):
    imports = [
        (node.module, alias.name)
        for node in ast.walk(ast.parse(script.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "prune"
        for alias in node.names
    ]
    assert [(module, name) for module, name in imports if not there(module, name)] == []


def test_a_script_that_lost_something_would_be_seen():
    assert there("prune.core", "masks") and there("prune.core.masks", "apply")
    assert not there("prune.core", "nothing") and not there("prune.core.masks", "nothing")
