"""`prune shrink`: prune to one k, remove what no longer matters, and save what is left."""

from __future__ import annotations

import json
import os
import shlex
from typing import Any

from prune import PruneError
from prune.cli import job as jobs
from prune.cli.asked import Asked
from prune.cli.job import Job
from prune.core import forms, measure
from prune.core.alive import shrink
from prune.core.measure import Difference
from prune.core.network import Network, multiply_adds, nonzero, parameters
from prune.experiments import sweep
from prune.files import atomic, runs, weights
from prune.settings import lists
from prune.settings.files import JSON, Out, Packing, Save
from prune.settings.pruning import WEIGHT
from prune.views import tables
from prune.views.tables import Table

# The largest difference of logits, relative to the largest logit, that rounding explains: of the
# order of summation in float32, and of the weights themselves in float16.
_ROUNDING = 1e-5
_ROUNDING_HALF = 1e-2


def run(asked: Asked) -> int:
    """Check everything, prune, shrink, prove, save, print."""
    save, packing = asked.of(Save), asked.of(Packing)
    writer = weights.writer(save.save, packing.compress, packing.float16)
    jobs.refuse_overwriting(save)
    job = jobs.prepare(asked)
    runs.prove_writable(save.save.parent, "--save")
    with jobs.recorded(job), job.console.progress(1) as report:
        job = jobs.begun(job, report)
        ((_, pruned),) = sweep.points(job.curves, lambda doing: report(doing, 0, ""))
        shrunk = shrink(pruned.network)
        _refuse_empty(shrunk, job)
        content = writer(shrunk)
        written = weights.parse(content, save.save).network
        proof = _prove(job, pruned.network, written)
        atomic.write(save.save, content)
        numbers = _numbers(job, pruned.network, written, len(content), proof)
        job.record.results = {"sha256": weights.sha256(content), **numbers}
    _print(job, numbers)
    return 0


def _refuse_empty(shrunk: Network, job: Job) -> None:
    """Refuse a network of which a layer has no units left: no file can hold it."""
    empty = [layer.name for layer in shrunk if not layer.kernel.size]
    if empty:
        raise PruneError(
            f"nothing is left to save: at k = {lists.k(job.cells[0].k[0]):.15g} no unit of layer "
            f"{empty[0]!r} matters any more; give a smaller --k"
        )


def _prove(job: Job, masked: Network, written: Network) -> Difference:
    """Compare what will be saved, as it will be read, with the pruned network it stands for."""
    proof = measure.compare(masked, written, job.test.images)
    allowed = (_ROUNDING_HALF if job.asked.of(Packing).float16 else _ROUNDING) * proof.scale
    if not proof.largest <= allowed:
        raise PruneError(
            f"the shrunk network differs from the pruned one by {proof.largest:.3g} in a logit, "
            f"more than rounding explains ({allowed:.3g}); nothing was saved"
        )
    return proof


def _numbers(
    job: Job, masked: Network, written: Network, size: int, proof: Difference
) -> dict[str, Any]:
    """Return every number that is printed, by what it is of."""
    before = job.network
    return {
        "parameters": [parameters(before), parameters(written)],
        "nonzero": [nonzero(before), nonzero(written)],
        "multiply_adds": [multiply_adds(before), multiply_adds(shrink(written))],
        "bytes": [4 * parameters(before), size],
        "correct": [
            measure.evaluate(run, job.test.images, job.test.labels).correct
            for run in map(forms.mixed, (before, written))
        ],
        "units": [[layer.kernel.shape[1] for layer in network] for network in (before, written)],
        "largest_difference": proof.largest,
        "largest_logit": proof.scale,
        "agreeing": proof.agreeing,
        "total": proof.total,
    }


def _print(job: Job, numbers: dict[str, Any]) -> None:
    saved = job.asked.of(Save).save
    if job.asked.of(Out).format == JSON:
        print(json.dumps(numbers, indent=2))
    else:
        print(tables.to_text(_table(numbers)), end="")
    jobs.warn_of_guessing(job, numbers["correct"][0] / numbers["total"])
    say = job.console.say
    say(
        f"\nProof: the file as read back differs from the pruned network by at most "
        f"{numbers['largest_difference']:.2g} in a logit (the largest is "
        f"{numbers['largest_logit']:.3g}), and gives the same class on "
        f"{numbers['agreeing']:,} of {numbers['total']:,} test images."
    )
    if job.cells[0].method == WEIGHT and saved.suffix != ".npz":
        say("note: a Keras file holds every zero; --save FILE.npz leaves them out")
    say(f"Saved {saved}; run.json in {job.out}{os.sep}")
    say(f"Next: prune inspect {shlex.quote(str(saved))}")


def _table(numbers: dict[str, Any]) -> Table:
    before, after = ("-".join(map(str, units)) for units in numbers["units"])
    lines = [["units", before, after, ""]]
    for name in ("parameters", "nonzero", "multiply_adds", "bytes"):
        whole, left = numbers[name]
        times = f"{whole / left:.1f} x" if left else ""
        lines.append([name.replace("_", "-"), f"{whole:,}", f"{left:,}", times])
    share = [f"{correct / numbers['total']:.2%}" for correct in numbers["correct"]]
    lines.append(["accuracy", *share, ""])
    return Table(["", "before", "saved", "smaller"], lines, "")
