"""Files that are whole or absent: written beside, flushed to disk, then renamed into place."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_BESIDE, _END = ".", ".part"


def write(path: Path, content: bytes) -> None:
    """Write `content` to `path`; whatever fails, an older file there stays as it was."""
    handle, beside = tempfile.mkstemp(f"{_END}", f"{_BESIDE}{path.name[:50]}.", path.parent)
    try:
        try:
            left = memoryview(content)
            while left:
                left = left[os.write(handle, left) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        # mkstemp makes files private; give it what open() would have given.
        Path(beside).chmod(0o666 & ~_umask())
        os.replace(beside, path)  # noqa: PTH105  (a test makes it fail)
    except BaseException as error:
        Path(beside).unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = error.filename or str(path)  # a write knows no name
        raise


def remove_remains(folder: Path) -> None:
    """Remove what processes that were killed while they wrote have left in `folder`."""
    for beside in folder.glob(f"{_BESIDE}*{_END}"):
        beside.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
