"""The `prune` command: parse, run, and turn every outcome into an exit code."""

from __future__ import annotations

import argparse
import errno
import gc
import os
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from prune import PruneError, __version__
from prune.cli import signals
from prune.cli.commands import COMMANDS
from prune.cli.parser import COMPLETION, SHELLS, Parser
from prune.files import names

if TYPE_CHECKING:
    from prune.cli.asked import Asked

EXAMPLES = """\
prune compare                       weight and unit pruning of the shipped network
prune weight --k 0,25,50,90         weight pruning at each k
prune unit --k 50:90:5              unit pruning
prune bench                         where pruning makes a network faster
prune train --save weights.h5       train the network
prune inspect weights.h5            what is in a weights file
prune rerun out/run.json            whether a run repeats"""
_LONGEST = 1000  # letters of an error


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    _prepare_streams()
    if {"keras", "tensorflow"} & set(sys.modules):  # of every network that is compiled it warns
        import_module("logging").getLogger("tensorflow").setLevel("ERROR")
    with signals.heard(restore=argv is not None):
        return _outcome(sys.argv[1:] if argv is None else argv)


def _outcome(argv: list[str]) -> int:
    """Run one command; whatever comes of it becomes an exit status, and a line if it is wrong."""
    try:
        status = _status(argv)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        _silence(sys.stdout)  # its reader has seen enough (`| head`)
        return 0
    except (Exception, KeyboardInterrupt) as error:
        signals.ignore()
        # What a package that is being imported makes of a signal may be any error.
        text, status = _explain(signals.came[0] if signals.came else error)
        debug = traceback.format_exc() if "--debug" in argv else ""
        _tell(sys.stderr, f"{debug}prune: {_line(text)}\n")
        _tell(sys.stdout, "")
        return status


def _status(argv: list[str]) -> int:
    try:
        return _run(argv)
    except SystemExit as done:  # argparse, after printing help
        return int(done.code or 0)


def _tell(stream: TextIO, text: str) -> None:
    """Write to a stream, and what it still holds, or silence it."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        _silence(stream)


def _silence(stream: TextIO) -> None:
    """Let what is left unwritten go nowhere: to fail over it at exit would change the status."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _line(text: str) -> str:
    """Return `text` as one line that cannot steer a terminal, whatever a file put into it."""
    line = names.printable(" ".join(text.split()))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def _prepare_streams() -> None:
    """Give a closed stream somewhere to go, and let none fail over a letter it cannot show."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the shell: `>&-`
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115  (open to the end)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _run(argv: list[str]) -> int:
    if "--version" in argv:  # before parsing, which may miss something that a command needs
        print(_versions())
        return 0
    if argv and argv[0].partition("=")[0] == COMPLETION:
        completion = import_module("prune.cli.completion")
        print(completion.script(argv, _parser([*argv, *COMMANDS])), end="")
        return 0
    if not argv:
        print(_parser([]).format_help(), end="")
        return 2
    return _carry_out(_understood(argv))


def _understood(argv: list[str]) -> Asked:
    """Return what the words of a command ask for."""
    with _uncollected():
        return _parsed(argv)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile: options are built to stay, and each look goes through all."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _parsed(argv: list[str]) -> Asked:
    given = vars(_parser(argv).parse_args(_joined(argv)))
    if given.pop("parser", None) is None:
        raise PruneError("no command was given; see `prune --help`")
    command = given.pop("command")
    asked: Asked = command.asked(["prune", *argv], given, _understood, _carry_out)
    import_module("prune.cli.sense").refuse(asked)
    return asked


def _carry_out(asked: Asked) -> int:
    # Imported now, so that help and errors are quick.
    if path := asked.network_file:
        places = import_module("prune.files.places")
        places.check(places.located(path))
    elif asked.command.missing:
        regular, path = import_module("prune.files.regular"), asked.given["file"]
        if not regular.is_there(path):
            raise PruneError(asked.command.missing.format(path))
    if log := asked.log:
        import_module("prune.files.trackers").require(log)
    return import_module(f"prune.cli.{asked.command.module}").run(asked)


def _parser(words: Sequence[str]) -> Parser:
    """Return what understands these words: of commands that are named there, every option.

    Where they begin with a command it needs no other.
    """
    parser = Parser(
        prog="prune",
        description="Prune Keras networks, and see what it costs in accuracy.",
        examples=EXAMPLES,
        epilog="`prune COMMAND --help` tells a command's options.",
    )
    parser.add_argument("--version", action="store_true", help="show versions and exit")
    parser.add_argument(
        "--debug", action="store_true", default=False, help="show the traceback of an error"
    )
    shells = ", ".join(SHELLS)
    parser.add_argument(
        COMPLETION, metavar="SHELL", help=f"print what completes our words in {shells}"
    )
    parser.set_defaults(parser=None)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")
    suppress = argparse.SUPPRESS
    for name in words[:1] if words and words[0] in COMMANDS else COMMANDS:
        row = COMMANDS[name]
        own = commands.add_parser(name, help=row.short, add_help=False, argument_default=suppress)
        if name in words:
            import_module("prune.cli.options").fill(own, row.command())
    return parser


def _joined(argv: list[str]) -> list[str]:
    """Return words as argparse understands them.

    The network may stand right after the command, without its option.  A list that starts with a
    minus is attached to its --k, or it would be taken for an option.
    """
    row = COMMANDS.get(argv[0])
    named = argv[1:2] and not argv[1].startswith("-")
    if row and named and row.command().takes_network:
        argv = [argv[0], "--weights", *argv[1:]]
    joined: list[str] = []
    for word in argv:
        if joined and joined[-1] == "--k" and re.match(r"-[\d.]", word):
            joined[-1] = f"--k={word}"
        else:
            joined.append(word)
    return joined


def _versions() -> str:
    """Return the versions of what computes, without importing it."""
    from importlib import metadata  # here, since it is slow to import and seldom needed

    def version(name: str) -> str:
        try:
            return f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            return f"{name} missing"

    names = ("numpy", "scipy", "h5py", "matplotlib", "keras", "tensorflow")
    parts = [f"Python {sys.version.split()[0]}", *map(version, names)]
    return f"prune {__version__} ({', '.join(parts)})"


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_KEPT = "files already written are whole; give the same command again"


def _explain(error: BaseException) -> tuple[str, int]:
    """Return the line and the exit code for what went wrong."""
    match error:
        case PruneError():
            return str(error), error.exit_code
        case signals.Terminated():
            return f"terminated; {_KEPT}", 143
        case KeyboardInterrupt():
            return f"interrupted; {_KEPT}", 130
        case MemoryError():
            return "out of memory; try a smaller --limit", 3
        case ImportError():
            return f"a package is missing or broken: {error}; install keras-prune again", 3
        case OSError():
            # All that writes files names them; results are printed to no file.
            name = error.filename or ("stdout" if error.errno in _FULL else "")
            where = f" {name}" if name else ""
            return f"the system failed{where}: {error.strerror or error}", 3
    name = type(error).__name__
    return f"internal error ({name}: {error}); run again with --debug and report it", 3
