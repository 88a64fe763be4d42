"""What a network may cost, and how long it may be looked for."""

from __future__ import annotations

import re
from dataclasses import fields
from fractions import Fraction
from typing import Any

from prune import PruneError
from prune.settings.fields import COMMON, REMOVED, declared, setting
from prune.settings.gate import POINTS
from prune.settings.kinds import Kind, one_of, percent, whole
from prune.settings.pruning import UNIT, WEIGHT

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20}


def _bytes(text: str) -> int:
    found = re.fullmatch(r"(\d{1,15}(?:\.\d{1,9})?) ?([KMG]?I?B?)", text.strip().upper())
    if not found or found[2] not in _UNITS:
        raise ValueError
    return _from_one(int(Fraction(found[1]) * _UNITS[found[2]]))


def _times(text: str) -> float:
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?) ?x?", text.strip().lower())
    if not found or float(found[1]) <= 1:
        raise ValueError
    return float(found[1])


def _from_one(number: int) -> int:
    if number < 1:
        raise ValueError
    return number


def _kind(expected: str, metavar: str, typed: Any, said: Any) -> Kind:
    return Kind(expected, metavar, typed, lambda value, name: typed(str(value)), said=said)


@declared
class Budget:
    """What the network that is looked for may cost."""

    max_drop: Fraction | None = setting(
        None, POINTS, "points of accuracy that may be lost: the smallest such network", group=COMMON
    )
    under: int | None = setting(
        None,
        _kind("a size such as 500KB or 2MB", "SIZE", _bytes, str),
        "how long its .keras file may be: the best such network",
        group=COMMON,
    )
    faster: float | None = setting(
        None,
        _kind("a number above 1, such as 2x", "TIMES", _times, "{:g}x".format),
        "how many times faster it is to answer, measured here: the best such network",
        group=COMMON,
    )
    macs: Fraction | None = setting(
        None,
        percent(),
        "percent of the multiply-adds that it may take: the best such network",
        group=COMMON,
    )

    @property
    def bounds_size(self) -> bool:
        """Whether anything but the loss of accuracy is bounded."""
        return any(each is not None for each in (self.under, self.faster, self.macs))

    def check(self) -> None:
        """Refuse a budget of nothing."""
        if all(getattr(self, each.name) is None for each in fields(self)):
            raise PruneError(
                "no budget was given: say --max-drop POINTS, --under SIZE, --faster TIMES or "
                "--macs PERCENT"
            )


@declared
class Effort:
    """How long it is looked for."""

    minutes: int | None = setting(
        None, whole(1), "stop looking after so many, with the best so far", group=REMOVED
    )
    tries: int | None = setting(
        None, whole(1), "stop looking after so many networks were measured", group=REMOVED
    )
    then: str | None = setting(
        None,
        one_of(WEIGHT, UNIT, metavar="METHOD"),
        "with --max-drop: prune what --method has found further, by this one",
        group=REMOVED,
    )
