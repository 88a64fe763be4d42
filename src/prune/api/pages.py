"""What was measured, as one page to share."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from prune import EnvironmentFailure, PruneError
from prune.api.shown import Shown
from prune.files import atomic, folders
from prune.files.folders import Run
from prune.views.page.page import page

Reported: TypeAlias = "Shown | str | os.PathLike[str]"


def report(measured: Reported | Sequence[Reported], path: str | os.PathLike[str]) -> None:
    """Write one page of HTML that shows what was measured, and needs nothing else to be read.

    - `measured`: what `compare`, `sensitivity`, `search` or `bench` gave; the folder of a run of
      the command; or several of them, side by side.
    - `path`: the file to write, such as "report.html".

    The same measurements give the same bytes, fewer than 300,000.  Raises `PruneError` for what is
    none of these, `EnvironmentFailure` where the file cannot be written.
    """
    several = [measured] if isinstance(measured, Shown | str | os.PathLike) else list(measured)
    if not several:
        raise PruneError("there is nothing to report; give what prune.compare returned")
    content = page(list(_named([_run(each) for each in several])))
    try:
        atomic.write(Path(path), content.encode())
    except OSError as error:
        raise EnvironmentFailure(
            f"cannot write {path}: {error.strerror}; give a file in a folder that there is"
        ) from error


def _run(measured: Reported) -> Run:
    if isinstance(measured, str | os.PathLike):
        return folders.read(Path(measured))
    if not isinstance(measured, Shown):
        raise PruneError(
            f"a page is of what prune.compare, sensitivity, search or bench returned, or of the "
            f"folder of a run, got {type(measured).__name__}"
        )
    told = json.loads(json.dumps(measured.run.record, default=str))  # as it would be read back
    return replace(measured.run, record=told)


def _named(found: list[Run]) -> Iterator[Run]:
    """Yield runs of distinct names, which the page tells them by."""
    names, seen = Counter(run.name for run in found), Counter[str]()
    for run in found:
        seen[run.name] += 1
        several = names[run.name] > 1
        yield replace(run, name=f"{run.name} {seen[run.name]}") if several else run
