"""`prune weight`, `prune unit` and `prune compare`."""

from __future__ import annotations

import argparse
import os
import shlex
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prune import PruneError
from prune.cli import options, pruning
from prune.cli.console import Console
from prune.cli.parser import Parser

if TYPE_CHECKING:
    from fractions import Fraction

    from prune.core.measure import Evaluation
    from prune.experiments.sweep import Curve
    from prune.files.data import Data
    from prune.files.results import Row
    from prune.files.weights import WeightsFile

_COMMANDS = {
    "weight": (
        ("weight",),
        "Set the weights of smallest magnitude to zero, at each k, and measure accuracy.",
    ),
    "unit": (
        ("unit",),
        "Remove the units whose kernel columns have the smallest L2 norm, at each k, "
        "and measure accuracy.",
    ),
    "compare": (
        ("weight", "unit"),
        "Prune by weight and by unit, and show both in one table and one picture.",
    ),
}


def add(commands: Any) -> None:
    """Add the three commands to the parser."""
    for name, (methods, about) in _COMMANDS.items():
        parser: Parser = commands.add_parser(
            name,
            help=about.split(",")[0].rstrip(".").lower(),
            description=about,
            examples=f"prune {name}\n"
            f"prune {name} --k 0,25,50,90\n"
            f"prune {name} --weights mine.keras --data mine.npz --k 0:90:10\n"
            f"prune {name} --format csv > {name}.csv",
        )
        options.add_k(parser)
        options.add_pruning(parser)
        options.add_network(parser)
        options.add_data(parser)
        options.add_out(parser, name)
        options.add_format(parser)
        parser.add_argument(
            "--engine",
            metavar="E",
            choices=("numpy", "keras"),
            default="numpy",
            help="who runs the network: numpy or keras (default: numpy)",
        )
        options.add_seed(parser)
        options.add_common(parser)
        parser.set_defaults(parser=parser, module=__name__, command=name, methods=methods)


def run(args: argparse.Namespace) -> int:
    """Check everything, measure every point, write the files, print."""
    sparsities = options.sparsities(args.k)  # before the imports: its errors answer at once
    from prune.files import data, runs, weights
    from prune.views import words

    console = Console(args.quiet)
    source = weights.load(args.weights or weights.shipped(), args.activation)
    images = data.load(args.data, "test", args.limit)
    data.check_fits(images, source.network, args.data)
    curves = pruning.curves(args, source.network, sparsities)
    runs.prove_writable(args.out, "--out")
    _remark(console, source, sparsities)
    record = runs.Record(
        args.argv,
        options.settings(args, k=[float(100 * s) for s in sparsities]),
        _inputs(source, images),
    )
    with runs.recorded(args.out, record):
        unpruned, rows = _measure(console, args, source, images, curves)
        texts = _write(args.out, rows, unpruned.correct / unpruned.total, source, args.data)
        said = words.conclusion(rows, unpruned.correct / unpruned.total)
        record.results = {"unpruned": unpruned._asdict(), "points": len(rows), "conclusion": said}
    print(texts[args.format], end="")
    console.say(f"\n{said}")
    console.say(f"Files: {args.out}{os.sep} {{table.csv,json,md  accuracy.png,svg  run.json}}")
    console.say(f"Next: {_next(args, rows, unpruned.correct / unpruned.total)}")
    return 0


def _remark(console: Console, source: WeightsFile, sparsities: list[Fraction]) -> None:
    if source.assumed:
        console.say(
            f"note: the weights file does not tell activations; {source.assumed} is assumed "
            "between layers and softmax at the end (--activation NAME to change)"
        )
    if remark := options.hint(sparsities):
        console.say(f"note: {remark}")


def _inputs(source: WeightsFile, images: Data) -> dict[str, Any]:
    return {
        "weights": {"format": source.format, "sha256": source.sha256},
        "data": {"images": len(images.labels), "sha256": images.sha256},
    }


def _measure(
    console: Console,
    args: argparse.Namespace,
    source: WeightsFile,
    images: Data,
    curves: list[Curve],
) -> tuple[Evaluation, list[Row]]:
    """Evaluate the network as it is, then every point."""
    from prune.experiments import sweep
    from prune.experiments.engines import ENGINES

    rows: list[Row] = []
    with console.progress(sum(len(curve.plan.sparsities) for curve in curves)) as report:
        report(f"starting {args.engine}", 0, "")
        engine = ENGINES[args.engine](images.images, images.labels)
        unpruned = engine(source.network)
        if not isfinite(unpruned.loss):
            raise PruneError("the network's outputs overflow float32; train it again")
        for row in sweep.rows(curves, unpruned, engine):
            rows.append(row)
            report(_point(row), len(rows), f"{_point(row)}: {row.accuracy:.2%}{_floored(row)}")
    return unpruned, rows


def _point(row: Row) -> str:
    return f"{row.method} {row.criterion} k = {row.k:g}"


def _floored(row: Row) -> str:
    return f" (only its floor keeps {row.floored.replace('+', ', ')})" if row.floored else ""


def _write(
    out: Path, rows: list[Row], unpruned: float, source: WeightsFile, data: str
) -> dict[str, str]:
    """Write the tables and pictures; return what each --format prints."""
    from prune.files import atomic, results
    from prune.views import plot, published, tables

    # Only with its own data set does the published network compare.
    with_published = data == "mnist" and published.is_home(source.network)
    table = tables.table(rows, with_published)
    texts = {
        "csv": results.to_csv(rows),
        "json": results.to_json(rows),
        "markdown": tables.to_markdown(table),
    }
    for suffix, text in zip(("csv", "json", "md"), texts.values(), strict=True):
        atomic.write(out / f"table.{suffix}", text.encode())
    classes = source.network[-1].kernel.shape[1]
    figure = plot.accuracy(rows, unpruned, classes, with_published)
    for suffix, picture in zip(("png", "svg"), plot.png_and_svg(figure), strict=True):
        atomic.write(out / f"accuracy.{suffix}", picture)
    return {**texts, "table": tables.to_text(table)}


def _next(args: argparse.Namespace, rows: list[Row], unpruned: float) -> str:
    """Return the command that looks closer at where the first curve falls."""
    from prune.views.words import curves, held

    last, first_below = held(next(iter(curves(rows).values())), unpruned)
    again = [f"--{name} {shlex.quote(str(getattr(args, name)))}" for name in _given(args)]
    if first_below is not None and first_below - (last or 0) > 1:
        step = max(1, round((first_below - (last or 0)) / 10))
        closer = f"--k {last or 0:g}:{first_below:g}:{step}"
        return " ".join(["prune", args.methods[0], closer, *again]) + "  (where it falls)"
    if args.engine == "numpy":
        return " ".join(["prune", args.command, "--engine keras", *again]) + "  (a second opinion)"
    return " ".join(["prune compare", *again]) + "  (both methods)"


def _given(args: argparse.Namespace) -> list[str]:
    """Return the names of the options for input that were set, to be said again."""
    names = ("weights", "activation", "data", "limit", "repair", "scope")
    return [name for name in names if getattr(args, name) != args.parser.get_default(name)]
