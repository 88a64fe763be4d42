"""Reading a weights file in a child process that can do hardly anything else.

The child is given the bytes, gives up every right to more files, and writes the network in our own
sparse format, which the parent reads as carefully as any file.

    python -m prune.files.isolated ACTIVATION < FILE > ANSWER
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO, NamedTuple

import prune
from prune import EnvironmentFailure, PruneError
from prune.files import limits

MEMORY = 4 * 2**30  # bytes of address space
SECONDS = 60  # of processor time
_PATIENCE = 600  # seconds until a child that does nothing is given up
_ANSWER = 5 * limits.WEIGHTS  # bytes: each weight once, and what belongs to it


class Answer(NamedTuple):
    """What the child found."""

    content: bytes  # the network in our sparse format, to be checked as any file
    format: str
    assumed: str


def read(content: bytes, activation: str) -> Answer:
    """Let a child read the content of a file; `PruneError` goes on from the file's name."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as answer:
        given.write(content)
        given.seek(0)
        status = _run(activation, given, answer)
        answer.seek(0)
        head = answer.readline(limits.TEXT)
        told = _told(head, status)
        return Answer(answer.read(_ANSWER), told["format"], told["assumed"])


def _run(activation: str, given: BinaryIO, answer: BinaryIO) -> int:
    if os.name != "posix":
        raise EnvironmentFailure("cannot be isolated: this system has no limits for processes")
    source = str(Path(prune.__file__).parents[1])
    try:
        return subprocess.run(
            [sys.executable, "-m", __name__, activation],
            check=False,
            stdin=given,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": source, "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            timeout=_PATIENCE,
        ).returncode
    except subprocess.TimeoutExpired as error:
        raise PruneError(f"was not read within {_PATIENCE} s; it was given up") from error


def _told(head: bytes, status: int) -> dict[str, str]:
    """Return what the child says, which may be anything."""
    try:
        told = json.loads(head)
        if status == 0 and all(type(value) is str for value in told.values()):
            if "refused" in told:
                raise PruneError(told["refused"])
            return {"format": told["format"], "assumed": told["assumed"]}
    except (ValueError, KeyError, AttributeError, RecursionError):
        pass
    ended = signal.Signals(-status).name if status < 0 else f"status {status}"
    raise PruneError(
        f"could not be read within {MEMORY:,} bytes and {SECONDS} s: "
        f"the process that read it ended by {ended}"
    )


def _give_up_rights() -> None:
    """Leave this process its memory, its time and the files that are open, and nothing else."""
    import resource  # which Windows lacks

    "".encode("cp437")  # found in a file on first use, by which archives name their members
    allowed = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: SECONDS,
        resource.RLIMIT_FSIZE: _ANSWER,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: 3,  # those that are open: nothing can be opened any more
    }
    for which, most in allowed.items():
        _, hardest = resource.getrlimit(which)
        limit = most if hardest == resource.RLIM_INFINITY else min(most, hardest)
        resource.setrlimit(which, (limit, limit))


def _main() -> None:
    from prune.files import sparse, weights

    _give_up_rights()
    try:
        found = weights.parse(sys.stdin.buffer.read(), Path(), sys.argv[1])
    except PruneError as error:
        told, content = {"refused": str(error).removeprefix("weights .: ")}, b""
    else:
        told = {"format": found.format, "assumed": found.assumed}
        content = sparse.to_bytes(found.network)
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + content)


if __name__ == "__main__":
    _main()
