"""The model before and after: a bar for each layer, as wide as its units, and what reads what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from prune.core.outline import INPUT, Count, Counts, Node
from prune.files.outlines import Layers
from prune.views.page import lanes
from prune.views.page.html import Markup, joined, tag
from prune.views.page.lanes import Edge, Plan
from prune.views.page.numbers import percent

_WIDTH = 1000
_LANE, _ROW, _THIN = 13, 20, 13  # the step of lanes, of layers, and of places without kernels
_NAMES, _NUMBERS = 250, 235  # the room of names, and of what stands behind the bars
_LETTERS = 34
_SHADES = 10  # of a share of zeros, or of sensitivity
Drops = Mapping[str, float]  # how much accuracy is lost where one layer alone is pruned, by node


class Place(NamedTuple):
    """Where a row of the drawing is, and of which node."""

    node: Node
    whole: Count | None
    left: Count | None
    x: float  # of its dot
    y: float


def shade(share: float) -> int:
    """Return which shade a share has, 0 to 10; only nothing and all have the first and the last.

    >>> shade(0), shade(0.001), shade(0.5), shade(0.999), shade(1)
    (0, 1, 5, 9, 10)
    """
    if share in (0, 1):
        return int(share) * _SHADES
    return min(_SHADES - 1, max(1, round(share * _SHADES)))


def zeros(count: Count) -> float:
    """Return the share of zeros among the parameters that there are."""
    return 1 - count.nonzero / count.parameters if count.parameters else 0.0


def drawing(layers: Layers, left: Counts | None, drops: Drops, said: str) -> Markup:
    """Return the picture of a model, whole and, if it is known, what is left of it."""
    plan = lanes.plan(layers.outline)
    places = list(_places(layers, left or layers.whole, plan))
    units = [place.whole.units for place in places if place.whole]
    begin = 12 + _LANE * plan.width + _NAMES
    scale = (_WIDTH - begin - _NUMBERS) / max(1, *units)
    height = places[-1].y + _ROW
    edges = "".join(_edge(edge, places) for edge in plan.edges)
    tied = _tied(layers)
    shades = _shades(drops)
    rows = [_row(place, (begin, scale), (drops, shades), tied) for place in places]
    box = f"0 0 {_WIDTH} {height:.0f}"
    own = [tag("path", d=edges, class_="edge"), *rows]
    return tag("svg", *own, viewBox=box, role="img", aria_label=said, class_="model")


def _places(layers: Layers, left: Counts, plan: Plan) -> Iterator[Place]:
    y = 12.0
    for place, lane in zip(plan.order, plan.lanes, strict=True):
        whole = layers.whole[place]
        step = _ROW if whole else _THIN
        yield Place(layers.outline[place], whole, left[place], 10 + _LANE * lane, y + step / 2)
        y += step


def _edge(edge: Edge, places: list[Place]) -> str:
    """Return the path from one dot to another: out into its lane, down, and in again."""
    start, end = places[edge.start], places[edge.end]
    x = 10 + _LANE * edge.lane
    path = f"M{start.x:g} {start.y:g}"
    if x != start.x:
        path += f"Q{x:g} {start.y:g} {x:g} {start.y + 10:g}"
    if x == end.x:
        return f"{path}V{end.y:g}"
    return f"{path}V{end.y - 10:g}Q{x:g} {end.y:g} {end.x:g} {end.y:g}"


def _tied(layers: Layers) -> dict[str, str]:
    """Return a letter for each group that more than one layer makes."""
    makers: dict[str, int] = {}
    for node in layers.outline:
        for group in node.groups:
            makers[group] = makers.get(group, 0) + 1
    several = [group for group, count in makers.items() if count > 1]
    return {group: _letter(i) for i, group in enumerate(several)}


def _letter(place: int) -> str:
    """Return A to Z, then AA to AZ, and so on."""
    first, last = divmod(place, 26)
    return (_letter(first - 1) if first else "") + chr(ord("A") + last)


def _shades(drops: Drops) -> dict[str, int]:
    """Return the shade of each layer: the one that costs most has the last."""
    most = max(drops.values(), default=0)
    return {name: shade(max(0.0, drop) / most) if most > 0 else 0 for name, drop in drops.items()}


def _row(
    place: Place,
    bars: tuple[float, float],
    alone: tuple[Drops, Mapping[str, int]],
    tied: Mapping[str, str],
) -> Markup:
    node, whole, _, x, y = place
    drop, own = (each.get(node.name) for each in alone)
    dot = tag("circle", cx=f"{x:g}", cy=f"{y:g}", r=5 if whole else 3.5, class_=_dotted(node, own))
    begin, _ = bars
    told = node.kind if node.kind == INPUT or not whole else ""
    label = tag("tspan", f" {told}", class_="dim") if told and told != node.name else ""
    at = f"{begin - _NAMES:g}"
    name = tag("text", _cut(node.name), label, x=at, y=f"{y + 4:g}")
    parts = [tag("title", _said(place, drop)), dot, name]
    if whole:
        parts += _bar(place, bars, tied)
    groups = " ".join(node.groups) or None
    return tag("g", *parts, data_groups=groups, class_=None if whole else "thin")


def _dotted(node: Node, own: int | None) -> str:
    if own is None:
        return "dot open" if node.kind == INPUT else "dot"
    return f"dot q{own}"


def _bar(place: Place, bars: tuple[float, float], tied: Mapping[str, str]) -> Iterator[Markup]:
    node, whole, left, _, y = place
    begin, scale = bars
    top = f"{y - 7:g}"
    wide, stays = _width(whole.units * scale), _width(left.units * scale if left.units else 0)
    if left.units < whole.units:
        yield tag("rect", x=f"{begin:g}", y=top, width=wide, height=14, class_="gone")
    if left.units:
        kind = "still" if node.kind == INPUT else f"z{shade(zeros(left))}"
        yield tag("rect", x=f"{begin:g}", y=top, width=stays, height=14, class_=kind)
    letters = ", ".join(tied[group] for group in node.groups if group in tied)
    changed = (
        f"{whole.units:,} → {left.units:,}" if left.units < whole.units else f"{whole.units:,}"
    )
    numbers = [changed]
    if zeros(left):
        numbers.append(f"{percent(zeros(left), 0)} zeros")
    if letters:
        numbers.append(f"tied {letters}")
    elif node.stays:
        numbers.append("stays")
    x = _WIDTH - _NUMBERS + 10
    yield tag("text", " · ".join(numbers), x=x, y=f"{y + 4:g}")


def _width(units: float) -> str:
    return f"{max(1.5, units):.1f}" if units else "0"


def _cut(name: str) -> str:
    """Return a name that has its room: its end tells more than its middle."""
    if len(name) <= _LETTERS:
        return name
    return f"{name[: _LETTERS // 2 - 1]}…{name[-_LETTERS // 2 :]}"


def _said(place: Place, drop: float | None) -> str:
    node, whole, left, *_ = place
    told = [f"{node.name} ({node.kind})"]
    if whole:
        told.append(f"{whole.units:,} units, {left.units:,} left")
        told.append(f"{whole.parameters:,} parameters, {left.nonzero:,} that can still matter")
    if node.groups:
        told.append(f"groups {', '.join(node.groups)}")
    if node.stays:
        told.append(f"its units stay: {node.stays}")
    if drop is not None:
        told.append(f"pruned alone it costs {percent(drop, 1)}")
    return "; ".join(told)


def key(with_drops: bool) -> Markup:
    """Return what the colours mean."""
    zeros_told = _ramp("z", "all there", "all zeros")
    parts = [tag("li", zeros_told, " of what is left")]
    gone = tag(
        "svg",
        tag("rect", width=34, height=14, class_="gone"),
        viewBox="0 0 34 14",
        class_="swatch",
        aria_hidden="true",
    )
    parts.append(tag("li", gone, " units removed"))
    if with_drops:
        parts.append(
            tag("li", _ramp("q", "least", "most"), " accuracy lost where a layer alone is pruned")
        )
    return tag("ul", *parts, class_="legend key")


def _ramp(kind: str, low: str, high: str) -> Markup:
    steps = [
        tag("rect", x=8 * i, width=8, height=14, class_=f"{kind}{i}") for i in range(_SHADES + 1)
    ]
    box = tag("svg", *steps, viewBox="0 0 88 14", class_="ramp", aria_hidden="true")
    return joined([low, " ", box, " ", high])
