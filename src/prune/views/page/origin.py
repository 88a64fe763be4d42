"""Where the figures come from: the command, settings, versions, machine and sums."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from prune.files.folders import Run
from prune.views.page.html import Markup, table, tag

_LETTERS = 200  # of a value
_DEPTH = 3  # of settings within settings


def section(run: Run) -> Markup:
    """Return all that the record of a run tells."""
    record = run.record
    began = [(name, record.get(name)) for name in ("status", "start", "seconds", "git")]
    parts = [
        tag("pre", tag("code", command(run)), tabindex=0, aria_label="The command"),
        _table("Inputs and their sums", record["inputs"]),
        _table("Settings", record["settings"]),
        _table("Versions", record["versions"]),
        _table("Machine", {**_dict(record.get("machine")), **dict(began)}),
    ]
    return tag("div", *parts, class_="origin")


def command(run: Run) -> str:
    """Return the command of a run, as it can be typed."""
    return shlex.join(run.record["command"])


def _dict(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _table(title: str, found: dict[str, Any]) -> Markup:
    return table(title, ("name", "value"), list(_lines(found)))


def _lines(found: dict[str, Any], before: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    for name, value in found.items():
        own = f"{before}{name}"
        if isinstance(value, dict) and depth < _DEPTH:
            yield from _lines(value, f"{own} ", depth + 1)
        elif value not in (None, [], {}):
            yield own, _short(value)


def _short(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(each, (str, int, float)) for each in value):
        told = ", ".join(f"{each:.15g}" if isinstance(each, float) else str(each) for each in value)
    else:
        told = str(value)
    return told if len(told) <= _LETTERS else f"{told[:_LETTERS]}…"
