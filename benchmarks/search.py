"""What `prune search` finds, held against every point of a full grid of `prune compare`.

    python benchmarks/search.py FOLDER [DATA:]MODEL [[DATA:]MODEL ...] > results/search-grid.txt

Prunes each model by both methods, by every criterion and with every repair, at every k of
`compare`, and measures all of it on training images held out; then searches under each budget on
the same images, and prints what each found and how many networks each measured.  What is done is
kept in FOLDER: killed, it goes on there.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from prune import PruneError
from prune.core import anatomy
from prune.experiments import perform, sweep, ways
from prune.experiments.cells import Source, Stored
from prune.experiments.engines import Engine
from prune.experiments.prices import Prices, file_bytes
from prune.experiments.searching import Search
from prune.experiments.sweep import Curve
from prune.files.results import Attempt
from prune.models import loading
from prune.settings import lists
from prune.settings.pruning import DEFAULT_K, METHODS
from prune.settings.search import Budget, Effort
from prune.settings.study import Part

LIMIT, CALIBRATION = 12_000, 500  # training images, of which a twelfth is held out
# Points of accuracy, and shares of the bytes and the multiply-adds.
DROPS, SHARES = (Fraction(1, 100),), (Fraction(1, 4),)


class Trial(NamedTuple):
    """A network, the curves along which it can be pruned, and who measures what is left."""

    network: Any
    curves: list[Curve]
    engine: Engine
    bytes: int  # of the file of the whole network

    @property
    def macs(self) -> int:
        """The multiply-adds of the whole network."""
        return anatomy.of(self.network).multiply_adds()


def main(folder: Path, names: list[str]) -> None:
    """Print one line for each budget of each model."""
    folder.mkdir(parents=True, exist_ok=True)
    print(f"{LIMIT:,} training images, {CALIBRATION} to calibrate; a twelfth of them held out")
    for name in names:
        data, _, model = name.rpartition(":")
        trial = prepared(data or "mnist", model)
        kept = folder / Path(model).name
        points = gridded(trial, kept)
        whole = trial.engine(trial.network).value
        print(
            f"\n{Path(model).name}: {100 * whole:.2f} % held out, {trial.bytes:,} bytes, "
            f"{trial.macs:,} multiply-adds; the grid has {len(points)} points of "
            f"{len(trial.curves)} curves",
            flush=True,
        )
        for budget in budgets(trial):
            make = partial(told, budget, points, trial, whole)
            print(known(kept.with_suffix(f".{named(budget, trial)}.json"), make), flush=True)


def gridded(trial: Trial, kept: Path) -> list[Attempt]:
    """Return all points of the grid, of each curve those that were measured before."""
    return [
        Attempt(**point)
        for number, curve in enumerate(trial.curves)
        for point in known(
            kept.with_suffix(f".{number}.json"),
            partial(lambda curve: [vars(each) for each in grid(trial, curve)], curve),
        )
    ]


def known(path: Path, make: Callable[[], Any]) -> Any:
    """Return what was made before, or make it and keep it."""
    if not path.exists():
        started = time.monotonic()
        path.write_text(json.dumps(make()))
        print(f"{path.name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return json.loads(path.read_text())


def prepared(data: str, model: str) -> Trial:
    """Read a model and data; return what can be done to it."""
    stored = loading.load(Path(model))
    network, source = stored.network, Source(data, LIMIT)
    part = Part(seeds=(0,), methods=METHODS, calibration=CALIBRATION)
    normalised = anatomy.of(network).normalised()
    cells = ways.candidates(part, Stored(stored.sha256), (), normalised)
    held_out = perform.held_out(source, network)
    engine = perform.engine(cells[0], network, held_out)
    return Trial(network, list(curves(cells, network, source)), engine, file_bytes(network))


def curves(cells: list[Any], network: Any, source: Source) -> Iterator[Curve]:
    """Yield the curves that this network can have."""
    for cell in cells:
        try:
            yield perform.curve(cell, perform.Begun(network), source, spares=True)
        except PruneError as error:
            print(f"note: {error}", file=sys.stderr)


def grid(trial: Trial, curve: Curve) -> Iterator[Attempt]:
    """Measure a curve at every k of `compare` but 0."""
    ks = tuple(k for k in lists.sparsities(DEFAULT_K, "k") if k)
    plan = curve.plan._replace(sparsities=ks)
    for _, pruned in sweep.points([curve._replace(plan=plan)]):
        yield Attempt(
            curve.method,
            curve.criterion,
            lists.k(pruned.sparsity),
            curve.plan.repair,
            curve.plan.scope.name,
            0,
            trial.engine(pruned.network).value,
            file_bytes(pruned.network),
            anatomy.of(anatomy.of(pruned.network).shrunk()).multiply_adds(),
        )


def budgets(trial: Trial) -> Iterator[Budget]:
    """Yield what is looked for."""
    yield from (Budget(max_drop=drop) for drop in DROPS)
    yield from (Budget(under=int(share * trial.bytes)) for share in SHARES)
    yield from (Budget(macs=share) for share in SHARES)


def searched(trial: Trial, budget: Budget) -> Search:
    """Search along the same curves."""
    prices = Prices(file_bytes, lambda network: 1.0)
    search = Search(trial.network, trial.curves, trial.engine, budget, Effort(), prices)
    search.run()
    return search


def told(budget: Budget, points: list[Attempt], trial: Trial, whole: float) -> str:
    """Say what the grid has within a budget, what the search has found, and what each took."""
    search = searched(trial, budget)
    fits, better = judged(budget, trial, whole)
    best = max((each for each in points if fits(each)), key=better, default=None)
    found = replace(search.best.attempt, faster=None) if search.best else None
    held = best is None or (found is not None and better(found) >= better(best))
    few = 5 * len(search.attempts) <= len(points)
    return (
        f"  {named(budget, trial):12} grid {shown(best):58} search {shown(found):58} "
        f"{len(search.attempts):3} of {len(points)} measured: "
        f"{'at least as good' if held else 'WORSE'}, {'a fifth or less' if few else 'MORE'}"
    )


Fits, Better = Callable[[Attempt], bool], Callable[[Attempt], Any]


def judged(budget: Budget, trial: Trial, whole: float) -> tuple[Fits, Better]:
    """Return what fits a budget, and by what the best is told."""
    if budget.max_drop is not None:
        drop = float(budget.max_drop) + 1e-9  # of rounding
        return lambda each: whole - each.validation <= drop, lambda each: -each.bytes
    if budget.under is not None:
        return lambda each: each.bytes <= budget.under, lambda each: each.validation
    most = budget.macs * trial.macs
    return lambda each: each.macs <= most, lambda each: each.validation


def named(budget: Budget, trial: Trial) -> str:
    """Say a budget."""
    if budget.max_drop is not None:
        return f"max-drop {float(100 * budget.max_drop):g}"
    if budget.under is not None:
        return f"under {100 * budget.under / trial.bytes:.0f} %"
    return f"macs {float(100 * budget.macs):g}"


def shown(attempt: Attempt | None) -> str:
    """Name a network, and what it is."""
    if attempt is None:
        return "nothing"
    words = f"{attempt.method} {attempt.criterion} {attempt.repair} {attempt.k:g}"
    return f"{words}: {100 * attempt.validation:.2f} %, {attempt.bytes:,} B, {attempt.macs:,}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
