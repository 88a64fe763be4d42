"""Reading a weights file in a child process that can do hardly anything else.

The child (`isolated_child`) is given the bytes, gives up every right to more files, and writes the
network in our own sparse format, which the parent reads as carefully as any file.
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
ANSWER = 5 * limits.WEIGHTS  # bytes: each weight once, and what belongs to it
_PATIENCE = 600  # seconds until a child that does nothing is given up
_CHILD = "prune.files.isolated_child"  # which is no import: the child imports this file


class Answer(NamedTuple):
    """What the child found."""

    content: bytes  # the network in our sparse format, to be checked as any file
    format: str
    assumed: str


def read(content: bytes, activation: str) -> Answer:
    """Let a child read the content of a file; `PruneError` goes on from the file's name."""
    with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as answer:
        question.write(content)
        question.seek(0)
        status = _run(activation, question, answer)
        answer.seek(0)
        head = answer.readline(limits.TEXT)
        reply = _reply(head, status)
        return Answer(answer.read(ANSWER), reply["format"], reply["assumed"])


def _run(activation: str, question: BinaryIO, answer: BinaryIO) -> int:
    if os.name != "posix":
        raise EnvironmentFailure("cannot be isolated: this system has no limits for processes")
    source = str(Path(prune.__file__).parents[1])
    try:
        return subprocess.run(
            [sys.executable, "-m", _CHILD, activation],
            check=False,
            stdin=question,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": source, "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            timeout=_PATIENCE,
        ).returncode
    except subprocess.TimeoutExpired as error:
        raise PruneError(f"was not read within {_PATIENCE} s; it was given up") from error


def _reply(head: bytes, status: int) -> dict[str, str]:
    """Return what the child says, which may be anything."""
    try:
        reply = json.loads(head)
        if status == 0 and all(type(value) is str for value in reply.values()):
            if "refused" in reply:
                raise PruneError(reply["refused"])
            return {"format": reply["format"], "assumed": reply["assumed"]}
    except (ValueError, KeyError, AttributeError, RecursionError):
        pass
    ended = signal.Signals(-status).name if status < 0 else f"status {status}"
    raise PruneError(
        f"could not be read within {MEMORY:,} bytes and {SECONDS} s: "
        f"the process that read it ended by {ended}"
    )
