"""Timings -> tables, pictures, and the sentence that says where pruning pays."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from prune.files.results import Timing
from prune.settings.pruning import UNIT, WEIGHT
from prune.settings.spelling import counted
from prune.views import scales, telling
from prune.views.canvas import STYLES, legend_beside, style
from prune.views.tables import Table

# What each method is for: the form that makes use of what it leaves.
GAINS = {WEIGHT: "sparse", UNIT: "shrunk"}
# In a runtime, which has no sparse form: whether it makes use of zeros, and of what is cut out.
IN_RUNTIMES = {WEIGHT: "masked", UNIT: "shrunk"}
_MARGIN = 1.02  # less than this nobody notices
_NOISY = 2  # times as long, of the same

Key = tuple[str, str, float, int]  # method, criterion, k, batch


def table(rows: list[Timing], within: float = 1e-5) -> Table:
    """Return one line for each point and batch: milliseconds of each form, and how much faster.

    `within` is of the largest output, by how much answers may have differed from those of Keras.
    """
    forms = list(dict.fromkeys(row.form for row in rows))
    header = ["method", "criterion", "k", "batch", f"{forms[0]} ms"]
    header += [f"{form} ms" for form in forms[1:]]
    points: dict[Key, dict[str, Timing]] = {}
    for row in rows:
        points.setdefault((row.method, row.criterion, row.k, row.batch), {})[row.form] = row
    lines = [
        [method, criterion, f"{k:.15g}", f"{batch:,}", *(_cell(own[form]) for form in forms)]
        for (method, criterion, k, batch), own in points.items()
    ]
    return Table(header, lines, telling.joined(_note(rows[0], forms, within), _shared(rows)))


def _shared(rows: list[Timing]) -> str:
    return telling.throughout(rows, "k", "batch", "form")


def _cell(row: Timing) -> str:
    text = f"{1e3 * row.seconds:.3g}"
    if row.faster == row.faster_low == row.faster_high == 1:  # what the others are held against
        return text
    return f"{text} ({row.faster:.2f}x)" if _differs(row) else f"{text} (as dense)"


def _differs(row: Timing) -> bool:
    """Tell whether the middle half of the ratios is all above 1, or all below."""
    return not row.faster_low <= 1 <= row.faster_high


_OURS = (
    "than the dense form of the same round, `as dense` where the middle half of the rounds does "
    "not tell. fastest: of the forms before it the one measured to be"
)
_MIXED = f"{_OURS}; mixed: layer by layer the one that should be, as `prune` runs."
_THEIRS = (
    "than the network as it is in the same runtime and round, `as dense` where the middle half of "
    "the rounds does not tell. masked: what is removed is zero; shrunk: it is cut out. Each has "
    "answered as Keras does, to {} of the largest output."
)


def _note(row: Timing, forms: list[str], within: float) -> str:
    theirs = _THEIRS.format(f"{within:g}".replace("e-0", "e-"))
    how = _MIXED if "mixed" in forms else theirs if _in_runtimes(forms) else f"{_OURS}."
    return (
        f"Milliseconds for a batch, the median of {counted(row.rounds, 'round')} in turn, on "
        f"{counted(row.threads, 'thread')}; in brackets how many times faster {how}"
    )


def noise(rows: list[Timing]) -> str:
    """Say that the clock tells little, if the same takes now this long and now that."""
    worst = max(rows, key=lambda row: row.seconds_high / row.seconds_low)
    times = worst.seconds_high / worst.seconds_low
    if times < _NOISY:
        return ""
    return (
        f"WARNING: {worst.form} took {times:.1f} times as long in one quarter of the rounds as in "
        "another: something else runs here, and little can be told; run it again alone, or with "
        "--threads 1"
    )


def pays(rows: list[Timing], method: str, form: str, batch: int) -> float | None:
    """Return the k from which on `form` is faster than dense at every k that was timed."""
    since = None
    for row in rows:
        if (row.method, row.form, row.batch) != (method, form, batch):
            continue
        since = None if not _surely_faster(row) else row.k if since is None else since
    return since


def _surely_faster(row: Timing) -> bool:
    """Tell whether the interval of the median ratio (McGill 1978) is above 1, with a margin.

    Where nothing was removed nothing is gained, whatever the clock says.
    """
    notch = 1.57 * (row.faster_high - row.faster_low) / sqrt(row.rounds)
    return row.k > 0 and row.faster - notch > _MARGIN


def verdict(rows: list[Timing]) -> str:
    """Say from which k on what each method leaves is worth it, in each runtime there is."""
    batches = list(dict.fromkeys(row.batch for row in rows))
    told: dict[str, list[str]] = {}  # the runtimes of which the same is said
    for method, form in _gains(rows):
        found = [(batch, pays(rows, method, form, batch)) for batch in batches]
        *runtime, how = form.split()
        told.setdefault(f"{how} {method}s {_where(found)}", []).extend(runtime)
    each = [f"{said} in {telling.listed(own)}" if own else said for said, own in told.items()]
    threads = counted(rows[0].threads, "thread")
    return telling.joined(_shared(rows), f"On this machine ({threads}) {'; '.join(each)}.")


def _in_runtimes(forms: Iterable[str]) -> bool:
    return any(form.endswith(" masked") for form in forms)


def _gains(rows: list[Timing]) -> list[tuple[str, str]]:
    """Name each method and the form that makes use of what it leaves, of those that were timed."""
    forms = dict.fromkeys(row.form for row in rows)
    methods = list(dict.fromkeys(row.method for row in rows))
    if _in_runtimes(forms):
        return [
            (method, form)
            for method in methods
            for form in forms
            if form.endswith(IN_RUNTIMES[method])
        ]
    return [(each, GAINS[each] if GAINS[each] in forms else "shrunk") for each in methods]


def _where(found: list[tuple[int, float | None]]) -> str:
    if len({k for _, k in found}) == 1:
        (_, k), *_ = found
        at = " and ".join(f"{batch:,}" for batch, _ in found)
        return f"pay from k = {k:.15g} at batch {at}" if k is not None else "pay at no k timed"
    parts = [
        f"at no k timed at batch {batch:,}"
        if k is None
        else f"from k = {k:.15g} at batch {batch:,}"
        for batch, k in found
    ]
    return f"pay {' and '.join(parts)}"


def own_choice(rows: list[Timing]) -> str:
    """Say where the form that `prune` itself runs is slower than the dense one, if anywhere.

    Of any model that form is the shrunk one, and there is nothing to choose.
    """
    if not any(row.form == "mixed" for row in rows):
        return ""
    slower = [row for row in rows if row.form == "mixed" and row.faster_high < 1 / _MARGIN]
    if not slower:
        return "What prune itself runs (mixed) is nowhere slower than dense, as far as can be told."
    worst = min(slower, key=lambda row: row.faster)
    return (
        f"What prune itself runs (mixed) is at worst {worst.faster:.2f} times as fast as dense: "
        f"{worst.method} k = {worst.k:.15g} at batch {worst.batch:,}."
    )


# Lines of the picture, as (method, form): what each method gains, and the same in Keras.
_DRAWN = {
    (WEIGHT, "sparse"): STYLES[0],
    (WEIGHT, "fastest"): STYLES[5],
    (UNIT, "shrunk"): STYLES[1],
    (UNIT, "fastest"): STYLES[4],
    (WEIGHT, "keras compiled dense"): STYLES[2],
    (UNIT, "keras compiled shrunk"): STYLES[3],
}

# The fastest is one of the forms: drawn around it, so that both can be seen.
_AROUND = {"linestyle": "--", "markerfacecolor": "none", "markersize": 11}


# Of any model, which has no sparse form.
_SHRUNK = {(WEIGHT, "shrunk"): STYLES[0]}
_MARKERS = {WEIGHT: STYLES[0][1], UNIT: STYLES[1][1]}


def _drawn(rows: list[Timing]) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the lines of the picture and how each is drawn."""
    forms = {row.form for row in rows}
    if _in_runtimes(forms):  # a colour for each runtime, a marker for each method
        runtimes = list(dict.fromkeys(form.split()[0] for _, form in _gains(rows)))
        return {
            (method, form): (STYLES[runtimes.index(form.split()[0])][0], _MARKERS[method])
            for method, form in _gains(rows)
        }
    return _DRAWN if "sparse" in forms else _DRAWN | _SHRUNK


@style()
def picture(rows: list[Timing]) -> Figure:
    """Draw how many times faster than dense each form is, a panel for each batch."""
    batches = list(dict.fromkeys(row.batch for row in rows))
    figure = Figure(figsize=(5.5 * len(batches) + 2.5, 5), layout="constrained")
    panels = figure.subplots(1, len(batches), sharey=True, squeeze=False)[0]
    for axes, batch in zip(panels, batches, strict=True):
        _panel(axes, [row for row in rows if row.batch == batch])
        axes.set_title(f"batch {batch:,}, {counted(rows[0].threads, 'thread')}", loc="left")
    panels[0].set_ylabel("times as fast as the dense form")
    legend_beside(panels[-1])
    return figure


def _panel(axes: Axes, rows: list[Timing]) -> None:
    axes.axhline(1, color="#666666", linewidth=1, linestyle=":")
    for (method, form), (color, marker) in _drawn(rows).items():
        line = [row for row in rows if (row.method, row.form) == (method, form)]
        if not line:
            continue
        ks, heights = [row.k for row in line], [row.faster for row in line]
        own = _AROUND if form == "fastest" else {}
        spread = ([row.faster_low for row in line], [row.faster_high for row in line])
        axes.fill_between(ks, *spread, color=color, alpha=0.2, linewidth=0)
        axes.plot(ks, heights, color=color, marker=marker, label=f"{method}s, {form}", **own)
        if len(line) == 1:  # whose spread has no width to fill
            axes.vlines(ks, *spread, color=color)
    axes.set_yscale("log")
    axes.set(xlabel="k: percent of the weights or units removed")
    axes.xaxis.set_major_formatter(PercentFormatter(decimals=0))
    scales.label_logs(axes.yaxis, lambda value, _: f"{value:g}x")
