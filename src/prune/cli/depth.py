"""`prune depth`: whether deeper networks tolerate more pruning."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING, Any

from prune import PruneError
from prune.cli import options, studying
from prune.cli.parser import Parser
from prune.core import lists

if TYPE_CHECKING:
    from prune.files.studies import Study
    from prune.views.depth import Readings

_K = "0:98:2"
_DEEPEST = 50


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser: Parser = commands.add_parser(
        "depth",
        help="prune networks of several depths",
        description="Train networks of several depths, of equal width and of equally many "
        "parameters, and tell how far each can be pruned: a study, which goes on where it was.",
        examples="prune depth --dry-run\n"
        "prune depth --jobs 2\n"
        "prune depth --depths 1-3 --seeds 0-9 --width 100",
    )
    parser.add_argument(
        "--depths", metavar="LIST", default="1-5", help="numbers of hidden layers (default: 1-5)"
    )
    parser.add_argument(
        "--width", metavar="N", type=options.positive, default=300, help="units (default: 300)"
    )
    parser.add_argument("--seeds", metavar="LIST", default="0-4", help="networks (default: 0-4)")
    parser.add_argument("--epochs", metavar="N", type=options.positive, default=10)
    parser.add_argument("--batch-size", metavar="N", type=options.positive, default=128)
    parser.add_argument(
        "--k", metavar="LIST", nargs="+", default=[_K], help=f"percents to try (default: {_K})"
    )
    studying.add_options(parser)
    options.add_data(parser)
    options.add_out(parser, "depth")
    options.add_format(parser)
    options.add_common(parser)
    parser.set_defaults(parser=parser, module=__name__, command="depth")


def run(args: argparse.Namespace) -> int:
    """Check everything, do what is missing, write the files, print."""
    depths = sorted(lists.seeds(args.depths, "--depths"))
    if not 1 <= depths[0] <= depths[-1] <= _DEEPEST:
        raise PruneError(f"--depths takes numbers from 1 to {_DEEPEST}, got {args.depths}")
    study, readings = _study(args, depths)
    from prune.views import depth

    return studying.carry_out(args, study, partial(depth.show, readings=readings))


def _study(args: argparse.Namespace, depths: list[int]) -> tuple[Study, Readings]:
    """Return the study, and which of its networks belong to which reading."""
    ks = options.sparsities(args.k)
    seeds = lists.seeds(args.seeds, "--seeds")
    if ks[0] != 0:
        raise PruneError("--k must hold 0: the largest k is told from what no pruning gives")
    from prune.experiments import depth
    from prune.files import data, studies

    train = data.load(args.data, "train", args.limit, args.scale)
    inputs = train.images.shape[1]
    readings = {
        "width": depth.width_held(depths, args.width),
        "parameters": depth.parameters_held(depths, args.width, inputs, train.classes),
    }
    hidden = dict.fromkeys(sizes for own in readings.values() for sizes in own.values())
    part = studies.Part(
        seeds=seeds,
        hidden=tuple(hidden),
        epochs=args.epochs,
        batch_size=args.batch_size,
        k=tuple(ks),
    )
    return studies.Study("", args.data, args.limit, (part,), args.scale), readings
