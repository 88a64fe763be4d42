"""--isolate: the same answers, from a process that can do nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import prune as package
from attacks import ATTACKS
from attacks.material import put_canaries
from prune import PruneError
from prune.core.network import arrays
from prune.files import isolated, weights


@pytest.mark.parametrize("name", ["a.keras", "a.h5", "a.npz"])
def test_the_network_is_the_same(tmp_path, network, name):
    path = tmp_path / name
    path.write_bytes(weights.writer(path)(network))
    plain, apart = weights.load(path), weights.load(path, isolate=True)
    assert [layer[::3] for layer in plain.network] == [layer[::3] for layer in apart.network]
    for one, other in zip(arrays(plain.network), arrays(apart.network), strict=True):
        assert one.tobytes() == other.tobytes()
    assert plain[1:] == apart[1:]


@pytest.mark.parametrize(
    "name",
    [
        "links: external link to a kernel",
        "values: not a number",
        "structure: lambda layer",
        "archives: pytorch file",
        "names: escape codes",
    ],
)
def test_what_is_said_is_the_same(prune, tmp_path, name):
    put_canaries(tmp_path)
    path = ATTACKS[name].build(tmp_path)
    assert prune("inspect", path, "--isolate") == prune("inspect", path)


def after_giving_up(code):
    """Run Python in a process that gave up its rights; return the last line of its errors."""
    words = [
        sys.executable,
        "-c",
        f"from prune.files import isolated_child as i\ni._give_up_rights()\n{code}",
    ]
    source = str(Path(package.__file__).parents[1])
    environment = {"PYTHONPATH": source, "PATH": os.environ["PATH"]}
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    return done.returncode, done.stderr.strip().rpartition("\n")[2]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("open('/etc/passwd')", "Too many open files"),
        ("import socket; socket.socket()", ""),
        ("bytearray(5 * 2**30)", "MemoryError"),
    ],
)
def test_the_child_can_open_nothing_and_take_little(code, message):
    status, said = after_giving_up(code)
    assert status != 0 and message in said


@pytest.mark.parametrize(
    ("head", "status", "message"),
    [
        (b"", -11, "ended by SIGSEGV"),
        (b"", -9, "ended by SIGKILL"),
        (b"{}", 0, "ended by status 0"),
        (b'{"format": 1, "assumed": 2}', 0, "ended by status 0"),
        (b"[" * 99_999, 0, "ended by status 0"),
        (b'{"refused": "is bad"}', 0, "^is bad$"),
    ],
)
def test_a_child_is_not_believed(head, status, message):
    with pytest.raises(PruneError, match=message):
        isolated._reply(head, status)
