"""A setting is a field of a frozen dataclass, declared once.

From the field derive its option and help, its key in a settings file, its place in a cell and in
the table, the words of a curve, the command that is said again, and what is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, dataclass_transform

from prune.settings.kinds import Kind

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# Titles of the help, in its order.
COMMON, INPUT, REMOVED, RANKED, TRAINED, OUTPUT = (
    "most used options",
    "what goes in",
    "what goes",
    "how it is ranked and repaired",
    "training what is left",
    "what comes out",
)


class Setting(NamedTuple):
    """What is said of a field where it is declared."""

    kind: Kind
    about: str  # its help
    group: str = INPUT
    column: str = ""  # of the table, and its name in a cell, if not its own
    several: str = ""  # the key in a settings file that lists values, each for cells of their own
    commas: bool = False  # the command line takes several as well
    needs: tuple[str, Any] | None = None  # another field, and the value with which it matters
    # How a curve that differs in it is named, if not by its own name.
    said: Callable[[Any], str] | None = None
    quiet: bool = False  # a curve is not named by it where it is as usual
    always: bool = False  # a cell is told by it even where it is as usual
    blank: Any = None  # the column where a cell is not told by it
    usual: str | None = None  # the default as the help says it, if not as it is typed
    also: tuple[str, Any] | None = None  # another field that giving this one sets
    flags: dict[str, str] | None = None  # options without a value: what they set, and their help
    words: tuple[str, ...] = ()  # the option, if not its own name
    required: bool = False

    def matters(self, own: Any) -> bool:
        """Tell whether it means anything, by the other fields of the object that has it."""
        return self.needs is None or getattr(own, self.needs[0]) == self.needs[1]


def setting(default: Any, kind: Kind, about: str, **more: Any) -> Any:
    """Declare a field; `more` are fields of `Setting`."""
    return field(default=default, metadata={"setting": Setting(kind, about, **more)})


def again(owner: Any, name: str, default: Any = MISSING, **changes: Any) -> Any:
    """Declare the field `name` of another dataclass once more, with another default or words."""
    first = next(each for each in fields(owner) if each.name == name)
    changed = first.metadata["setting"]._replace(**changes)
    value = first.default if default is MISSING else default
    return field(default=value, metadata={"setting": changed})


Class = TypeVar("Class")


@dataclass_transform(frozen_default=True)
def declared(owner: type[Class]) -> type[Class]:
    """Make a class whose fields are settings the frozen dataclass that it is.

    Without the text of an object, which only a failing test would show: to make these classes is
    much of what help and usage errors take.
    """
    return dataclass(frozen=True, repr=False)(owner)


def settings(owner: Any) -> Iterator[tuple[Field[Any], Setting]]:
    """Yield the fields of a dataclass, or of one of its objects, that are settings."""
    for each in fields(owner):
        if "setting" in each.metadata:
            yield each, each.metadata["setting"]


Declared = TypeVar("Declared", bound="DataclassInstance")


def settled(asked: Declared) -> Declared:
    """Return the same with what does not matter as by default, so that equals are equal."""
    idle = {each.name: each.default for each, own in settings(asked) if not own.matters(asked)}
    return replace(asked, **idle)


def telling(asked: Any) -> dict[str, Any]:
    """Return the settings that a cell is told by, as JSON holds them.

    They are what matters and is not as by default, so that one more field leaves old names alone;
    and those that names have held from the start.
    """
    matter = [(each, own, getattr(asked, each.name)) for each, own in settings(asked)]
    return {
        own.column or each.name: own.kind.plain(value)
        for each, own, value in matter
        if own.matters(asked) and value is not None and (own.always or value != each.default)
    }
