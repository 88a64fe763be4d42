"""Regular files only, opened so that nothing waits and no device wakes."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from prune import PruneError
from prune.files import limits

_NO_SUCH = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL)
# A FIFO swapped in between the two looks would wait for its writer.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)

_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class Missing(PruneError):
    """There is no such file."""


class Folder(PruneError):
    """There is a folder where a file is needed."""


def is_there(path: Path) -> bool:
    """Tell whether a path may lead to something; this opens nothing."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except (OSError, ValueError):  # to read it will tell more
        pass
    return True


def read(path: Path) -> bytes:
    """Return the content of the regular file at `path`.

    Raises `PruneError` for anything else, which is not opened, and for more than `limits.FILE`
    bytes; `OSError` where the system refuses.
    """
    try:
        _check(path.stat())
        descriptor = os.open(path, _FLAGS)
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) or error.errno in _NO_SUCH:
            raise Missing(f"no such file{_but(error)}") from error
        raise
    with os.fdopen(descriptor, "rb") as file:
        size = _check(os.fstat(descriptor))
        content = file.read(size)
    if len(content) != size:
        raise PruneError("changed while it was read; try again when it is whole")
    return content


def _but(error: OSError | ValueError) -> str:
    usual = isinstance(error, FileNotFoundError)
    return "" if usual else f" ({getattr(error, 'strerror', None) or error})"


def _check(status: os.stat_result) -> int:
    """Return the size of a regular file; refuse anything else, by name."""
    if stat.S_ISDIR(status.st_mode):
        raise Folder("is a folder")
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for test, name in _KINDS if test(status.st_mode)), "something else")
        raise PruneError(f"is {kind}, not a regular file")
    if status.st_size > limits.FILE:
        raise PruneError(
            f"has {status.st_size:,} bytes; files of more than {limits.FILE:,} are not read"
        )
    return status.st_size
