"""`prune sensitivity`: each layer pruned alone, and the allocation that suggests."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from prune import PruneError
from prune.cli import job as jobs
from prune.cli import options, pictures, pruning, sweep
from prune.cli.job import Job
from prune.cli.parser import Parser

if TYPE_CHECKING:
    from prune.experiments.sensitivity import Both
    from prune.files.results import Row


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser: Parser = commands.add_parser(
        "sensitivity",
        help="prune each layer alone, and suggest how far each should go",
        description="Prune each layer alone, at each k, and suggest how far to prune each for the "
        "least loss on training images.",
        examples="prune sensitivity\n"
        "prune sensitivity --method unit --repair lstsq\n"
        "prune weight --k-map results/sensitivity/allocation.json",
    )
    options.add_method(parser)
    jobs.add_options(parser, "sensitivity")
    jobs.add_engine(parser)
    parser.set_defaults(parser=parser, module=__name__, command="sensitivity")


def run(args: argparse.Namespace) -> int:
    """Check everything, measure every layer, write the files, print."""
    args.methods = (args.method,)
    if len(args.criterion) > 1 or len(args.repair) > 1 or args.controls:
        raise PruneError("sensitivity takes one --criterion, one --repair and no --controls")
    job = jobs.prepare(args)
    from prune.experiments import sensitivity
    from prune.files import allocations, atomic, results
    from prune.views import tables, words

    with jobs.recorded(job):
        unpruned, training, test = _measure(job)
        accuracy = unpruned.test.correct / unpruned.test.total
        said = jobs.guessing(job, accuracy) or words.most_sensitive(test, accuracy)
        texts = jobs.write_tables(job, test, tables.by_layer(test))
        atomic.write(job.out / "training.csv", results.to_csv(training).encode())
        path = sensitivity.suggest(training, unpruned.training, job.sparsities)
        atomic.write(job.out / "allocation.json", allocations.to_json(path).encode())
        job.record.results = {"points": len(test), "conclusion": said}
        status = _draw(job, test)
    print(texts[args.format], end="")
    job.console.say(f"\n{said}")
    files = "{table.csv,json,md  training.csv  allocation.json  sensitivity.png,svg  run.json}"
    job.console.say(f"Files: {job.out}{os.sep} {files}")
    again = [word for word in sweep.said_again(args) if not word.startswith("--scope")]
    words_again = " ".join([f"prune {args.method} --k-map {job.out / 'allocation.json'}", *again])
    job.console.say(f"Next: {words_again}  (each layer as far as suggested)")
    return status


def _measure(job: Job) -> tuple[Both, list[Row], list[Row]]:
    """Evaluate the network as it is, then each layer at each k."""
    from prune.experiments import sensitivity
    from prune.experiments.engines import ENGINES

    (curve,) = job.curves
    learnt = job.learnt or pruning.load_training(job.args, job.source.network)
    images = pruning.drawn(job.args, learnt)
    training: list[Row] = []
    test: list[Row] = []
    with job.console.progress(len(curve.plan.layers) * len(job.sparsities)) as report:
        report(f"starting {job.args.engine}", 0, "")
        (engine, _), whole = jobs.start(job)
        training_engine = ENGINES[job.args.engine](images.images, images.labels)
        unpruned = sensitivity.Both(training_engine(job.source.network), whole)
        for chosen_by, reported in sensitivity.rows(curve, unpruned, training_engine, engine):
            training.append(chosen_by)
            test.append(reported)
            line = f"{reported.layers}: {jobs.point(reported)}"
            report(f"{reported.layers} k = {reported.k:.15g}", len(test), line)
    return unpruned, training, test


def _draw(job: Job, rows: list[Row]) -> int:
    """Write the picture; return the exit status."""

    def draw() -> Any:
        from prune.views import plot

        return plot.sensitivity(rows)

    return pictures.write(job.console, job.out, "sensitivity", draw)
