"""How much worse a pruned network may be."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from prune import PruneError
from prune.settings import lists
from prune.settings.fields import OUTPUT, declared, setting
from prune.settings.kinds import Kind, as_percent


def _points(text: str) -> Fraction:
    try:
        return lists.percent(text, text, "points") / 100
    except PruneError:
        raise ValueError from None


def _given(value: Any, name: str) -> Fraction:
    return _points(str(value))


POINTS = Kind(
    "points of accuracy from 0 to 100, such as 1",
    "POINTS",
    _points,
    _given,
    plain=as_percent,
    said=as_percent,
)


@declared
class Gate:
    """How much worse a pruned network may be."""

    max_drop: Fraction | None = setting(
        None,
        POINTS,
        "points of accuracy that each point asked for may lose; exit status 1 if any loses more",
        group=OUTPUT,
    )
