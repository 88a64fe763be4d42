"""Packages that take long to import, or that not everybody has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from prune import EnvironmentFailure


def require(title: str, modules: Iterable[str], extra: str) -> None:
    """Refuse what takes packages that are not installed; `extra` is the name of those of ours."""
    for module in modules:
        found = find_spec(module)
        if found is None or found.origin is None:  # a folder that happens to be called so
            raise EnvironmentFailure(
                f"{title} needs the package {module}, which is not installed; "
                f"`pip install 'keras-prune[{extra}]'`"
            )


class Late:
    """Stands for a module until something of it is asked for."""

    def __init__(self, name: str, before: Callable[[], object] = lambda: None) -> None:
        """Name the module, and what is to be done `before` it is first imported."""
        self._name, self._before = name, before

    def __getattr__(self, name: str) -> Any:
        """Import it, and return what is asked for."""
        self._before()
        return getattr(import_module(self._name), name)
