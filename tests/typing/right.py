"""What users may write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import prune
from prune import PruneError
from prune.compat import tfmot


def status(error: PruneError) -> int:
    return 0 if isinstance(error, prune.EnvironmentFailure) else error.exit_code


def share(model: Any) -> float:
    return 0.5


def smaller(model: Any, x: Any, y: Any) -> list[Any]:
    """All that a model can be given to, by its path or itself."""
    sparse = prune.weights(model, 90, criterion="obs", data=(x, y), keep=["head*", "Embedding"])
    pattern = prune.weights(Path("mine.keras"), n_of_m=(2, 4))
    return [sparse, pattern, prune.units("mine.keras", 50.5), prune.shrink(model, tell=print)]


def measured(model: Any, x: Any, y: Any) -> list[float | None]:
    curves = prune.compare(model, (x, y), k=[0, 50, 90], methods="unit", repair=["none", "lstsq"])
    curves.plot().savefig("curves.png")
    alone = prune.sensitivity(model, share, k="0:90:10")
    alone.save("map.json")
    timed = prune.bench({"before": model, "after": "small.keras"}, (x, y), batch=[1, 32])
    prune.report(curves, "page.html")
    prune.report([curves, alone, timed, Path("results/compare")], Path("page.html"))
    seconds: list[float] = [row.seconds for row in timed.rows]
    table: str = prune.search(model, (x, y), max_drop=1).table + timed.table
    return [len(table), *seconds, *(row.accuracy for row in (*curves.rows, *alone.rows))]


callbacks = [prune.Gradual(90), prune.Gradual(50, method="unit", end="2 epochs"), prune.Hold()]
steps = tfmot.UpdatePruningStep()
version: str = prune.__version__
