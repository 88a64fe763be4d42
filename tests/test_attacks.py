"""Files made to do harm: each is refused in a line or answered rightly, and touches nothing."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import prune as package
from attacks import ATTACKS
from attacks.material import BIASES, KERNELS
from attacks.run import MARK, prepare
from prune import PruneError
from prune.core.network import arrays
from prune.files import allocations, data, weights
from prune.models import loading

TESTS = Path(__file__).parent
SOURCE = Path(package.__file__).parents[1]
TRACED = "trace=%file,%network,%process"


def can_trace():
    """Tell whether this machine lets us see a process' system calls."""
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run(["strace", "-f", "-o", os.devnull, "true"], capture_output=True)
    return tried.returncode == 0


def sums(folder):
    """Return the sum of every canary."""
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("canary*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Give all attacks to the command in one process; what came of each, and the trace."""
    folder = tmp_path_factory.mktemp("attacks")
    made = prepare(folder)
    before = sums(folder)
    words = [sys.executable, "-m", "attacks.run", str(folder)]
    trace = folder / "trace"
    if can_trace():
        words = ["strace", "-f", "-s", "4096", "-e", TRACED, "-o", str(trace), *words]
    search = f"{SOURCE}{os.pathsep}{TESTS}"
    environment = {**os.environ, "PYTHONPATH": search, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    found = {each["name"]: each for each in map(json.loads, done.stdout.splitlines())}
    return made, found, trace, (before, sums(folder))


def test_there_are_attacks_of_every_kind():
    kinds = {name.partition(":")[0] for name in ATTACKS}
    assert len(ATTACKS) >= 60
    assert kinds >= {"links", "storage", "shapes", "filters", "archives", "types", "values"}
    assert kinds >= {"structure", "names", "npz", "idx", "models"}


@pytest.mark.parametrize("name", ATTACKS)
def test_each_is_refused_in_a_line_or_answered(outcomes, name):
    made, found, *_ = outcomes
    attack, came = ATTACKS[name], found[name]
    if attack.refusal:
        assert (came["status"], came["out"]) == (2, "")
        assert came["err"].count("\n") == 1 and came["err"].startswith("prune: ")
        assert re.search(attack.refusal, came["err"])
        assert str(made[name].name) in came["err"] or attack.kind == "data"
    else:
        assert (came["status"], came["err"]) == (0, "")
    text = came["out"] + came["err"]
    assert "Traceback" not in text
    assert all(letter == "\n" or letter.isprintable() for letter in text)
    assert max(map(len, text.split("\n"))) < 1100


@pytest.mark.parametrize(
    "name", [name for name, each in ATTACKS.items() if each.kind == "weights" and not each.refusal]
)
def test_what_is_answered_is_the_network_in_the_file(outcomes, name):
    found = arrays(weights.load(outcomes[0][name]).network)
    expected = [array for pair in zip(KERNELS, BIASES) for array in pair]
    for read, written in zip(found, expected, strict=True):
        np.testing.assert_array_equal(read, written)


def test_no_canary_is_changed_and_no_file_appears(outcomes):
    made, _, _, (before, after) = outcomes
    assert before == after
    for path in made.values():
        assert not list(path.parent.glob("canary.new"))


# A system call that opens, makes or removes a file, reaches a network, or starts a program.
CALL = re.compile(r"^\d+ +(\w+)\((.*)")
OPENS = {"open", "openat", "openat2", "creat"}
CHANGES = {"unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "symlink"}
REACHES = {"socket", "connect", "bind", "execve", "execveat"}


def calls(trace):
    """Yield, for each attack, the system calls while it was read."""
    number, found = None, []
    for line in trace.read_text(errors="replace").splitlines():
        if f'"{MARK}' in line:
            if number is not None:
                yield int(number), found
            number, found = line.partition(MARK)[2].partition('"')[0], []
        elif number is not None and (call := CALL.match(line)):
            found.append(call.groups())


@pytest.mark.skipif(not can_trace(), reason="system calls cannot be traced here")
def test_nothing_but_the_file_is_opened(outcomes):
    made, _, trace, _ = outcomes
    folder = str(trace.parent)
    names = list(made)
    seen = dict(calls(trace))
    assert len(seen) == len(ATTACKS)
    for number, found in seen.items():
        path = str(made[names[number]])
        opened = [rest for name, rest in found if name in OPENS and f'"{folder}/{number}/' in rest]
        out = f'"{folder}/{number}/out'
        assert all(f'"{path}' in rest or out in rest for rest in opened), (names[number], opened)
        if ATTACKS[names[number]].refusal:
            written = [rest for name, rest in found if name in OPENS and "O_RDONLY" not in rest]
            done = [each for each in found if each[0] in CHANGES | REACHES]
            assert not written + done, names[number]
        assert not any("/etc/passwd" in rest for _, rest in found)


@pytest.mark.skipif(not can_trace(), reason="system calls cannot be traced here")
def test_the_trace_would_show_a_canary(outcomes, tmp_path):
    # h5py alone opens the other file, and so shows that the trace sees what C opens.
    path = outcomes[0]["links: external link to a kernel"]
    code = f"import h5py; h5py.File({str(path)!r})['layers/dense/vars/0'][()]"
    trace = tmp_path / "trace"
    subprocess.run(["strace", "-f", "-o", str(trace), sys.executable, "-c", code], check=True)
    assert any("canary.h5" in line and "openat" in line for line in trace.read_text().splitlines())


def test_the_page_tells_of_each_attack_what_comes_of_it(outcomes):
    text = (TESTS.parent / "docs" / "attacks.md").read_text()
    lines = [line.strip("| ") for line in text.splitlines() if re.match(r"\| \w+: ", line)]
    # A sign of Markdown inside a cell stands behind a backslash.
    rows = [
        [re.sub(r"\\(.)", r"\1", cell) for cell in re.split(r"(?<!\\)\|", line)] for line in lines
    ]
    rows = [[cell.strip() for cell in row] for row in rows]
    assert [row[:2] for row in rows] == [[each.name, each.about] for each in ATTACKS.values()]
    _, found, *_ = outcomes
    for row in rows:
        came, told = found[row[0]], row[-1]
        ending = "exit 2: " if came["status"] else "answers rightly"
        assert told.startswith(ending), (row[0], came["err"])
        # Behind the name of the file, which differs.
        assert told.removeprefix("exit 2: ")[:50] in came["err"] or not came["status"]


# Without limits of memory, what is refused for its size is left to the other process.
HEAVY = re.compile("explode|terabyte|zeros|without end")


@pytest.mark.parametrize(
    "name", [name for name, each in ATTACKS.items() if each.refusal and not HEAVY.search(name)]
)
def test_each_is_refused_in_this_process_too(outcomes, name):
    # The same by the functions that the command calls, so that coverage can see them.
    path, attack = outcomes[0][name], ATTACKS[name]
    with pytest.raises(PruneError) as caught:
        if attack.kind in ("weights", "model"):
            loading.load(path)
        elif attack.kind == "k-map":
            allocations.parse(allocations.read(path), ("dense",))
        else:
            found = data.load(str(path), "test")
            data.fitted(found, weights.load(path.parents[1] / "good.weights.h5").network, "")
    assert re.search(attack.refusal, str(caught.value))
