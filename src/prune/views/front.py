"""What a search measured -> a picture: what networks get right against how long their files are."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prune.core.judge import ACCURACY
from prune.core.measure import Evaluation
from prune.files.results import Attempt
from prune.settings.search import Budget
from prune.views.budgets import name
from prune.views.canvas import STYLES, canvas, legend_beside, plain, reference, style
from prune.views.scales import logarithmic, stretch_accuracy


@style()
def front(attempts: Sequence[Attempt], whole: tuple[int, Evaluation], budget: Budget) -> Figure:
    """Draw every network that was measured; `whole` is the unpruned one's bytes and evaluation."""
    chosen = [attempt for attempt in attempts if attempt.chosen]
    title = f"Chosen: {name(chosen[0])}" if chosen else "None is within the budget"
    figure, axes = canvas(
        plain(title), "Held-out training examples; .keras files, deflated.", (9, 5)
    )
    size, unpruned = whole
    _draw(axes, unbeaten(attempts, unpruned.higher_is_better), "", color="#999999", label="front")
    if budget.max_drop is not None:
        reference(axes, float(Fraction(unpruned.value) - budget.max_drop), "the budget")
    if budget.under is not None:
        axes.axvline(budget.under, color="#666666", linewidth=1, linestyle=":", label="the budget")
    ways = dict.fromkeys(map(_way, attempts))
    for way, (color, marker) in zip(ways, STYLES, strict=False):
        own = [attempt for attempt in attempts if _way(attempt) == way]
        _draw(axes, own, marker, color=color, linestyle="", label=way)
    axes.plot([size], [unpruned.value], "D", color="#000000", label="unpruned")
    _draw(axes, chosen, "o", markersize=16, fillstyle="none", color="#000000", label="chosen")
    axes.set(xlabel="bytes of the file")
    logarithmic(axes)
    _measure(axes, [*(attempt.validation for attempt in attempts), unpruned.value], unpruned.metric)
    legend_beside(axes)
    return figure


def _way(attempt: Attempt) -> str:
    return f"{'then ' if attempt.after else ''}by {attempt.method}"


def _draw(axes: Axes, attempts: Sequence[Attempt], marker: str, **look: object) -> None:
    places = [(attempt.bytes, attempt.validation) for attempt in attempts]
    if places:
        axes.plot(*zip(*places, strict=True), marker, drawstyle="steps-post", **look)


def _measure(axes: Axes, values: Sequence[float], metric: str) -> None:
    """Label the vertical axis; of accuracy what is near to all right has the most room."""
    if metric == ACCURACY:
        stretch_accuracy(axes, values)
    axes.set(ylabel=f"{metric}{' (stretched)' * (metric == ACCURACY)}")


def unbeaten(attempts: Sequence[Attempt], higher_is_better: bool = True) -> list[Attempt]:
    """Return those than which no other is as small and better, the smallest first."""
    sign = 1 if higher_is_better else -1
    found: list[Attempt] = []
    for attempt in sorted(attempts, key=lambda each: (each.bytes, -sign * each.validation)):
        if not found or sign * attempt.validation > sign * found[-1].validation:
            found.append(attempt)
    return found
