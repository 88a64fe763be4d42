"""HTML whose texts cannot be anything else: whatever is not markup already is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from prune.files.names import printable

_VOID = {"input", "meta", "br", "col"}
_SHAPES = {"path", "rect", "circle", "line", "use"}


class Markup(str):
    """Text that is HTML already; made by this file alone."""

    __slots__ = ()


def text(value: object) -> Markup:
    """Return any text as HTML that shows it; letters that cannot be shown are written out.

    >>> text("<b> & 'c'")
    '&lt;b&gt; &amp; &#x27;c&#x27;'
    """
    return value if isinstance(value, Markup) else Markup(escape(printable(str(value))))


def tag(name: str, /, *children: object, **attributes: Any) -> Markup:
    """Return an element; an attribute that is None is left out, one that is True has no value.

    >>> tag("td", "a<b", class_="wide", data_v=3, hidden=None)
    '<td class="wide" data-v="3">a&lt;b</td>'
    """
    told = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    if name in _VOID:
        return Markup(f"<{name}{told}>")
    if name in _SHAPES and not children:
        return Markup(f"<{name}{told}/>")
    return Markup(f"<{name}{told}>{joined(children)}</{name}>")


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{text(value)}"'


def joined(parts: Iterable[object], between: str = "") -> Markup:
    """Return parts one after the other."""
    return Markup(between.join(map(text, parts)))


def raw(content: str) -> Markup:
    """Return a style or a script of ours, which is no text to show."""
    return Markup(content)


def table(
    caption: str, header: Iterable[object], lines: Iterable[Iterable[object]], kind: str = ""
) -> Markup:
    """Return a table in a frame that scrolls; the first cell of each line is its header.

    A cell that is no markup is a text; one that is a `td` already stands as it is.
    """
    head = tag("tr", *(tag("th", each, scope="col") for each in header))
    body = [tag("tr", *(_cell(i, each) for i, each in enumerate(line))) for line in lines]
    own = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body))
    return tag(
        "div", own, class_=f"frame {kind}".rstrip(), role="region", aria_label=caption, tabindex=0
    )


def _cell(place: int, value: object) -> Markup:
    if isinstance(value, Markup) and value.startswith("<td"):
        return value
    return tag("td", value) if place else tag("th", value, scope="row")
