"""`prune export`: a model in the file of a runtime, held against Keras, and what it weighs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prune import PruneError
from prune.cli import job as jobs
from prune.cli.asked import Asked
from prune.cli.console import Console
from prune.experiments import exporting, perform
from prune.experiments.cells import Source
from prune.experiments.exporting import Exported, Original
from prune.files import atomic, places, runs, weights
from prune.files.data import Data
from prune.files.results import Conversion
from prune.runtimes.forms import Form, Parts, Runtime, require
from prune.runtimes.table import RUNTIMES
from prune.settings.files import FILES_OF, Out, Save, Talk, Weights
from prune.settings.runtimes import Export
from prune.views import exports


def run(asked: Asked) -> int:
    """Check everything, convert, compare, save, print."""
    console, own = Console(asked.of(Talk).quiet), asked.of(Export)
    runtime = RUNTIMES[own.to]
    form, path, out = _form(own, runtime), _path(asked, runtime), asked.of(Out).out
    require(runtime, own.to)
    stored, source = jobs.load(asked), jobs.images(asked)
    test = perform.images(source, "test", stored.network)
    seen = _seen(runtime, form, stored.network, source) or test.part(slice(0))
    jobs.remark_on_scale(console, source.scale, test)
    for folder, option in ((path.parent, "--save"), (out, "--out")):
        runs.prove_writable(folder, option)
    record = runs.Record(asked.words, asked.plain(), jobs.inputs(stored, test))
    with runs.recorded(out, record):
        with console.progress(len(runtime.forms)) as report:
            report("starting Keras", 0, "")
            whole = exporting.original(stored.network, test.inputs, test.judge, seen.inputs)
            made = _converted(whole, runtime, form, own.within, report)
        parts, saved = made[0]
        _write(path, parts)
        order = [form.name for form in runtime.forms]
        rows = sorted((each.row for each in made), key=lambda row: order.index(row.form))
        texts = jobs.write_tables(out, rows, [exports.table(rows)], Conversion)
        record.results = {"saved": str(path), "sha256": _sums(path, parts)}
    print(texts[asked.of(Out).format], end="")
    console.say(f"\n{exports.conclusion(saved)}")
    console.say(f"Saved {path}; {out}{os.sep} {{table.csv,json,md  run.json}}")
    given = " ".join(asked.again("to", "int8", "sparse", "force"))
    (timer,) = (name for name, file in FILES_OF.items() if file == own.to)
    timed = f"prune bench --runtime {timer} --k 0,50 --batch 1 {given}".rstrip()
    console.say(f"Next: {timed}  (how fast it is, and would be with half of its units)")
    return 0


def _form(own: Export, runtime: Runtime) -> Form:
    form = Form(own.int8, own.sparse)
    if form not in runtime.forms:
        options = " ".join(["--int8"] * own.int8 + ["--sparse"] * own.sparse)
        raise PruneError(
            f"{runtime.title} files are plain: leave out {options}, or give --to litert"
        )
    return form


def _path(asked: Asked, runtime: Runtime) -> Path:
    """Return the file to write: by default called like the model, in the folder for files."""
    save, ending = asked.of(Save), runtime.endings[0]
    if save.save is None:
        model = asked.of(Weights).weights or places.shipped()
        return asked.of(Out).out / f"{model.name.split('.')[0]}{ending}"
    if save.save.suffix != ending:
        raise PruneError(f"{runtime.title} files end in {ending}, got --save {save.save}")
    jobs.refuse_overwriting(save)
    return save.save


def _seen(runtime: Runtime, wanted: Form, network: Any, source: Source) -> Data | None:
    """Return training examples, if any form sees some: they may be missing if it is not wanted."""
    if not any(form.int8 for form in runtime.forms):
        return None
    try:
        return perform.images(source, "train", network)
    except PruneError:
        if wanted.int8:
            raise
        return None


def _converted(
    whole: Original,
    runtime: Runtime,
    wanted: Form,
    within: float,
    report: Callable[[str, int, str], None],
) -> list[Exported]:
    """Convert to what is wanted, which must succeed, then to the other forms, which may not."""
    made = [exporting.exported(runtime, whole, wanted, True, within)]
    report(wanted.name, 1, f"{wanted.name}: {made[0].row.bytes:,} bytes")
    others = [form for form in runtime.forms if form != wanted]
    for number, form in enumerate(others, 2):
        try:
            made.append(exporting.exported(runtime, whole, form, False, within))
            report(form.name, number, f"{form.name}: {made[-1].row.bytes:,} bytes")
        except PruneError as error:
            report(form.name, number, f"note: {error}")
    return made


def _files(path: Path, parts: Parts) -> dict[Path, bytes]:
    return {path.with_suffix(ending): content for ending, content in parts.items()}


def _write(path: Path, parts: Parts) -> None:
    """Write all files of a model, last the one that names it."""
    for each, content in reversed(_files(path, parts).items()):
        atomic.write(each, content)


def _sums(path: Path, parts: Parts) -> dict[str, str]:
    return {each.name: weights.sha256(content) for each, content in _files(path, parts).items()}
