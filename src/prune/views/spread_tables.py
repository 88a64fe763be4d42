"""Families -> tables: means with intervals, paired differences, and the published numbers."""

from __future__ import annotations

from typing import Any

from prune.core.pruning import usual
from prune.core.spread import Spread, spread
from prune.settings.pruning import LAYER, NO_REPAIR
from prune.views import published, telling
from prune.views.families import Family, compare, comparisons
from prune.views.tables import Table

_WIDE = 3  # of more families than this each is a line, not a column


def means(found: list[Family]) -> Table:
    """Return the mean accuracy of each family at each k, with its interval."""
    ks = sorted({k for family in found for k in family.accuracy})
    cells = {
        (family.label, k): _percent(family.spread(k)) if k in family.accuracy else ""
        for family in found
        for k in ks
    }
    numbers = list(dict.fromkeys(len(family.unpruned) for family in found))
    note = (
        f"Mean test accuracy in percent and {telling.bounds(*numbers)}; "
        f"networks each: {', '.join(map(str, numbers))}."
    )
    note = telling.joined(note, throughout(found))
    if len(found) <= _WIDE:
        lines = [[f"{k:g}", *(cells[family.label, k] for family in found)] for k in ks]
        return Table(["k", *(family.label for family in found)], lines, note)
    lines = [[family.label, *(cells[family.label, k] for k in ks)] for family in found]
    return Table(["k", *(f"{k:g}" for k in ks)], lines, note)


def throughout(found: list[Family]) -> str:
    """Say what all families share, as `telling.throughout` does."""
    return telling.throughout([family.first for family in found], "k", "seed")


def _percent(each: Spread) -> str:
    return f"{100 * each.mean:.2f}" + _bounds(each, "")


def _points(each: Spread) -> str:
    return f"{100 * each.mean:+.2f}" + _bounds(each, "+")


def _bounds(each: Spread, sign: str) -> str:
    if each.low is None or each.high is None:
        return ""
    return f" ({100 * each.low:{sign}.2f} to {100 * each.high:{sign}.2f})"


def differences(found: list[Family]) -> Table | None:
    """Return how much better each family is than the first of its kind, network by network."""
    firsts = {family.kind: family for family in reversed(found)}
    others = [family for family in found if family is not firsts[family.kind]]
    if not others:
        return None
    ks = sorted({k for family in others for k in family.accuracy})
    lines, numbers = [], {}
    for family in others:
        first = firsts[family.kind]
        pairs = [compare(family, first, k) for k in ks]
        lines.append(
            [f"{family.label} - {first.label}"]
            + [_points(pair.difference) if pair else "" for pair in pairs]
        )
        numbers |= {pair.difference.n: None for pair in pairs if pair}
    if not numbers:
        return None
    note = (
        "Mean difference of test accuracy in points, network by network, and "
        f"{telling.bounds(*numbers)}; networks each: {', '.join(map(str, numbers))}."
    )
    return Table(["k", *(f"{k:g}" for k in ks)], lines, note)


def spread_records(found: list[Family]) -> list[dict[str, Any]]:
    """Return the lines of spread.csv."""
    return [
        {"family": family.label, "k": k, **family.spread(k)._asdict()}
        | {"lowest": min(runs.values()), "highest": max(runs.values())}
        for family in found
        for k, runs in family.accuracy.items()
    ]


def difference_records(found: list[Family]) -> list[dict[str, Any]]:
    """Return the lines of comparisons.csv: every pair of families of one kind, at every k."""
    return [
        {"family": pair.better.label, "against": pair.worse.label, "k": pair.k}
        | pair.difference._asdict()
        for pair in comparisons(found)
    ]


def published_lines(found: list[Family]) -> list[list[Any]]:
    """Return, for each published number, method, k, it, the mean, and the runs in order.

    The family of each method that was pruned in the published way and has most networks counts.
    """
    lines = []
    for method, known in published.ACCURACY.items():
        same = [family for family in found if family.method == method and _plain(family)]
        if same:
            family = max(same, key=lambda family: len(family.unpruned))
            lines += [
                [method, k, share, spread(runs).mean, runs]
                for k, share in known.items()
                if (runs := sorted(family.accuracy.get(k, {}).values()))
            ]
    return lines


def _plain(family: Family) -> bool:
    """Tell whether networks and pruning were those of the published numbers."""
    row = family.first
    home = row["hidden"] == "1000-1000-500-200" and row["parameters"] == 2_386_000
    pruned = (row["criterion"], row["repair"], row["scope"]) == (
        usual(row["method"]),
        NO_REPAIR,
        LAYER,
    )
    same_images = (family.data, row["total"]) == ("mnist", 10_000)
    more = row.get("retrain") or row.get("include_output")
    return home and same_images and pruned and not more


def published_table(found: list[Family]) -> Table | None:
    """Return where the published numbers fall among the runs; None if there is no such run."""
    lines = [
        [
            f"{k:g}",
            method,
            f"{100 * share:.2f}",
            f"{100 * mean:.2f}",
            f"{100 * runs[0]:.2f} to {100 * runs[-1]:.2f}",
            f"{sum(run < share for run in runs)} of {len(runs)}",
            "yes" if runs[0] <= share <= runs[-1] else "no",
        ]
        for method, k, share, mean, runs in published_lines(found)
    ]
    if not lines:
        return None
    header = ["k", "method", "published %", "mean %", "lowest to highest", "runs below", "inside"]
    return Table(header, lines, "The published numbers, of one network, among the runs here.")
