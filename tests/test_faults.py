"""Whatever fails, files are whole or absent, old ones are not lost, and one line says so."""

from __future__ import annotations

import csv
import errno
import fcntl
import io
import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

import prune as package
from prune import EnvironmentFailure
from prune.files import atomic, lock, weights

SOURCE = Path(package.__file__).parents[1]


@pytest.fixture
def tiny(tmp_path, network, tiny_data):
    path = tmp_path / "tiny.keras"
    weights.save(network, path)
    return ["--weights", str(path), "--data", str(tiny_data)]


class Failing:
    """The system, of which one call of some fails: the n-th of those that are counted."""

    def __init__(self, last):
        self.left, self.name = last, ""

    def __getattr__(self, name):
        found = getattr(os, name)
        return self._counted(name, found) if name in ("write", "fsync", "replace") else found

    def _counted(self, name, call):
        def counted(*given):
            self.left -= 1
            if self.left == 0:
                self.name = name
                raise OSError(errno.ENOSPC, "No space left on device", "the disk")
            return call(*given)

        return counted


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk_is_named_by_the_file_that_it_has_no_room_for(tmp_path, monkeypatch):
    full = os.open("/dev/full", os.O_WRONLY)
    monkeypatch.setattr(atomic.tempfile, "mkstemp", lambda *given: (full, tmp_path / "beside"))
    with pytest.raises(OSError, match="No space left on device: '.*/a.csv'"):
        atomic.write(tmp_path / "a.csv", b"1")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
def test_the_nth_write_fsync_or_rename_that_fails_loses_nothing(prune, tiny, tmp_path, monkeypatch):
    out, names = tmp_path / "out", set()
    command = ("weight", *tiny, "--out", out, "-q")
    assert prune(*command, "--k", "0,50")[0] == 0
    old = contents(out)
    assert prune(*command, "--k", "10,90", "--out", tmp_path / "new")[0] == 0
    new = contents(tmp_path / "new")
    for last in range(1, 100):
        for name, content in old.items():
            (out / name).write_bytes(content)
        failing = Failing(last)
        monkeypatch.setattr(atomic, "os", failing)
        status, stdout, err = prune(*command, "--k", "10,90")
        found = contents(out)
        assert set(found) == set(old)  # nothing lost, nothing left over
        for name in set(found) - {"run.json"}:
            assert found[name] in (old[name], new[name])
        json.loads(found["run.json"])
        if failing.left > 0:
            break
        names.add(failing.name)
        assert (status, stdout) == (3, "")
        assert err == "prune: the system failed the disk: No space left on device\n"
    assert (status, last) == (0, 1 + 3 * (len(old) + 1))  # run.json is written twice
    assert names == {"write", "fsync", "replace"}


def start(*argv, program=("-m", "prune"), **more):
    words = [sys.executable, *program, *map(str, argv)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), **more.pop("env", {})}
    # Where the tests run in the background of a shell, Ctrl-C is ignored, by children too.
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    return subprocess.Popen(words, text=True, env=environment, **heard, **more)


CHECKS = {
    ".csv": lambda content: list(csv.DictReader(io.StringIO(content.decode()), strict=True)),
    ".json": json.loads,
    ".md": lambda content: content.decode().index("Test accuracy on"),
    ".png": lambda content: content.index(b"IEND") == len(content) - 8 or 1 / 0,
    ".svg": ElementTree.fromstring,
}


def assert_whole(folder):
    for path in folder.glob("[!.]*"):
        CHECKS[path.suffix](path.read_bytes())


@pytest.mark.slow
def test_twenty_random_kills_leave_whole_files_and_the_same_end(tiny, tmp_path):
    command = ("compare", *tiny, "--k", "0:100:5")
    with start(*command, "--out", tmp_path / "calm", stdout=-3, stderr=-1) as process:
        began = time.monotonic()
        process.communicate()
        whole = time.monotonic() - began
    calm, out, chance = contents(tmp_path / "calm"), tmp_path / "out", random.Random(0)
    killed = 0
    while killed < 20:
        with start(*command, "--out", out, stdout=-3, stderr=-1) as process:
            if killed % 2:  # at any moment, or while files are written
                time.sleep(chance.uniform(0.1, whole))
            else:
                wanted = chance.choice(["run.json", "table.json", "table.md", "accuracy.svg"])
                (out / wanted).unlink(missing_ok=True)
                while process.poll() is None and not (out / wanted).exists():
                    time.sleep(0.001)
            process.kill()
            process.communicate()
        killed += 1
        assert_whole(out)
    with start(*command, "--out", out, stdout=-3, stderr=-1) as process:
        process.communicate()
    again = contents(out)
    assert set(again) == set(calm)  # what killed processes left beside is gone too
    assert all(again[name] == calm[name] for name in set(calm) - {"run.json"})
    assert json.loads(again["run.json"])["status"] == "finished"


def test_a_second_process_is_told_who_holds_the_folder(prune, tiny, tmp_path):
    with lock.held(tmp_path):
        (tmp_path / "run.json").write_text(
            json.dumps(
                {
                    "status": "running",
                    "process": 42,
                    "command": ["prune", "x\x1b"],
                    "start": "noon",
                }
            )
        )
        status, out, err = prune("weight", *tiny, "--out", tmp_path)
    assert (status, out) == (3, "")
    assert err.splitlines()[-1] == (
        f"prune: {tmp_path} is in use by process 42 (`prune x\\x1b`, since noon); "
        "wait for it, or choose another --out"
    )
    assert prune("weight", *tiny, "--out", tmp_path)[0] == 0


@pytest.mark.parametrize("text", ["", "[]", '{"status": 1}', "[" * 99_999])
def test_a_record_of_nonsense_does_not_hide_that_a_folder_is_in_use(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    held = "is in use by another process"
    with lock.held(tmp_path), pytest.raises(EnvironmentFailure, match=held), lock.held(tmp_path):
        pass


def test_a_lock_vanishes_with_its_holder(tiny, tmp_path):
    command = ("compare", *tiny, "--k", "0:100:0.05", "--out", tmp_path)
    with start(*command, stdout=-3, stderr=-1) as process:
        process.stderr.readline()
        with (
            pytest.raises(EnvironmentFailure, match=f"process {process.pid} "),
            lock.held(tmp_path),
        ):
            pass
        process.kill()
        process.communicate()
    with lock.held(tmp_path):
        pass


def test_a_file_system_without_locks_is_used_without(tmp_path, monkeypatch):
    def refused(*given):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    with lock.held(tmp_path), lock.held(tmp_path):
        pass


@pytest.mark.parametrize(
    ("number", "status", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_ends_a_run_with_a_line_and_the_terminal_as_it_was(
    tiny, tmp_path, number, status, word
):
    main, side = pty.openpty()
    command = ("compare", *tiny, "--k", "0:100:0.02", "--out", tmp_path / "o")
    env = {"TERM": "xterm", "COLUMNS": "80"}
    with start(*command, stdout=-3, stderr=side, stdin=side, env=env) as process:
        os.close(side)
        said = b""
        while b"k = " not in said:
            said += os.read(main, 1000)
        process.send_signal(number)
        while chunk := _read(main):
            said += chunk
        process.communicate()
    os.close(main)
    assert process.returncode == status
    assert (
        said.rstrip()
        .splitlines()[-1]
        .endswith(
            f"prune: {word}; files already written are whole; give the same command again".encode()
        )
    )
    assert said.count(b"\x1b[?25l") == said.count(b"\x1b[?25h")  # the cursor is shown again
    assert json.loads((tmp_path / "o" / "run.json").read_text())["status"] == "interrupted"


LOST = """
import os, signal, sys
from prune.cli.main import main

class Thing:
    def __del__(self):  # nothing can be raised here
        os.kill(os.getpid(), signal.Signals(int(sys.argv[1])))

things = [Thing()]
sys.addaudithook(
    lambda event, given: event == "open" and "table.csv" in str(given[0]) and things.clear()
)
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_heard_where_nothing_can_be_raised(tiny, tmp_path, number):
    words = [str(int(number)), "weight", *map(str, tiny), "--out", str(tmp_path)]
    with start(*words, program=("-c", LOST), stdout=-3, stderr=-1) as process:
        _, err = process.communicate()
    assert process.returncode == 128 + number
    assert "Exception ignored" not in err
    assert err.splitlines()[-1].endswith("give the same command again")
    assert json.loads((tmp_path / "run.json").read_text())["status"] == "interrupted"


MADE = """
import signal, sys
from prune.cli.main import main

def make(event, given):
    if event == "import" and given[0] == "keras":
        exec("signal.raise_signal(int(sys.argv[1]))")

sys.addaudithook(make)
sys.exit(main(sys.argv[2:]))
"""


TOLD = """
import os, signal, sys
from prune.cli.main import main

def tell(event, given):
    if event == "import" and given[0] == "keras":
        os.write(2, b"noise of a library\\n")
        try:
            signal.raise_signal(int(sys.argv[1])) if int(sys.argv[1]) else None
        except KeyboardInterrupt:
            pass
        raise ImportError("no such symbol")

sys.addaudithook(tell)
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    ("number", "status", "line"),
    [(2, 130, "interrupted; files"), (15, 143, "terminated; files"), (0, 3, "Keras on TensorFlow")],
)
@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_what_a_package_says_that_cannot_be_imported_is_for_debugging(
    tmp_path, number, status, line, debug
):
    words = [str(number), "train", "--save", tmp_path / "a.keras", "--out", tmp_path / "o", *debug]
    with start(*words, program=("-c", TOLD), stdout=-3, stderr=-1) as process:
        _, err = process.communicate()
    assert process.returncode == status
    assert err.splitlines()[-1].startswith(f"prune: {line}")
    assert ("noise of a library" in err) == bool(debug)
    assert debug or err.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_code_that_was_text_has_the_status_of_any_other(tmp_path, number):
    (tmp_path / "made.py").write_text(MADE)
    paths = {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(SOURCE)])}
    words = [str(int(number)), "train", "--save", tmp_path / "a.keras", "--out", tmp_path / "o"]
    with start(*words, program=("-m", "made"), stdout=-3, stderr=-1, env=paths) as process:
        _, err = process.communicate()
    assert process.returncode == 128 + number
    assert re.fullmatch("prune: (interrupted|terminated); files .*\n", err), err


def test_what_a_finalizer_raises_is_shown_and_ends_no_run(prune, tiny, monkeypatch):
    class Thing:
        def __del__(self):
            raise ValueError("of a finalizer")

    things, shown = [Thing()], []
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: shown.append(str(lost.exc_value)))
    sys.addaudithook(lambda event, given: event == "open" and things.clear())
    assert prune("weight", *tiny)[0] == 0
    assert shown == ["of a finalizer"]
    assert sys.unraisablehook.__name__ == "<lambda>"  # as it was


def _read(descriptor):
    try:
        return os.read(descriptor, 1000)
    except OSError:  # so Linux says that the other side is closed
        return b""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_tensorflow_is_imported_is_one_line(tmp_path, number):
    chance = random.Random(int(number))
    for i in range(5):
        out = tmp_path / str(i)
        save = tmp_path / f"{i}.keras"
        command = ("train", "--save", save, "--limit", "100", "--epochs", "1", "--out", out)
        with start(*command, stdout=-3, stderr=-1) as process:
            while not (out / "run.json").exists() and process.poll() is None:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 3))
            process.send_signal(number)
            _, err = process.communicate()
        assert process.returncode in (128 + number, 0)
        if process.returncode:
            assert re.fullmatch("prune: (interrupted|terminated); files .*\n", err), err
        assert_whole(out)


ODD = {
    "LC_ALL": "de_DE.UTF-8",
    "LANG": "de_DE.UTF-8",
    "PYTHONIOENCODING": "ascii",
    "COLUMNS": "40",
    "TERM": "dumb",
    "HOME": "/proc/none",
    "MPLCONFIGDIR": "/proc/none",
    "MPLBACKEND": "nonsense",
    "DISPLAY": "",
}


@pytest.mark.slow
def test_an_odd_environment_gives_the_same_numbers(tiny, tmp_path):
    found = []
    for name, odd in (("plain", {}), ("odd", ODD)):
        command = ("unit", *tiny, "--out", tmp_path / name)
        with start(*command, stdout=-1, stderr=-1, env=odd) as process:
            out, err = process.communicate()
        assert process.returncode == 0, err
        found.append((out, contents(tmp_path / name)))
    (plain, files), (odd, others) = found
    assert plain == odd
    assert all(files[name] == others[name] for name in set(files) - {"run.json"})


@pytest.mark.parametrize("command", ["weight", "sensitivity"])
@pytest.mark.parametrize("broken", [RuntimeError("no font"), ImportError("x"), OSError("cache")])
def test_a_picture_that_cannot_be_drawn_leaves_the_numbers(
    prune, tiny, tmp_path, monkeypatch, command, broken
):
    from matplotlib.figure import Figure

    good = prune(command, *tiny, "--k", "0,50", "--out", tmp_path / "good", "-q")

    def fail(*given, **more):
        raise broken

    monkeypatch.setattr(Figure, "draw", fail)
    status, out, err = prune(command, *tiny, "--k", "0,50", "--out", tmp_path / "bad", "-q")
    assert (status, out) == (4, good[1])
    kind = type(broken).__name__
    assert err == (
        f"prune: the picture could not be drawn ({kind}: {broken}); the tables are complete\n"
    )
    found, expected = contents(tmp_path / "bad"), contents(tmp_path / "good")
    assert set(expected) - set(found) == {n for n in expected if n.endswith(("png", "svg"))}
    assert all(found[name] == expected[name] for name in set(found) - {"run.json"})


@pytest.mark.slow
def test_the_settings_file_of_keras_changes_no_number(tiny, tmp_path):
    settings = {"floatx": "float64", "backend": "jax", "image_data_format": "channels_first"}
    (tmp_path / "keras.json").write_text(json.dumps({**settings, "epsilon": 0.5}))
    found = []
    for home in (tmp_path, tmp_path / "none"):
        command = ("compare", *tiny, "--engine", "keras", "--out", tmp_path / "o", "--k", "0,50")
        env = {"KERAS_HOME": str(home)}
        with start(*command, stdout=-1, stderr=-1, env=env) as process:
            out, err = process.communicate()
        assert process.returncode == 0, err
        found.append((out, (tmp_path / "o" / "table.csv").read_text()))
    assert found[0] == found[1]
