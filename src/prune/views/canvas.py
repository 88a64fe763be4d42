"""What every picture shares: fit for a talk, for the colour-blind too, the same bytes each time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

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
_SETTINGS = {
    "font.size": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e5e5e5",
    "axes.axisbelow": True,
    "legend.framealpha": 0.85,  # over a line, names stay readable
    "legend.edgecolor": "none",
    "svg.hashsalt": "prune",  # else the ids in the file are random
    "svg.fonttype": "path",
}


_DEFAULTS = {
    name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith("backend")
}


@contextmanager
def style() -> Iterator[None]:
    """Draw with our settings on top of matplotlib's own, whatever the user's file says."""
    with mpl.rc_context():
        # Not `rcdefaults`, which first reads every style there is.
        mpl.rcParams.update(_DEFAULTS)
        mpl.rcParams.update(_SETTINGS)
        yield


def canvas(title: str) -> tuple[Figure, Axes]:
    """Return an empty figure of the usual size, and its axes."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left")
    return figure, axes


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
