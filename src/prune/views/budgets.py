"""What a search tried and what it chose: a table, a picture and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import sqrt
from typing import Any, Protocol

from prune.core.judge import ACCURACY
from prune.core.measure import Evaluation, wilson
from prune.files.results import Attempt
from prune.settings.search import Budget
from prune.settings.spelling import counted
from prune.views.tables import Table


class Search(Protocol):
    """What a search has found."""

    attempts: list[Attempt]  # that were measured
    priced: list[Attempt]  # all that were looked at
    best: Any  # a candidate, or None
    budget: Budget
    ended: str  # why, if not since all was looked at

    @property
    def unpruned(self) -> Evaluation:
        """What the whole network does on the examples to choose by."""


_ENOUGH = 3  # examples that a network may get wrong, or its loss is hardly told
_95 = 1.959963984540054  # the normal quantile of 0.975


def table(attempts: Sequence[Attempt], metric: str = ACCURACY) -> Table:
    """Return one line for each network that was measured, the smallest last."""
    timed = any(attempt.faster is not None for attempt in attempts)
    measured = f"held-out {metric}{' %' * (metric == ACCURACY)}"
    header = ["", "network", measured, "bytes", "multiply-adds"]
    header += ["faster"] * timed
    lines = [
        [
            "*" if attempt.chosen else "",
            name(attempt),
            value(attempt.validation, metric).rstrip("%"),
            f"{attempt.bytes:,}",
            f"{attempt.macs:,}",
            *([f"{attempt.faster:.1f} x"] * timed if attempt.faster else [""] * timed),
        ]
        for attempt in sorted(attempts, key=lambda each: (-each.bytes, -each.validation))
    ]
    note = (
        "Every network that was measured, on training examples that nothing else has seen; bytes "
        "are of its .keras file, deflated. The one that was chosen is marked."
    )
    return Table(header, lines, note)


def name(attempt: Attempt) -> str:
    """Name how a network was pruned."""
    repair = "" if attempt.repair == "none" else f" + {attempt.repair}"
    repair += f" + {counted(attempt.retrain, 'epoch')}" if attempt.retrain else ""
    before = f"{attempt.after}, then " if attempt.after else ""
    return f"{before}{attempt.method} {attempt.criterion}{repair} k = {attempt.k:.15g}"


def drop(before: Evaluation, after: Evaluation) -> tuple[float, float, float]:
    """Return by how much less is right after, and its 95 % interval, of shares.

    Both are of the same examples; taken as if they were not, it is wider than it could be.
    """
    shares = [each.correct / each.total for each in (before, after)]
    spread = _95 * sqrt(sum(share * (1 - share) / before.total for share in shares))
    lost = shares[0] - shares[1]
    return lost, lost - spread, lost + spread


def reach(bytes: int, macs: int, smallest: Sequence[Attempt]) -> str:
    """Say between what the networks are that can be found."""
    least = min(each.bytes for each in smallest), min(each.macs for each in smallest)
    told = [f"{bytes:,} to {least[0]:,} bytes", f"{macs:,} to {least[1]:,} multiply-adds"]
    faster = [each.faster for each in smallest if each.faster is not None]
    if faster:
        told.append(f"1 to {max(faster):.1f} times as fast")
    return f"reachable, whatever it costs in accuracy: {', '.join(told)}"


def point(attempt: Attempt, metric: str) -> str:
    """Say in a line of progress what was measured."""
    measured = value(attempt.validation, metric)
    return f"{name(attempt)}: {measured} held out, {attempt.bytes:,} bytes"


def value(measured: float, metric: str) -> str:
    """Say an accuracy in percent, anything else as it is."""
    return f"{measured:.2%}" if metric == ACCURACY else f"{measured:.4g}"


def few(budget: Budget, held_out: int) -> str:
    """Say that what a network loses cannot be told as finely as it is bounded."""
    if budget.max_drop is None or held_out * budget.max_drop >= _ENOUGH:
        return ""
    return (
        f"WARNING: only {held_out:,} training examples are held out to choose by: one of them is "
        f"{100 / held_out:.2g} points, of the {points(budget.max_drop)} that may be lost"
    )


def missed(budget: Budget, before: Evaluation, after: Evaluation | None) -> bool:
    """Tell whether the chosen network loses more on the test set than it may."""
    if budget.max_drop is None or after is None or after.accuracy is None:
        return False
    return loses_more(before, after, budget.max_drop)


def loses_more(before: Evaluation, after: Evaluation, allowed: Fraction) -> bool:
    """Tell whether a network loses more than it may, to the last image."""
    return Fraction(before.correct - after.correct, before.total) > allowed


def conclusion(search: Search, before: Evaluation, after: Evaluation | None) -> str:
    """Say what was found, what it does on the test set, and how sure that is."""
    measured = counted(len(search.attempts), "network")
    stopped = f"; {search.ended}, so that there may be a better one" if search.ended else ""
    if search.best is None or after is None:
        return (
            f"No network within the budget was found among {measured}{stopped}: {nearest(search)}."
        )
    best = search.best.attempt
    return (
        f"Of {measured} that were measured {name(best)} is the "
        f"{'best' if search.budget.bounds_size else 'smallest'} within the budget{stopped}: "
        f"{best.bytes:,} bytes, {best.macs:,} multiply-adds. "
        f"{_on_test(before, after, search.budget.max_drop)}"
    )


def nearest(search: Search) -> str:
    """Say which network comes nearest to the budget."""
    if not search.budget.bounds_size:
        near = max(search.attempts, key=lambda each: (each.validation, -each.bytes))
        lost = 100 * (search.unpruned.value - near.validation)
        return f"{name(near)} loses the least, {lost:.2f} points held out"
    near = min(search.priced, key=lambda each: (each.macs, each.bytes))
    return f"{name(near)} is the smallest, {near.bytes:,} bytes and {near.macs:,} multiply-adds"


def instead(search: Search) -> str:
    """Propose what may help where nothing was found."""
    if search.ended:
        return "the same command with more --minutes or --tries goes on where it was"
    if search.budget.bounds_size:
        return (
            "allow more, or train a smaller network: prune train --hidden 100,50 --save small.keras"
        )
    return "allow a larger --max-drop, or let what is left learn: --retrain 5"


def _on_test(before: Evaluation, after: Evaluation, allowed: Fraction | None) -> str:
    if after.correct is None:
        return (
            f"On the test set its {after.metric} is {after.value:.4g}, {before.value:.4g} before."
        )
    low, high = wilson(after.correct, after.total)
    lost, least, most = drop(before, after)
    said = (
        f"On the test set it has {after.accuracy:.2%} ({low:.2%} to {high:.2%}), "
        f"{100 * lost:.2f} points below unpruned ({100 * least:.2f} to {100 * most:.2f})"
    )
    if allowed is None:
        return f"{said}."
    if loses_more(before, after, allowed):
        return f"{said}: more than {points(allowed)}."
    return f"{said}: within {points(allowed)}" + (
        ", which is not certain." if most > allowed else "."
    )


def points(share: Fraction) -> str:
    """Say a share of what is right in points."""
    number = float(100 * share)
    return f"{number:.15g} point{'' if number == 1 else 's'}"
