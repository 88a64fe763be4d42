"""Curves -> a chart, once for each axis that is known; what one sees is chosen without a script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from prune.core.judge import ACCURACY
from prune.views.page import axes
from prune.views.page.axes import Axis
from prune.views.page.curves import COSTS, Curve, Interval, Point, told
from prune.views.page.html import Markup, joined, tag
from prune.views.page.numbers import plain, short

_WIDTH, _HEIGHT = 1000, 430
_LEFT, _TOP, _BOTTOM = 62, 28, 46
_BESIDE = 20  # the room right of the axes, and that of a letter of a name there
_LETTER = 7.9
COLORS = 7
_DASHES = (None, "7 3", "2 3", "8 3 2 3")
_MARKERS = (
    "m-4.2 0a4.2 4.2 0 1 0 8.4 0a4.2 4.2 0 1 0-8.4 0z",
    "m-3.8-3.8h7.6v7.6h-7.6z",
    "m0-5l4.8 8.4h-9.6z",
    "m0-5.4l5 5.4l-5 5.4l-5-5.4z",
    "m0 5l4.8-8.4h-9.6z",
    "m-1.6-4.8h3.2v3.2h3.2v3.2h-3.2v3.2h-3.2v-3.2h-3.2v-3.2h3.2z",
    "m-5-2.4h10l-5 7.6z",
)
_NAMED = 10  # curves; of more the names stand below only
_LINE = 16  # between two names
_LETTERS = 33  # of a name beside the chart


class Fullness(NamedTuple):
    """How much of charts is drawn."""

    pointed: int = 220  # points of a chart; of more none has a title of its own
    axes: int = len(COSTS)  # that there are to choose from, the one that is seen first among them


FULL = Fullness()


class Frame(NamedTuple):
    """The axes of one chart, and where they end."""

    x: Axis
    y: Axis
    right: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point is."""
        wide, high = self.right - _LEFT, _HEIGHT - _TOP - _BOTTOM
        return _LEFT + wide * self.x.place(x), _TOP + high * (1 - self.y.place(y))


def section(
    found: list[Curve],
    whole: Interval | None,
    key: str,
    shown: str = "k",
    fullness: Fullness = FULL,
) -> Markup:
    """Return the charts of curves, one on each axis, and which curve is which.

    `key` tells the charts of one page apart; `shown` is the axis that one sees first.
    """
    known = [name for name in COSTS if _is_known(found, name)]
    shown = shown if shown in known else known[0]
    if not fullness.axes:
        return tag("p", "The page has no room for this chart: report fewer runs.", class_="note")
    known = [shown, *(name for name in known if name != shown)][: fullness.axes]
    known.sort(key=list(COSTS).index)
    choices = []
    for name in known:
        own = f"{key}-{name}"
        at_first = True if name == shown else None
        choices.append(tag("input", type="radio", name=f"{key}-axis", id=own, checked=at_first))
        choices.append(tag("label", name, for_=own))
    pointed = sum(len(curve.points) for curve in found) <= fullness.pointed
    charts = [tag("div", chart(found, whole, (name, pointed)), class_="plot") for name in known]
    measured = found[0].metric.name
    titled = tag("legend", f"{measured[:1].upper()}{measured[1:]} against")
    plots = tag(
        "div", *charts, class_="plots", role="region", aria_label=f"Chart of {key}", tabindex=0
    )
    return joined([tag("fieldset", titled, *choices, plots, class_="axis"), legend(found, whole)])


def _is_known(found: list[Curve], name: str) -> bool:
    points = [point for curve in found for point in curve.points]
    return all(name in point.costs for point in points) and any(p.costs[name] > 0 for p in points)


def chart(found: list[Curve], whole: Interval | None, how: tuple[str, bool]) -> Markup:
    """Return the chart on one axis, with an interval at each point, which may have a title."""
    name, _ = how
    frame = _frame(found, whole, name)
    _, label = COSTS[name]
    height = f"{found[0].examples} {found[0].metric.name}"
    parts = [*_grid(frame, label, height)]
    if whole:
        parts.append(_reference(frame, whole))
    drawn = [_line(curve, i, frame, how) for i, curve in enumerate(found)]
    names = _names(found, frame, name) if len(found) <= _NAMED else ()
    measured = f"{height[:1].upper()}{height[1:]} against {label}"
    said = f"{measured}: {len(found)} curves; the rows below have the values."
    box = f"0 0 {_WIDTH} {_HEIGHT}"
    return tag("svg", *parts, *drawn, *names, viewBox=box, role="img", aria_label=said)


def _frame(found: list[Curve], whole: Interval | None, name: str) -> Frame:
    points = [point for curve in found for point in curve.points]
    heights = [each for point in points for each in (point.measured.low, point.measured.high)]
    heights += [whole.value] if whole else []
    scaled = axes.stretched if found[0].metric.name == ACCURACY else axes.linear
    costs = [point.costs[name] for point in points]
    if name == "k":
        x = axes.stretched([cost / 100 for cost in costs], 0.06)
        place = x.place
        x = x._replace(place=lambda k: place(k / 100))
    else:
        x = axes.logarithmic([cost for cost in costs if cost > 0], 0.08)
    return Frame(x, scaled(heights, 0.05), _WIDTH - _room(found))


def _room(found: list[Curve]) -> float:
    """Return how much room names beside the chart need."""
    if len(found) > _NAMED:
        return _BESIDE
    return _BESIDE + _LETTER * max(len(_cut(curve.label)) for curve in found)


def _grid(frame: Frame, label: str, height: str) -> Iterable[Markup]:
    right, low = frame.right, _HEIGHT - _BOTTOM
    across = [(_TOP + (low - _TOP) * (1 - at), text) for at, text in frame.y.ticks]
    along = [(_LEFT + (right - _LEFT) * at, text) for at, text in frame.x.ticks]
    lines = "".join(f"M{_LEFT} {y:.1f}H{right:g}" for y, _ in across)
    lines += "".join(f"M{x:.1f} {_TOP}V{low}" for x, _ in along)
    yield tag("path", d=lines, class_="grid")
    for y, text in across:
        yield tag("text", text, x=_LEFT - 8, y=f"{y + 4:.1f}", class_="end")
    for x, text in along:
        yield tag("text", text, x=f"{x:.1f}", y=low + 18, class_="mid")
    yield tag("text", label, x=round((_LEFT + right) / 2), y=_HEIGHT - 6, class_="mid")
    yield tag("text", height, x=_LEFT - 8, y=_TOP - 14)


def _reference(frame: Frame, whole: Interval) -> Markup:
    y = _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - frame.y.place(whole.value))
    return tag("path", d=f"M{_LEFT} {y:.1f}H{frame.right:g}", class_="whole")


def look(place: int) -> str:
    """Return the class by which the curve at a place has its colour."""
    return f"s{place % COLORS}"


def _line(curve: Curve, place: int, frame: Frame, how: tuple[str, bool]) -> Markup:
    name, pointed = how
    points = [point for point in curve.points if name == "k" or point.costs[name] > 0]
    at = [frame.at(point.costs[name], point.measured.value) for point in points]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
    dashes = _DASHES[place // COLORS % len(_DASHES)]
    parts = [
        tag("path", d=line, class_="line", stroke_dasharray=dashes),
        tag("path", d=_bars(points, frame, (name, pointed)), class_="bar"),
    ]
    if pointed:
        shape = _MARKERS[place % len(_MARKERS)]
        parts += [
            tag(
                "path",
                tag("title", _said(curve, point)),
                d=f"M{x:.1f} {y:.1f}{shape}",
                class_="mark",
            )
            for (x, y), point in zip(at, points, strict=True)
        ]
    else:
        parts.append(tag("path", d="".join(f"M{x:.1f} {y:.1f}h0" for x, y in at), class_="dots"))
    return tag("g", *parts, class_=f"curve {look(place)}", data_curve=place)


def _bars(points: Sequence[Point], frame: Frame, how: tuple[str, bool]) -> str:
    """Return the path of all intervals; of many points they have no ends across."""
    (name, pointed), bars = how, []
    for point in points:
        x, high = frame.at(point.costs[name], point.measured.high)
        _, low = frame.at(point.costs[name], point.measured.low)
        shape = f"M{x - 3:.1f} {high:.1f}h6m-3 0V{low:.1f}m-3 0h6"
        bars.append(shape if pointed else f"M{x:.1f} {high:.1f}V{low:.1f}")
    return "".join(bars)


def _said(curve: Curve, point: Point) -> str:
    value, low, high, networks = point.measured
    said, least, most = (told(curve.metric, each) for each in (value, low, high))
    of = f", mean of {networks} networks" if networks > 1 else ""
    left = f"; {short(point.costs['parameters'])} parameters" if "parameters" in point.costs else ""
    return f"{curve.label}, k = {plain(point.k)}: {said} ({least} to {most}{of}){left}"


def _names(found: list[Curve], frame: Frame, name: str) -> list[Markup]:
    """Return the names of curves beside their ends, none over another."""
    ends = []
    for i, curve in enumerate(found):
        points = [point for point in curve.points if name == "k" or point.costs[name] > 0]
        right = max(points, key=lambda point: point.costs[name], default=None)
        if right:
            ends.append((frame.at(right.costs[name], right.measured.value)[1], i))
    ends.sort()
    heights = _spaced([y for y, _ in ends])
    x = round(frame.right + 14)
    return [
        tag(
            "text",
            _cut(found[i].label),
            x=x,
            y=f"{y + 4:.1f}",
            class_=f"name {look(i)}",
            data_curve=i,
        )
        for y, (_, i) in zip(heights, ends, strict=True)
    ]


def _spaced(heights: list[float]) -> list[float]:
    """Return heights, which ascend, moved so that no two are closer than a line.

    >>> _spaced([10, 12, 100])
    [10, 26, 100]
    """
    spaced: list[float] = []
    for height in heights:
        spaced.append(max(height, spaced[-1] + _LINE) if spaced else height)
    over = spaced[-1] - (_HEIGHT - _BOTTOM) if spaced else 0
    for i in reversed(range(len(spaced))):
        if over <= 0:
            break
        spaced[i] -= over
        if i:
            over = spaced[i - 1] - (spaced[i] - _LINE)
    return spaced


def _cut(label: str) -> str:
    return label if len(label) <= _LETTERS else f"{label[: _LETTERS - 1]}…"


def legend(found: list[Curve], whole: Interval | None) -> Markup:
    """Return which look each curve has, and how far it keeps the accuracy."""
    items = [
        tag("li", _swatch(i), *_entry(curve, whole), data_curve=i) for i, curve in enumerate(found)
    ]
    return tag("ul", *items, class_="legend")


def _entry(curve: Curve, whole: Interval | None) -> Iterable[Markup]:
    yield tag("span", curve.label, class_="what")
    if whole:
        held, near = curve.held(whole.value), near_to(curve)
        far = f"{near} up to k = {plain(held.k)}" if held else f"never {near}"
        yield tag("small", f" {far}")


def near_to(curve: Curve) -> str:
    """Return how near to the unpruned network is near enough."""
    return curve.metric.near.removesuffix(" of")


def _swatch(place: int) -> Markup:
    dashes = _DASHES[place // COLORS % len(_DASHES)]
    line = tag("path", d="M1 8H33", class_="line", stroke_dasharray=dashes)
    mark = tag("path", d=f"M17 8{_MARKERS[place % len(_MARKERS)]}", class_="mark")
    return tag(
        "svg", line, mark, viewBox="0 0 34 16", class_=f"swatch {look(place)}", aria_hidden="true"
    )
