"""One process at a time in a folder; the lock vanishes with its holder, however it ends."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prune import EnvironmentFailure, PruneError
from prune.files import regular
from prune.files.names import printable

try:
    import fcntl
except ImportError:  # Windows, where folders cannot be locked
    fcntl = None


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold `folder` while the block runs; `EnvironmentFailure` says who else holds it."""
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # The folder itself is locked, so that no file has to be left in it.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise EnvironmentFailure(
            f"{folder} is in use by {_holder(folder)}; wait for it, or choose another --out"
        ) from error
    except OSError:  # a network's file system without locks: better unlocked than not at all
        pass
    try:
        yield
    finally:
        os.close(descriptor)


def _holder(folder: Path) -> str:
    """Say who holds a folder, as far as it says so itself."""
    with suppress(PruneError, OSError, ValueError, KeyError, TypeError, RecursionError):
        run = json.loads(regular.read(folder / "run.json"))
        if run["status"] == "running":
            command = printable(" ".join(map(str, run["command"])))[:200]
            return f"process {run['process']} (`{command}`, since {run['start']})"
    return "another process"
