"""Give every attack to the command, in one process with limits; say what came of each.

    python -m attacks.run FOLDER [NAME ...]

FOLDER is what `prepare` made.  Prints one JSON object a line.  Between attacks it looks for a file
called /ATTACK/number, so that a trace of system calls can be told apart.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

from attacks import ATTACKS, Attack
from attacks.material import IMAGES, LABELS, npz, put_canaries, weights_file

MEMORY = 3 * 2**30  # bytes of address space
SECONDS = 10  # of processor time, and a minute of any time
MARK = "/ATTACK/"


class TookTooLong(BaseException):
    """The limit of time was reached; no handler of the command's catches this."""


def prepare(folder: Path) -> dict[str, Path]:
    """Make every attack in a folder of its own, with canaries; return where they are."""
    weights_file(folder / "good.weights.h5")
    npz(folder / "good.npz", x_test=IMAGES, y_test=LABELS, x_train=IMAGES, y_train=LABELS)
    made = {}
    for number, attack in enumerate(ATTACKS.values()):
        own = folder / str(number)
        own.mkdir()
        put_canaries(own)
        made[attack.name] = attack.build(own)
    (folder / "made.json").write_text(json.dumps({name: str(path) for name, path in made.items()}))
    return made


def command(attack: Attack, path: str, folder: Path) -> list[str]:
    """Return the command that reads the file."""
    weights, data = str(folder / "good.weights.h5"), str(folder / "good.npz")
    out = ["--out", str(Path(path).parent / "out"), "--k", "50", "-q"]
    return {
        "weights": ["inspect", path, "-q"],
        "model": ["inspect", path, "-q"],
        "data": ["weight", "--weights", weights, "--data", path, *out],
        "k-map": ["weight", "--weights", weights, "--data", data, "--k-map", path, *out],
    }[attack.kind]


def tried(argv: list[str]) -> dict:
    """Run one command in this process; return how it ended."""
    from prune.cli.main import main

    out, err = io.StringIO(), io.StringIO()
    started = time.process_time()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        signal.alarm(60)
        try:
            status = main(argv)
        except TookTooLong:
            status = -1
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.alarm(0)
    seconds = round(time.process_time() - started, 2)
    return {"status": status, "out": out.getvalue(), "err": err.getvalue(), "seconds": seconds}


def stop(signum, frame):
    raise TookTooLong


def main() -> None:
    folder = Path(sys.argv[1])
    made = json.loads((folder / "made.json").read_text())
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, stop)
    signal.signal(signal.SIGALRM, stop)
    os.chdir(folder)
    tried(["inspect", str(folder / "good.weights.h5")])  # imports what every attack needs
    for number, (name, path) in enumerate(made.items()):
        os.path.exists(f"{MARK}{number}")
        came = tried(command(ATTACKS[name], path, folder))
        sys.stdout.write(json.dumps({"name": name, **came}) + "\n")
        sys.stdout.flush()
    os.path.exists(f"{MARK}end")


if __name__ == "__main__":
    main()
