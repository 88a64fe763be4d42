"""What a person sees: results on stdout, everything else on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from prune.files import atomic, names


class Console:
    """Prints; `quiet` leaves out all but results."""

    def __init__(self, quiet: bool) -> None:
        """Say nothing on stderr if `quiet`."""
        self.quiet = quiet

    def say(self, text: str) -> None:
        """Print a line for a person, on stderr."""
        if self.quiet:
            return
        sys.stdout.flush()
        try:
            lines = map(names.printable, text.split("\n"))
            print("\n".join(lines), file=sys.stderr, flush=True)
        except BrokenPipeError:  # nobody listens any more; the results are still wanted
            self.quiet = True

    def warn(self, text: str) -> None:
        """Print what went wrong while the run goes on, quiet or not."""
        with suppress(BrokenPipeError):
            line = names.printable(" ".join(text.split()))
            print(f"prune: {line}", file=sys.stderr, flush=True)

    @contextmanager
    def progress(self, total: int) -> Iterator[Callable[[str, int, str], None]]:
        """Yield a function that takes what is being done, how much is done, and a finished line.

        On a terminal it moves a bar with the time left; elsewhere it prints the finished lines.
        """
        if self.quiet or not sys.stderr.isatty():
            yield lambda doing, done, line: self.say(line) if line else None
            return
        from rich import console, progress  # here: they take time, and terminals alone have them

        columns = (progress.TextColumn("{task.description}", markup=False), progress.BarColumn())
        left, terminal = progress.TimeRemainingColumn(), console.Console(stderr=True)
        with progress.Progress(*columns, left, console=terminal, transient=True) as bar:
            task = bar.add_task("", total=total)

            def update(doing: str, done: int, line: str) -> None:
                bar.update(task, description=doing, completed=done)

            yield update

    def picture(self, folder: Path, name: str, draw: Callable[[], Any]) -> int:
        """Write what `draw` returns as .png and .svg; return the exit status, 4 if it cannot.

        Whatever is wrong with matplotlib, its settings, fonts or caches, the tables are written.
        """
        try:
            from prune.views import canvas  # here: matplotlib takes time, and may be broken

            pictures = canvas.png_and_svg(draw())
        except Exception as error:
            kind = type(error).__name__
            self.warn(f"the picture could not be drawn ({kind}: {error}); the tables are complete")
            return 4
        for suffix, picture in zip(("png", "svg"), pictures, strict=True):
            atomic.write(folder / f"{name}.{suffix}", picture)
        return 0
