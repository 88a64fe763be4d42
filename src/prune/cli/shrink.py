"""`prune shrink`: prune to one k, remove what no longer matters, and save what is left."""

from __future__ import annotations

import argparse
import json
import os
import shlex
from typing import TYPE_CHECKING, Any

from prune import PruneError
from prune.cli import job as jobs
from prune.cli import options, retraining
from prune.cli.job import Job
from prune.cli.parser import Parser

if TYPE_CHECKING:
    from prune.core.measure import Difference
    from prune.core.network import Network
    from prune.views.tables import Table

# The largest difference of logits, relative to the largest logit, that rounding explains: of the
# order of summation in float32, and of the weights themselves in float16.
_ROUNDING = 1e-5
_ROUNDING_HALF = 1e-2


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser: Parser = commands.add_parser(
        "shrink",
        help="prune, and save a network that really is smaller",
        description="Prune to one k, physically remove what no longer matters, prove that the "
        "answers are the same, and save.",
        examples="prune shrink --method unit --k 70 --save small.keras\n"
        "prune shrink --method unit --criterion obs --k 90 --save small.weights.h5\n"
        "prune shrink --method weight --k 95 --save small.npz --float16",
    )
    options.add_method(parser)
    options.add_save(parser, ".keras, .weights.h5, .h5, or .npz (sparse)")
    parser.add_argument("--float16", action="store_true", help="halve the values of an .npz")
    parser.add_argument("--compress", action="store_true", help="deflate the arrays of an .h5")
    jobs.add_options(parser, "shrink", ("table", "json"))
    retraining.add(parser)
    parser.set_defaults(parser=parser, module=__name__, command="shrink")


def run(args: argparse.Namespace) -> int:
    """Check everything, prune, shrink, prove, save, print."""
    args.methods = (args.method,)
    if len(options.sparsities(args.k)) > 1:
        raise PruneError("shrink takes one --k, such as --k 90")
    retraining.check(args)
    from prune.core.shrink import shrink
    from prune.experiments import sweep
    from prune.files import atomic, runs, weights

    writer = weights.writer(args.save, args.compress, args.float16)
    options.refuse_overwriting(args)
    job = jobs.prepare(args)
    if len(job.curves) > 1:
        raise PruneError("shrink takes one --criterion, one --repair and no --controls")
    runs.prove_writable(args.save.parent, "--save")
    with jobs.recorded(job), job.console.progress(1) as report:
        job = retraining.rewound(job, report)
        ((_, pruned),) = sweep.points(job.curves, lambda doing: report(doing, 0, ""))
        content = writer(shrink(pruned.network))
        written = weights.parse(content, args.save).network
        proof = _prove(job, pruned.network, written)
        atomic.write(args.save, content)
        found = _found(job, pruned.network, written, len(content), proof)
        job.record.results = {"sha256": weights.sha256(content), **found}
    _print(job, found)
    return 0


def _prove(job: Job, masked: Network, written: Network) -> Difference:
    """Compare what will be saved, as it will be read, with the pruned network it stands for."""
    from prune.core import measure

    proof = measure.compare(masked, written, job.test.images)
    allowed = (_ROUNDING_HALF if job.args.float16 else _ROUNDING) * proof.scale
    if not proof.largest <= allowed:
        raise PruneError(
            f"the shrunk network differs from the pruned one by {proof.largest:.3g} in a logit, "
            f"more than rounding explains ({allowed:.3g}); nothing was saved"
        )
    return proof


def _found(
    job: Job, masked: Network, written: Network, size: int, proof: Difference
) -> dict[str, Any]:
    """Return every number that is printed, by what it is of."""
    from prune.core import forms, measure
    from prune.core.network import multiply_adds, nonzero, parameters
    from prune.core.shrink import shrink

    before = job.source.network
    return {
        "parameters": [parameters(before), parameters(written)],
        "nonzero": [nonzero(before), nonzero(written)],
        "multiply_adds": [multiply_adds(before), multiply_adds(shrink(written))],
        "bytes": [4 * parameters(before), size],
        "correct": [
            measure.evaluate(run, job.test.images, job.test.labels).correct
            for run in map(forms.fastest, (before, written))
        ],
        "units": [[layer.kernel.shape[1] for layer in network] for network in (before, written)],
        "largest_difference": proof.largest,
        "largest_logit": proof.scale,
        "agreeing": proof.agreeing,
        "total": proof.total,
    }


def _print(job: Job, found: dict[str, Any]) -> None:
    from prune.views import tables

    if job.args.format == "json":
        print(json.dumps(found, indent=2))
    else:
        print(tables.to_text(_table(found)), end="")
    jobs.warn_of_guessing(job, found["correct"][0] / found["total"])
    say = job.console.say
    say(
        f"\nProof: the file as read back differs from the pruned network by at most "
        f"{found['largest_difference']:.2g} in a logit (the largest is "
        f"{found['largest_logit']:.3g}), and gives the same class on "
        f"{found['agreeing']:,} of {found['total']:,} test images."
    )
    if job.args.method == "weight" and job.args.save.suffix != ".npz":
        say("note: a Keras file holds every zero; --save FILE.npz leaves them out")
    say(f"Saved {job.args.save}; run.json in {job.out}{os.sep}")
    say(f"Next: prune inspect {shlex.quote(str(job.args.save))}")


def _table(found: dict[str, Any]) -> Table:
    from prune.views.tables import Table

    before, after = ("-".join(map(str, units)) for units in found["units"])
    lines = [["units", before, after, ""]]
    for name in ("parameters", "nonzero", "multiply_adds", "bytes"):
        whole, left = found[name]
        times = f"{whole / left:.1f} x" if left else ""
        lines.append([name.replace("_", "-"), f"{whole:,}", f"{left:,}", times])
    share = [f"{correct / found['total']:.2%}" for correct in found["correct"]]
    lines.append(["accuracy", *share, ""])
    return Table(["", "before", "saved", "smaller"], lines, "")
