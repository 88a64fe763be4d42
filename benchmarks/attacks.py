"""Measure what Keras and h5py (or NumPy) do with each attack today, and what `prune` does.

    python benchmarks/attacks.py docs/attacks.md ""

writes the table of that page anew; the beginning of a name in place of "", such as `shapes:`,
measures those alone.  Each attack is given to each program in a process of its own, with 10 s, and
3 GB of address space more than what the program takes by itself.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import re
import resource
import signal
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]
os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")

import h5py  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402

from attacks import ATTACKS, Attack  # noqa: E402
from attacks.material import SIDES  # noqa: E402
from attacks.run import command as prune_command  # noqa: E402
from attacks.run import prepare, tried  # noqa: E402

SECONDS = 10
MEMORY = 3 * 2**30

HEADER = (
    "| attack | the file | Keras | h5py, zipfile, NumPy, gzip | `prune` |\n|---|---|---|---|---|\n"
)
Reader = Callable[[Path], str]


def with_keras(path: Path) -> str:
    """Load a file as a user of Keras would."""
    if path.name.endswith(".weights.h5") or path.suffix in ("", ".json"):
        return load_weights(path)
    try:
        keras.saving.load_model(path)
    except ValueError as error:
        if "No model config found" not in str(error):
            raise
        return load_weights(path)
    return "loads it"


def load_weights(path: Path) -> str:
    """Load weights into the network that most attacks are made from."""
    model = keras.Sequential([keras.layers.Input((SIDES[0],))])
    for side in SIDES[1:]:
        model.add(keras.layers.Dense(side))
    if not path.name.endswith(".weights.h5"):  # the name that makes Keras 3 read its own format
        renamed = path.with_name(f"{path.name}.weights.h5")
        renamed.symlink_to(path)
        path = renamed
    model.load_weights(path)
    return "loads it"


def plainly(path: Path) -> str:
    """Read every array that is in a file, as scripts do."""
    if path.is_dir() and path.name == "idx":
        return with_gzip(path)
    if path.is_file() and zipfile.is_zipfile(path) and path.suffix != ".npz":
        return with_zipfile(path)
    if path.suffix in (".npz", ".npy"):
        found = np.load(path, allow_pickle=False)
        for name in getattr(found, "files", []):
            _ = found[name]
        return "loads it"
    if path.suffix == ".json":
        json.loads(path.read_text())
        return "loads it"
    with h5py.File(path) as file:
        walk(file)
    return "loads it"


def walk(group: h5py.Group) -> None:
    """Read everything in a group, wherever it leads."""
    for value in group.attrs.values():
        _ = value
    for name in group:
        found = group[name]
        if isinstance(found, h5py.Dataset):
            _ = found[()]
        else:
            walk(found)


def with_zipfile(path: Path) -> str:
    """Read every member of an archive, and what HDF5 is among them."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            if content.startswith(b"\x89HDF"):
                with h5py.File(io.BytesIO(content)) as file:
                    walk(file)
    return "loads it"


def with_gzip(folder: Path) -> str:
    """Read every file of a folder whole."""
    for path in folder.iterdir():
        content = path.read_bytes()
        _ = gzip.decompress(content) if path.suffix == ".gz" else content
    return "loads it"


def came_of(read: Reader, path: Path) -> str:
    """Read in a child with limits; return in a few words what came of it."""
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receiving)
        limit()
        os.write(sending, words(read, path).encode()[:4000])
        os._exit(0)
    os.close(sending)
    with os.fdopen(receiving) as file:
        said = file.read()
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        return said
    ended = os.WTERMSIG(status)
    return "hangs" if ended == signal.SIGALRM else f"**crashes** ({signal.Signals(ended).name})"


def limit() -> None:
    """Limit this process, and silence it."""
    signal.alarm(SECONDS)
    taken = resource.getpagesize() * int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)


def words(read: Reader, path: Path) -> str:
    """Read; return what came of it, in a few words."""
    warnings.simplefilter("ignore")
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return read(path)
    except MemoryError:
        return "runs out of memory"
    except RecursionError:
        return "RecursionError"
    except BaseException as error:
        return f"{type(error).__name__}: {first_line(error)}"


def first_line(error: BaseException) -> str:
    """Return the beginning of what an error says."""
    text = " ".join(str(error).split())
    # Keras says first how many objects it could not load, and then why.
    text = re.sub(r"^A total of .*? Example error message for object <.*?>: ", "", text)
    return re.sub(r"/\S*/", "", text)[:90]


def cell(text: str) -> str:
    """Return a text as a cell of a table in Markdown."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    return re.sub(r"([\\`<>\[\]|])", r"\\\1", plain)


def own(attack: Attack, path: Path, folder: Path) -> str:
    """Return what `prune` does."""
    came = tried(prune_command(attack, str(path), folder))
    if came["status"] == 0:
        return "answers rightly"
    line = came["err"].strip().removeprefix("prune: ")
    told = re.sub(r"^(weights|model|data|k-map) \S+?( is|:)? ", "", line.replace(str(folder), ""))
    return f"exit {came['status']}: {told[:110]}"


def main() -> None:
    """Measure, and write the table into the page."""
    page, folder = Path(sys.argv[1]), Path(tempfile.mkdtemp())
    prose, _, table = page.read_text().partition("| attack |")
    old = {line.split("|")[1].strip(): f"{line}\n" for line in table.splitlines() if "|" in line}
    rows = [
        row(ATTACKS[name], path, folder) if name.startswith(sys.argv[2]) else old[name]
        for name, path in prepare(folder).items()
    ]
    page.write_text(prose + HEADER + "".join(rows))


def row(attack: Attack, path: Path, folder: Path) -> str:
    """Measure one attack; return its line of the table."""
    print(attack.name, file=sys.stderr)
    by_keras = seen(with_keras, path) if attack.kind in ("weights", "model") else ""
    by_others = seen(plainly, path)
    cells = (attack.name, attack.about, by_keras, by_others, own(attack, path, folder))
    return f"| {' | '.join(map(cell, cells))} |\n"


def seen(read: Reader, path: Path) -> str:
    """Return what comes of reading, and whether the canaries were read: it changes their times."""
    canaries = [each for each in path.parent.glob("canary.*") if each.is_file()]
    for canary in canaries:
        os.utime(canary, (1, 2))
    came = came_of(read, path)
    if came == "hangs":  # or the machine was busy
        came = came_of(read, path)
    touched = any(canary.stat().st_atime > 1 for canary in canaries)
    made = "; **runs code**" if (path.parent / "canary.new").exists() else ""
    return came + ("; **reads the canary**" if touched else "") + made


if __name__ == "__main__":
    main()
