"""All rows of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prune.files.folders import Cells, Run
from prune.views.page.html import Markup, table, tag
from prune.views.page.numbers import plain

# The columns that one reads, the most telling first; others follow where they differ.
_FIRST = (
    *("method", "criterion", "k", "accuracy", "correct", "total", "loss", "pruned", "prunable"),
    *("nonzero", "effective", "macs", "file_bytes", "microseconds", "scope", "repair", "seed"),
)
_LETTERS = 60  # of a text in a cell


def section(run: Run, most: int) -> Markup:
    """Return a table of at most so many rows; which columns are the same in all is said."""
    rows = run.others or run.rows
    if not rows:
        return Markup("")
    shown, alike = _columns(rows)
    lines = [[_cell(row.get(name), name) for name in shown] for row in rows[:most]]
    own = table(f"All rows of {run.name}", shown, lines)
    notes = [tag("p", _alike(alike, rows[0]), class_="note")] if alike else []
    if len(rows) > most:
        said = (
            f"The first {most:,} of {len(rows):,} rows, to keep the page small; table.csv has all."
        )
        notes.append(tag("p", said, class_="note"))
    return tag("details", tag("summary", f"All {len(rows):,} rows"), own, *notes, open=True)


def _columns(rows: Sequence[Cells]) -> tuple[list[str], list[str]]:
    """Return the columns to show, and those that have one value in all rows."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    differ = {name for name in names if len({_key(row.get(name)) for row in rows}) > 1}
    order = [name for name in _FIRST if name in names] + [n for n in names if n not in _FIRST]
    always = {"method", "k", "accuracy"}
    return (
        [name for name in order if name in differ or name in always],
        [name for name in order if name not in differ and name not in always],
    )


def _key(value: Any) -> str:
    return f"{type(value).__name__} {value}"


def _alike(names: Sequence[str], row: Cells) -> str:
    told = ", ".join(f"{name} {_cell(row.get(name))}" for name in names if _cell(row.get(name)))
    return f"In all rows: {told}."


def _cell(value: Any, name: str = "") -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if name == "k":  # with the digits that were typed
            return plain(value)
        return f"{value:.4f}" if 1e-3 < abs(value) < 1e4 else f"{value:.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    return value if len(value) <= _LETTERS else f"{value[:_LETTERS]}…"
