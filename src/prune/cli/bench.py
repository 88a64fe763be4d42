"""`prune bench`: where on this machine pruning makes a network faster."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from prune import PruneError
from prune.cli import job as jobs
from prune.cli import pages
from prune.cli.asked import Asked
from prune.cli.job import Job
from prune.experiments import bench, devices, sweep, timing
from prune.experiments.sweep import Point
from prune.files import results
from prune.settings.files import Out
from prune.settings.runtimes import Bench
from prune.views import timings


def run(asked: Asked) -> int:
    """Time on as many cores as are asked for."""
    with timing.held_to(asked.of(Bench).threads):  # first, since pools are as large as it says
        return _run(asked)


def _run(asked: Asked) -> int:
    """Check everything, prune, time every form, write the files, print."""
    job = jobs.prepare(asked)
    devices.check(asked.of(Bench).runtime, job.network)
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
        texts = jobs.write_tables(
            job.out, rows, [timings.table(told, asked.of(Bench).within)], results.Timing
        )
        job.record.results = {"timings": len(rows), "conclusion": said}
        status = job.console.picture(job.out, "times", lambda: timings.picture(told))
    status = pages.share(asked, job.out) or status
    print(texts[asked.of(Out).format], end="")
    job.console.say(f"\n{said}")
    if noise := timings.noise(told):
        job.console.warn(noise)
    if own := timings.own_choice(told):
        job.console.say(own)
    job.console.say(f"Files: {job.out}{os.sep} {{table.csv,json,md  times.png,svg  run.json}}")
    again = asked.again(
        "batch", "rounds", "keras", "runtime", "within", "threads", "include_output"
    )
    command = " ".join(["prune compare --x time", *again])
    job.console.say(f"Next: {command}  (accuracy against time)")
    return status


def _measure(job: Job) -> list[results.Timing]:
    asked = job.asked.of(Bench)
    total = len(asked.batch) * asked.rounds
    found: list[results.Timing] = []
    with job.console.progress(total) as report:
        report("pruning", 0, "")
        points = list(sweep.points(job.curves))
        measure = _ready(job, points, lambda doing: report(doing, 0, ""))
        for i, batch in enumerate(asked.batch):

            def on_round(number: int, done: int = i * asked.rounds, batch: int = batch) -> None:
                report(f"batch {batch:,}", done + number, "")

            found += measure(job.fed, batch, asked.rounds, on_round)
            report(f"batch {batch:,}", (i + 1) * asked.rounds, f"batch {batch:,}: timed")
    return found


def _ready(job: Job, points: list[Point], report: Callable[[str], None]) -> Callable[..., Any]:
    """Make all contenders ready; return what times them on what they are fed."""
    asked = job.asked.of(Bench)
    if not asked.runtime:
        return partial(bench.timings, bench.field(points, asked.keras))
    example = timing.batches(job.fed, asked.batch[0])[0]
    entered = devices.field(asked.runtime, job.network, points, example, report)
    return partial(devices.timings, entered._replace(within=asked.within))
