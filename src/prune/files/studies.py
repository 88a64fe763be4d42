"""Settings files of studies: TOML, every key checked before anything is computed.

    seeds = "0-4"
    hidden = [[1000, 1000, 500, 200]]   # one list for each network
    methods = ["weight", "unit"]
    k = "0:90:10, 95, 99"

    [[part]]                            # what differs from the keys above it
    criteria = ["magnitude", "norm"]

    [[part]]
    criteria = ["obs"]
    k = [90, 95]

A part is the grid of all its lists; a study is all of its parts.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

from prune import PruneError
from prune.core import lists
from prune.core.calibration import DEFAULT_SIZE
from prune.core.masks import FLOOR
from prune.core.pruning import CRITERIA
from prune.core.spelling import closest
from prune.files.data import Scale
from prune.files.study_keys import PART, SCHEDULES, STARTS, WHOLE, Key, check_known

DEFAULT_K = "0,25,50,60,70,80,90,95,97,99"


@dataclass(frozen=True)
class Part:
    """One grid.  A field is a key of the file, with - for _."""

    seeds: tuple[int, ...] = (0,)
    hidden: tuple[tuple[int, ...], ...] = ((1000, 1000, 500, 200),)
    epochs: int = 10
    batch_size: int = 32
    learning_rate: float = 0.001
    methods: tuple[str, ...] = ("weight", "unit")
    criteria: tuple[str, ...] = ()  # none: the first of each method
    repairs: tuple[str, ...] = ("none",)
    scopes: tuple[str, ...] = ("layer",)
    k: tuple[Fraction, ...] = tuple(lists.sparsities(DEFAULT_K, "k"))  # as sparsities
    calibration: int = DEFAULT_SIZE  # training images that criteria and repair may look at
    retrain: tuple[int, ...] = (0,)  # epochs of training on; 0: none
    schedules: tuple[str, ...] = SCHEDULES[:1]
    ramps: tuple[str, ...] = ("cubic",)  # of schedule gradual
    ramp_from: Fraction = Fraction(0)  # sparsity at which the ramp begins, in percent in the file
    starts: tuple[str, ...] = STARTS[:1]
    rewind: int = 1  # the epoch of start rewind
    retrain_batch_size: int = 128
    retrain_learning_rate: float = 0.001
    optimizer: str = "adam"
    decay: str = "cosine"  # of the learning rate while training on
    momentum: float = 0.9  # of optimizer sgd
    weight_decay: float = 0.004  # of optimizer adamw
    distill: float = 0.0  # the share of the loss that is for answering like the whole network
    input_dropout: float = 0.0  # the share of an image's values left out at a step of training on
    include_output: bool = False
    floor: Fraction = FLOOR  # of a layer, kept to the last by scope network; a percent in the file


@dataclass(frozen=True)
class Study:
    """What a settings file asks for."""

    about: str
    data: str
    limit: int | None
    parts: tuple[Part, ...]
    scale: Scale = "auto"  # as --scale


def load(path: Path) -> Study:
    """Read a settings file.  Raises `PruneError`, naming `path`, for what it cannot mean."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PruneError(f"study {path}: {error.strerror}; give a .toml file") from error
    except UnicodeDecodeError as error:
        raise PruneError(f"study {path}: is not text in UTF-8 ({error.reason})") from error
    except PruneError as error:
        raise PruneError(f"study {path}: {error}") from error


def parse(text: str) -> Study:
    """Read the text of a settings file."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PruneError(f"is not TOML: {error}") from error
    parts = found.pop("part", [{}])
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise PruneError("part must be written as [[part]], a table for each")
    whole = _checked(found, {**WHOLE, **PART}, "")
    shared = {name: value for name, value in whole.items() if name not in WHOLE}
    own = [_checked(part, PART, f" in [[part]] {i}") for i, part in enumerate(parts, 1)]
    study = {"about": "", "data": "mnist", "limit": None} | {
        name: value for name, value in whole.items() if name in WHOLE
    }
    return Study(**study, parts=tuple(part({**shared, **each}) for each in own))


def part(settings: dict[str, Any]) -> Part:
    """Return a part of checked settings; what one by one is right can still be wrong together."""
    found = Part(**settings)
    known = [name for method in found.methods for name in CRITERIA[method]]
    for name in found.criteria:
        check_known(name, known, "criteria")
    for method in found.methods:
        for name in set(found.criteria) & set(CRITERIA[method]):
            if CRITERIA[method][name].by_layer and set(found.scopes) - {"layer"}:
                raise PruneError(
                    f"criterion {name!r} cannot rank {method}s of different layers together; "
                    'use scopes = ["layer"] with it'
                )
    if found.include_output and "unit" in found.methods:
        raise PruneError(
            "include-output is for weights alone: each unit of the output layer is a class; use "
            'methods = ["weight"]'
        )
    for schedule, start in product(found.schedules, found.starts):
        if (schedule, start) in _SENSELESS and set(found.retrain) != {0}:
            raise PruneError(
                f"schedule {schedule!r} goes not with start {start!r}; give them in parts of their "
                "own"
            )
    if found.ramp_from >= 1:
        raise PruneError("ramp-from must be below 100, or nothing is left to prune gradually")
    if found.rewind > found.epochs:
        raise PruneError(f"rewind = {found.rewind} is after the {found.epochs} epochs of training")
    return found


# Nothing is taken from the network there, or there is no one moment at which it is pruned.
_SENSELESS = {("gradual", "rewind"), ("gradual", "reinit"), ("gradual", "scratch")}
_SENSELESS |= {("iterative", "scratch")}


def _checked(found: dict[str, Any], keys: dict[str, Key], where: str) -> dict[str, Any]:
    """Return the values of a table as fields of `Part` or `Study`."""
    for name in found:
        if name not in keys:
            here = keys if name not in WHOLE else {}
            hint = closest(name, here) or "; it goes above the parts" * (name in WHOLE)
            raise PruneError(f"unknown key {name!r}{where}{hint}; choose from {', '.join(keys)}")
    return {name.replace("-", "_"): keys[name](value, name) for name, value in found.items()}
