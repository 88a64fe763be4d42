"""`prune report`, and `--html` of every command that writes a folder: one page to share."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from prune.cli.asked import Asked
from prune.cli.console import Console
from prune.files import atomic, folders, runs
from prune.settings.files import Folders, Out, Page, Talk
from prune.views.page.page import page

NAME = "report.html"


def run(asked: Asked) -> int:
    """Read the folders, write their page, print where it is."""
    given = [Path(each) for each in asked.of(Folders).folders]
    out = asked.of(Out).out or (given[0] if len(given) == 1 else Path("results") / "report")
    content = _page(given)
    runs.prove_writable(out, "--out")
    atomic.write(out / NAME, content)
    print(out / NAME)
    console = Console(asked.of(Talk).quiet)
    console.say(f"\n{len(content):,} bytes, which need nothing else: open it in a browser, mail it")
    again = " ".join(map(shlex.quote, map(str, given)))
    console.say(f"Next: prune report {again} OTHER_DIR  (side by side)")
    return 0


def beside(asked: Asked, out: Path) -> None:
    """Write the page of a folder into it, if that is asked for."""
    if asked.of(Page).html:
        atomic.write(out / NAME, _page([out]))
        Console(asked.of(Talk).quiet).say(f"Page: {out}{os.sep}{NAME}")


def _page(given: Sequence[Path]) -> bytes:
    return page([folders.read(folder) for folder in given]).encode()
