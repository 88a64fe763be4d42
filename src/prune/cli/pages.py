"""`prune report`, and `--html` and `--log` of every command: a page to share, and trackers."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import redirect_stdout
from pathlib import Path

from prune import PruneError
from prune.cli.asked import Asked
from prune.cli.console import Console
from prune.files import atomic, folders, runs, trackers
from prune.files.folders import Run
from prune.files.trackers import TRACKERS
from prune.settings.files import Out, Page, Talk
from prune.settings.single import Folders
from prune.views import telling
from prune.views.page.page import page

NAME = "report.html"
_LOST = 4  # the exit status where a folder was left out, or a tracker did not take one


def run(asked: Asked) -> int:
    """Read the folders, write their page, print where it is, hand over what they hold."""
    given = [Path(each) for each in asked.of(Folders).folders]
    out = asked.of(Out).out or (given[0] if len(given) == 1 else Path("results") / "report")
    console = Console(asked.of(Talk).quiet)
    found = _read(given, console)
    content = page(list(found.values())).encode()
    runs.prove_writable(out, "--out")
    atomic.write(out / NAME, content)
    print(out / NAME)
    console.say(f"\n{len(content):,} bytes, which need nothing else: open it in a browser, mail it")
    again = " ".join(map(shlex.quote, map(str, found)))
    console.say(f"Next: prune report {again} OTHER_DIR  (side by side)")
    status = max(_hand_over(asked, each, folder) for folder, each in found.items())
    return status if len(found) == len(set(given)) else _LOST


def _read(given: list[Path], console: Console) -> dict[Path, Run]:
    """Read folders; of several that can be shown those that cannot are left out, and named."""
    found: dict[Path, Run] = {}
    refused = []
    for folder in dict.fromkeys(given):
        try:
            found[folder] = folders.read(folder)
        except PruneError as error:
            refused.append(error)
    if not found:
        raise refused[0]
    for error in refused:
        console.warn(f"left out: {error}")
    return found


def share(asked: Asked, out: Path) -> int:
    """Make of the files in a folder what is asked for; return the exit status."""
    own = asked.of(Page)
    if not (own.html or own.log):
        return 0
    found = folders.read(out)
    if own.html:
        atomic.write(out / NAME, page([found]).encode())
        Console(asked.of(Talk).quiet).say(f"Page: {out}{os.sep}{NAME}")
    return _hand_over(asked, found, out)


def _hand_over(asked: Asked, found: Run, folder: Path) -> int:
    return max((_kept(name, asked, found, folder) for name in asked.of(Page).log), default=0)


def _kept(name: str, asked: Asked, found: Run, folder: Path) -> int:
    """Hand a run over to a tracker; whatever is wrong with that, what was written stays."""
    console, tracker = Console(asked.of(Talk).quiet), TRACKERS[name]
    try:
        # Which curve of a search it was says no more than how it was pruned.
        curves = telling.curves(found.rows or found.others, "k", "curve")
        with redirect_stdout(sys.stderr):  # stdout carries results alone
            where = tracker.keep(trackers.handed(found, folder, curves))
    except Exception as error:
        again = f"prune report {shlex.quote(str(folder))} --log {name}"
        console.warn(
            f"{tracker.title} did not take the rows, which are in {folder} ("
            f"{type(error).__name__}: {error}); `{again}` tries again"
        )
        return _LOST
    console.say(f"{tracker.title}: {where}")
    return 0
