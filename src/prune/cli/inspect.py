"""`prune inspect`: what is in a weights file, without running anything."""

from __future__ import annotations

import json
import shlex
from math import prod
from typing import Any

import numpy as np

from prune.cli.asked import Asked
from prune.cli.console import Console
from prune.cli.job import remark_on_activation
from prune.core import anatomy
from prune.core.anatomy import Anatomy
from prune.core.network import Layer
from prune.files import names, places
from prune.models import loading
from prune.models.net import Net
from prune.settings.files import JSON, Activation, Out, Talk
from prune.settings.single import File
from prune.views.tables import Table, to_text


def run(asked: Asked) -> int:
    """Read the file and print what it holds."""
    path, own = places.located(asked.of(File).file), asked.of(Activation)
    source = loading.load(path, own.activation, own.isolate, own.trust)
    console = Console(asked.of(Talk).quiet)
    remark_on_activation(asked, console, source)
    if source.assumed:
        console.say(f"note: the file does not tell activations; {source.assumed} is assumed")
    whole = anatomy.of(source.network)
    chain = anatomy.is_chain(source.network)
    layers = [_describe(layer) for layer in source.network] if chain else source.network.described()
    if asked.of(Out).format == JSON:
        found = {"file": str(path), "format": source.format, "sha256": source.sha256}
        found |= {"parameters": whole.parameters(), "layers": layers}
        found |= {"bytes": path.stat().st_size, "dense_bytes": 4 * whole.parameters()}
        found |= (
            {} if chain else {"groups": _groups(source.network), "frozen": _frozen(source.network)}
        )
        print(json.dumps(found, indent=2))
        return 0
    size, dense = path.stat().st_size, 4 * whole.parameters()
    where = names.printable(str(path))
    print(f"{where}: {source.format}, {whole.parameters():,} parameters")
    print(f"{size:,} bytes on disk, {dense:,} as plain float32")
    print(f"sha256 {source.sha256}\n")
    print(_table(layers) if chain else _of_any(source.network, layers), end="")
    untold = ("isolate",) if source.assumed else ("isolate", "activation")
    again = " ".join([shlex.quote(str(path)), *asked.again(*untold, only=Activation)])
    others = "" if _takes_mnist(whole) else " --data FILE.npz"
    console.say(f"\nNext: prune compare --weights {again}{others}")
    return 0


_MNIST = 28 * 28  # values of an image


def _takes_mnist(whole: Anatomy) -> bool:
    """Tell whether the images that are taken unasked have as many values as the network takes."""
    return [prod(shape) for shape in whole.inputs().values()] == [_MNIST]


def _describe(layer: Layer) -> dict[str, Any]:
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


def _groups(net: Net) -> list[dict[str, Any]]:
    return [
        {"name": name, "units": len(group.units), "layers": list(group.layers)}
        for name, group in net.structure.groups.items()
    ]


def _frozen(net: Net) -> list[dict[str, Any]]:
    return [each._asdict() for each in net.structure.frozen]


def _of_any(net: Net, layers: list[dict[str, Any]]) -> str:
    """Return the layers with kernels, the groups of units, and what stays with its reason."""
    lines = [
        [
            layer["name"],
            layer["kind"],
            f"{layer['inputs']:,}",
            f"{layer['units']:,}",
            f"{layer['multiply_adds']:,}",
            f"{layer['zeros']:,} ({layer['zeros'] / (layer['inputs'] * layer['units']):.1%})",
        ]
        for layer in layers
    ]
    header = ["kernel", "kind", "inputs", "units", "multiply-adds", "zeros"]
    groups = [
        [group["name"], f"{group['units']:,}", ", ".join(group["layers"])] for group in _groups(net)
    ]
    frozen = [[stays["layer"], f"{stays['units']:,}", stays["reason"]] for stays in _frozen(net)]
    tables = [
        Table(header, lines, ""),
        Table(["group", "units", "made by"], groups, ""),
        Table(["frozen", "units", "stay: why"], frozen, ""),
    ]
    return "\n".join(to_text(table) for table in tables if table.lines)
