"""`prune study`: a grid over networks and ways to prune them, that survives anything."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from prune.cli import options, studying
from prune.cli.parser import Parser


def add(commands: Any) -> None:
    """Add the command to the parser."""
    about = "Train networks, prune them in many ways, and tell the spread. Again: what is missing."
    parser: Parser = commands.add_parser(
        "study",
        help="many networks pruned in many ways, with intervals",
        description=about,
        examples="prune study studies/replication.toml --dry-run\n"
        "prune study studies/replication.toml --jobs 2\n"
        "prune study studies/methods.toml --scheduler tcp://127.0.0.1:8786",
    )
    parser.add_argument(
        "file", metavar="FILE", type=options.path, help="the settings file, in TOML"
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=options.path,
        help="where files go (default: results/study-FILE)",
    )
    studying.add_options(parser)
    options.add_format(parser)
    options.add_common(parser)
    parser.set_defaults(parser=parser, module=__name__, command="study")


def run(args: argparse.Namespace) -> int:
    """Check everything, do what is missing, write the files, print."""
    from prune.files import studies
    from prune.views import report

    args.out = args.out or Path("results") / f"study-{args.file.stem}"
    study = studies.load(args.file)
    return studying.carry_out(args, study, partial(report.spread, data=study.data))
