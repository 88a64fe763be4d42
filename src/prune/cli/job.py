"""What every command that prunes and measures does first: read, check, prepare."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from prune import PruneError
from prune.cli import parts, sense
from prune.cli.asked import Asked
from prune.cli.console import Console
from prune.core import anatomy
from prune.core.inputs import Inputs
from prune.core.measure import Evaluation
from prune.core.network import Network
from prune.core.outline import Counts, Outline
from prune.core.pruning import CRITERIA, needs_images
from prune.experiments import grid, guessing, perform
from prune.experiments.cells import Cell, Source, Stored, columns
from prune.experiments.guessing import Doubt
from prune.experiments.sweep import Curve
from prune.files import atomic, outlines, places, results, runs
from prune.files.data import Data
from prune.files.results import Entry, Row
from prune.files.weights import WeightsFile
from prune.models import loading
from prune.settings import lists
from prune.settings.files import CSV, JSON, MARKDOWN, TABLE, Out, Save, Talk, Weights
from prune.settings.pruning import AUTO, Images, Pruning
from prune.settings.recipe import Retraining
from prune.settings.spelling import closest
from prune.views import metrics, tables, telling
from prune.views.tables import Table


@dataclass(frozen=True)
class Job:
    """A command that is ready to run: everything it was given is read and checked."""

    asked: Asked
    console: Console
    network: Network
    source: Source
    cells: list[Cell]
    curves: list[Curve]
    record: runs.Record

    @property
    def out(self) -> Path:
        """The folder for files."""
        return self.asked.of(Out).out or Path()

    @property
    def test(self) -> Data:
        """The images to report on."""
        return perform.images(self.source, "test", self.network)

    @property
    def fed(self) -> Inputs:
        """The test images as the network takes them."""
        return self.test.images if anatomy.is_chain(self.network) else self.test.inputs

    @property
    def classes(self) -> int:
        """How many classes the network tells apart."""
        (shape, *_) = anatomy.of(self.network).outputs().values()
        return max(2, (2, *shape)[-1] or 2)  # one sigmoid tells two apart


def prepare(asked: Asked) -> Job:
    """Read and check all that was given, before anything is computed."""
    console = Console(asked.of(Talk).quiet)
    check_criteria(parts.of(asked))
    stored, source = load(asked), images(asked)
    asked = at_best(asked, stored.network, source)
    part = parts.of(asked)
    test = perform.images(source, "test", stored.network)
    cells = grid.curves(part, Stored(stored.sha256, 0, stored.assumed))
    if "repair" not in asked.given and perform.renewable(stored.network, source):
        cells = [perform.renewing(cell) for cell in cells]
    if asked.command.one_curve and len(cells) > len(part.methods):
        each = " a method" * (len(part.methods) > 1)
        raise PruneError(
            f"{asked.command.name} takes one --criterion{each}, one --repair and no --controls"
        )
    learns = any(map(perform.learns, cells))
    train = [perform.images(source, "train", stored.network)] if learns else []
    begun = perform.Begun(stored.network)
    curves = [perform.curve(cell, begun, source) for cell in cells]
    engine = perform.engine_name(cells[0], stored.network)
    settings = asked.plain() | {"engine": engine}
    record = runs.Record(asked.words, settings, inputs(stored, test))
    _remark(asked, console, stored, cells)
    remark_on_scale(console, source.scale, test, *train)
    return Job(asked, console, stored.network, source, cells, curves, record)


def at_best(asked: Asked, network: Any, source: Source) -> Asked:
    """Return what is asked with what `--retrain best` stands for, of a network and images."""
    return sense.at_best(
        asked, anatomy.is_chain(network), lambda: perform.images(source, "train", network).total
    )


def load(asked: Asked) -> WeightsFile:
    """Read the network that is asked for."""
    own = asked.of(Weights)
    return loading.load(own.weights or places.shipped(), own.activation, own.isolate, own.trust)


def images(asked: Asked) -> Source:
    """Return which images are asked for; what was read before is read again."""
    perform.forget()
    own = asked.of(Images)
    return Source(own.data, own.limit, scale=own.scale)


def check_criteria(part: Any) -> None:
    """Refuse the name of a criterion that none of the methods knows."""
    known = {name: None for method in part.methods for name in CRITERIA[method]}
    for name in part.criteria:
        if name not in known:
            choices = ", ".join(known)
            raise PruneError(
                f"unknown --criterion {name!r}{closest(name, known)}; choose from {choices}"
            )


def begun(job: Job, report: Callable[[str, int, str], None]) -> Job:
    """Return the job on the network that is pruned: if training rewinds, one trained anew."""
    start = perform.begin(job.cells[0], job.network, job.source, lambda doing: report(doing, 0, ""))
    if start.network is job.network:
        return job
    curves = [perform.curve(cell, start, job.source) for cell in job.cells]
    return replace(job, network=start.network, curves=curves)


@contextmanager
def recorded(job: Job) -> Iterator[None]:
    """Keep `run.json` while the block runs; the folder is proved writable before."""
    runs.prove_writable(job.out, "--out")
    with runs.recorded(job.out, job.record):
        yield


def _remark(asked: Asked, console: Console, source: WeightsFile, cells: list[Cell]) -> None:
    remark_on_activation(asked, console, source)
    if source.assumed:
        console.say(
            f"note: the weights file does not tell activations; {source.assumed} is assumed "
            "between layers and softmax at the end (--activation NAME to change)"
        )
    for remark in (lists.hint(asked.of(Pruning).k), _at_once(asked), _unseen(asked, cells)):
        if remark:
            console.say(f"note: {remark}")


def _at_once(asked: Asked) -> str | None:
    """Return a remark where the ramp of sparsity begins beyond some k."""
    ks = asked.of(Pruning).k
    first = asked.of(Retraining).ramp_from if Retraining in asked.command.declared else 0
    early = ", ".join(f"{lists.k(k):.15g}" for k in ks if 0 < k <= first)
    if not early:
        return None
    return f"k = {early}: not beyond --ramp-from, so that all goes at once, without a ramp"


def _unseen(asked: Asked, cells: list[Cell]) -> str | None:
    """Return a remark where calibration images are asked for that nothing looks at."""
    number = asked.given.get("calibration")
    chooses = asked.command.name == "sensitivity"  # by them, whatever it prunes by
    seen = any(needs_images(cell.method, cell.criterion, cell.repair) for cell in cells)
    if number is None or chooses or seen:
        return None
    return f"--calibration {number} is not used: neither criterion nor repair looks at images"


def remark_on_activation(asked: Asked, console: Console, source: WeightsFile) -> None:
    """Say so where an activation is given for a file that tells its own."""
    name = asked.given.get("activation")
    if name is not None and not source.assumed:
        console.say(f"note: --activation {name} is not used: the file tells its activations")


def inputs(source: WeightsFile, test: Data) -> dict[str, Any]:
    """Return what a run depends on, as `run.json` tells it."""
    return {
        "weights": {"format": source.format, "sha256": source.sha256},
        "data": {
            "images": test.total,
            "sha256": test.sha256,
            "stored": test.stored,
            **test.scale._asdict(),
        },
    }


def remark_on_scale(console: Console, scale: str, *splits: Data) -> None:
    """Say what was done to images that are no bytes, unless that was asked for."""
    if scale != AUTO:
        return
    for stored, done in dict.fromkeys((each.stored, each.scale) for each in splits):
        if stored != "uint8":
            console.say(f"note: the images are {stored} and were {done} (--scale to change)")


def doubted(job: Job, unpruned: Evaluation) -> Doubt | None:
    """Warn, quiet or not, of an unpruned network that guesses or was trained on other images."""
    if unpruned.accuracy is None:  # what a guess would lose is not known
        return None
    doubt = guessing.doubt(job.network, job.test, unpruned.accuracy)
    if doubt:
        job.console.warn(f"WARNING: {doubt.text}")
    return doubt


def after_doubt(asked: Asked, doubt: Doubt) -> str:
    """Return the command to try where the network is in doubt."""
    if doubt.scale:
        again = asked.again("scale")
        command = [f"prune {asked.command.name} --scale {doubt.scale}", *again]
        return " ".join(command) + "  (the images as it seems to be trained on)"
    again = asked.again(only=Images)
    return " ".join(["prune train --save trained.keras", *again]) + "  (a network for these images)"


def inspecting(asked: Asked, path: Path) -> str:
    """Return the command that tells what is in a file that was saved."""
    trusted = asked.again("weights", "activation", "isolate", "seed", only=Weights)
    return " ".join(["prune inspect", shlex.quote(str(path)), *trusted])


def told(job: Job, rows: Sequence[Entry]) -> list[Any]:
    """Return rows, each with the settings that all share and that its columns do not tell."""
    # Sums of files are for programs.
    found = columns(job.cells[0]) | {"model": None, "k_map": None}
    asked = {name: value for name, value in found.items() if value is not None}
    return [SimpleNamespace(**asked | vars(row)) for row in rows]


def write_tables(
    folder: Path, entries: Sequence[Entry], shown: Sequence[Table], fields: results.Columns = Row
) -> dict[str, str]:
    """Write entries, and as Markdown the tables for people; return what each --format prints."""
    texts = {
        CSV: results.to_csv(entries, fields),
        JSON: results.to_json(entries),
        MARKDOWN: "\n".join(map(tables.to_markdown, shown)),
    }
    for suffix, text in zip(("csv", "json", "md"), texts.values(), strict=True):
        atomic.write(folder / f"table.{suffix}", text.encode())
    return {**texts, TABLE: "\n".join(map(tables.to_text, shown))}


def write_outline(job: Job, outline: Outline, left: Sequence[Counts] = ()) -> None:
    """Write the layers of the network, and what is left of each at each point."""
    whole = anatomy.of(job.network).counts(outline)
    atomic.write(job.out / "layers.json", outlines.to_json(outline, whole, left).encode())


def named(row: Row) -> str:
    """Name a row in a line of progress."""
    return f"{telling.brief(row)} k = {row.k:.15g}"


def point(row: Row) -> str:
    """Name a row in a line of progress, and what came of it."""
    held = f" (only its floor keeps {row.floored.replace('+', ', ')})" if row.floored else ""
    return f"{named(row)}: {metrics.of(row).said(metrics.value(row))}{held}"


def refuse_overwriting(save: Save) -> None:
    """Refuse to save over what is there, unless forced."""
    if save.save.is_dir():
        raise PruneError(f"{save.save} is a folder; give --save the name of a file")
    if save.save.exists() and not save.force:
        raise PruneError(f"{save.save} exists; give --force to overwrite it, or another --save")
