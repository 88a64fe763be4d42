"""Rows of a study over depths -> how far each depth can be pruned, and whether depth matters."""

from __future__ import annotations

from typing import NamedTuple

from prune.core.spread import Spread, slope, spread
from prune.settings.spelling import counted
from prune.views import telling
from prune.views.families import Family
from prune.views.tables import Table

Readings = dict[str, dict[int, tuple[int, ...]]]  # by what is held, then by depth: hidden sizes


class Line(NamedTuple):
    """The networks of one reading, pruned by one method."""

    reading: str
    method: str
    reach: dict[int, dict[int, float]]  # by depth and seed: the largest k within one point
    family: dict[int, Family]  # by depth

    def slope(self) -> Spread | None:
        """Return how much the largest k rises with a layer more: one slope for each seed."""
        seeds = set.intersection(*(set(runs) for runs in self.reach.values()))
        if len(self.reach) < 2 or not seeds:
            return None
        each = [
            slope(list(self.reach), [runs[seed] for runs in self.reach.values()])
            for seed in sorted(seeds)
        ]
        return spread(each)


def lines_of(found: list[Family], readings: Readings) -> list[Line]:
    """Return the networks of each reading and method, as far as there are any."""
    by_kind = {family.kind: family for family in found}
    lines = []
    for reading, networks in readings.items():
        for method in dict.fromkeys(family.method for family in found):
            own = {
                depth: by_kind[method, "-".join(map(str, hidden))]
                for depth, hidden in networks.items()
                if (method, "-".join(map(str, hidden))) in by_kind
            }
            reach = {depth: family.reach() for depth, family in own.items()}
            lines.append(Line(reading, method, reach, own))
    return [line for line in lines if line.reach]


def table(lines: list[Line]) -> Table:
    """Return one line for each reading and depth."""
    methods = list(dict.fromkeys(line.method for line in lines))
    cells: dict[tuple[str, int], dict[str, str]] = {}
    for line in lines:
        for depth, runs in line.reach.items():
            first = line.family[depth].first
            cell = cells.setdefault((line.reading, depth), {"hidden": first["hidden"]})
            cell["parameters"] = f"{first['parameters']:,}"
            whole = spread(list(line.family[depth].unpruned.values()))
            cell["unpruned"] = f"{100 * whole.mean:.2f}"
            cell[line.method] = _extent(spread(list(runs.values())))
    columns = ["hidden", "parameters", "unpruned", *methods]
    texts = [
        [reading, str(depth), *(cell.get(name, "") for name in columns)]
        for (reading, depth), cell in cells.items()
    ]
    number = max(len(runs) for line in lines for runs in line.reach.values())
    note = (
        "The largest k up to which accuracy stays within 1 point of each network's own, mean and "
        f"{telling.bounds(number)}; {counted(number, 'network')} each."
    )
    header = ["held", "depth", "hidden", "parameters", "unpruned %"]
    return Table(
        [*header, *(f"largest k by {method}" for method in methods)],
        texts,
        telling.joined(note, _throughout(lines)),
    )


def _extent(each: Spread) -> str:
    bounds = "" if each.low is None else f" ({each.low:.1f} to {each.high:.1f})"
    return f"{each.mean:.1f}{bounds}"


def verdict(lines: list[Line]) -> str:
    """Say, for each reading and method, whether deeper networks tolerate more pruning."""
    return "\n".join(filter(None, [_throughout(lines), *map(_verdict, lines)]))


def _throughout(lines: list[Line]) -> str:
    firsts = [family.first for line in lines for family in line.family.values()]
    return telling.throughout(firsts, "k", "seed")


def _verdict(line: Line) -> str:
    what = f"{line.reading.capitalize()} held, by {line.method}:"
    rise = line.slope()
    if rise is None or rise.low is None or rise.high is None:
        return f"{what} no evidence, for want of depths or of seeds."
    depths = f"{min(line.reach)} to {max(line.reach)} hidden layers"
    where = telling.between(rise, f"{rise.low:+.2f}", f"{rise.high:+.2f}")
    told = (
        f"the largest k within 1 point changes by {rise.mean:+.2f} points with each layer more "
        f"({where}, n = {rise.n} seeds, {depths})"
    )
    meaning = _meaning(rise.low, rise.high) if rise.enough else "no evidence, of so few seeds"
    return f"{what} {meaning}: {told}."


def _meaning(low: float, high: float) -> str:
    if low > 0:
        return "deeper networks tolerate more pruning"
    if high < 0:
        return "deeper networks tolerate less pruning"
    return "no evidence that depth matters"
