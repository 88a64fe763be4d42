"""The user's own classes, which may be built because the user names them."""

from __future__ import annotations

import importlib
from collections.abc import Collection
from typing import Any

from prune import PruneError

Trust = dict[str, Any]  # by the name that a file gives the class


def of_words(words: Collection[str]) -> Trust:
    """Import what each word names, or nothing."""
    return trusted(",".join(words)) if words else {}


def trusted(text: str) -> Trust:
    """Import `package.module:Class,Other` from where the user can import it; return by name.

    Several modules are parted by commas too: a name with a colon begins a new one.
    """
    found: Trust = {}
    module = None
    for word in filter(None, text.split(",")):
        place, colon, name = word.strip().rpartition(":")
        module = _imported(place, text) if colon else module
        if module is None or not name:
            raise PruneError(f"--trust takes module:Class,... of your own, got {text!r}")
        if not hasattr(module, name):
            raise PruneError(f"--trust: {module.__name__} has no {name!r}; see how it is spelled")
        found[name] = getattr(module, name)
    if not found:
        raise PruneError(f"--trust takes module:Class,... of your own, got {text!r}")
    return found


def _imported(place: str, text: str) -> Any:
    try:
        return importlib.import_module(place)
    except (ImportError, ValueError) as error:
        raise PruneError(
            f"--trust {text}: cannot import {place!r} ({error}); "
            "run where Python finds it, or set PYTHONPATH"
        ) from error
