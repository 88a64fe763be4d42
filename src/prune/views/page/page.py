"""Runs -> the whole page: one document, the same bytes for the same runs, of bounded size."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from prune import __version__
from prune.core.judge import ACCURACY
from prune.files.folders import Run
from prune.settings.spelling import counted
from prune.views import telling
from prune.views.page import beside, card, chart, curves, layers, origin, rows, tiles
from prune.views.page.chart import FULL, Fullness
from prune.views.page.curves import COSTS, Chosen, means, metric, told
from prune.views.page.drawing import Drops, drawing, key
from prune.views.page.facts import Facts
from prune.views.page.html import Markup, raw, tag
from prune.views.page.numbers import plain
from prune.views.page.style import SCRIPT, css

LIMIT = 300_000  # bytes of a page
_LONG = 500  # letters of a conclusion, as studies have them


class Detail(NamedTuple):
    """How much of each run is shown."""

    rows: int
    drawings: int
    charts: Fullness = FULL
    tables: bool = True  # of layers


# From all to what is left where that is too much for one page.
_DETAILS = (
    Detail(2000, 2),
    Detail(2000, 2, Fullness(pointed=80)),
    Detail(400, 2, Fullness(pointed=80)),
    Detail(100, 1, Fullness(pointed=40)),
    Detail(40, 1, Fullness(pointed=40), tables=False),
    Detail(10, 0, Fullness(pointed=0), tables=False),
    Detail(0, 0, Fullness(pointed=0, axes=1), tables=False),
    Detail(0, 0, Fullness(pointed=0, axes=0), tables=False),
)


def page(runs: Sequence[Run]) -> str:
    """Return one page of HTML that shows runs, without anything from elsewhere."""
    found = [Facts(run) for run in runs]
    for detail in _DETAILS:
        document = _document(found, detail)
        if len(document.encode()) < LIMIT:
            break
    return document


def _document(found: Sequence[Facts], detail: Detail) -> str:
    style, script = css(len(COSTS)), SCRIPT
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    title = _title(found)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("meta", name="generator", content=f"prune {__version__}"),
        tag("title", title),
        tag("style", raw(style)),
    )
    body = tag(
        "body", tag("main", _hatch(), *_body(found, detail, title)), tag("script", raw(script))
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _digest(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _hatch() -> Markup:
    """Return the pattern of what is cut, for every drawing of the page."""
    line = tag("path", d="M0 6L6 0", class_="hatching")
    own = tag("pattern", line, id="cut", width=6, height=6, patternUnits="userSpaceOnUse")
    return tag("svg", tag("defs", own), class_="defs", width=0, height=0, aria_hidden="true")


def _title(found: Sequence[Facts]) -> str:
    if len(found) > 1:
        return f"{len(found)} runs side by side"
    (facts,) = found
    return f"Pruning {facts.network_name} on {facts.data_name}"


def _body(found: Sequence[Facts], detail: Detail, title: str) -> Iterator[Markup]:
    yield tag("h1", title)
    yield tag("p", _first(found), class_="lead")
    if len(found) > 1:
        links = [tag("a", facts.run.name, href=f"#run{i}") for i, facts in enumerate(found)]
        yield tag("nav", *links, aria_label="Runs")
        yield tag("section", tag("h2", "Side by side"), beside.section(found, detail.charts))
    for i, facts in enumerate(found):
        yield from _run(facts, (i, len(found) > 1), (detail, _drops(facts, found)))
    if judged := card.section(found):
        yield tag("section", tag("h2", "Evaluation card"), judged)
    for facts in found:
        name = f" of {facts.run.name}" if len(found) > 1 else ""
        yield tag("section", tag("h2", f"How it was made{name}"), origin.section(facts.run))


def _first(found: Sequence[Facts]) -> str:
    if len(found) > 1:
        commands = telling.listed(list(dict.fromkeys(facts.run.command for facts in found)))
        data = ", ".join(dict.fromkeys(facts.data_name for facts in found))
        return f"{len(found)} runs of {commands} on {data}."
    (facts,) = found
    if facts.said:
        return _lead(facts)
    what = "A smaller network was saved, which gives the answers of the pruned one."
    return what if facts.run.command == "shrink" else f"A run of {facts.run.command}."


def _lead(facts: Facts) -> str:
    """Return the conclusion of a run, or of a long one the sentence that matters most."""
    if not _is_long(facts):
        return facts.said
    ways = f"{counted(len(facts.curves), 'way')} to prune {facts.network_name}"
    if not facts.chosen or not facts.chosen.keeps:
        return f"None of {ways} keeps near enough to the unpruned accuracy."
    near = chart.near_to(facts.chosen.curve)
    return f"Of {ways}, this leaves least and keeps {near}: {_named(facts.chosen)}."


def _is_long(facts: Facts) -> bool:
    return facts.is_sweep and len(facts.said) > _LONG


def _in_full(facts: Facts) -> Markup:
    """Return a conclusion that is too long to stand first, part by part."""
    if not _is_long(facts):
        return Markup("")
    items = (tag("li", part) for part in re.split(r"(?<=[.;]) ", facts.said))
    return tag("details", tag("summary", "All that was found"), tag("ul", *items))


def _drops(facts: Facts, found: Sequence[Facts]) -> Drops:
    """Return what each layer costs alone, from whichever run of the same network tells."""
    for other in (facts, *found):
        if other.networks == facts.networks and (own := layers.drops(other.run, other.whole)):
            return own
    return {}


def _run(facts: Facts, where: tuple[int, bool], shown: tuple[Detail, Drops]) -> Iterator[Markup]:
    """Yield the sections of one run, which may be one of several."""
    run, (place, several), (detail, drops) = facts.run, where, shown
    name = f"{run.name}: " if several else ""
    status = run.record.get("status")
    parts = [tag("h2", run.name), tag("p", _lead(facts))] if several else []
    parts += [
        tiles.tiles(run, facts.chosen if facts.is_sweep else None, facts.whole),
        _point(facts),
        _in_full(facts),
    ]
    if status not in ("finished", None):
        parts.append(
            tag("p", f"This run is {status}: what is here is not all of it.", class_="unmet")
        )
    yield tag("section", *parts, id=f"run{place}")
    yield from _accuracy(facts, place, name, detail.charts)
    if drawn := _model(facts, place, detail, drops):
        yield tag("section", tag("h2", f"{name}The model before and after"), *drawn)
    if all_rows := rows.section(run, detail.rows) if detail.rows else None:
        yield tag("section", tag("h2", f"{name}Rows"), all_rows)


def _point(facts: Facts) -> Markup:
    """Say which point the tiles are of."""
    chosen = facts.chosen if facts.is_sweep else None
    if chosen is None:
        return Markup("")
    near = chart.near_to(chosen.curve)
    said = f"the least that keeps {near}" if chosen.keeps else f"no k keeps {near}"
    return tag("p", f"At {_named(chosen)}: {said} on the test data.", class_="note")


def _named(chosen: Chosen) -> str:
    return f"{chosen.curve.label}, k = {plain(chosen.point.k)}"


def _accuracy(facts: Facts, place: int, name: str, full: Fullness) -> Iterator[Markup]:
    if facts.run.command == "sensitivity":
        yield tag("section", tag("h2", f"{name}Each layer alone"), layers.alone(facts.run))
    elif facts.run.command == "search":
        own = chart.section(curves.tried(facts.run), None, f"run{place}", "bytes", full)
        note = "By training examples that nothing else has seen; the choice was by them."
        yield tag("section", tag("h2", f"{name}Tried"), own, tag("p", note, class_="note"))
    elif facts.curves:
        whole = facts.whole
        own = chart.section(facts.curves, whole, f"run{place}", fullness=full)
        measured = facts.curves[0].metric.name
        title = tag("h2", f"{name}{measured[:1].upper()}{measured[1:]}")
        yield tag("section", title, own, tag("p", _note(facts), class_="note"))


def _note(facts: Facts) -> str:
    """Say what the bars and axes of a chart are."""
    measure, whole = metric(facts.run.rows[0]), facts.whole
    unpruned = f"Dotted: unpruned, {told(measure, whole.value)}." if whole else ""
    if measure.name != ACCURACY:
        return unpruned
    bars = "bootstrap intervals of the mean" if any(map(means, facts.curves)) else "intervals"
    return f"Bars are 95 % {bars}. {unpruned} Axes of shares are stretched towards 100 %."


def _model(facts: Facts, place: int, detail: Detail, drops: Drops) -> list[Markup]:
    """Return the drawings of a model and its tables, if the run tells of its layers."""
    if facts.run.layers is None:
        return []
    shown = _shown(facts)[: detail.drawings]
    parts: list[Markup] = []
    if shown:
        parts += [_drawn(facts, shown, place, drops), key(bool(drops))]
    if detail.tables:
        parts += _tables(facts, drops)
    return parts


class Shown(NamedTuple):
    """A state of the model to draw: its title, and the place of its counts."""

    title: str
    place: int | None  # None: the whole model


def _shown(facts: Facts) -> list[Shown]:
    """Return the states to draw: the chosen point, and that of the other method."""
    left = facts.run.layers.left if facts.run.layers else ()
    if facts.run.command == "shrink" and left:
        return [Shown("as saved", 0)]
    if not left or not facts.is_sweep:
        return [Shown("whole", None)]
    methods = dict.fromkeys(curve.method for curve in facts.curves)
    found = [facts.chosen, *(facts.chosen_by(method) for method in methods)]
    places = {one.point.places[0]: one for one in found if one and len(one.point.places) == 1}
    return [Shown(_named(one), place) for place, one in places.items()]


def _drawn(facts: Facts, shown: Sequence[Shown], place: int, drops: Drops) -> Markup:
    """Return the drawings, of which a button chooses one."""
    known = facts.run.layers
    choices, drawings = [], []
    for i, each in enumerate(shown):
        own = f"model{place}-{i}"
        at_first = True if i == 0 else None
        choices.append(tag("input", type="radio", name=f"model{place}", id=own, checked=at_first))
        choices.append(tag("label", each.title, for_=own))
        left = None if each.place is None else known.left[each.place]
        said = f"The model {each.title}: a bar for each layer; the table of layers has the values."
        drawings.append(tag("div", drawing(known, left, drops, said), class_="plot"))
    plots = tag(
        "div",
        *drawings,
        class_="plots",
        role="region",
        aria_label=f"Model of run {place}",
        tabindex=0,
    )
    return tag("fieldset", tag("legend", "Drawn at"), *choices, plots, class_="axis")


def _tables(facts: Facts, drops: Drops) -> Iterator[Markup]:
    known = facts.run.layers
    for each in _shown(facts):
        if each.place is not None:
            yield layers.differences(known, known.left[each.place], dict(drops), each.title)
    if facts.is_sweep and len(known.left) == len(facts.run.rows) and facts.chosen:
        for method in dict.fromkeys(curve.method for curve in facts.curves):
            if own := facts.chosen_by(method):
                yield layers.sparsity(known, own.curve)
