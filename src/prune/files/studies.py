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
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

from prune import PruneError
from prune.core.pruning import CRITERIA
from prune.settings.fields import settings
from prune.settings.kinds import Kind, check_known, meant, several, text
from prune.settings.pruning import LAYER, UNIT, Images
from prune.settings.recipe import RECIPES, refuse_senseless
from prune.settings.spelling import closest
from prune.settings.study import KEYS, Part, Study, by_recipe


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


Read = Callable[[Any, str], Any]  # a value and the key it is given for -> what it means


def _one(kind: Kind) -> Read:
    return lambda value, name: meant(kind, name, value)


def _several(kind: Kind) -> Read:
    return lambda value, name: several(kind, name, value)


_WHOLE: dict[str, Read] = {
    "about": _one(text()),
    **{each.name: _one(own.kind) for each, own in settings(Images)},
}
_PART: dict[str, Read] = {
    name.replace("_", "-"): (_several if key.lists else _one)(key.setting.kind)
    for name, key in KEYS.items()
}


def parse(text: str) -> Study:
    """Read the text of a settings file."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PruneError(f"is not TOML: {error}") from error
    parts = tables.pop("part", [{}])
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise PruneError("part must be written as [[part]], a table for each")
    whole = _checked(tables, {**_WHOLE, **_PART}, "")
    shared = {name: value for name, value in whole.items() if name not in _WHOLE}
    differing = [_checked(part, _PART, f" in [[part]] {i}") for i, part in enumerate(parts, 1)]
    study = {"about": "", "data": "mnist", "limit": None} | {
        name: value for name, value in whole.items() if name in _WHOLE
    }
    parts = [Part(**by_recipe(_named(shared | values))) for values in differing]
    return Study(**study, parts=tuple(map(checked, parts)))


def _named(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a part, in which the name of a network of the zoo is no file."""
    name = str(values.get("model"))
    if name not in RECIPES:
        return values
    return values | {"model": None, "train_model": name}


def checked(asked: Any) -> Any:
    """Return a part; what one by one is right can still be wrong together."""
    known = tuple(name for method in asked.methods for name in CRITERIA[method])
    for name in asked.criteria:
        check_known(name, known, "criteria")
    for method in asked.methods:
        for name in set(asked.criteria) & set(CRITERIA[method]):
            if CRITERIA[method][name].by_layer and set(asked.scopes) - {LAYER}:
                raise PruneError(
                    f"criterion {name!r} cannot rank {method}s of different layers together; "
                    'use scopes = ["layer"] with it'
                )
    if asked.round_to > 1 and UNIT not in asked.methods:
        raise PruneError('round-to is for units; leave it out, or use methods = ["unit"]')
    if asked.include_output and UNIT in asked.methods:
        raise PruneError(
            "include-output is for weights alone: each unit of the output layer is a class; use "
            'methods = ["weight"]'
        )
    _check_retraining(asked)
    return asked


def _check_retraining(asked: Any) -> None:
    if any(asked.retrain):
        for schedule, start in product(asked.schedules, asked.starts):
            refuse_senseless(schedule, start)
    if asked.ramp_from >= 1:
        raise PruneError("ramp-from must be below 100, or nothing is left to prune gradually")
    if asked.rewind > asked.epochs:
        raise PruneError(f"rewind = {asked.rewind} is after the {asked.epochs} epochs of training")


def _checked(table: dict[str, Any], keys: dict[str, Read], where: str) -> dict[str, Any]:
    """Return the values of a table as fields of `Part` or `Study`."""
    for name in table:
        if name not in keys:
            here = keys if name not in _WHOLE else {}
            hint = closest(name, here) or "; it goes above the parts" * (name in _WHOLE)
            raise PruneError(f"unknown key {name!r}{where}{hint}; choose from {', '.join(keys)}")
    return {name.replace("-", "_"): keys[name](value, name) for name, value in table.items()}
