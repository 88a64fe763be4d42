"""What one setting of a layer may be: each value is rebuilt from plain parts of bounded size."""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Callable
from typing import Any, NamedTuple

from prune import PruneError
from prune.files import limits
from prune.files.names import short

Json = dict[str, Any]
_LARGEST = {int: 2**63 - 1, float: 1e300}  # which NaN and infinity are not below


class Unfit(ValueError):
    """A value that the check does not let through."""


class Check(NamedTuple):
    """What a value may be: in words, and as a function that rebuilds it or raises `Unfit`."""

    expected: str
    rebuilt: Callable[[Any], Any]

    def __call__(self, value: Any, where: str) -> Any:
        """Return the value, rebuilt; `PruneError` says where it stands and what belongs there."""
        try:
            return self.rebuilt(value)
        except Unfit:
            given = short(reprlib.repr(value))
            raise PruneError(f"{where} must be {self.expected}, got {given}") from None


def whole(least: int, most: int) -> Check:
    """Return the check of a whole number."""

    def rebuilt(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise Unfit
        return value

    return Check(f"a whole number from {least:,} to {most:,}", rebuilt)


def _number(value: Any) -> float | int:
    if type(value) not in (int, float) or not abs(value) <= _LARGEST[type(value)]:
        raise Unfit
    return value


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise Unfit
    return value


def one_of(*words: str) -> Check:
    """Return the check of a word out of a few."""

    def rebuilt(value: Any) -> str:
        if type(value) is not str or value not in words:
            raise Unfit
        return value

    return Check(f"one of {', '.join(words)}", rebuilt)


def matching(pattern: str, expected: str) -> Check:
    """Return the check of a text of a form."""

    def rebuilt(value: Any) -> str:
        if type(value) is not str or not re.fullmatch(pattern, value):
            raise Unfit
        return value

    return Check(expected, rebuilt)


def optional(check: Check) -> Check:
    """Return the check of a value that may be null."""
    return Check(
        f"{check.expected}, or null",
        lambda value: None if value is None else check.rebuilt(value),
    )


def either(*checks: Check) -> Check:
    """Return the check of a value that one of several lets through."""

    def rebuilt(value: Any) -> Any:
        for check in checks:
            try:
                return check.rebuilt(value)
            except Unfit:
                continue
        raise Unfit

    return Check(" or ".join(check.expected for check in checks), rebuilt)


def listed(check: Check, most: int, depth: int = 1) -> Check:
    """Return the check of a value, or of lists of it, so deep at most and of so many in all."""

    def rebuilt(value: Any) -> Any:
        left = [most]
        return _lists(value, check, left, depth)

    return Check(f"{check.expected}, or a list of up to {most:,}", rebuilt)


def _lists(value: Any, check: Check, left: list[int], depth: int) -> Any:
    if type(value) is not list:
        left[0] -= 1
        if left[0] < 0:
            raise Unfit
        return check.rebuilt(value)
    if depth == 0 or len(value) > left[0]:
        raise Unfit
    return [_lists(each, check, left, depth - 1) for each in value]


def _shape(value: Any) -> list[int | None]:
    """Return a shape whose known sides do not make more numbers than a layer may give."""
    sides = _SIDES_OF_SHAPE.rebuilt(value)
    if type(sides) is not list:
        return sides
    if math.prod(abs(side) for side in sides if side) > limits.OUTPUTS:
        raise Unfit
    return sides


def _name(value: Any) -> str:
    """Return a name that Keras can bear, in whose paths the slash has another meaning."""
    if type(value) is not str or not value.isprintable() or "/" in value:
        raise Unfit
    if not 0 < len(value) <= limits.NAME:
        raise Unfit
    return value


NAME = Check(f"a name of 1 to {limits.NAME} letters that can be printed, without /", _name)
NUMBER = Check("a number", _number)
FLAG = Check("true or false", _flag)
WORD = matching("[A-Za-z0-9_]{1,40}", "a plain word")
LETTERS = matching("[A-Za-z.]{0,40}", "letters")
EQUATION = matching(r"[A-Za-z.,> -]{1,80}", "an equation of letters")
SIDE = whole(0, limits.SIDE)
COUNT = whole(1, limits.UNITS)
AXIS = whole(-limits.SIDES, limits.SIDES)
SEED = optional(whole(-(2**63), 2**64))
SIDES = listed(SIDE, limits.SIDES)
PAIRS = listed(SIDE, 2 * limits.SIDES, depth=2)
NUMBERS = listed(NUMBER, 2**20, depth=limits.SIDES)
_SIDES_OF_SHAPE = listed(optional(whole(-1, limits.UNITS)), limits.SIDES)
SHAPE = Check(f"a shape of up to {limits.OUTPUTS:,} numbers", _shape)
