"""`prune sensitivity`: each layer pruned alone, and the allocation that suggests."""

from __future__ import annotations

import os
import shlex
from typing import Any

from prune.cli import job as jobs
from prune.cli import pages
from prune.cli.asked import Asked
from prune.cli.job import Job
from prune.core import anatomy
from prune.experiments import perform, sensitivity
from prune.experiments.guessing import Doubt
from prune.experiments.sensitivity import Both
from prune.files import allocations, atomic, results
from prune.files.results import Row
from prune.settings.files import Out
from prune.settings.single import Allotting
from prune.views import tables, words

FILES = (
    "table.csv,json,md  training.csv  allocation.json  layers.json  sensitivity.png,svg  run.json"
)


def run(asked: Asked) -> int:
    """Check everything, measure every layer, write the files, print."""
    job = jobs.prepare(asked)
    (cell,) = job.cells
    with jobs.recorded(job):
        unpruned, training, test, doubt = _measure(job)
        told = jobs.told(job, test)
        said = words.most_sensitive(told, unpruned.test.value)
        said = doubt.before(said) if doubt else said
        texts = jobs.write_tables(job.out, test, [tables.by_layer(told)])
        jobs.write_outline(job, anatomy.of(job.network).outline())
        atomic.write(job.out / "training.csv", results.to_csv(training).encode())
        whole = sensitivity.unpruned_row(job.curves[0], unpruned.training)
        per = asked.of(Allotting).per
        path = sensitivity.suggest(training, whole, list(cell.k), per)
        atomic.write(job.out / "allocation.json", allocations.to_json(path).encode())
        job.record.results = {
            "unpruned": unpruned.test._asdict(),
            "points": len(test),
            "conclusion": said,
        }
        status = job.console.picture(job.out, "sensitivity", lambda: _drawn(told))
    status = pages.share(asked, job.out) or status
    print(texts[asked.of(Out).format], end="")
    job.console.say(f"\n{said}")
    job.console.say(f"Files: {job.out}{os.sep} {{{FILES}}}")
    job.console.say(f"Next: {jobs.after_doubt(asked, doubt) if doubt else _next(job)}")
    return status


def _next(job: Job) -> str:
    """Return the command that prunes as was suggested."""
    (cell,) = job.cells
    command = [f"prune {cell.method} --k-map {shlex.quote(str(job.out / 'allocation.json'))}"]
    command += job.asked.again("method", "scope", "floor", "k_map", "per")
    return " ".join(command) + "  (each layer as far as suggested)"


def _drawn(rows: list[Row]) -> Any:
    from prune.views import plot  # here: it imports matplotlib

    return plot.sensitivity(rows)


def _measure(job: Job) -> tuple[Both, list[Row], list[Row], Doubt | None]:
    """Evaluate the network as it is, then each layer at each k."""
    (curve,), (cell,) = job.curves, job.cells
    seen = perform.sample(job.source, job.network, cell.calibration, cell.training.seed)
    training: list[Row] = []
    test: list[Row] = []
    with job.console.progress(len(curve.plan.layers) * len(cell.k)) as report:
        report(f"starting {perform.engine_name(cell, job.network)}", 0, "")
        engine = perform.engines(job.cells, job.network, job.source).test
        chosen_by = perform.engine(cell, job.network, seen)
        unpruned = Both(chosen_by(job.network), perform.whole(job.network, engine))
        doubt = jobs.doubted(job, unpruned.test)
        for learnt, reported in sensitivity.rows(curve, unpruned, chosen_by, engine):
            training.append(learnt)
            test.append(reported)
            line = f"{reported.layers}: {jobs.point(reported)}"
            report(f"{reported.layers} k = {reported.k:.15g}", len(test), line)
    return unpruned, training, test, doubt
