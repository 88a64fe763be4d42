"""argparse with examples first, errors of one line and suggestions."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from prune import PruneError
from prune.settings.spelling import closest

COMPLETION = "--print-completion"
SHELLS = ("bash", "zsh", "fish")  # that it is for


class Parser(argparse.ArgumentParser):
    """A parser that raises `PruneError` where argparse prints its usage and exits."""

    def __init__(self, *args: Any, examples: str = "", **kwargs: Any) -> None:
        """Take `examples`, lines of commands that open the help text."""
        super().__init__(
            *args,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **kwargs,
        )
        self.examples = examples

    def format_help(self) -> str:
        """Put what it is for and how it is used before the list of options."""
        if not self.examples:
            return super().format_help()
        lines = "\n".join(f"  {line}" for line in self.examples.splitlines())
        about, self.description = self.description, None
        try:
            return f"{about}\n\nexamples:\n{lines}\n\n{super().format_help()}"
        finally:
            self.description = about

    def _print_message(self, message: str, file: Any = None) -> None:
        # argparse hides what stands in the way of that, such as a full disk.
        if message:
            (file or sys.stderr).write(message)

    def error(self, message: str) -> NoReturn:
        """Raise what argparse found wrong."""
        raise PruneError(f"{message}; see `{self.prog} --help`")

    def describe(self, option: str, **words: Any) -> None:
        """Change what help says of an option that is there already: `metavar`, `help`, `nargs`."""
        vars(self._option_string_actions[option]).update(words)

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:
        """Parse, and suggest an option where an unknown one is given."""
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            command = getattr(parsed, "parser", None) or self
            options = [option for action in command._actions for option in action.option_strings]
            word = unknown[0].partition("=")[0]
            if word in options:
                command.error(f"{word} goes after the command: `{command.prog} {unknown[0]}`")
            command.error(f"unknown argument {unknown[0]}{closest(word, options)}")
        return parsed

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        what = "/".join(action.option_strings) or "command"
        known = ", ".join(action.choices)
        raise argparse.ArgumentError(
            None, f"unknown {what} {value!r}{closest(value, action.choices)}; choose from {known}"
        )
