"""What every command that prunes and measures does first: read, check, prepare."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prune import PruneError
from prune.cli import options, pruning
from prune.cli.console import Console

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from prune.core.measure import Evaluation
    from prune.experiments.sweep import Curve, Engines
    from prune.files.data import Data
    from prune.files.results import Entry, Row
    from prune.files.runs import Record
    from prune.files.weights import WeightsFile
    from prune.views.tables import Table

ENGINES = ("numpy", "keras")


def add_options(
    parser: argparse.ArgumentParser, command: str, formats: tuple[str, ...] = options.FORMATS
) -> None:
    """Add what to prune, how, on which images, and where the results go."""
    options.add_k(parser)
    options.add_pruning(parser)
    parser.set_defaults(retrain=None)  # unless the command offers it
    options.add_network(parser)
    options.add_data(parser)
    options.add_out(parser, command)
    options.add_format(parser, formats)
    options.add_seed(parser)
    options.add_common(parser)


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Add who evaluates the points."""
    parser.add_argument(
        "--engine",
        metavar="E",
        choices=ENGINES,
        default=ENGINES[0],
        help="who runs the network: numpy or keras (default: numpy)",
    )


@dataclass(frozen=True)
class Job:
    """A command that is ready to run: everything it was given is read and checked."""

    args: argparse.Namespace
    console: Console
    source: WeightsFile
    test: Data
    curves: list[Curve]
    sparsities: list[Fraction]
    record: Record
    learnt: Data | None  # training images to learn from, if any are
    validation: Data | None  # training images held out, if anything is trained

    @property
    def out(self) -> Path:
        """The folder for files."""
        return self.args.out

    @property
    def classes(self) -> int:
        """How many outputs the network has."""
        return self.source.network[-1].kernel.shape[1]


def prepare(args: argparse.Namespace) -> Job:
    """Read and check all that was given, before anything is computed."""
    sparsities = options.sparsities(args.k)  # before the imports: its errors answer at once
    from prune.files import data, runs, weights

    console = Console(args.quiet)
    source = weights.load(args.weights or weights.shipped(), args.activation, args.isolate)
    test = data.load(args.data, "test", args.limit, args.scale)
    data.check_fits(test, source.network, args.data)
    learnt, validation = pruning.training_images(args, source.network)
    curves = pruning.curves(args, source.network, sparsities, learnt)
    settings = options.settings(args, k=[float(100 * sparsity) for sparsity in sparsities])
    record = runs.Record(args.argv, settings, _inputs(source, test))
    job = Job(args, console, source, test, curves, sparsities, record, learnt, validation)
    _remark(job)
    return job


@contextmanager
def recorded(job: Job) -> Iterator[None]:
    """Keep `run.json` while the block runs; the folder is proved writable before."""
    from prune.files import runs

    runs.prove_writable(job.out, "--out")
    with runs.recorded(job.out, job.record):
        yield


def _remark(job: Job) -> None:
    console, source, sparsities = job.console, job.source, job.sparsities
    options.remark_unused_activation(job.args, console, source)
    options.remark_scale(console, job.args.scale, job.test, *filter(None, [job.learnt]))
    if source.assumed:
        console.say(
            f"note: the weights file does not tell activations; {source.assumed} is assumed "
            "between layers and softmax at the end (--activation NAME to change)"
        )
    if remark := options.hint(sparsities):
        console.say(f"note: {remark}")


def _inputs(source: WeightsFile, test: Data) -> dict[str, Any]:
    return {
        "weights": {"format": source.format, "sha256": source.sha256},
        "data": {
            "images": len(test.labels),
            "sha256": test.sha256,
            "stored": test.stored,
            "divisor": test.divisor,
        },
    }


def start(job: Job) -> tuple[Engines, Evaluation]:
    """Start the engines; return them, and what the whole network does on the test images."""
    from prune.experiments.engines import ENGINES
    from prune.experiments.sweep import Engines

    engine, held = ENGINES[job.args.engine], job.validation
    test = engine(job.test.images, job.test.labels)
    engines = Engines(test, None if held is None else engine(held.images, held.labels))
    unpruned = test(job.source.network)
    if not isfinite(unpruned.loss):
        raise PruneError("the network's outputs overflow float32; train it again")
    warn_of_guessing(job, unpruned.correct / unpruned.total)
    return engines, unpruned


def warn_of_guessing(job: Job, accuracy: float) -> None:
    """Warn, quiet or not, of an unpruned network that hardly knows more than guessing does."""
    if remark := guessing(job, accuracy):
        job.console.warn(f"WARNING: {remark}")


def guessing(job: Job, accuracy: float) -> str:
    """Return what to say instead of any conclusion, if the unpruned network only guesses."""
    from prune.experiments import guessing

    return guessing.remark(job.source.network, job.test, accuracy)


def write_tables(job: Job, rows: Sequence[Entry], *shown: Table) -> dict[str, str]:
    """Write the rows, and as Markdown the tables for people; return what each --format prints."""
    from prune.files import atomic, results
    from prune.views import tables

    texts = {
        "csv": results.to_csv(rows, type(rows[0])),
        "json": results.to_json(rows),
        "markdown": "\n".join(map(tables.to_markdown, shown)),
    }
    for suffix, text in zip(("csv", "json", "md"), texts.values(), strict=True):
        atomic.write(job.out / f"table.{suffix}", text.encode())
    return {**texts, "table": "\n".join(map(tables.to_text, shown))}


def point(row: Row) -> str:
    """Name a row in a line of progress, and what came of it."""
    held = f" (only its floor keeps {row.floored.replace('+', ', ')})" if row.floored else ""
    return f"{row.method} {row.criterion} k = {row.k:.15g}: {row.accuracy:.2%}{held}"
