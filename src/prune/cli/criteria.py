"""`prune criteria`: how things can be ranked."""

from __future__ import annotations

import argparse
import json
from typing import Any

from prune.cli import options
from prune.cli.console import Console
from prune.cli.parser import Parser


def add(commands: Any) -> None:
    """Add the command to the parser."""
    about = "List the criteria: how weights or units can be ranked for removal."
    parser: Parser = commands.add_parser(
        "criteria",
        help="list the criteria",
        description=about,
        examples="prune criteria\nprune criteria --format json",
    )
    options.add_format(parser, ("table", "json"))
    options.add_common(parser)
    parser.set_defaults(parser=parser, module=__name__)


def run(args: argparse.Namespace) -> int:
    """Print every criterion with one line and its source."""
    from prune.core.pruning import CRITERIA

    found = [
        {"method": method, "criterion": name, "about": each.about, "source": each.source}
        for method, criteria in CRITERIA.items()
        for name, each in criteria.items()
    ]
    if args.format == "json":
        print(json.dumps(found, indent=2))
        return 0
    for each in found:
        source = f" ({each['source']})" if each["source"] else ""
        print(f"{each['method']:6}  {each['criterion']:10}  {each['about']}{source}")
    Console(args.quiet).say("\nNext: prune weight --criterion magnitude,activation,obs")
    return 0
