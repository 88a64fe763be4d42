"""Rows -> what they say, in a sentence."""

from __future__ import annotations

from prune.files.results import Row

TOLERANCE = 0.01  # of accuracy: "one point"

Curves = dict[str, list[Row]]  # by label, in order of k


def curves(rows: list[Row]) -> Curves:
    """Group rows by method, and by criterion where one method has several."""
    several = len({row.criterion for row in rows}) > len({row.method for row in rows})
    grouped: Curves = {}
    for row in rows:
        label = f"{row.method} {row.criterion}" if several else row.method
        grouped.setdefault(label, []).append(row)
    return grouped


def held(curve: list[Row], unpruned: float) -> tuple[float | None, float | None]:
    """Return the last k up to which every point is within one point, and the k after it."""
    last = None
    for row in curve:
        # The counts are whole; a hair of tolerance keeps exactly one point inside.
        if row.accuracy < unpruned - TOLERANCE - 1e-12:
            return last, row.k
        last = row.k
    return last, None


def conclusion(rows: list[Row], unpruned: float) -> str:
    """Say up to where each curve keeps its accuracy, and where the highest k leaves it."""
    grouped = curves(rows)
    extents = []
    for i, (label, curve) in enumerate(grouped.items()):
        last, _ = held(curve, unpruned)
        keeps = "" if i else f" keeps within 1 point of {_percent(unpruned)}"
        extents.append(f"{label} pruning{keeps} {_up_to(last)}")
    ends = " and ".join(_percent(curve[-1].accuracy) for curve in grouped.values())
    sentence = f"{', '.join(extents)}; k = {rows[-1].k:g} leaves {ends}."
    return sentence[0].upper() + sentence[1:]


def _up_to(k: float | None) -> str:
    return "at no k asked" if k is None else f"up to k = {k:g}"


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")
