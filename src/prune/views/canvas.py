"""What every picture shares: fit for a talk, for the colour-blind too, the same bytes each time."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

# Okabe and Ito's colours, told apart by the colour-blind; the markers tell them apart in grey.
STYLES = [
    ("#0072B2", "o"),
    ("#D55E00", "s"),
    ("#009E73", "^"),
    ("#CC79A7", "D"),
    ("#E69F00", "v"),
    ("#56B4E9", "P"),
    ("#000000", "X"),
]
# More markers, for more curves; no two of all are alike in grey.
_MARKERS = [*(marker for _, marker in STYLES), "<", ">", "*", "p", "h"]
_DASHES = ["-", (0, (4, 1)), (0, (1, 1)), (0, (4, 1, 1, 1))]
_SETTINGS = {
    "font.size": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e5e5e5",
    "axes.axisbelow": True,
    "legend.framealpha": 0.85,
    "legend.edgecolor": "none",
    "svg.hashsalt": "prune",  # else the ids in the file are random
    "svg.fonttype": "path",
}


_DEFAULTS = {
    name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith("backend")
}
_LETTERS = 13  # of a caption, an inch


@contextmanager
def style() -> Iterator[None]:
    """Draw with our settings on top of matplotlib's own, whatever the user's file says."""
    with mpl.rc_context():
        # Not `rcdefaults`, which first reads every style there is.
        mpl.rcParams.update(_DEFAULTS)
        mpl.rcParams.update(_SETTINGS)
        yield


class Look(NamedTuple):
    """How a curve is drawn."""

    color: str
    marker: str
    hollow: bool
    dashes: str | tuple[int, tuple[int, ...]]

    def drawn(self) -> dict[str, Any]:
        """Return it in matplotlib's words."""
        inside = {"markerfacecolor": "white"} if self.hollow else {}
        return {"color": self.color, "marker": self.marker, "linestyle": self.dashes, **inside}


def looks(kinds: Sequence[Hashable]) -> list[Look]:
    """Return a look for each curve: a colour for each kind, or for each curve if all are of one.

    Of one kind the first is filled, the second hollow, and every two more have another marker.
    """
    if len(set(kinds)) == 1:
        kinds = range(len(kinds))
    colors = {kind: i for i, kind in enumerate(dict.fromkeys(kinds))}
    number: Counter[Hashable] = Counter()
    pairs: dict[tuple[Hashable, int], int] = {}
    found = []
    for kind in kinds:
        i = number[kind]
        pair = pairs.setdefault((kind, i // 2), len(pairs))
        color, _ = STYLES[colors[kind] % len(STYLES)]
        hollow = (i + pair // len(_MARKERS)) % 2 == 1
        found.append(Look(color, _MARKERS[pair % len(_MARKERS)], hollow, _DASHES[i % len(_DASHES)]))
        number[kind] += 1
    return found


def covering(points: dict[str, Hashable]) -> dict[str, str]:
    """Return what to call each curve beside the axes: of one that covers another, which.

    >>> covering({"a": (1, 2), "b": (1, 2), "c": (3, 4)})
    {'a': 'a', 'b': 'b (covers a)', 'c': 'c'}
    """
    first: dict[Hashable, str] = {}
    for label, own in points.items():
        first.setdefault(own, label)
    return {
        label: label if first[own] == label else f"{label} (covers {first[own]})"
        for label, own in points.items()
    }


def size(labels: Sequence[str]) -> tuple[float, float]:
    """Return the inches that leave axes their room with these names beside them."""
    return 7.5 + 0.075 * max(map(len, labels)), max(5, 0.22 * (len(labels) + 5))


def canvas(
    title: str, caption: str = "", inches: tuple[float, float] = (8, 5)
) -> tuple[Figure, Axes]:
    """Return an empty figure and its axes."""
    figure = Figure(figsize=inches, layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left")
    under(figure, caption)
    return figure, axes


def under(figure: Figure, caption: str) -> None:
    """Write a caption under a figure, in as many lines as it needs."""
    if caption:
        lines = textwrap.fill(plain(caption), int(_LETTERS * figure.get_figwidth()))
        figure.supxlabel(lines, x=0.01, ha="left", fontsize=10, color="#444444")


def plain(text: str) -> str:
    """Return a text that may hold a dollar sign, which would be read as a formula."""
    return text.replace("$", r"\$")


def reference(axes: Axes, height: float, label: str, dashes: str = ":") -> None:
    """Draw a line to hold curves against."""
    axes.axhline(height, color="#666666", linewidth=1, linestyle=dashes, label=label, zorder=1)


def legend_beside(axes: Axes) -> None:
    """Name the curves where they cover nothing: beside the axes, curves with intervals first."""
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(handles)), key=lambda i: isinstance(handles[i], Line2D))
    axes.legend(
        [handles[i] for i in order],
        [labels[i] for i in order],
        loc="upper left",
        bbox_to_anchor=(1.01, 1),
        borderaxespad=0,
        fontsize=10,
        handlelength=3,
    )


@style()
def png_and_svg(figure: Figure) -> tuple[bytes, bytes]:
    """Return the picture in both formats, without dates."""
    png, svg = io.BytesIO(), io.BytesIO()
    with warnings.catch_warnings():
        # Names may have letters that the font lacks; they are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph|Matplotlib currently does not support")
        # Not `savefig`, which draws everything once more before, to see what it would need.
        figure.set_dpi(150)
        FigureCanvasAgg(figure).print_png(png, pil_kwargs={"compress_level": 3})
        figure.set_layout_engine("none")  # it is laid out; again would take longer than drawing
        FigureCanvasSVG(figure).print_svg(svg, metadata={"Date": None})
    return png.getvalue(), svg.getvalue()
