"""`prune search`: the network within a budget, and what was tried to find it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prune import PruneError
from prune.cli import job as jobs
from prune.cli import pages, parts
from prune.cli.asked import Asked
from prune.cli.console import Console
from prune.core import anatomy
from prune.core.judge import ACCURACY
from prune.core.measure import Evaluation
from prune.experiments import perform, prices, shrinking, ways
from prune.experiments.cells import Cell, Source, Stored
from prune.experiments.prices import Prices
from prune.experiments.searching import Search
from prune.experiments.shrinking import Saved
from prune.experiments.sweep import Curve
from prune.files import atomic, runs, tries, weights
from prune.files.data import Data
from prune.files.results import Attempt
from prune.files.weights import WeightsFile
from prune.settings.files import Out, Save, Talk
from prune.settings.pruning import METHODS, Images, Pruning
from prune.settings.recipe import Retraining
from prune.settings.search import Budget, Effort
from prune.settings.spelling import counted
from prune.views import budgets as views


@dataclass(frozen=True)
class Quest:
    """A search that is ready to run."""

    asked: Asked
    console: Console
    stored: WeightsFile
    source: Source
    cells: list[Cell]
    further: list[Cell]  # of the method to go on by, if there is one
    path: Path  # of the file to write
    test: Data
    held_out: Data  # training examples to choose by

    @property
    def out(self) -> Path:
        """The folder for files."""
        return self.asked.of(Out).out

    @property
    def metric(self) -> str:
        """What tells which network is best."""
        judge = self.held_out.judge
        return ACCURACY if judge is None else judge.metric


def run(asked: Asked) -> int:
    """Check everything, search, prove, save, report, print."""
    quest = _prepared(asked)
    curves = list(_curves(quest, quest.cells, quest.stored.network))
    record = runs.Record(asked.words, quest.asked.plain(), jobs.inputs(quest.stored, quest.test))
    with runs.recorded(quest.out, record):
        search = _searched(quest, curves)
        if quest.asked.of(Effort).then and search.best and not search.ended:
            search = _further(quest, search)
        before, after = _on_test(quest, search)
        attempts = _marked(search)
        texts = jobs.write_tables(
            quest.out, attempts, [views.table(attempts, quest.metric)], Attempt
        )
        if search.best:
            atomic.write(quest.path, _saved(quest, search.chosen).content)
        said = views.conclusion(search, before, after)
        record.results = {"conclusion": said, "measured": len(search.attempts)}
        status = quest.console.picture(quest.out, "front", _front(quest, search, attempts))
    status = pages.share(asked, quest.out) or status
    print(texts[asked.of(Out).format], end="")
    quest.console.say(f"\n{said}")
    return _close(quest, search, before, after) or status


def _prepared(asked: Asked) -> Quest:
    """Read and check all that was given, before anything is computed."""
    asked.of(Budget).check()
    ways.check_then(asked.of(Budget), asked.of(Effort), asked.methods())
    path = _path(asked)
    stored, source = jobs.load(asked), jobs.images(asked)
    # With `--retrain best` each of two methods goes by its own recipe.
    asked, *others = (jobs.at_best(each, stored.network, source) for each in _by_method(asked))
    test = perform.images(source, "test", stored.network)
    held_out = perform.held_out(source, stored.network)
    if not held_out.total:
        raise PruneError(f"data {source.name}: there are too few training images to choose by")
    ways.check_points(asked.of(Budget).max_drop, held_out)
    console = Console(asked.of(Talk).quiet)
    jobs.remark_on_scale(console, source.scale, test, held_out)
    if few := views.few(asked.of(Budget), held_out.total):
        console.warn(few)
    for folder, option in ((path.parent, "--save"), (asked.of(Out).out, "--out")):
        runs.prove_writable(folder, option)
    cells = _cells(asked, stored), [cell for each in others for cell in _cells(each, stored)]
    return Quest(asked, console, stored, source, *cells, path, test, held_out)


def _path(asked: Asked) -> Path:
    """Return the file to write; by default it stands in the folder for files."""
    save = asked.of(Save)
    if save.save is None:
        return asked.of(Out).out / "model.keras"
    if save.save.suffix != ".keras":
        raise PruneError(f"what is found is saved as .keras, got --save {save.save}")
    jobs.refuse_overwriting(save)
    return save.save


def _by_method(asked: Asked) -> Iterator[Asked]:
    """Yield what is asked of the first search, and of the one that goes on by another method."""
    yield asked
    if then := asked.of(Effort).then:
        yield asked._replace(given=asked.given | {"method": then})


def _cells(asked: Asked, stored: WeightsFile) -> list[Cell]:
    part = parts.of(asked)
    # Of two methods, one after the other, each takes the criteria that it knows, or its usual one.
    jobs.check_criteria(replace(part, methods=METHODS) if asked.of(Effort).then else part)
    network = Stored(stored.sha256, part.seeds[0], stored.assumed)
    normalised = anatomy.of(stored.network).normalised()
    return ways.candidates(part, network, asked.given, normalised)


def _curves(quest: Quest, cells: list[Cell], network: Any) -> Iterator[Curve]:
    for cell in cells:
        begun = perform.Begun(network)
        try:
            yield perform.curve(cell, begun, quest.source, spares=True)
        except PruneError as error:
            if "criterion" in quest.asked.given:
                raise
            quest.console.say(f"note: {error}")


def _searched(quest: Quest, curves: list[Curve]) -> Search:
    """Look along all curves; what an earlier search has measured is not measured again."""
    network, held_out = quest.stored.network, quest.held_out
    identity = _identity(quest)
    kept = tries.read(quest.out, identity)
    if kept:
        quest.console.say(f"going on: {counted(len(kept), 'network')} measured before")

    def keep(attempt: Attempt) -> None:
        kept.append(attempt)
        tries.write(quest.out, identity, kept)
        quest.console.say(views.point(attempt, quest.metric))

    search = Search(
        network,
        curves,
        perform.engine(quest.cells[0], network, held_out),
        quest.asked.of(Budget),
        quest.asked.of(Effort),
        Prices(prices.file_bytes, prices.stopwatch(network, held_out.inputs)),
        {(each.after, each.curve, each.k): each for each in kept},
        keep,
        regime=curves[0].retraining,
    )
    macs = anatomy.of(network).multiply_adds()
    quest.console.say(views.reach(prices.file_bytes(network), macs, search.reach()))
    search.run()
    return search


def _further(quest: Quest, search: Search) -> Search:
    """Save what was found, and go on from that file by the other method."""
    saved = _saved(quest, search.chosen)
    atomic.write(quest.path, saved.content)
    network, after = saved.network, views.name(search.best.attempt)
    quest.console.say(f"saved {quest.path}: {after}; going on from it")
    curves = list(_curves(quest, quest.further, network))
    engine = perform.engine(quest.further[0], network, quest.held_out)
    second = search.further(network, curves, engine, after)
    second.regime = curves[0].retraining
    second.run()
    return second


def _identity(quest: Quest) -> dict[str, Any]:
    """Return all that what is measured depends on."""
    asked = quest.asked
    settings = [asked.of(each) for each in (Pruning, Images, Budget, Retraining)]
    told = {name: str(value) for each in settings for name, value in vars(each).items()}
    sums = {"weights": quest.stored.sha256, "data": quest.held_out.sha256}
    return told | sums | {"curves": [f"{cell.method} {cell.criterion}" for cell in quest.cells]}


def _marked(search: Search) -> list[Attempt]:
    """Return all that was measured, and which was chosen."""
    best = search.best.attempt if search.best else None
    return [replace(each, chosen=each == best) for each in search.attempts]


def _on_test(quest: Quest, search: Search) -> tuple[Evaluation, Evaluation | None]:
    """Return what the network does on the test set, before and after: once, to be reported."""

    def measured(network: Any) -> Evaluation:
        return perform.engine(quest.cells[0], network, quest.test)(network)

    return measured(quest.stored.network), measured(search.chosen) if search.best else None


def _saved(quest: Quest, pruned: Any) -> Saved:
    """Return the file of what was found, read back and proved."""
    if anatomy.is_chain(pruned):
        write = weights.writer(quest.path, compress=True)
        return shrinking.chain(pruned, quest.test.images, write, quest.path, half=False)
    return shrinking.model(pruned, quest.test.inputs, quest.path)


def _front(quest: Quest, search: Search, attempts: list[Attempt]) -> Callable[[], Any]:
    def drawn() -> Any:
        from prune.views.front import front  # here: it imports matplotlib

        whole = prices.file_bytes(quest.stored.network)
        return front(attempts, (whole, search.unpruned), search.budget)

    return drawn


def _close(quest: Quest, search: Search, before: Evaluation, after: Evaluation | None) -> int:
    """Say what was written and what to do next; return 1 if the budget was missed."""
    files = "{table.csv,json,md  front.png,svg  tries.json  run.json}"
    quest.console.say(f"Files: {quest.out}{os.sep} {files}")
    if search.best is None:
        if quest.path.exists():
            quest.console.say(f"note: {quest.path} is of an earlier search, and stays")
        quest.console.say(f"Next: {views.instead(search)}")
        return 1
    quest.console.say(f"Saved {quest.path}\nNext: {jobs.inspecting(quest.asked, quest.path)}")
    return int(views.missed(search.budget, before, after))
