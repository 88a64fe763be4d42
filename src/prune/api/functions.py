"""A Keras model goes in, a new one comes out: pruned by weight, by unit, or shrunk."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from prune.api import asking, subject
from prune.api.subject import ModelOrPath
from prune.models import live
from prune.settings.pruning import UNIT, WEIGHT

if TYPE_CHECKING:
    import keras  # type: ignore[import-untyped]


def weights(
    model: ModelOrPath,
    k: float | None = None,
    *,
    criterion: str | None = None,
    scope: str | None = None,
    repair: str | None = None,
    data: Any = None,
    n_of_m: tuple[int, int] | None = None,
    floor: float | None = None,
    keep: Sequence[str] = (),
    include: Sequence[str] = (),
    include_output: bool = False,
    k_map: str | os.PathLike[str] | None = None,
    calibration: int | None = None,
    seed: int = 0,
) -> keras.Model:
    """Return a new model in which k percent of the weights are exactly zero.

    Of the n weights of each kernel but the output's, `floor(k * n / 100)` go: with `criterion`
    "magnitude" (Janowsky 1989; Han 2015) the smallest; `prune criteria` lists the others.

    - `model`: a built Keras model, which is not changed, or the path of one.
    - `k`: percent, 0 to 100; or `n_of_m`, such as (2, 4): n of every m inputs in a row stay.
    - `scope`: "layer"; "network": all are ranked together, `floor` percent of each last; or
      "isomorphic": all of one form are.
    - `repair`: "none", or "lstsq": refit what is left by least squares.
    - `data`: for criteria and repairs that look at images: some of the training data, (x, y) arrays
      as the model takes them, x (n, ...) and y (n,), or a data set of such batches.
    - `keep`, `include`: names of layers, with *, or kinds such as "Conv2D"; `calibration`: how many
      examples are looked at; `k_map`: how far each layer goes, as `prune sensitivity` writes it.

    The new model is compiled as the old one is, with a fresh optimizer.  `model.fit(...,
    callbacks=[prune.Hold()])` trains what is left.  Raises `PruneError` for what cannot be asked.
    """
    ranked = {"criterion": criterion, "scope": scope, "floor": floor, "repair": repair}
    kept = {"keep": keep, "include": include, "include_output": include_output}
    asked = {"k": k, "k_map": k_map, "calibration": calibration, **ranked, **kept}
    return live.masked(*_pruned(model, asking.How(WEIGHT, asked, seed, n_of_m), data))


def units(
    model: ModelOrPath,
    k: float,
    *,
    criterion: str | None = None,
    scope: str | None = None,
    repair: str | None = None,
    data: Any = None,
    floor: float | None = None,
    keep: Sequence[str] = (),
    k_map: str | os.PathLike[str] | None = None,
    calibration: int | None = None,
    round_to: int = 1,
    seed: int = 0,
) -> keras.Model:
    """Return a new, smaller model without k percent of the units.

    Of the n units of each group (a layer's outputs; those of several layers where an add ties
    them) `floor(k * n / 100)` go, with `criterion` "norm" those of the smallest L2 norm of weights
    (Li 2017, with L1), and whatever else no longer matters.  The new model is proved equal, layer
    by layer, to the old one with those units at zero.

    `round_to` leaves a multiple of so many of each group, or all: never fewer than without.  The
    other arguments are those of `weights`.  Raises `PruneError` for what cannot be asked, and if
    the smaller model differs.
    """
    ranked = {"criterion": criterion, "scope": scope, "floor": floor, "repair": repair}
    kept = {"keep": keep, "round_to": round_to}
    asked = {"k": k, "k_map": k_map, "calibration": calibration, **ranked, **kept}
    return live.shrunk(*_pruned(model, asking.How(UNIT, asked, seed), data))


def _pruned(model: ModelOrPath, how: asking.How, data: Any) -> tuple[keras.Model, Any]:
    """Return the model that is given, and the network that it is pruned to."""
    given = subject.of(model)
    return given.template, asking.pruned(given, how, data).network


def shrink(model: ModelOrPath, tell: Callable[[str], None] | None = None) -> keras.Model:
    """Return a new model without what no longer matters: units that nothing reads or feeds.

    Its answers are those of `model`, which is not changed, up to rounding; that is proved layer by
    layer, and `PruneError` raised otherwise.  `tell=print` shows how many units each layer had and
    has.
    """
    given = subject.of(model)
    small = live.shrunk(given.template, given.network)
    if tell is not None:
        tell(asking.layers(given.network, live.network_of(small)))
    return small
