"""Allocations: how far each layer goes at each k, as JSON.

    {"k": [50, 90], "layers": {"dense": [60, 95], "dense_1": [40, 80]}}

says that when 50 percent of everything go, 60 of `dense` and 40 of `dense_1` do.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from prune import PruneError
from prune.files import regular

Allocation = dict[str, list[tuple[Fraction, Fraction]]]  # by layer: (of all, of the layer)


def to_json(allocation: Allocation) -> str:
    """Return the text of an allocation, in percent."""
    totals = [_percent(total) for total, _ in next(iter(allocation.values()))]
    layers = {name: [_percent(own) for _, own in path] for name, path in allocation.items()}
    lines = ",\n".join(f"    {json.dumps(name)}: {own}" for name, own in layers.items())
    return f'{{\n  "k": {totals},\n  "layers": {{\n{lines}\n  }}\n}}\n'


def _percent(sparsity: Fraction) -> float:
    return round(float(100 * sparsity), 4)


_WRONG = (ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidOperation)


class Written(NamedTuple):
    """An allocation as it was read, and where from."""

    path: Path
    text: bytes


def read(path: Path) -> Written:
    """Read the text of an allocation."""
    try:
        return Written(path, regular.read(path))
    except PruneError as error:
        raise PruneError(f"k-map {path}: {error}; `prune sensitivity` writes one") from error


def parse(given: Written, layers: tuple[str, ...]) -> Allocation:
    """Return the allocation of `layers`, all of which it must name."""
    path = given.path
    try:
        found = json.loads(given.text, parse_float=str, parse_int=str)
        totals = [_sparsity(k) for k in found["k"]]
        paths = {name: [_sparsity(k) for k in own] for name, own in found["layers"].items()}
    except _WRONG as error:
        raise PruneError(
            f"k-map {path}: is not of the form "
            '{"k": [50, 90], "layers": {"dense": [60, 95], ...}} '
            f"with percents from 0 to 100 ({error!r})"
        ) from error
    missing = [name for name in layers if name not in paths]
    if missing:
        named = ", ".join(paths) or "nothing"
        raise PruneError(
            f"k-map {path}: does not name layer {missing[0]!r}; add it, or --keep it "
            f"(it names {named})"
        )
    for name, own in {"k": totals, **paths}.items():
        if len(own) != len(totals) or any(b < a for a, b in pairwise(own)):
            raise PruneError(
                f"k-map {path}: the list of {name!r} must be ascending, with one number for each k"
            )
    return {name: list(zip(totals, paths[name], strict=True)) for name in layers}


_DIGITS = 30


def _sparsity(k: Any) -> Fraction:
    number = Decimal(k)
    # Of a power of ten without bounds a fraction would need all its digits.
    if not number.is_finite() or len(k) > _DIGITS or abs(number.adjusted()) > _DIGITS:
        raise ValueError("k is not a plain percent")
    sparsity = Fraction(number) / 100
    if not 0 <= sparsity <= 1:
        raise ValueError(f"k = {k}")
    return sparsity
