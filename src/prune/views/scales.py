"""Axes on which what matters can be read: stretched towards 100 %, or logarithmic."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import (
    EngFormatter,
    FixedLocator,
    FuncFormatter,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

Scale = Callable[[np.ndarray], np.ndarray]

_BEYOND = 1.005  # of the whole: where a stretched axis would reach infinity
# Percents, the most telling first: of those too close to each other the earlier has the label.
_PERCENTS = (0, 50, 90, 99, 80, 95, 97, 70, 25, 98, 10, 60, 99.5, 99.8, 100, 30, 40, 20)
_PERCENTS += (96, 93, 98.5, 97.5, 85, 75, 99.9)
_LETTER, _LINE = 0.024, 0.05  # of an axis: the room of a letter along it, of a line across it
_ENOUGH = 4  # labels to read an axis by
# From such a k or accuracy on, there is nothing to show of what lies before.
_LATE, _HIGH = 90, 0.9


def stretch_k(axes: Axes, ks: Collection[float]) -> None:
    """Stretch the horizontal axis towards k = 100, around the k that were asked."""
    first, last = min(ks), max(ks)
    axes.set_xscale("function", functions=_stretch(100 * _BEYOND))
    left = first - 0.4 * (100 - first) - 0.1 if first else -2
    axes.set_xlim(left, last + (100 - last) / 3 + 0.05)
    axes.set(xlabel="k: percent of the weights or units removed (stretched)")
    usual = [percent for percent in _PERCENTS if first <= percent <= last]
    _label(axes.xaxis, sorted(ks) if first >= _LATE else usual, 100)


def stretch_accuracy(axes: Axes, shares: Iterable[float]) -> bool:
    """Stretch the vertical axis towards 100 %; tell whether it begins high above chance."""
    shares = list(shares)
    worst, best = min(shares), max(shares)
    axes.set_yscale("function", functions=_stretch(_BEYOND))
    low = worst - 0.4 * (1 - worst) - 0.001 if worst >= _HIGH else 0
    axes.set_ylim(low, min(1.001, best + 0.4 * (1 - best)))
    _label(axes.yaxis, [percent / 100 for percent in _PERCENTS], 1)
    return worst >= _HIGH


def accuracy_label(images: int) -> str:
    """Return what stands at a stretched axis of accuracy."""
    return f"test accuracy (stretched), {images:,} images"


def _stretch(end: float) -> tuple[Scale, Scale]:
    """Return a scale that is stretched towards `end`, and its inverse."""

    def forward(x: np.ndarray) -> np.ndarray:
        return -np.log10(np.maximum(1 - np.asarray(x) / end, 1e-9))

    def backward(y: np.ndarray) -> np.ndarray:
        return end * (1 - 10.0 ** -np.asarray(y))

    return forward, backward


def _label(axis: Axis, ticks: Iterable[float], whole: float) -> None:
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value / whole:.15g}%"))
    axis.set_major_locator(FixedLocator(_apart(ticks, axis)))
    axis.set_minor_locator(NullLocator())


def _apart(ticks: Iterable[float], axis: Axis) -> list[float]:
    """Return the ticks on an axis whose labels do not run into those of earlier ones."""
    forward, text = axis.get_transform().transform, axis.get_major_formatter()
    low, high = forward(np.array(axis.get_view_interval()))
    kept: dict[float, tuple[float, float]] = {}  # where each is, and how far its label reaches
    for tick in ticks:
        at = (float(forward(np.array([tick]))[0]) - low) / (high - low)
        room = _LETTER * (len(text(tick, 0)) + 0.5) if axis.axis_name == "x" else _LINE
        if 0 <= at <= 1 and all(abs(at - x) >= (room + other) / 2 for x, other in kept.values()):
            kept[tick] = (at, room)
    return sorted(kept)


def logarithmic(axes: Axes) -> None:
    """Make the horizontal axis logarithmic, with labels enough and none that run together."""
    axes.set_xscale("log")
    label_logs(axes.xaxis, _engineered)


def label_logs(axis: Axis, text: Callable[[float, int], str]) -> None:
    """Label a logarithmic axis often enough to read it by, however few powers of ten it has."""
    low, high = axis.get_view_interval()
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        ticks = [step * 10.0**decade for decade in decades for step in steps]
        if sum(low <= tick <= high for tick in ticks) >= _ENOUGH:
            break
    else:
        ticks = list(MaxNLocator(_ENOUGH).tick_values(low, high))
    axis.set_major_formatter(FuncFormatter(text))
    axis.set_major_locator(FixedLocator(_apart(ticks, axis)))
    axis.set_minor_formatter(NullFormatter())


def _engineered(value: float, _: int) -> str:
    """Return 300 k for many; a share is no milli of anything."""
    return EngFormatter().format_eng(value) if value >= 1 else f"{value:g}"
