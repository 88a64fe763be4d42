"""A still of the terminal: what a command of `prune` leaves on it, as a picture.

    python benchmarks/still.py results/still.svg compare

Runs the command in an empty folder.  The picture is text in SVG, asks for no font from elsewhere,
and of the same words it has the same bytes.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shlex
import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

from rich.console import Console
from rich.text import Text

from prune.cli.main import main as prune

COLUMNS = 92
# Those of rich stand on a server.
_FONTS = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


class Terminal(io.StringIO):
    """Takes what a person would see."""

    def isatty(self) -> bool:
        """Say yes: progress is shown, and gone at the end."""
        return True


def left(words: list[str]) -> str:
    """Return what a command leaves on the terminal."""
    os.environ["TERM"] = "dumb"  # which takes no bar that moves
    terminal = Terminal()
    shown = redirect_stdout(terminal), redirect_stderr(terminal)
    with tempfile.TemporaryDirectory() as folder, chdir(folder), shown[0], shown[1]:
        status = prune(words)
    if status:
        raise SystemExit(f"exit status {status}: {terminal.getvalue()}")
    return terminal.getvalue()


def picture(words: list[str], seen: str) -> str:
    """Draw a prompt with the command, and below it what was seen."""
    # Of a terminal without a height it takes the width to be 80.
    console = Console(record=True, width=COLUMNS, height=1, file=io.StringIO(), force_terminal=True)
    command = f"prune {shlex.join(words)}"
    console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
    console.print(Text(seen.rstrip("\n")))
    return _FONTS.sub("", console.export_svg(title=command, unique_id="still"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("words", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    given.path.write_text(picture(given.words, left(given.words)))
