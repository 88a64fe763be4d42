"""An outline -> an order of its nodes, and lanes in which what one reads of another runs down."""

from __future__ import annotations

from typing import NamedTuple

from prune.core.outline import Outline


class Edge(NamedTuple):
    """What runs from one row to a later one, in a lane between."""

    start: int
    end: int
    lane: int


class Plan(NamedTuple):
    """Where everything of a drawing is."""

    order: tuple[int, ...]  # places in the outline, row by row
    lanes: tuple[int, ...]  # of each row
    edges: tuple[Edge, ...]

    @property
    def width(self) -> int:
        """How many lanes there are."""
        return 1 + max([*self.lanes, *(edge.lane for edge in self.edges)], default=0)


def plan(outline: Outline) -> Plan:
    """Return an order in which a branch stays together, and lanes that no two edges share."""
    order = _order(outline)
    row_of = {outline[place].name: row for row, place in enumerate(order)}
    readers: list[list[int]] = [[] for _ in order]
    for row, place in enumerate(order):
        for name in outline[place].reads:
            before = row_of.get(name, row)
            if before < row:  # a layer that is called again may read what comes later
                readers[before].append(row)
    return Plan(tuple(order), *_routed(readers))


def _order(outline: Outline) -> list[int]:
    """Return each node after those that it reads, and as soon after the last of them as may be."""
    places = {node.name: i for i, node in enumerate(outline)}
    reads = [{places[name] for name in node.reads if name in places} for node in outline]
    rows: dict[int, int] = {}  # of each node that has its place
    waiting = list(reversed(range(len(outline))))
    while waiting:
        ready = [place for place in waiting if reads[place] <= rows.keys()]
        # In a circle, which layers that are called again make, the first goes first.
        best = max(ready, key=lambda place: _nearness(place, reads, rows)) if ready else waiting[-1]
        waiting.remove(best)
        rows[best] = len(rows)
    return list(rows)


def _nearness(place: int, reads: list[set[int]], rows: dict[int, int]) -> tuple[int, int]:
    """Tell how soon after what it reads a node comes; of two alike the first goes first."""
    last = max((rows[each] for each in reads[place]), default=-1)
    return last, -place


def _routed(readers: list[list[int]]) -> tuple[tuple[int, ...], tuple[Edge, ...]]:
    """Give each row a lane, and each edge one that is free from its start to its end.

    The nearest reader goes on in the lane of what it reads.
    """
    busy: dict[int, int] = {}  # lane: the row where what runs in it ends
    lanes: list[int] = []
    edges: list[Edge] = []
    arriving: dict[int, list[int]] = {}
    for row, own in enumerate(readers):
        came = arriving.pop(row, [])
        for lane in came:
            del busy[lane]
        lane = min(came) if came else _free(busy)
        lanes.append(lane)
        for i, reader in enumerate(sorted(set(own))):
            through = lane if i == 0 else _free({**busy, lane: row})
            busy[through] = reader
            edges.append(Edge(row, reader, through))
            arriving.setdefault(reader, []).append(through)
    return tuple(lanes), tuple(edges)


def _free(busy: dict[int, int]) -> int:
    return next(lane for lane in range(len(busy) + 1) if lane not in busy)
