"""`prune shrink`: prune to one k, remove what no longer matters, and save what is left."""

from __future__ import annotations

import json
import os
from typing import Any

from prune.cli import job as jobs
from prune.cli import pages
from prune.cli.asked import Asked
from prune.cli.job import Job
from prune.core import anatomy
from prune.core.chance import is_guessing
from prune.core.measure import Evaluation
from prune.experiments import perform, shrinking, sweep
from prune.experiments.shrinking import Saved
from prune.files import atomic, runs, weights
from prune.files.weights import Writer
from prune.settings.files import JSON, Out, Save
from prune.settings.pruning import WEIGHT
from prune.settings.single import Packing
from prune.views import tables
from prune.views.tables import Table


def run(asked: Asked) -> int:
    """Check everything, prune, shrink, prove, save, print."""
    save, packing = asked.of(Save), asked.of(Packing)
    # A deflated .keras is opened by stock Keras; .h5 files are for other tools too, and as told.
    compress = packing.compress or save.save.suffix == ".keras"
    writer = weights.writer(save.save, compress, packing.float16)
    jobs.refuse_overwriting(save)
    job = jobs.prepare(asked)
    runs.prove_writable(save.save.parent, "--save")
    with jobs.recorded(job), job.console.progress(1) as report:
        job = jobs.begun(job, report)
        ((_, pruned),) = sweep.points(job.curves, lambda doing: report(doing, 0, ""))
        saved = _saved(job, pruned.network, writer)
        atomic.write(save.save, saved.content)
        numbers = _numbers(job, saved, len(_content(job.network, writer)))
        job.record.results = {"sha256": weights.sha256(saved.content), **numbers}
        outline = anatomy.of(job.network).outline()
        jobs.write_outline(job, outline, [anatomy.of(saved.network).counts(outline)])
        atomic.write(job.out / "layers.md", tables.to_markdown(_layers(job, saved)).encode())
    pages.share(asked, job.out)
    _print(job, saved, numbers)
    return 0


def _saved(job: Job, pruned: Any, writer: Writer) -> Saved:
    path, test = job.asked.of(Save).save, job.test
    if anatomy.is_chain(pruned):
        return shrinking.chain(pruned, test.images, writer, path, job.asked.of(Packing).float16)
    return shrinking.model(pruned, test.inputs, path)


def _content(network: Any, writer: Writer) -> bytes:
    """Return the file of a whole network in the form of the saved one: like beside like."""
    return writer(network) if anatomy.is_chain(network) else shrinking.model_content(network)


def _numbers(job: Job, saved: Saved, whole: int) -> dict[str, Any]:
    """Return every number that is printed, by what it is of; `whole` bytes are what was before."""
    pair = [anatomy.of(network) for network in (job.network, saved.network)]
    before, written = pair
    engine = perform.engines(job.cells, job.network, job.source).test
    other = perform.engines(job.cells, saved.network, job.source).test
    units = [list(shrinking.units(network).values()) for network in (job.network, saved.network)]
    smallest = anatomy.of(written.shrunk())
    return {
        "parameters": [before.parameters(), written.parameters()],
        "nonzero": [before.nonzero(), written.nonzero()],
        "multiply_adds": [before.multiply_adds(), smallest.multiply_adds()],
        "bytes": [whole, len(saved.content)],
        **_measured(engine(job.network), other(saved.network)),
        "units": units,
        "largest_difference": saved.difference.largest,
        "largest_logit": saved.difference.scale,
        "agreeing": saved.difference.agreeing,
        "total": saved.difference.total,
    }


def _measured(before: Evaluation, after: Evaluation) -> dict[str, Any]:
    """Return what both get right, and of networks without classes their loss too."""
    found: dict[str, Any] = {"correct": [before.correct, after.correct]}
    if before.correct is None:
        found |= {"metric": before.metric, "loss": [before.loss, after.loss]}
    return found


def _layers(job: Job, saved: Saved) -> Table:
    """Return how many units each layer had and has."""
    before, after = shrinking.units(job.network), shrinking.units(saved.network)
    lines = [
        [name, f"{number:,}", f"{after.get(name, 0):,}", _gone(number, after.get(name, 0))]
        for name, number in before.items()
    ]
    return Table(["layer", "units", "left", "removed"], lines, "Units of each layer with a kernel.")


def _gone(before: int, after: int) -> str:
    return f"{(before - after) / before:.1%}" if after < before else ""


def _print(job: Job, saved: Saved, numbers: dict[str, Any]) -> None:
    path = job.asked.of(Save).save
    if job.asked.of(Out).format == JSON:
        print(json.dumps(numbers, indent=2))
    else:
        print(tables.to_text(_layers(job, saved)))
        print(tables.to_text(_table(numbers)), end="")
    doubt = jobs.doubted(job, Evaluation(numbers["correct"][0], numbers["total"], None))
    say = job.console.say
    right = numbers["correct"][1]
    if not doubt and right is not None and is_guessing(right / numbers["total"], job.test.labels):
        job.console.warn(
            "WARNING: what was saved hardly knows more than guessing does; a lower --k, "
            "--criterion obs, --repair lstsq or --retrain N keeps more"
        )
    say(
        f"\nProof: the file as read back differs from the pruned network by at most "
        f"{numbers['largest_difference']:.2g} in {_output(numbers)} (the largest is "
        f"{numbers['largest_logit']:.3g}){_agreeing(numbers)}."
    )
    if saved.layers:
        say(
            f"Each of {saved.layers} layers, given what the pruned model gives it, differs by at "
            f"most {saved.worst:.2g} of its range."
        )
    unpacked = path.suffix not in (".keras", ".npz") and not job.asked.of(Packing).compress
    if job.cells[0].method == WEIGHT and unpacked:
        say("note: an .h5 file holds every zero; --compress packs them, as .keras and .npz do")
    say(f"Saved {path}; {job.out}{os.sep} {{layers.md,json  run.json}}")
    say(f"Next: {jobs.inspecting(job.asked, path)}")


def _output(numbers: dict[str, Any]) -> str:
    return "an output" if "loss" in numbers else "a logit"


def _agreeing(numbers: dict[str, Any]) -> str:
    """Say on how many images both give the same class, if there are classes."""
    if "loss" in numbers:
        return ""
    return (
        f", and gives the same class on {numbers['agreeing']:,} of {numbers['total']:,} test images"
    )


def _quality(numbers: dict[str, Any]) -> list[str]:
    if "loss" in numbers:
        return [numbers["metric"], *(f"{loss:.4g}" for loss in numbers["loss"]), ""]
    return ["accuracy", *(f"{right / numbers['total']:.2%}" for right in numbers["correct"]), ""]


def _table(numbers: dict[str, Any]) -> Table:
    lines = []
    for name in ("parameters", "nonzero", "multiply_adds", "bytes"):
        whole, left = numbers[name]
        times = f"{whole / left:.1f} x" if left else ""
        lines.append([name.replace("_", "-"), f"{whole:,}", f"{left:,}", times])
    lines.append(_quality(numbers))
    return Table(["", "before", "saved", "smaller"], lines, "")
