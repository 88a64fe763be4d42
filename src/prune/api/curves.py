"""Measured curves of a model: how much can go, and what it costs."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from prune import EnvironmentFailure
from prune.api import asking, material, shown, subject
from prune.api.shown import Shown
from prune.api.subject import ModelOrPath, Subject
from prune.core import anatomy
from prune.core.allocate import Path
from prune.core.measure import Evaluation
from prune.core.outline import Counts, Outline
from prune.experiments import perform, sweep
from prune.experiments import sensitivity as alone
from prune.experiments.cells import Cell, Given, Source
from prune.experiments.engines import Engine
from prune.files import allocations, atomic, results
from prune.files.folders import Run
from prune.files.outlines import Layers
from prune.files.results import Row
from prune.models import live
from prune.models.net import KERAS, net
from prune.settings.files import BY_K
from prune.settings.kinds import check_known
from prune.settings.pruning import GAINS, METHODS, NO_REPAIR, THINGS, WEIGHT
from prune.views import tables, words
from prune.views.tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    Number = Callable[[Any], float]


@dataclass(frozen=True)
class Measured(Shown):
    """Rows that were measured, as a table, a picture, or a data frame.

    `rows` have a field for each column of `prune compare --format csv`; `unpruned` is what the
    model does before anything is pruned.  A notebook shows the table.
    """

    rows: tuple[Row, ...]
    unpruned: Evaluation
    _table: Callable[[list[Row]], Table] = field(repr=False)
    _plot: Callable[[list[Row]], Figure] = field(repr=False)
    _said: Callable[[list[Row]], str] = field(repr=False)

    def _tabled(self) -> Table:
        return self._table(list(self.rows))

    @property
    def conclusion(self) -> str:
        """What came of it, in a sentence."""
        return self._said(list(self.rows))

    def frame(self) -> Any:
        """Return the rows as a `pandas.DataFrame`; `PruneError` if pandas is not installed."""
        try:
            pandas = import_module("pandas")
        except ImportError as error:
            raise EnvironmentFailure(
                "a frame needs pandas, which is not installed: pip install pandas; .rows and "
                ".table need nothing"
            ) from error
        return pandas.DataFrame([results.values(row) for row in self.rows])

    def plot(self) -> Figure:
        """Return a figure of the curves; a notebook shows it, `.savefig(path)` writes it."""
        return self._plot(list(self.rows))

    def _repr_markdown_(self) -> str:
        return f"{super()._repr_markdown_()}\n{self.conclusion}\n"

    def __str__(self) -> str:
        """Return the table and the conclusion."""
        return f"{self.table}\n{self.conclusion}"


@dataclass(frozen=True)
class Sensitivity(Measured):
    """Each layer pruned alone; and how far each should go, by what that costs."""

    allocation: dict[str, Path] = field(default_factory=dict)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the allocation, for `k_map` of `prune.weights`, `prune.units` and the command."""
        atomic.write(pathlib.Path(path), allocations.to_json(self.allocation).encode())


def compare(
    model: ModelOrPath,
    data: Any,
    k: float | str | Iterable[float] | None = None,
    *,
    methods: str | Sequence[str] = METHODS,
    criterion: str | Sequence[str] | None = None,
    repair: str | Sequence[str] = NO_REPAIR,
    scope: str | None = None,
    floor: float | None = None,
    keep: Sequence[str] = (),
    include: Sequence[str] = (),
    train: Any = None,
    calibration: int | None = None,
    controls: bool = False,
    engine: str | None = None,
    seed: int = 0,
) -> Measured:
    """Prune a model to each k, by each method, criterion and repair, and measure each.

    - `data`: to measure on: (x, y) arrays as the model takes them, x (n, ...) and y (n,); a data
      set or loader of such batches; or a function of a Keras model that gives one number, the
      larger the better.
    - `k`: percents, such as [0, 50, 90] or "0:90:10".
    - `train`: for criteria and repairs that look at data: some of the training data.
    - `controls`: random pruning too, for every curve to beat.
    - the others as in `prune.weights`; several in a list give several curves.

    The rows are those of the command `prune compare` on the same model and data.  The model is
    not changed.  Raises `PruneError` for what cannot be asked.
    """
    asked: dict[str, Any] = {"methods": methods, "criterion": criterion, "repair": repair, "k": k}
    asked |= {"scope": scope, "floor": floor, "keep": keep, "include": include}
    asked |= {"calibration": calibration, "controls": controls, "engine": engine}
    cells = asking.cells(asked, seed)
    given, source = _prepared(model, data, train if any(map(perform.learns, cells)) else None)
    rows, unpruned, layers = _measured(given, cells, source)
    said = partial(words.conclusion, unpruned=_value(unpruned))
    methods_asked = list(dict.fromkeys(cell.method for cell in cells))
    name = "compare" if len(methods_asked) > 1 else methods_asked[0]
    told = {"unpruned": unpruned._asdict(), "conclusion": said(rows)}
    record = shown.record(name, given, source, asked | {"seed": seed}, told)
    return Measured(
        tuple(rows),
        unpruned,
        partial(tables.table, with_published=False),
        partial(_drawn, unpruned=_value(unpruned), network=given.network),
        said,
        run=Run(name, record, shown.cells(rows), layers),
    )


def sensitivity(
    model: ModelOrPath,
    data: Any,
    k: float | str | Iterable[float] | None = None,
    *,
    method: str = WEIGHT,
    criterion: str | None = None,
    repair: str | None = None,
    keep: Sequence[str] = (),
    include: Sequence[str] = (),
    train: Any = None,
    calibration: int | None = None,
    engine: str | None = None,
    per: str = THINGS,
    seed: int = 0,
) -> Sensitivity:
    """Prune each layer, or group of units, alone to each k, and measure each.

    The rows are measured on `data`, and the `allocation` is chosen by the losses on `train`, some
    of the training data, or else on `data` too; with a function for data there is none.  It spreads
    `per` "things", "macs" or "bytes".  The other arguments are those of `compare`.
    """
    asked: dict[str, Any] = {
        "method": method,
        "criterion": criterion,
        "repair": repair,
        "k": k,
        "keep": keep,
    }
    asked |= {"include": include, "calibration": calibration, "engine": engine}
    check_known(per, GAINS, "per")
    (cell,) = asking.cells(asked, seed)
    given, source = _prepared(model, data, train)
    return _alone(given, cell, source, asked | {"per": per, "seed": seed})


def _alone(given: Subject, cell: Cell, source: Source, asked: dict[str, Any]) -> Sensitivity:
    line = asking.curve(given, cell, source)
    reported = perform.engines([cell], given.network, source).test
    chosen_by = _chosen_by(given, cell, source) or reported
    whole = alone.Both(chosen_by(given.network), perform.whole(given.network, reported))
    pairs = list(alone.rows(line, whole, chosen_by, reported))
    perform.forget()  # or the data would stay in memory
    learnt = [row for row, _ in pairs]
    before = alone.unpruned_row(line, whole.training)
    untold = whole.training.loss is None
    path = {} if untold else alone.suggest(learnt, before, list(cell.k), asked["per"])
    rows = [row for _, row in pairs]
    said = partial(words.most_sensitive, unpruned=_value(whole.test))
    told = {"unpruned": whole.test._asdict(), "conclusion": said(rows)}
    record = shown.record("sensitivity", given, source, asked, told)
    return Sensitivity(
        tuple(rows),
        whole.test,
        tables.by_layer,
        _drawn_alone,
        said,
        path,
        run=Run("sensitivity", record, shown.cells(rows), _layers(given)),
    )


def _layers(given: Subject, outline: Outline = (), left: Sequence[Counts] = ()) -> Layers:
    """Return the layers of a model, and what is left of each at each point."""
    whole = anatomy.of(given.network)
    outline = outline or whole.outline()
    return Layers(outline, whole.counts(outline), tuple(left))


def _prepared(model: ModelOrPath, data: Any, train: Any) -> tuple[Subject, Source]:
    """Return the model and the data as the command line would have read them."""
    given = subject.of(model)
    names = asking.names(given)
    learnt = None if train is None else material.read(train, "train", names)
    if material.is_function(data):
        if anatomy.is_chain(given.network):  # such functions take models of Keras
            given = replace(given, network=net(given.template), given=given.template)
        score = _scored(data, given.template)
        return given, Source(asking.NAME, None, given=Given(train=learnt, score=score))
    test = material.read(data, "test", names)
    return given, Source(asking.NAME, None, given=Given(test=test, train=learnt))


def _scored(number: Callable[[Any], float], template: Any) -> Callable[[Any], float]:
    """Return a function of the user's, that is given models compiled as theirs, one at a time."""

    def score(model: Any) -> float:
        with KERAS:
            return float(number(live.like(template, model)))

    name = getattr(number, "__name__", "score")
    score.__name__ = name if name.isidentifier() else "score"  # of a lambda
    return score


def _value(evaluation: Evaluation) -> float:
    return float("nan") if evaluation.value is None else evaluation.value


def _measured(
    given: Subject, cells: list[Cell], source: Source
) -> tuple[list[Row], Evaluation, Layers]:
    lines = [asking.curve(given, cell, source) for cell in cells]
    engines = perform.engines(cells, given.network, source)
    unpruned, outline = perform.whole(given.network, engines.test), _layers(given).outline
    seen = list(sweep.seen(sweep.points(lines), unpruned, engines, outline))
    perform.forget()  # or the data would stay in memory
    left = [each.left for each in seen]
    return [each.row for each in seen], unpruned, _layers(given, outline, left)


def _chosen_by(given: Subject, cell: Cell, source: Source) -> Engine | None:
    """Return who measures on the training data, if there are any."""
    if source.given is None or source.given.train is None:
        return None
    drawn = perform.sample(source, given.network, cell.calibration, cell.training.seed)
    return perform.engine(cell, given.network, drawn)


def _drawn(rows: list[Row], unpruned: float, network: Any) -> Figure:
    (shape, *_) = anatomy.of(network).outputs().values()
    classes = max(2, *(side or 2 for side in shape))
    figure: Figure = _pictures().accuracy(rows, unpruned, classes, False, BY_K)
    return figure


def _drawn_alone(rows: list[Row]) -> Figure:
    figure: Figure = _pictures().sensitivity(rows)
    return figure


def _pictures() -> Any:
    from prune.views import plot  # here: it imports matplotlib

    return plot
