"""The evaluation card: which of the items that are asked of results are met, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from prune.views.page.facts import Facts
from prune.views.page.html import Markup, joined, table, tag
from prune.views.page.items import ITEMS


def section(found: Sequence[Facts]) -> Markup:
    """Return the card of the runs with curves; nothing where there is none."""
    sweeps = [facts for facts in found if facts.is_sweep]
    if not sweeps:
        return Markup("")
    judged = [(item.asks, item.check(sweeps)) for item in ITEMS]
    counts = [sum(verdict.met is met for _, verdict in judged) for met in (True, False, None)]
    told = "{} met, {} not met, {} do not apply.".format(*counts)
    lines = [
        [asks, _state(each.met), _text(each.found), _code("" if each.met else each.command)]
        for asks, each in judged
    ]
    header = ("item", "state", "here", "what would close it")
    own = table("What evaluations of pruning should hold", header, lines, "card")
    note = (
        "Checked by machine, after Blalock et al. 2020, arXiv 2003.03033. A card says how "
        "something was evaluated, not how good it is."
    )
    return joined([tag("p", told), own, tag("p", note, class_="note")])


def _state(met: bool | None) -> Markup:
    word = {True: "met", False: "not met", None: "does not apply"}[met]
    return tag("td", word, class_={True: "met", False: "unmet", None: "dim"}[met])


def _text(told: str) -> Markup:
    return tag("td", told, class_="text")


def _code(command: str) -> Markup:
    return tag("td", tag("code", command) if command else "", class_="text")
