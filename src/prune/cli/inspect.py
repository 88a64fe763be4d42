"""`prune inspect`: what is in a weights file, without running anything."""

from __future__ import annotations

import argparse
import json
import shlex
from typing import TYPE_CHECKING, Any

from prune.cli import options
from prune.cli.console import Console
from prune.cli.parser import Parser
from prune.files import names

if TYPE_CHECKING:
    from prune.core.network import Layer


def add(commands: Any) -> None:
    """Add the command to the parser."""
    about = "Show what is in a weights file, without running anything."
    parser: Parser = commands.add_parser(
        "inspect",
        help="show what is in a weights file",
        description=about,
        examples="prune inspect weights.h5\nprune inspect model.keras --format json",
    )
    parser.add_argument(
        "file", metavar="FILE", type=options.path, help="a Keras .keras or .h5 file"
    )
    options.add_activation(parser)
    options.add_format(parser, ("table", "json"))
    options.add_common(parser)
    parser.set_defaults(parser=parser, module=__name__)


def run(args: argparse.Namespace) -> int:
    """Read the file and print what it holds."""
    from prune.core.network import parameters
    from prune.files import weights

    source = weights.load(args.file, args.activation, args.isolate)
    console = Console(args.quiet)
    options.remark_unused_activation(args, console, source)
    if source.assumed:
        console.say(f"note: the file does not tell activations; {source.assumed} is assumed")
    layers = [_describe(layer) for layer in source.network]
    if args.format == "json":
        found = {"file": str(args.file), "format": source.format, "sha256": source.sha256}
        found |= {"parameters": parameters(source.network), "layers": layers}
        found |= {"bytes": args.file.stat().st_size, "dense_bytes": 4 * parameters(source.network)}
        print(json.dumps(found, indent=2))
        return 0
    size, dense = args.file.stat().st_size, 4 * parameters(source.network)
    where = names.printable(str(args.file))
    print(f"{where}: {source.format}, {parameters(source.network):,} parameters")
    print(f"{size:,} bytes on disk, {dense:,} as plain float32")
    print(f"sha256 {source.sha256}\n")
    print(_table(layers), end="")
    again = f"--weights {shlex.quote(str(args.file))}"
    if source.assumed not in ("", "relu"):
        again += f" --activation {shlex.quote(source.assumed)}"
    console.say(f"\nNext: prune compare {again}")
    return 0


def _describe(layer: Layer) -> dict[str, Any]:
    import numpy as np

    inputs, units = layer.kernel.shape
    return {
        "name": layer.name,
        "inputs": inputs,
        "units": units,
        "activation": layer.activation,
        "bias": layer.bias is not None,
        "zeros": int(np.count_nonzero(layer.kernel == 0)),
    }


def _table(layers: list[dict[str, Any]]) -> str:
    from prune.views.tables import Table, to_text

    lines = [
        [
            layer["name"],
            f"{layer['inputs']:,}",
            f"{layer['units']:,}",
            layer["activation"],
            "yes" if layer["bias"] else "no",
            f"{layer['zeros']:,} ({layer['zeros'] / (layer['inputs'] * layer['units']):.1%})",
        ]
        for layer in layers
    ]
    header = ["layer", "inputs", "units", "activation", "bias", "zeros"]
    return to_text(Table(header, lines, ""))
