"""What a study shows: tables, sentences and pictures, made of its families alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from prune.files import results
from prune.views import depth, families, spread_tables, spread_words
from prune.views.families import Family
from prune.views.tables import Table

Record = dict[str, Any]


class Report(NamedTuple):
    """What to print, and what to write, by name of the file."""

    tables: list[Table]
    said: str
    files: dict[str, bytes]
    picture: tuple[str, Callable[[], Any]]  # its name, and what draws it


Shown = Callable[[list[Record]], Report]  # of the rows of a study


def spread(rows: list[Record], data: str) -> Report:
    """Show means with their intervals, differences, and where the published numbers fall."""
    found = families.families(rows, data)
    shown = (
        spread_tables.means(found),
        spread_tables.differences(found),
        spread_tables.published_table(found),
    )
    tables = [table for table in shown if table]
    drawn = ("accuracy", partial(_drawn, "accuracy", found))
    return Report(tables, spread_words.conclusion(found), records(found), drawn)


def by_depth(rows: list[Record], readings: depth.Readings) -> Report:
    """Show the largest k of each depth, and what that says."""
    found = families.families(rows)
    lines = depth.lines_of(found, readings)
    drawn = ("depth", partial(_drawn, "depth", lines))
    return Report([depth.table(lines)], depth.verdict(lines), records(found), drawn)


def records(found: list[Family]) -> dict[str, bytes]:
    """Return the tables in full precision, as CSV."""
    each = {
        "spread.csv": spread_tables.spread_records(found),
        "comparisons.csv": spread_tables.difference_records(found),
    }
    return {
        name: results.to_csv(lines, list(lines[0])).encode()
        for name, lines in each.items()
        if lines
    }


def _drawn(name: str, shown: Any) -> Any:
    """Draw a study's families, or its lines against depth, by the name of the picture."""
    from prune.views import depth_plot, spread_plot  # here: they import matplotlib

    return {"accuracy": spread_plot.accuracy, "depth": depth_plot.largest_k}[name](shown)
