"""`prune bench`: where on this machine pruning makes a network faster."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from prune import PruneError
from prune.cli import job as jobs
from prune.cli import options, pictures, sweep
from prune.cli.job import Job
from prune.cli.parser import Parser

if TYPE_CHECKING:
    from prune.files.results import Timing

_MOST_ROUNDS = 1000


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser: Parser = commands.add_parser(
        "bench",
        help="time pruned networks: dense, shrunk and sparse",
        description="Time networks pruned by weight and by unit, at each k, in the dense, shrunk "
        "and sparse form and in the one that `prune` itself runs, side by side.",
        examples="prune bench\n"
        "prune bench --k 80:99:1 --batch 1,32,1000\n"
        "prune bench --keras --k 0,70,90,97,99",
    )
    parser.add_argument(
        "--batch",
        metavar="N,...",
        type=options.sizes,
        default=[1, 1000],
        help="images at a time (default: 1,1000)",
    )
    parser.add_argument(
        "--rounds",
        metavar="N",
        type=options.positive,
        default=21,
        help="how often each is timed (default: 21)",
    )
    parser.add_argument(
        "--keras", action="store_true", help="time the same networks in Keras beside them"
    )
    jobs.add_options(parser, "bench")
    parser.set_defaults(parser=parser, module=__name__, command="bench", methods=("weight", "unit"))


def run(args: argparse.Namespace) -> int:
    """Check everything, prune, time every form, write the files, print."""
    if args.rounds > _MOST_ROUNDS:
        raise PruneError(f"--rounds {args.rounds:,} would take days; give at most {_MOST_ROUNDS:,}")
    job = jobs.prepare(args)
    if len(job.curves) > len(args.methods):
        raise PruneError("bench takes one --criterion a method, one --repair and no --controls")
    if max(args.batch) > len(job.test.labels):
        raise PruneError(
            f"--batch {max(args.batch)} needs as many test images, got {len(job.test.labels)}; "
            "give a smaller --batch or a larger --limit"
        )
    from prune.views import timings

    with jobs.recorded(job):
        rows = _measure(job)
        said = timings.verdict(rows)
        texts = jobs.write_tables(job, rows, timings.table(rows))
        job.record.results = {"timings": len(rows), "conclusion": said}
        status = pictures.write(job.console, job.out, "times", lambda: timings.picture(rows))
    print(texts[args.format], end="")
    worst = timings.slowest_choice(rows)
    job.console.say(f"\n{said}")
    job.console.say(
        f"What prune runs (fastest) is at worst {worst.faster:.2f} times as fast as dense: "
        f"{worst.method} k = {worst.k:.15g} at batch {worst.batch:,}."
    )
    job.console.say(f"Files: {job.out}{os.sep} {{table.csv,json,md  times.png,svg  run.json}}")
    again = sweep.said_again(args, "batch", "rounds", "keras", "include_output")
    command = " ".join(["prune compare --x time", *again])
    job.console.say(f"Next: {command}  (accuracy against time)")
    return status


def _measure(job: Job) -> list[Timing]:
    from prune.experiments import bench
    from prune.experiments.sweep import points

    args = job.args
    total = len(args.batch) * args.rounds
    found: list[Timing] = []
    with job.console.progress(total) as report:
        report("pruning", 0, "")
        ready = bench.contenders(list(points(job.curves)), args.keras)
        for i, batch in enumerate(args.batch):

            def on_round(number: int, done: int = i * args.rounds, batch: int = batch) -> None:
                report(f"batch {batch:,}", done + number, "")

            found += bench.timings(ready, job.test.images, batch, args.rounds, on_round)
            report(f"batch {batch:,}", (i + 1) * args.rounds, f"batch {batch:,}: timed")
    return found
