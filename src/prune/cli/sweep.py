"""`prune weight`, `prune unit` and `prune compare`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

from prune.cli import job as jobs
from prune.cli import pages, parts, sense
from prune.cli.asked import Asked
from prune.cli.job import Job
from prune.cli.studies import Task, carry_out
from prune.core import anatomy
from prune.core.measure import Evaluation
from prune.core.outline import Counts, Outline
from prune.core.pruning import CRITERIA
from prune.experiments import bench, perform, sweep, ways
from prune.experiments.bench import Lineup
from prune.experiments.grid import RANDOM
from prune.experiments.guessing import Doubt
from prune.experiments.sweep import Point
from prune.files.results import Row
from prune.files.studies import checked
from prune.settings.files import BY_K, BY_TIME, Out, Picture
from prune.settings.gate import Gate
from prune.settings.pruning import NUMPY, Images
from prune.settings.recipe import CHAINS
from prune.settings.seeds import Seeds
from prune.settings.study import Study
from prune.settings.workers import Workers
from prune.views import gate as gates
from prune.views import published, report, tables, words
from prune.views.gate import Verdict
from prune.views.tables import Table

FILES = "table.csv,json,md  accuracy.png,svg  layers.json  run.json"
NETWORKS = Path("results") / "networks"
# From so many curves on, the second table says how far each goes, not what each k gains.
_MANY = 3


def run(asked: Asked) -> int:
    """Check everything, measure every point, write the files, print."""
    if asked.of(Seeds).seeds is not None:
        return _study(asked)
    job = jobs.prepare(asked)
    ways.check_points(asked.of(Gate).max_drop, job.test)
    ahead = Thread(target=_import_ahead, daemon=True)
    ahead.start()
    axis = asked.of(Picture).x
    with jobs.recorded(job):
        outline = anatomy.of(job.network).outline()
        found = _measure(job, outline)
        ahead.join()  # two threads inside one package could find each other's modules half made
        value, doubt = found.unpruned.value, found.doubt
        told = jobs.told(job, found.rows)
        texts = jobs.write_tables(job.out, found.rows, _tables(job, told, value))
        jobs.write_outline(job, outline, found.left)
        said = _conclusion(axis, told, value)
        said = doubt.before(said) if doubt else said
        job.record.results = {
            "unpruned": found.unpruned._asdict(),
            "points": len(told),
            "conclusion": said,
        }
        gate = _gate(job, found)
        job.record.results |= {"gate": gate.said} if gate else {}
        # Last, so that the tables are written whatever it does.
        status = job.console.picture(job.out, "accuracy", partial(_draw, job, told, value))
    status = pages.share(asked, job.out) or status
    print(texts[asked.of(Out).format], end="")
    job.console.say(f"\n{said}")
    if gate:  # a miss is said even where all else is quiet: it is the exit status
        (job.console.warn if gate.missed else job.console.say)(gate.said)
    job.console.say(f"Files: {job.out}{os.sep} {{{FILES}}}")
    again = jobs.after_doubt(asked, doubt) if doubt else _next(job, found.rows, value)
    job.console.say(f"Next: {again}")
    return 1 if gate and gate.missed else status


def _gate(job: Job, found: _Measured) -> Verdict | None:
    """Return what the gate says, if there is one: controls are there to be worse."""
    allowed = job.asked.of(Gate).max_drop
    if allowed is None:
        return None
    asked = [row for row in found.rows if row.criterion != RANDOM] or found.rows
    return gates.verdict(asked, found.unpruned, allowed)


def _study(asked: Asked) -> int:
    """Carry out the study of the networks that the seeds make."""
    source = jobs.images(asked)
    asked = sense.at_best(
        asked, asked.of(Seeds).model in CHAINS, lambda: perform.images(source, "train").total
    )
    part, images, out = parts.of(asked), asked.of(Images), asked.of(Out).out
    jobs.check_criteria(part)
    if "out" not in asked.given:  # where the results of one network are
        out = out.with_name(f"{out.name}-seeds")
    study = Study("", images.data, images.limit, (checked(part),), images.scale)
    show = partial(report.spread, data=images.data)
    return carry_out(Task(asked, study, out, Workers(networks=NETWORKS), show))


def _conclusion(axis: str, rows: list[Row], unpruned: float) -> str:
    said = words.conclusion(rows, unpruned)
    return said if axis == BY_K else f"{said} {words.cheapest(rows, unpruned, axis)}"


def _import_ahead() -> None:
    """Import what comes later while the points are measured: it takes a tenth of their time."""
    for name in ("scipy.sparse", "prune.views.plot"):
        with suppress(Exception):  # what is wrong is found when it is needed
            import_module(name)


class _Measured(NamedTuple):
    """The network as it is, every point, and what is left of each layer there."""

    unpruned: Evaluation
    rows: list[Row]
    left: list[Counts]
    doubt: Doubt | None


def _measure(job: Job, outline: Outline) -> _Measured:
    """Evaluate the network as it is, then every point."""
    rows: list[Row] = []
    left: list[Counts] = []
    total = sum(len(cell.k) for cell in job.cells)
    with job.console.progress(total) as report:
        report(f"starting {perform.engine_name(job.cells[0], job.network)}", 0, "")
        job = jobs.begun(job, report)
        engines = perform.engines(job.cells, job.network, job.source)
        unpruned = perform.whole(job.network, engines.test)
        doubt = jobs.doubted(job, unpruned)
        points = sweep.points(job.curves, lambda doing: report(doing, len(rows), ""))
        lineup, timed = bench.Lineup(), job.asked.of(Picture).x == BY_TIME
        if timed:
            points = _entered(points, lineup)
        for row, counts in sweep.seen(points, unpruned, engines, outline):
            rows.append(row)
            left.append(counts)
            report(jobs.named(row), len(rows), jobs.point(row))
        if timed:
            report("timing", total, "")
            rows = lineup.timed(rows, job.fed, lambda number: None)
    return _Measured(unpruned, rows, left, doubt)


def _entered(points: Iterator[Point], lineup: Lineup) -> Iterator[Point]:
    """Pass `points` on, and enter the network of each among those to be timed."""
    for point in points:
        lineup.add(point.pruned.network)
        yield point


def _tables(job: Job, rows: list[Row], unpruned: float) -> list[Table]:
    """Return the tables for people."""
    gained = (
        tables.gains(rows, anatomy.of(job.network).multiply_adds())
        if len(words.curves(rows)) < _MANY
        else tables.reach_table(rows, unpruned)
    )
    return [tables.table(rows, _compared(job)), gained]


def _compared(job: Job) -> bool:
    """Tell whether the published network compares: with its data set and all hidden layers."""
    if job.source.name != "mnist" or not published.is_home(job.network):
        return False
    return list(job.curves[0].plan.layers) == [layer.name for layer in job.network[:-1]]


def _draw(job: Job, rows: list[Row], unpruned: float) -> Any:
    from prune.views import plot  # here: it imports matplotlib

    return plot.accuracy(rows, unpruned, job.classes, _compared(job), job.asked.of(Picture).x)


def _next(job: Job, rows: list[Row], unpruned: float) -> str:
    """Return the command that looks closer at where the first curve falls."""
    asked = job.asked
    last, first_below = words.reach(next(iter(words.curves(rows).values())), unpruned)
    if first_below is not None and first_below - (last or 0) > 1:
        step = max(1, round((first_below - (last or 0)) / 10))
        closer = f"--k {last or 0:.15g}:{first_below:.15g}:{step}"
        method, *_ = asked.command.methods
        again = _for_method(asked, method).again("k")
        return " ".join(["prune", method, closer, *again]) + "  (where it falls)"
    if perform.engine_name(job.cells[0], job.network) == NUMPY:
        command = ["prune", asked.command.name, "--engine keras", *asked.again("engine")]
        return " ".join(command) + "  (a second opinion)"
    # Of the output layer no unit can go.
    if asked.command.name != "compare":
        return " ".join(["prune compare", *asked.again("include_output")]) + "  (both methods)"
    again = asked.again("k", "criterion", "repair", "controls", "x", "include_output")
    small = "prune shrink --method unit --k 50 --save small.keras"
    return " ".join([small, *again]) + "  (a smaller file)"


def _for_method(asked: Asked, method: str) -> Asked:
    """Leave out the criteria that a method does not know."""
    criteria = asked.given.get("criterion", ())
    known = tuple(name for name in criteria if name in CRITERIA[method])
    return asked._replace(given=asked.given | {"criterion": known})
