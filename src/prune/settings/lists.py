"""Lists as people type them: percents and seeds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from prune import PruneError

_MOST_POINTS = 10_000
_MOST_SEEDS = 1000


def sparsities(text: str, what: str) -> list[Fraction]:
    """Turn a list of percents into sparsities, ascending, each once; `what` names it in errors.

    >>> sparsities("0:50:25, 99.9", "--k")
    [Fraction(0, 1), Fraction(1, 4), Fraction(1, 2), Fraction(999, 1000)]
    """
    items = [item for item in re.split(r"[,\s]+", text) if item]
    if not items:
        raise PruneError(f"{what} is an empty list; give percents such as 0,25,50")
    return sorted({percent / 100 for item in items for percent in _expand(item, what)})


def _expand(item: str, what: str) -> list[Fraction]:
    """Expand `start:stop:step`, both ends included; a single number stands for itself."""
    bounds = [percent(part, item, what) for part in item.split(":")]
    if len(bounds) == 1:
        return bounds
    if len(bounds) != 3 or bounds[2] <= 0 or bounds[1] < bounds[0]:
        raise PruneError(f"{what} takes ranges as start:stop:step, such as 0:90:10, got {item!r}")
    start, stop, step = bounds
    points = int((stop - start) / step) + 1
    if points > _MOST_POINTS:
        raise PruneError(f"{what} {item} would be {points:,} points; use a larger step")
    return [start + i * step for i in range(points)]


def percent(text: str, item: str, what: str) -> Fraction:
    """Turn one percent, part of `item`, into a number."""
    try:
        number = Decimal(text.removesuffix("%"))
    except InvalidOperation:
        raise PruneError(
            f"{what} takes percents such as 0,25,50 or 0:90:10, got {item!r}"
        ) from None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise PruneError(f"{what} takes percents from 0 to 100, got {item!r}")
    if not 0 <= number <= 100:
        raise PruneError(f"{what} takes percents from 0 to 100, got {item}")
    return Fraction(number)


def k(sparsity: Fraction) -> float:
    """Return the percent of a sparsity, an int where it is whole.

    >>> k(Fraction(1, 2)), k(Fraction(1, 8))
    (50, 12.5)
    """
    number = 100 * sparsity
    return int(number) if number.denominator == 1 else float(number)


def hint(sparsities: Sequence[Fraction], option: str = "--k ") -> str | None:
    """Return a remark where somebody may have meant a fraction and given a percent."""
    small = [sparsity for sparsity in sparsities if 0 < sparsity <= Fraction(1, 100)]
    if not small or sparsities[-1] > Fraction(1, 100):
        return None
    given, meant = f"{float(100 * small[0]):.15g}", f"{float(10_000 * small[0]):.15g}"
    return f"k is in percent: {given} removes {given} %; for {meant} % give {option}{meant}"


def seeds_again(numbers: Sequence[int]) -> str:
    """Return seeds as they are typed.

    >>> seeds_again((0, 1, 2, 7))
    '0-2,7'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def seeds(text: str, what: str) -> tuple[int, ...]:
    """Turn a list of seeds into numbers, each once; `what` names it in errors.

    >>> seeds("0-2, 7", "--seeds")
    (0, 1, 2, 7)
    """
    numbers: dict[int, None] = {}
    for item in re.split(r"[,\s]+", text.strip()):
        bounds = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", item, re.ASCII)
        first, last = (int(bounds[1]), int(bounds[2] or bounds[1])) if bounds else (1, 0)
        if last < first:
            raise PruneError(f"{what} takes seeds such as 0-4 or 0,2,5, got {item!r}")
        if last - first >= _MOST_SEEDS:
            raise PruneError(f"{what} {item} would be {last - first + 1:,} seeds; ask for fewer")
        numbers |= dict.fromkeys(range(first, last + 1))
    return tuple(numbers)
