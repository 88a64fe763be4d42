"""The model within a budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from prune import PruneError
from prune.api import asking, material, options, shown, subject
from prune.api.shown import Shown
from prune.api.subject import ModelOrPath, Subject
from prune.core import anatomy
from prune.core.judge import ACCURACY
from prune.experiments import perform, prices, ways
from prune.experiments.cells import Cell, Given, Source, Stored
from prune.experiments.prices import Prices
from prune.experiments.searching import Search
from prune.experiments.sweep import Curve
from prune.files.folders import Run
from prune.files.results import Attempt
from prune.models import live
from prune.settings.pruning import METHODS
from prune.settings.search import Budget, Effort
from prune.views import budgets as views
from prune.views.tables import Table

if TYPE_CHECKING:
    import keras  # type: ignore[import-untyped]


@dataclass(frozen=True)
class Found(Shown):
    """What a search has found; a notebook shows the table of all that was measured."""

    model: keras.Model  # within the budget, without what no longer matters
    chosen: Attempt
    attempts: tuple[Attempt, ...]  # all that were measured, a field for each column
    metric: str = ACCURACY  # or what the loss that tells which is best is called

    def _tabled(self) -> Table:
        return views.table(self.attempts, self.metric)


def search(
    model: ModelOrPath,
    data: Any,
    *,
    max_drop: float | None = None,
    under: str | int | None = None,
    faster: float | None = None,
    macs: float | None = None,
    minutes: int | None = None,
    tries: int | None = None,
    then: str | None = None,
    methods: str | Sequence[str] = METHODS,
    criterion: str | Sequence[str] | None = None,
    repair: str | Sequence[str] | None = None,
    scope: str | None = None,
    keep: Sequence[str] = (),
    include: Sequence[str] = (),
    calibration: int | None = None,
    retrain: int | None = None,
    seed: int = 0,
) -> Found:
    """Return the smallest model that loses little, or the best that is small or fast enough.

    - `data`: training data, (x, y) or a data set of such batches.  A twelfth, at most 5,000, is
      held out to choose by; criteria and repairs look at the rest.
    - `max_drop`: points of accuracy that may be lost, such as 1.0.
    - `under`: how long the deflated `.keras` file may be, such as "500KB"; `faster`: how many times
      as fast as before it must answer; `macs`: percent of the multiply-adds that it may take.
    - `minutes` and `tries` bound the search, which then gives the best so far.
    - `then`: with `max_drop` and one of `methods`, prune what that has found further by the other.
    - `retrain`: then train along the best curve of each method, for so many epochs each.
    - the others as in `prune.compare`; left out, every criterion and repair there is.

    The given model is not changed.  Raises `PruneError` if no model is within the budget.
    """
    priced = {"max_drop": max_drop, "under": under, "faster": faster, "macs": macs}
    budget = options.read(Budget, priced)
    budget.check()
    effort = options.read(Effort, {"minutes": minutes, "tries": tries, "then": then})
    asked: dict[str, Any] = {"methods": methods, "criterion": criterion, "repair": repair}
    asked |= {"scope": scope, "keep": keep, "include": include, "calibration": calibration}
    asked |= {"retrain": retrain}
    ways.check_then(budget, effort, asking.part(asked, seed).methods)
    given = subject.of(model)
    cells = [_cells(given, asked, seed), _cells(given, asked | {"methods": then}, seed)]
    read = material.read(data, "train", asking.names(given))
    source = Source(asking.NAME, None, given=Given(train=read))
    search = _search(given, cells[0], source, (budget, effort))
    if then and search.best and not search.ended:
        given, search = _further(given, search, cells[1], source)
    perform.forget()  # or the data would stay in memory
    asked |= {**priced, "then": then, "seed": seed}
    return _found(given, search, shown.record("search", given, source, asked, {}))


def _cells(given: Subject, asked: dict[str, Any], seed: int) -> list[Cell]:
    """Return the curves to look along by the methods that are asked for, if any are."""
    if not asked["methods"]:
        return []
    named = {name for name, value in asked.items() if value is not None}
    normalised = anatomy.of(given.network).normalised()
    return ways.candidates(asking.part(asked, seed), Stored("", seed), named, normalised)


def _search(
    given: Subject, cells: list[Cell], source: Source, bounds: tuple[Budget, Effort]
) -> Search:
    held_out = perform.held_out(source, given.network)
    if not held_out.total:
        raise PruneError("there are too few examples to hold some out: at least 12 are needed")
    ways.check_points(bounds[0].max_drop, held_out)
    curves = list(_curves(given, cells, source))
    search = Search(
        given.network,
        curves,
        perform.engine(cells[0], given.network, held_out),
        *bounds,
        Prices(prices.file_bytes, prices.stopwatch(given.network, held_out.inputs)),
        regime=curves[0].retraining,
    )
    search.run()
    return search


def _further(
    given: Subject, search: Search, cells: list[Cell], source: Source
) -> tuple[Subject, Search]:
    """Go on from what was found, by the other method; return that, too."""
    small = subject.of(live.shrunk(given.template, search.chosen))
    curves = list(_curves(small, cells, source))
    engine = perform.engine(cells[0], small.network, perform.held_out(source, small.network))
    after = views.name(search.best.attempt)  # type: ignore[union-attr]  # it is there
    second = search.further(small.network, curves, engine, after)
    second.run()
    return (given if second.best is search.best else small), second


def _curves(given: Subject, cells: list[Cell], source: Source) -> Iterator[Curve]:
    """Yield the curves that this model can have; at least one must be."""
    refusals = []
    for cell in cells:
        try:
            yield perform.curve(cell, perform.Begun(given.network), source, spares=True)
        except PruneError as error:
            refusals.append(error)
    if len(refusals) == len(cells):
        raise refusals[0]


def _found(given: Subject, search: Search, record: dict[str, Any]) -> Found:
    if search.best is None:
        raise PruneError(f"no model is within the budget: {views.nearest(search)}")
    best = search.best.attempt
    attempts = tuple(replace(each, chosen=each == best) for each in search.attempts)
    small = live.shrunk(given.template, search.chosen)
    run = Run("search", record, others=shown.cells(attempts))
    metric = search.unpruned.metric
    return Found(small, replace(best, chosen=True), attempts, metric, run=run)
