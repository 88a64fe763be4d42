"""The options of a command, made of its settings."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from prune import PruneError
from prune.cli.asked import Command, Option
from prune.cli.parser import Parser
from prune.settings import fields
from prune.settings.kinds import Kind, read
from prune.settings.spelling import closest

_GROUPS = (
    *(fields.COMMON, fields.REMOVED, fields.RANKED, fields.TRAINED, fields.INPUT, fields.OUTPUT),
)


def fill(parser: Parser, command: Command) -> None:
    """Give a parser what a command is for, and its options."""
    parser.description, parser.examples = command.about, command.examples
    parser.set_defaults(parser=parser, command=command)
    groups = {title: parser.add_argument_group(title) for title in _GROUPS}
    exclusive: dict[str, Any] = {}
    for option in command.options():
        _add(groups[option.setting.group], exclusive, option, command)
    last = groups[fields.OUTPUT]
    last.add_argument("--version", action="store_true", help="show versions and exit")
    last.add_argument("-h", "--help", action="help", help="show this help and exit")


def _add(group: Any, exclusive: dict[str, Any], option: Option, command: Command) -> None:
    own = option.setting
    if own.flags or own.also:  # of which one at most makes sense
        dest = own.also[0] if own.also else option.name
        if dest not in exclusive:
            exclusive[dest] = group.add_mutually_exclusive_group()
        group = exclusive[dest]
    if own.flags:
        for value, about in own.flags.items():
            word = f"--{value}"
            group.add_argument(
                word, dest=option.name, action="store_const", const=value, help=about
            )
        return
    given = _how(option, command.choices.get(option.name, own.kind.choices))
    words = own.words or (option.word,)
    if words[0].startswith("-"):
        given["dest"] = option.name
        given["required"] = own.required
    given["help"] = _help(option)
    group.add_argument(*words, **given | command.helps.get(option.name, {}))


def _how(option: Option, choices: tuple[str, ...]) -> dict[str, Any]:
    """Return how argparse is to read a value."""
    own, kind = option.setting, option.setting.kind
    if isinstance(option.default, bool):
        return {"action": "store_true"}
    if kind.metavar == "LIST" and option.name == "k":
        return {"nargs": "+", "metavar": kind.metavar, "action": _Listed, "type": str, "kind": kind}
    if own.commas:
        return {"metavar": kind.metavar, "type": _several(option.name, kind)}
    how: dict[str, Any] = {"metavar": kind.metavar, "type": _one(kind)}
    if own.also:
        how |= {"action": _Also, "also": own.also}
    return how | ({"choices": choices} if choices else {})


def _help(option: Option) -> str:
    """Return the help of an option, with its default if that says anything."""
    own, default = option.setting, option.default
    if isinstance(default, bool) or own.required or own.also:
        return own.about
    usual = own.usual
    if usual is None and default not in (None, (), ""):
        usual = ",".join(default) if own.commas else own.kind.said(default)
    about = f"{own.about} (default: {usual})" if usual is not None else own.about
    return about.replace("%", "%%").strip()


def _one(kind: Kind) -> Callable[[str], Any]:
    def typed(text: str) -> Any:
        try:
            return read(kind, text)
        except PruneError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return typed


def _several(name: str, kind: Kind) -> Callable[[str], tuple[str, ...]]:
    def typed(text: str) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(each for each in text.split(",") if each))
        for each in names:
            if kind.choices and each not in kind.choices:
                hint, known = closest(each, kind.choices), ", ".join(kind.choices)
                raise argparse.ArgumentTypeError(
                    f"unknown {name} {each!r}{hint}; choose from {known}"
                )
        return names or kind.choices[:1]

    return typed


class _Listed(argparse.Action):
    """Take several words as one list."""

    def __init__(self, kind: Kind, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def __call__(self, parser: Any, namespace: Any, values: Any, option: Any = None) -> None:
        setattr(namespace, self.dest, self.kind.typed(" ".join(values)))


class _Also(argparse.Action):
    """Set another option too."""

    def __init__(self, also: tuple[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.also = also

    def __call__(self, parser: Any, namespace: Any, values: Any, option: Any = None) -> None:
        setattr(namespace, self.dest, values)
        setattr(namespace, *self.also)
