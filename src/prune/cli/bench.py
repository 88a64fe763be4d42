"""`prune bench`: where on this machine pruning makes a network faster."""

from __future__ import annotations

import os

from prune import PruneError
from prune.cli import job as jobs
from prune.cli import pages
from prune.cli.asked import Asked
from prune.cli.job import Job
from prune.experiments import bench, sweep
from prune.files import results
from prune.settings.files import Bench, Out
from prune.views import timings


def run(asked: Asked) -> int:
    """Check everything, prune, time every form, write the files, print."""
    job = jobs.prepare(asked)
    largest = max(asked.of(Bench).batch)
    if largest > job.test.total:
        raise PruneError(
            f"--batch {largest} needs as many test images, got {job.test.total}; "
            "give a smaller --batch or a larger --limit"
        )
    with jobs.recorded(job):
        rows = _measure(job)
        told = jobs.told(job, rows)
        said = timings.verdict(told)
        texts = jobs.write_tables(job.out, rows, [timings.table(told)], results.Timing)
        job.record.results = {"timings": len(rows), "conclusion": said}
        status = job.console.picture(job.out, "times", lambda: timings.picture(told))
    pages.beside(asked, job.out)
    print(texts[asked.of(Out).format], end="")
    job.console.say(f"\n{said}")
    if own := timings.own_choice(told):
        job.console.say(own)
    job.console.say(f"Files: {job.out}{os.sep} {{table.csv,json,md  times.png,svg  run.json}}")
    again = asked.again("batch", "rounds", "keras", "include_output")
    command = " ".join(["prune compare --x time", *again])
    job.console.say(f"Next: {command}  (accuracy against time)")
    return status


def _measure(job: Job) -> list[results.Timing]:
    asked = job.asked.of(Bench)
    total = len(asked.batch) * asked.rounds
    found: list[results.Timing] = []
    with job.console.progress(total) as report:
        report("pruning", 0, "")
        field = bench.field(list(sweep.points(job.curves)), asked.keras)
        for i, batch in enumerate(asked.batch):

            def on_round(number: int, done: int = i * asked.rounds, batch: int = batch) -> None:
                report(f"batch {batch:,}", done + number, "")

            found += bench.timings(field, job.fed, batch, asked.rounds, on_round)
            report(f"batch {batch:,}", (i + 1) * asked.rounds, f"batch {batch:,}: timed")
    return found
