"""Pictures, which may fail while the numbers are good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from prune.cli.console import Console
from prune.files import atomic


def write(console: Console, folder: Path, name: str, draw: Callable[[], Any]) -> int:
    """Write what `draw` returns as .png and .svg; return the exit status, 4 if it cannot be drawn.

    Whatever is wrong with matplotlib, its settings, fonts or caches, the tables are written.
    """
    try:
        from prune.views import canvas

        pictures = canvas.png_and_svg(draw())
    except Exception as error:
        kind = type(error).__name__
        console.warn(f"the picture could not be drawn ({kind}: {error}); the tables are complete")
        return 4
    for suffix, picture in zip(("png", "svg"), pictures, strict=True):
        atomic.write(folder / f"{name}.{suffix}", picture)
    return 0
