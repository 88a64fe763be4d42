"""Prune Keras networks by weight or by unit, and measure what it costs and what it gains.

Data flows one way; a file imports only from the floors below its own.

    compat        floor 8   the names of other tools, over ours
    api           floor 7   for scripts and notebooks: functions of a Keras model, callbacks
    cli           floor 7   parse, call one function, print
    experiments   floor 6   networks x criteria x sparsities -> rows
    runtimes      floor 5   files for LiteRT, ONNX Runtime and OpenVINO, run by those
    training      floor 5   networks trained, at first and again after pruning (on TensorFlow)
    models        floor 4   any Keras model: built, read, traced, cut, proved, run
    views         floor 4   rows -> tables and pictures (matplotlib only here)
    files         floor 3   data sets, weights and results on disk
    core          floor 2   pure functions on arrays
    settings      floor 1   what can be asked, declared once (no NumPy)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Public names, and the modules that have them, which are imported when a name is first used: to
# import this package takes neither NumPy nor Keras.  A name also stands below, for type checkers.
_LAZY: dict[str, str] = {
    "Gradual": "prune.api.callbacks",
    "Hold": "prune.api.callbacks",
    "bench": "prune.api.speeds",
    "compare": "prune.api.curves",
    "export": "prune.api.exports",
    "report": "prune.api.pages",
    "search": "prune.api.budgets",
    "sensitivity": "prune.api.curves",
    "shrink": "prune.api.functions",
    "units": "prune.api.functions",
    "weights": "prune.api.functions",
}
if TYPE_CHECKING:
    from prune.api.budgets import search as search
    from prune.api.callbacks import Gradual as Gradual
    from prune.api.callbacks import Hold as Hold
    from prune.api.curves import compare as compare
    from prune.api.curves import sensitivity as sensitivity
    from prune.api.exports import export as export
    from prune.api.functions import shrink as shrink
    from prune.api.functions import units as units
    from prune.api.functions import weights as weights
    from prune.api.pages import report as report
    from prune.api.speeds import bench as bench

__all__ = ["EnvironmentFailure", "PruneError", "__version__", *_LAZY]  # noqa: PLE0604


class PruneError(Exception):
    """A mistake the user can fix: one line that names it, what was given and what to do."""

    exit_code = 2


class EnvironmentFailure(PruneError):
    """The machine, not the user, stands in the way: disk, permission, memory, missing package."""

    exit_code = 3


if not TYPE_CHECKING:  # which would let any name pass

    def __getattr__(name: str) -> Any:
        """Import what is asked for first now."""
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = getattr(import_module(_LAZY[name]), name)
        return globals()[name]

    def __dir__() -> list[str]:
        """Name what is not imported yet, too."""
        return sorted({*globals(), *_LAZY})
