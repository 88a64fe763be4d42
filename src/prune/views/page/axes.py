"""Axes on which what matters can be read: stretched towards 100 %, or logarithmic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import ceil, floor, log10
from typing import NamedTuple

from prune.views.page.numbers import plain, short

_BEYOND = 1.005  # of the whole: where a stretched axis would reach infinity
# Percents, the most telling first: of those too close to each other the earlier has the label.
_PERCENTS = (0, 50, 90, 99, 80, 95, 97, 70, 25, 98, 10, 60, 99.5, 99.8, 100, 30, 40, 20)
_PERCENTS += (96, 93, 98.5, 97.5, 85, 75, 99.9)
_STEPS = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8))
_STEPS_MOST = 8  # on an axis of equal steps
_ENOUGH = 4  # labels to read an axis by
_LATE = 0.9  # from such a share on, there is nothing to show of what lies before


class Axis(NamedTuple):
    """Where values are along an axis, from 0 at its begin to 1 at its end, and its labels."""

    place: Callable[[float], float]
    ticks: list[tuple[float, str]]  # place and label


def stretched(shares: Sequence[float], room: float) -> Axis:
    """Return an axis for shares of 1, stretched towards 1; labels are `room` apart at least."""
    worst, best = min(shares), max(shares)
    low = worst - 0.4 * (1 - worst) - 0.001 if worst >= _LATE else -0.02 * (worst < 0.02)
    ends = _stretch(low), _stretch(min(1.001, best + 0.35 * (1 - best) + 0.0005))

    def place(share: float) -> float:
        return (_stretch(share) - ends[0]) / (ends[1] - ends[0])

    values = [percent / 100 for percent in _PERCENTS if low <= percent / 100 <= 1]
    return Axis(
        place, _apart([(place(each), f"{plain(round(100 * each, 6))} %") for each in values], room)
    )


def linear(values: Sequence[float], room: float) -> Axis:
    """Return an axis of equal steps."""
    low, high = min(values), max(values)
    wide = (high - low) or abs(high) or 1.0
    low, high = low - 0.05 * wide, high + 0.05 * wide
    step = 10 ** floor(log10(wide / 2))
    step = next(each * step for each in (1, 2, 5, 10) if wide / (each * step) <= _STEPS_MOST)
    places = range(ceil(low / step), floor(high / step) + 1)

    def place(value: float) -> float:
        return (value - low) / (high - low)

    return Axis(place, _apart([(place(i * step), f"{i * step:.6g}") for i in places], room))


def _stretch(share: float) -> float:
    return -log10(max(1 - share / _BEYOND, 1e-9))


def logarithmic(values: Sequence[float], room: float, margin: float = 0.04) -> Axis:
    """Return a logarithmic axis for values above 0."""
    low, high = log10(min(values)), log10(max(values))
    if high - low < 1e-6:
        low, high = low - 0.5, high + 0.5
    wide = (high - low) * margin
    low, high = low - wide, high + wide

    def place(value: float) -> float:
        return (log10(value) - low) / (high - low)

    decades = range(floor(low), ceil(high) + 1)
    for steps in _STEPS:
        ticks = [step * 10.0**decade for decade in decades for step in steps]
        ticks = [tick for tick in ticks if 0 <= place(tick) <= 1]
        if len(ticks) >= _ENOUGH:
            break
    else:
        ticks = [10 ** (low + (high - low) * part / 3) for part in range(4)]
    return Axis(place, _apart([(place(tick), short(tick)) for tick in ticks], room))


def _apart(ticks: Iterable[tuple[float, str]], room: float) -> list[tuple[float, str]]:
    """Return the ticks that are inside, and not too close to an earlier one."""
    kept: list[tuple[float, str]] = []
    for at, label in ticks:
        if -1e-9 <= at <= 1 + 1e-9 and all(abs(at - other) >= room for other, _ in kept):
            kept.append((at, label))
    return sorted(kept)
