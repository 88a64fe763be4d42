"""`prune weight`, `prune unit` and `prune compare`."""

from __future__ import annotations

import argparse
import os
import shlex
from contextlib import suppress
from fractions import Fraction
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

from prune.cli import job as jobs
from prune.cli import pictures, retraining, seeds
from prune.cli.job import Job
from prune.cli.parser import Parser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prune.core.forms import Run
    from prune.core.measure import Evaluation
    from prune.experiments.sweep import Point
    from prune.files.results import Row

_COMMANDS = {
    "weight": (
        ("weight",),
        "set the weights of smallest magnitude to zero",
        "Set the weights of smallest magnitude to zero, at each k, and measure accuracy.",
    ),
    "unit": (
        ("unit",),
        "remove the units of smallest L2 norm",
        "Remove the units whose kernel columns have the smallest L2 norm, at each k, "
        "and measure accuracy.",
    ),
    "compare": (
        ("weight", "unit"),
        "both, in one table and one picture",
        "Prune by weight and by unit, and show both in one table and one picture.",
    ),
}
AXES = ("k", "parameters", "macs", "bytes", "time")
# From so many curves on, the second table says how far each goes, not what each k gains.
_MANY = 3


def add(commands: Any) -> None:
    """Add the three commands to the parser."""
    for name, (methods, short, about) in _COMMANDS.items():
        parser: Parser = commands.add_parser(
            name,
            help=short,
            description=about,
            examples=f"prune {name}\n"
            f"prune {name} --k 0,25,50,90\n"
            f"prune {name} --criterion activation,obs --repair lstsq\n"
            f"prune {name} --weights mine.keras --data mine.npz --k 0:90:10\n"
            f"prune {name} --format csv > {name}.csv",
        )
        parser.add_argument(
            "--x",
            metavar="AXIS",
            choices=AXES,
            default=AXES[0],
            help=f"what the picture shows accuracy against: {', '.join(AXES)} (default: k)",
        )
        jobs.add_options(parser, name)
        retraining.add(parser)
        jobs.add_engine(parser)
        seeds.add(parser)
        parser.set_defaults(parser=parser, module=__name__, command=name, methods=methods)


def run(args: argparse.Namespace) -> int:
    """Check everything, measure every point, write the files, print."""
    if args.seeds is not None:
        return seeds.run(args)
    retraining.check(args)
    job = jobs.prepare(args)
    ahead = Thread(target=_import_ahead, daemon=True)
    ahead.start()
    with jobs.recorded(job):
        unpruned, rows = _measure(job)
        ahead.join()  # two threads inside one package could find each other's modules half made
        accuracy = unpruned.correct / unpruned.total
        texts = _write(job, rows, accuracy)
        said = jobs.guessing(job, accuracy) or _conclusion(args, rows, accuracy)
        job.record.results = {
            "unpruned": unpruned._asdict(),
            "points": len(rows),
            "conclusion": said,
        }
        status = _draw(job, rows, accuracy)  # last, so that the tables are written whatever it does
    print(texts[args.format], end="")
    job.console.say(f"\n{said}")
    job.console.say(f"Files: {job.out}{os.sep} {{table.csv,json,md  accuracy.png,svg  run.json}}")
    job.console.say(f"Next: {_next(args, rows, accuracy)}")
    return status


def _conclusion(args: argparse.Namespace, rows: list[Row], unpruned: float) -> str:
    from prune.views import words

    said = words.conclusion(rows, unpruned)
    return said if args.x == "k" else f"{said} {words.cheapest(rows, unpruned, args.x)}"


def _import_ahead() -> None:
    """Import what comes later while the points are measured: it takes a tenth of their time."""
    for name in ("scipy.sparse", "prune.views.plot"):
        with suppress(Exception):  # what is wrong is found when it is needed
            import_module(name)


def _measure(job: Job) -> tuple[Evaluation, list[Row]]:
    """Evaluate the network as it is, then every point."""
    from prune.experiments import bench, sweep

    rows: list[Row] = []
    total = sum(len(curve.plan.sparsities) for curve in job.curves)
    with job.console.progress(total) as report:
        report(f"starting {job.args.engine}", 0, "")
        job = retraining.rewound(job, report)
        engines, unpruned = jobs.start(job)
        points = sweep.points(job.curves, lambda doing: report(doing, len(rows), ""))
        runs: list[Run] = []
        if job.args.x == "time":
            points = _kept(points, runs)
        for row in sweep.rows(points, unpruned, engines):
            rows.append(row)
            report(f"{row.method} {row.criterion} k = {row.k:.15g}", len(rows), jobs.point(row))
        if runs:
            report("timing", total, "")
            rows = bench.timed(rows, runs, job.test.images, lambda number: None)
    return unpruned, rows


def _kept(points: Iterator[Point], runs: list[Run]) -> Iterator[Point]:
    """Pass `points` on, and make the network of each ready to be timed."""
    from prune.core import forms

    for point in points:
        runs.append(forms.fastest(point.pruned.network))
        yield point


def _write(job: Job, rows: list[Row], unpruned: float) -> dict[str, str]:
    """Write the tables; return what each --format prints."""
    from prune.core.network import multiply_adds
    from prune.views import tables
    from prune.views.words import curves

    few = len(curves(rows)) < _MANY
    gained = (
        tables.gains(rows, multiply_adds(job.source.network))
        if few
        else tables.held_table(rows, unpruned)
    )
    return jobs.write_tables(job, rows, tables.table(rows, _compared(job)), gained)


def _compared(job: Job) -> bool:
    """Tell whether the published network compares: only with its own data set it does."""
    from prune.views import published

    return job.args.data == "mnist" and published.is_home(job.source.network)


def _draw(job: Job, rows: list[Row], unpruned: float) -> int:
    """Write the picture; return the exit status."""

    def draw() -> Any:
        from prune.views import plot

        return plot.accuracy(rows, unpruned, job.classes, _compared(job), job.args.x)

    return pictures.write(job.console, job.out, "accuracy", draw)


def _next(args: argparse.Namespace, rows: list[Row], unpruned: float) -> str:
    """Return the command that looks closer at where the first curve falls."""
    from prune.views.words import curves, held

    last, first_below = held(next(iter(curves(rows).values())), unpruned)
    again = said_again(args)
    if first_below is not None and first_below - (last or 0) > 1:
        step = max(1, round((first_below - (last or 0)) / 10))
        closer = f"--k {last or 0:.15g}:{first_below:.15g}:{step}"
        return " ".join(["prune", args.methods[0], closer, *again]) + "  (where it falls)"
    if args.engine == "numpy":
        return " ".join(["prune", args.command, "--engine keras", *again]) + "  (a second opinion)"
    return " ".join(["prune compare", *again]) + "  (both methods)"


def said_again(args: argparse.Namespace) -> list[str]:
    """Return the options for what goes in that were set, as they are typed."""
    names = (
        "weights",
        "activation",
        "data",
        "limit",
        "scale",
        "repair",
        "scope",
        "k_map",
        *retraining.NAMES,
    )
    own = [name for name in names if name in vars(args)]
    given = [name for name in own if getattr(args, name) != args.parser.get_default(name)]
    return [f"--{name.replace('_', '-')}{_typed(getattr(args, name))}" for name in given]


def _typed(value: object) -> str:
    if value is True:
        return ""
    if isinstance(value, Fraction):
        return f" {float(100 * value):g}"
    return f" {shlex.quote(','.join(value) if isinstance(value, list) else str(value))}"
