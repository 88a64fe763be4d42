"""What a command was asked, as settings."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from prune.settings.fields import Setting, settings
from prune.settings.files import Activation, Out, Page, Save, Talk, Weights
from prune.settings.gate import Gate
from prune.settings.pruning import Pruning

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import DataclassInstance

Owner = TypeVar("Owner", bound="DataclassInstance")


class Option(NamedTuple):
    """A setting as a command offers it."""

    owner: type
    field: str
    setting: Setting
    default: Any

    @property
    def name(self) -> str:
        """Its name, by which its value is kept."""
        words = self.setting.words or (self.field,)
        return words[-1].removeprefix("--").replace("-", "_")

    @property
    def word(self) -> str:
        """What is typed."""
        return f"--{self.name.replace('_', '-')}"


class Command(NamedTuple):
    """A command: what it is for, what can be asked of it, and where it is carried out."""

    name: str
    module: str  # of prune.cli, with a function `run(asked) -> int`
    about: str
    examples: str
    declared: tuple[type, ...]  # dataclasses of settings
    methods: tuple[str, ...] = ()  # that it prunes by, unless they are asked for
    without: Collection[str] = ()  # options of those that it does not offer
    defaults: Mapping[str, Any] = {}  # that differ, by option
    choices: Mapping[str, tuple[str, ...]] = {}  # likewise
    helps: Mapping[str, dict[str, Any]] = {}  # what argparse says otherwise
    one_curve: bool = False  # of each method, and no more
    check: Callable[[Asked], None] = lambda asked: None
    missing: str = ""  # what is said, of a path, where there is nothing that it is to read

    def options(self) -> Iterator[Option]:
        """Yield what it offers."""
        for owner in self.declared:
            for each, own in settings(owner):
                option = Option(owner, each.name, own, each.default)
                if option.name not in self.without:
                    usual = (each.default,) * bool(each.default) if own.commas else each.default
                    yield option._replace(default=self.defaults.get(option.name, usual))

    def asked(
        self,
        words: list[str],
        given: dict[str, Any],
        understand: Callable[[list[str]], Asked],
        carry_out: Callable[[Asked], int],
    ) -> Asked:
        """Return what is asked of it."""
        return Asked(self, words, given, understand, carry_out)

    @property
    def takes_network(self) -> bool:
        """Whether a network may stand right after its name."""
        return Weights in self.declared


class Asked(NamedTuple):
    """The settings of one run of a command."""

    command: Command
    words: list[str]  # as they were typed, `prune` first
    given: dict[str, Any]  # the options among them, and what they mean
    understand: Callable[[list[str]], Asked]  # other words
    carry_out: Callable[[Asked], int]

    def options(self) -> Iterator[tuple[Option, Any]]:
        """Yield every option and its value."""
        for option in self.command.options():
            yield option, self.given.get(option.name, option.default)

    def set(self) -> Iterator[tuple[Option, Any]]:
        """Yield the options that were set to something else than is usual."""
        for option, value in self.options():
            flags = option.setting.flags
            typed = option.name in self.given and (flags is None or value in flags)
            if typed and (value != option.default or option.setting.also):
                yield option, value

    def of(self, owner: type[Owner]) -> Owner:
        """Return the settings that `owner` declares."""
        offered = {(each.owner, each.field): value for each, value in self.options()}
        own = {
            each.name: offered[owner, each.name]
            for each in fields(owner)
            if (owner, each.name) in offered
        }
        return owner(**own)

    @property
    def network_file(self) -> Path | None:
        """The file of the network that it is about, if one was named."""
        if self.command.takes_network:
            return self.of(Weights).weights
        return self.given["file"] if Activation in self.command.declared else None

    @property
    def log(self) -> Collection[str]:
        """The trackers that are to be handed what comes of it."""
        return self.of(Page).log

    def methods(self) -> tuple[str, ...]:
        """Return the methods that are asked for."""
        if "method" in self.given:
            return (self.given["method"],)
        return self.command.methods or (self.of(Pruning).method,)

    def plain(self) -> dict[str, Any]:
        """Return every setting, as JSON can hold it."""
        plain = {option.name: _plain(option, value) for option, value in self.options()}
        return {"command": self.command.name} | plain

    def again(self, *without: str, only: type | None = None) -> list[str]:
        """Return the options for what goes in and how, as far as they were set, as typed."""
        return [
            _typed(option, value)
            for option, value in self.set()
            if option.owner not in (Out, Page, Talk, Save, Gate)
            and only in (None, option.owner)
            and option.name not in without
        ]


def _plain(option: Option, value: Any) -> Any:
    if value is None or option.setting.commas:
        return value if value is None else list(value)
    return option.setting.kind.plain(value)


def _typed(option: Option, value: Any) -> str:
    if option.setting.flags:
        return f"--{value}"
    if value is True:
        return option.word
    text = ",".join(value) if option.setting.commas else option.setting.kind.said(value)
    return f"{option.word} {shlex.quote(text)}"
