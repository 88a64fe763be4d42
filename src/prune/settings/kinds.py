"""Kinds of values that settings take: what is typed, what a settings file holds, what it means."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from prune import PruneError
from prune.settings import lists
from prune.settings.spelling import closest

_MOST = 10**15  # of whole numbers


class Kind(NamedTuple):
    """Which values a setting takes: as text on the command line, as values in a settings file."""

    expected: str  # in every refusal
    metavar: str
    typed: Callable[[str], Any]  # ValueError or PruneError for what it is not
    given: Callable[[Any, str], Any]  # likewise; the second is the key it is given for
    choices: tuple[str, ...] = ()
    plain: Callable[[Any], Any] = lambda value: value  # as JSON holds it
    said: Callable[[Any], str] = str  # as a person types it
    # Several in a settings file, where that is not a list of single ones.
    many: Callable[[Any, str], tuple[Any, ...]] | None = None
    many_expected: str = ""


def _number(
    expected: str, metavar: str, read: Callable[[str], Any], fits: Callable[[Any], bool]
) -> Kind:
    def typed(text: str) -> Any:
        number = read(text)
        if not fits(number):
            raise ValueError
        return number

    def given(value: Any, name: str) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float) or not fits(value):
            raise ValueError
        return read(str(value))

    return Kind(expected, metavar, typed, given)


def _digits(text: str) -> int:
    if not re.fullmatch(r"\d{1,15}", text, re.ASCII):
        raise ValueError
    return int(text)


def whole(least: int, metavar: str = "N") -> Kind:
    """Return the kind of whole numbers from `least`."""

    def fits(number: Any) -> bool:
        return isinstance(number, int) and least <= number < _MOST

    return _number(f"a whole number from {least}", metavar, _digits, fits)


def share(most: float = 1, metavar: str = "SHARE") -> Kind:
    """Return the kind of numbers from 0 to `most`."""
    return _number(f"a number from 0 to {most}", metavar, float, lambda number: 0 <= number <= most)


def rate() -> Kind:
    """Return the kind of numbers above 0."""
    return _number("a number above 0", "RATE", float, lambda number: 0 < number < 1e300)


def percent() -> Kind:
    """Return the kind of percents, which become the share they are."""

    def typed(text: str) -> Fraction:
        try:
            return lists.percent(text, text, "a percent") / 100
        except PruneError:
            raise ValueError from None

    def given(value: Any, name: str) -> Fraction:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        return lists.percent(str(value), str(value), name) / 100

    return Kind("a percent from 0 to 100", "PERCENT", typed, given, (), lists.k, as_percent)


def percents() -> Kind:
    """Return the kind of lists of percents, which become the shares they are, ascending."""

    def typed(text: str) -> tuple[Fraction, ...]:
        return tuple(lists.sparsities(text, "--k"))

    def given(value: Any, name: str) -> tuple[Fraction, ...]:
        return tuple(lists.sparsities(_as_text(value), name))

    def plain(value: tuple[Fraction, ...]) -> list[float]:
        return [lists.k(each) for each in value]

    def said(value: tuple[Fraction, ...]) -> str:
        return ",".join(map(as_percent, value))

    return Kind("percents such as 0,25,50", "LIST", typed, given, (), plain, said)


def as_percent(value: Fraction) -> str:
    """Return a share as the percent that is typed for it."""
    return f"{float(100 * value):.15g}"


def seed() -> Kind:
    """Return the kind of seeds, of which a list has words of its own."""
    return whole(0)._replace(many=lambda value, name: lists.seeds(_as_text(value), name))


def seeds(option: str = "--seeds") -> Kind:
    """Return the kind of lists of seeds as they are typed."""
    return Kind(
        "seeds such as 0-4 or 0,2,5",
        "LIST",
        lambda text: lists.seeds(text, option),
        lambda value, name: lists.seeds(_as_text(value), name),
        said=lists.seeds_again,
    )


def _as_text(value: Any) -> str:
    """Return numbers, texts, or a list of both as the text that a person would type."""
    items = value if isinstance(value, list) else [value]
    if any(not isinstance(item, int | float | str) or isinstance(item, bool) for item in items):
        return repr(value)
    return ",".join(map(str, items))


def one_of(*names: str, metavar: str = "NAME") -> Kind:
    """Return the kind of one of a few names."""

    def given(value: Any, name: str) -> str:
        check_known(value, names, name)
        return str(value)

    return Kind(", ".join(names), metavar, str, given, names)


def check_known(item: Any, known: tuple[str, ...], name: str) -> None:
    """Refuse a name that is not known."""
    if item not in known:
        hint, choices = closest(str(item), known), ", ".join(dict.fromkeys(known))
        raise PruneError(f"unknown name in {name}: {item!r}{hint}; choose from {choices}")


def text(metavar: str = "TEXT") -> Kind:
    """Return the kind of any text."""

    def given(value: Any, name: str) -> str:
        if not isinstance(value, str):
            raise ValueError
        return value

    return Kind("a text", metavar, str, given)


def named(metavar: str) -> Kind:
    """Return the kind of names of files, folders or data sets."""

    def typed(given: str) -> str:
        if not given.strip():
            raise ValueError
        return given

    def given(value: Any, name: str) -> str:
        return typed(text().given(value, name))

    return Kind("the name of a file or folder", metavar, typed, given)


def path(metavar: str = "FILE") -> Kind:
    """Return the kind of paths of files and folders."""
    kind = named(metavar)
    return kind._replace(
        typed=lambda given: Path(kind.typed(given)),
        given=lambda value, name: Path(kind.given(value, name)),
        plain=str,
    )


def names(metavar: str) -> Kind:
    """Return the kind of lists of names that are checked later, against what they are of."""

    def given(value: Any, name: str) -> tuple[str, ...]:
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise ValueError
        return tuple(dict.fromkeys(items))

    def typed(given: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name in given.split(",") if name))

    return Kind("a list of names", metavar, typed, given, (), list, ",".join)


def sizes() -> Kind:
    """Return the kind of lists of whole numbers from 1, in the order given."""
    one = whole(1)

    def given(value: Any, name: str) -> tuple[int, ...]:
        if not isinstance(value, list) or not value:
            raise ValueError
        return tuple(meant(one, f"each size in {name}", size) for size in value)

    def typed(given: str) -> tuple[int, ...]:
        return tuple(read(one, part) for part in given.split(","))

    def said(value: tuple[int, ...]) -> str:
        return ",".join(map(str, value))

    return Kind("a list of sizes", "LIST", typed, given, (), list, said)


def networks() -> Kind:
    """Return the kind of sizes of hidden layers, of which a settings file may list several."""

    def many(value: Any, name: str) -> tuple[Any, ...]:
        nested = isinstance(value, list) and bool(value) and all(isinstance(x, list) for x in value)
        return tuple(meant(kind, name, each) for each in (value if nested else [value]))

    expected = "a list of sizes, such as [300, 100], or a list of those"
    kind = sizes()._replace(expected=expected)
    return kind._replace(many=many)


def truth() -> Kind:
    """Return the kind of what is so or is not; on the command line the option alone."""

    def given(value: Any, name: str) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value

    return Kind("true or false", "", bool, given)


def meant(kind: Kind, name: str, value: Any) -> Any:
    """Return what `value`, given for the key `name` of a settings file, means."""
    try:
        return kind.given(value, name)
    except ValueError:
        raise PruneError(f"{name} must be {kind.expected}, got {value!r}") from None


def several(kind: Kind, name: str, value: Any) -> tuple[Any, ...]:
    """Return what a list means, or one value, given for a key that lists values; each once."""
    if kind.many:
        return tuple(dict.fromkeys(kind.many(value, name)))
    expected = kind.many_expected or f"a list of {kind.expected}"
    items = value if isinstance(value, list) and value else [value]
    if value == [] or (kind.choices and not isinstance(value, list | str)):
        raise PruneError(f"{name} must be {expected}, got {value!r}")
    kind = kind._replace(expected=expected)
    return tuple(dict.fromkeys(meant(kind, name, item) for item in items))


def read(kind: Kind, text: str) -> Any:
    """Return what a text that was typed means."""
    try:
        return kind.typed(text)
    except ValueError:
        raise PruneError(f"expected {kind.expected}, got {text!r}") from None
