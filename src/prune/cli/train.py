"""`prune train`: train the network that the other commands prune."""

from __future__ import annotations

import shlex
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from prune import PruneError
from prune.cli import job as jobs
from prune.cli.asked import Asked
from prune.cli.console import Console
from prune.core.network import Network
from prune.experiments import perform
from prune.experiments.cells import Source
from prune.files import atomic, data, results, runs, weights
from prune.files.results import Epoch
from prune.models import saving
from prune.settings.fields import settings, settled
from prune.settings.files import Out, Save, Talk
from prune.settings.pruning import AUTO
from prune.settings.recipe import MLP, MODELS, Training, by_recipe


def run(asked: Asked) -> int:
    """Check everything, train, save the network, write the course of it."""
    console, cell, out = Console(asked.of(Talk).quiet), _cell(asked), asked.of(Out).out
    saved = asked.of(Save).save
    writer = _writer(cell, saved)
    jobs.refuse_overwriting(asked.of(Save))
    source = jobs.images(asked)
    train, test = perform.images(source, "train"), perform.images(source, "test")
    jobs.remark_on_scale(console, source.scale, train, test)
    for each in (train, test):
        data.refuse_unlabelled(each, source.name)
    if max(train.classes, test.classes) < 2:
        raise PruneError(f"data {source.name}: there is one class only; nothing can be learnt")
    data.fitted(test, perform.untrained(cell, source), source.name)
    runs.prove_writable(saved.parent, "--save")
    runs.prove_writable(out, "--out")
    inputs = {"data": {"train": train.sha256, "test": test.sha256}}
    record = runs.Record(asked.words, asked.plain() | _recipe(cell), inputs)
    with runs.recorded(out, record):
        network, epochs = _train(console, cell, source)
        content = writer(network)
        atomic.write(saved, content)
        record.results = {"saved": str(saved), "sha256": weights.sha256(content)}
        record.results |= asdict(epochs[-1])
        atomic.write(out / "history.csv", results.to_csv(epochs, Epoch).encode())
        status = console.picture(out, "history", lambda: _drawn(epochs))
    console.say(f"\nSaved {saved}: {epochs[-1].test_accuracy:.2%} of {len(test.labels):,} right.")
    console.say(f"Files: {out}/ {{history.csv,png,svg  run.json}}")
    again = f"--weights {shlex.quote(str(saved))}"
    if source.name != "mnist":
        again += f" --data {shlex.quote(source.name)}"
    if source.limit:
        again += f" --limit {source.limit}"
    if source.scale != AUTO:
        again += f" --scale {source.scale}"
    console.say(f"Next: prune compare {again}")
    return status


def _cell(asked: Asked) -> Training:
    """Return the training that is asked for: the recipe of its model, but for what was given."""
    names = {each.name for each in fields(Training)}
    given = {name: value for name, value in asked.given.items() if name in names}
    if "hidden" in given and given.get("model", MLP) != MLP:
        raise PruneError(f"--hidden is for --model {MLP}; leave out one of them")
    return settled(Training(**by_recipe(given)))


def _recipe(cell: Training) -> dict[str, Any]:
    """Return how the network is trained, as JSON can hold it: its recipe may not be as usual."""
    return {each.name: own.kind.plain(getattr(cell, each.name)) for each, own in settings(cell)}


def _writer(cell: Training, path: Path) -> weights.Writer:
    if cell.model not in MODELS:
        return weights.writer(path)
    if path.suffix != ".keras":
        raise PruneError(
            f"cannot save to {path}: {cell.model} is saved as .keras; give such a name"
        )
    return lambda trained: saving.content(trained.model())


def _drawn(epochs: list[Epoch]) -> Any:
    from prune.views import plot  # here: it imports matplotlib

    return plot.history(epochs)


def _train(console: Console, cell: Training, source: Source) -> tuple[Network, list[Epoch]]:
    epochs: list[Epoch] = []
    size = len(perform.images(source, "train").labels)
    with console.progress(cell.epochs * size) as report:

        def on_batch(done: int) -> None:
            doing = f"epoch {len(epochs) + 1} of {cell.epochs}"
            report(doing, len(epochs) * size + done, "")

        report("starting Keras", 0, "")
        for network, epoch in perform.course(cell, source, on_batch):
            trained = network
            epochs.append(epoch)
            report(_line(epoch, cell.epochs), len(epochs) * size, _line(epoch, cell.epochs))
    return trained, epochs


def _line(epoch: Epoch, total: int) -> str:
    return (
        f"epoch {epoch.epoch} of {total}: loss {epoch.loss:.4f}, "
        f"accuracy {epoch.accuracy:.2%}, test accuracy {epoch.test_accuracy:.2%}"
    )
