"""What a gate says of the points that were asked for: whether any loses more than it may."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from prune.core.measure import Evaluation
from prune.settings.spelling import counted
from prune.views import budgets, telling


class Verdict(NamedTuple):
    """Whether a gate is missed, and the sentence that says by which point and how much."""

    missed: bool
    said: str


def verdict(rows: Sequence[Any], unpruned: Evaluation, allowed: Fraction) -> Verdict:
    """Hold every point against the unpruned network, on the same images; name the worst."""
    after = [Evaluation(row.correct, row.total, row.loss) for row in rows]
    worst = min(range(len(rows)), key=lambda i: after[i].correct)
    lost, least, most = budgets.drop(unpruned, after[worst])
    failed = sum(budgets.loses_more(unpruned, each, allowed) for each in after)
    points = budgets.points(allowed)
    name = f"{telling.brief(rows[worst])} k = {rows[worst].k:.15g}"
    told = f"{name} loses {100 * lost:.2f} points ({100 * least:.2f} to {100 * most:.2f})"
    if failed:
        loses = "loses" if failed == 1 else "lose"
        of = f"{failed} of {counted(len(rows), 'pruned network')} {loses} more than {points}"
        return Verdict(True, f"--max-drop is missed: {of}; {told}.")
    sure = "" if most <= allowed else ", which is not certain"
    return Verdict(False, f"--max-drop is kept: {told}, at most {points} as all others{sure}.")
