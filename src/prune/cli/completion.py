"""`prune --print-completion SHELL`: what makes a shell complete our words."""

from __future__ import annotations

import argparse

from prune import EnvironmentFailure, PruneError
from prune.cli.parser import COMPLETION, SHELLS
from prune.settings.spelling import closest


def script(argv: list[str], parser: argparse.ArgumentParser) -> str:
    """Return the script for the shell that the words of the command name."""
    shell = _shell(argv)
    try:
        import shtab  # here: it is an extra
    except ImportError as error:
        raise EnvironmentFailure(
            "completion needs the package shtab; `pip install keras-prune[completion]`"
        ) from error
    return shtab.complete(parser, shell)


def _shell(argv: list[str]) -> str:
    words = " ".join(argv).replace("=", " ").split()
    given = words[words.index(COMPLETION) + 1 :][:1]
    if not given or given[0] not in SHELLS:
        told = f"got {given[0]!r}{closest(given[0], SHELLS)}" if given else "got nothing"
        raise PruneError(f"{COMPLETION} takes one of {', '.join(SHELLS)}; {told}")
    return given[0]
