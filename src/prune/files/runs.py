"""The record of one invocation: `run.json`, in the folder that its other files go to."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from prune import EnvironmentFailure, __version__
from prune.files import atomic, lock


@dataclass
class Record:
    """What one invocation was and did; becomes `run.json`."""

    command: list[str]
    settings: dict[str, Any]  # all of them, defaults too
    inputs: dict[str, dict[str, str]] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)


def prove_writable(folder: Path, option: str) -> None:
    """Make the folder that `option` names and write to it, before anything long is computed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0" * 4096)
    except OSError as error:
        raise EnvironmentFailure(
            f"cannot write to the folder {folder}: {error.strerror}; choose another with {option}"
        ) from error


@contextmanager
def recorded(folder: Path, record: Record) -> Iterator[None]:
    """Hold `folder`, and keep `run.json` in it: running, then how it ended."""
    started, clock = datetime.now(UTC), time.perf_counter()
    # From the file itself, so that a tree of folders that moves as a whole keeps its meaning.
    start_folder = os.path.relpath(Path.cwd(), folder.resolve())

    def write(status: str) -> None:
        seconds = round(time.perf_counter() - clock, 3)
        content = _run(record, status, started, seconds, start_folder)
        atomic.write(folder / "run.json", content.encode())

    with lock.held(folder):
        atomic.remove_remains(folder)
        write("running")
        try:
            yield
        except KeyboardInterrupt:
            write("interrupted")
            raise
        except BaseException:
            write("failed")
            raise
        write("finished")


def _run(record: Record, status: str, started: datetime, seconds: float, start_folder: str) -> str:
    clocked = {
        "status": status,
        "start": started.isoformat(timespec="seconds"),
        "seconds": seconds,
        "process": os.getpid(),
    }
    found = described(record)
    run = {"command": found.pop("command"), **clocked, **found, "folder": start_folder}
    return json.dumps(run, indent=2, default=str) + "\n"


def described(record: Record) -> dict[str, Any]:
    """Return what one invocation was, by what on which machine, but not when."""
    surroundings = {"versions": _versions(), "machine": machine(), "git": _git_revision()}
    return {**vars(record), **surroundings}


# What a run may use or not, as it is imported.
_USED = ("keras", "tensorflow", "scipy", "ai_edge_litert", "onnxruntime", "openvino", "tf2onnx")


def _versions() -> dict[str, str]:
    """Return the versions of what computed: TensorFlow and Keras only where they were used."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    used = [name for name in _USED if name in sys.modules]
    return {
        "prune": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas.get('name')} {blas.get('version')}",
        "h5py": metadata.version("h5py"),
        **{name: metadata.version(name.replace("_", "-")) for name in used},
    }


def machine() -> dict[str, Any]:
    """Return what the figures of this machine depend on."""
    system, cores = platform.platform(), os.cpu_count()
    flags = [flag for flag in _told("flags", "").split() if flag.startswith(_VECTORS)]
    return {"system": system, "cpu": _cpu(), "cores": cores, "flags": flags}


_VECTORS = ("avx", "amx", "fma", "f16c", "sse4")  # instructions that products are made of


def _cpu() -> str:
    return _told("model name", platform.processor() or platform.machine())


def _told(name: str, otherwise: str) -> str:
    """Return what Linux tells of the first core under a name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return otherwise
    values = (line.partition(":")[2].strip() for line in lines if line.startswith(name))
    return next(values, otherwise)


@cache
def _git_revision() -> str | None:
    """Return the commit of the checkout that this code runs from, if it is one.

    As it was at the start: what a run writes may itself change the checkout.
    """
    root = Path(__file__).parents[3]
    if not (root / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
