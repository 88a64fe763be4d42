"""What a search measured -> a picture: what networks get right against how long their files are."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, PercentFormatter

from prune.files.results import Attempt
from prune.settings.search import Budget
from prune.views.budgets import name
from prune.views.canvas import STYLES, canvas, legend_beside, plain, reference, style


@style()
def front(attempts: Sequence[Attempt], whole: tuple[int, float], budget: Budget) -> Figure:
    """Draw every network that was measured; `whole` is the unpruned one's bytes and accuracy."""
    chosen = [attempt for attempt in attempts if attempt.chosen]
    title = f"Chosen: {name(chosen[0])}" if chosen else "None is within the budget"
    figure, axes = canvas(
        plain(title), "Held-out training examples; .keras files, deflated.", (9, 5)
    )
    best = [(attempt.bytes, 100 * attempt.validation) for attempt in unbeaten(attempts)]
    if best:
        axes.plot(*zip(*best, strict=True), drawstyle="steps-post", color="#999999", label="front")
    if budget.max_drop is not None:
        reference(axes, 100 * float(Fraction(whole[1]) - budget.max_drop), "the budget")
    if budget.under is not None:
        axes.axvline(budget.under, color="#666666", linewidth=1, linestyle=":", label="the budget")
    methods = list(dict.fromkeys(attempt.method for attempt in attempts))
    for method, (color, marker) in zip(methods, STYLES, strict=False):
        own = [attempt for attempt in attempts if attempt.method == method]
        points = [(attempt.bytes, 100 * attempt.validation) for attempt in own]
        axes.plot(*zip(*points, strict=True), marker, color=color, label=f"by {method}")
    axes.plot([whole[0]], [100 * whole[1]], "D", color="#000000", label="unpruned")
    for attempt in chosen:
        place = ([attempt.bytes], [100 * attempt.validation])
        axes.plot(*place, "o", markersize=16, fillstyle="none", color="#000000", label="chosen")
    axes.set(xscale="log", xlabel="bytes of the file", ylabel="accuracy")
    axes.xaxis.set_major_formatter(EngFormatter(unit="B", sep=" "))
    axes.yaxis.set_major_formatter(PercentFormatter(decimals=1))
    legend_beside(axes)
    return figure


def unbeaten(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Return those than which no other is as small and gets more right, the smallest first."""
    found: list[Attempt] = []
    for attempt in sorted(attempts, key=lambda each: (each.bytes, -each.validation)):
        if not found or attempt.validation > found[-1].validation:
            found.append(attempt)
    return found
