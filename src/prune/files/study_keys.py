"""The keys of a study's settings file, and what their values may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from prune import PruneError
from prune.core import lists
from prune.core.masks import SCOPES
from prune.core.pruning import CRITERIA, REPAIRS
from prune.core.ramp import RAMPS
from prune.core.spelling import closest
from prune.files.data import SCALES

# Those of training.retrain and training.recipe, on a floor above; a test holds them equal.
SCHEDULES = ("one-shot", "iterative", "gradual")
STARTS = ("pruned", "rewind", "reinit", "scratch")
OPTIMIZERS = ("adam", "sgd", "adamw")
DECAYS = ("none", "cosine", "linear")
Key = Callable[[Any, str], Any]


def _wrong(name: str, expected: str, value: Any) -> PruneError:
    return PruneError(f"{name} must be {expected}, got {value!r}")


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise _wrong(name, "a text", value)
    return value


def _positive(value: Any, name: str) -> int:
    return _whole(value, name, 1)


def _from_zero(value: Any, name: str) -> int:
    return _whole(value, name, 0)


def _whole(value: Any, name: str, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 10**15:
        raise _wrong(name, f"a whole number from {least}", value)
    return value


def _rate(value: Any, name: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e300:
        raise _wrong(name, "a number above 0", value)
    return float(value)


def _share(value: Any, name: str) -> float:
    return _number_to(1, value, name)


def _dropped(value: Any, name: str) -> float:
    return _number_to(lists.MOST_DROPPED, value, name)


def _number_to(most: float, value: Any, name: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
        raise _wrong(name, f"a number from 0 to {most}", value)
    return float(value)


def _boolean(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(name, "true or false", value)
    return value


def _percent(value: Any, name: str) -> Fraction:
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        raise _wrong(name, "a percent from 0 to 100", value)
    return lists.percent(str(value), str(value), name) / 100


def _listed(value: Any) -> str:
    """Return numbers, texts, or a list of both as the text that a person would type."""
    items = value if isinstance(value, list) else [value]
    if any(not isinstance(item, int | float | str) or isinstance(item, bool) for item in items):
        return repr(value)
    return ",".join(map(str, items))


def _seeds(value: Any, name: str) -> tuple[int, ...]:
    return lists.seeds(_listed(value), name)


def _k(value: Any, name: str) -> tuple[Fraction, ...]:
    return tuple(lists.sparsities(_listed(value), name))


def _hidden(value: Any, name: str) -> tuple[tuple[int, ...], ...]:
    nested = isinstance(value, list) and bool(value) and all(isinstance(x, list) for x in value)
    networks = value if nested else [value]
    for sizes in networks:
        if not isinstance(sizes, list) or not sizes:
            raise _wrong(name, "a list of sizes, such as [300, 100], or a list of those", value)
        for size in sizes:
            _positive(size, f"each size in {name}")
    return _once(map(tuple, networks))


def _once(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(values))


def _epochs(value: Any, name: str) -> tuple[int, ...]:
    items = value if isinstance(value, list) and value else [value]
    for item in items:
        if not isinstance(item, int) or isinstance(item, bool) or not 0 <= item < 10**6:
            raise _wrong(name, "epochs from 0, or a list of those", value)
    return _once(items)


def _name(known: Iterable[str]) -> Key:
    def key(value: Any, name: str) -> str:
        check_known(value, known, name)
        return value

    return key


def _names(known: Iterable[str]) -> Key:
    def key(value: Any, name: str) -> tuple[str, ...]:
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not items:
            raise _wrong(name, f"a list of {', '.join(known)}", value)
        for item in items:
            check_known(item, known, name)
        return _once(items)

    return key


def check_known(item: Any, known: Iterable[str], name: str) -> None:
    """Refuse a name that is not known."""
    if item not in known:
        choices = ", ".join(dict.fromkeys(known))
        hint = closest(str(item), known)
        raise PruneError(f"unknown name in {name}: {item!r}{hint}; choose from {choices}")


def _scale(value: Any, name: str) -> str:
    check_known(str(value), SCALES, name)  # 255 may be written as a number
    return str(value)


WHOLE: dict[str, Key] = {"about": _text, "data": _text, "limit": _positive, "scale": _scale}
PART: dict[str, Key] = {
    "seeds": _seeds,
    "hidden": _hidden,
    "epochs": _positive,
    "batch-size": _positive,
    "learning-rate": _rate,
    "methods": _names(tuple(CRITERIA)),
    "criteria": _names(tuple({name: None for method in CRITERIA.values() for name in method})),
    "repairs": _names(tuple(REPAIRS)),
    "scopes": _names(tuple(SCOPES)),
    "k": _k,
    "calibration": _positive,
    "retrain": _epochs,
    "schedules": _names(SCHEDULES),
    "ramps": _names(tuple(RAMPS)),
    "ramp-from": _percent,
    "starts": _names(STARTS),
    "rewind": _from_zero,
    "retrain-batch-size": _positive,
    "retrain-learning-rate": _rate,
    "optimizer": _name(OPTIMIZERS),
    "decay": _name(DECAYS),
    "momentum": _share,
    "weight-decay": _share,
    "distill": _share,
    "input-dropout": _dropped,
    "include-output": _boolean,
    "floor": _percent,
}
