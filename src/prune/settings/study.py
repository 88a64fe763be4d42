"""What a study is: grids over networks and over ways to prune them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import Any, NamedTuple

from prune.settings.fields import Setting, declared, setting, settings
from prune.settings.files import Activation
from prune.settings.kinds import path
from prune.settings.pruning import AUTO, METHODS, Controls, Pruning
from prune.settings.recipe import MLP, RECIPES, Retraining, Training

# What the first training and the one after pruning share is the first's where these words stand
# alone, and the other's where any other does.
_FIRST = ("epochs", "batch_size", "learning_rate")


class Key(NamedTuple):
    """A key of a part: the setting it is of."""

    owner: type
    name: str  # of the field
    setting: Setting
    usual: Any

    @property
    def lists(self) -> bool:
        """Whether it holds several values, each for cells of its own."""
        return bool(self.setting.several)


def column(owner: type, name: str) -> str:
    """Return the column that tells a setting: its own name, unless both trainings have it."""
    if owner is Training and name not in (*_FIRST, "seed", "hidden"):
        return f"train_{name}"
    if owner is Retraining and name in _FIRST:
        return "retrain" if name == "epochs" else f"retrain_{name}"
    return name


@declared
class Model(Activation):
    """A network from a file, to be pruned with each of the seeds."""

    model: Path | None = setting(None, path(), "instead of networks that are trained")


def _keys() -> Iterator[tuple[str, Key]]:
    for owner in (Model, Training, Pruning, Retraining, Controls):
        for each, own in settings(owner):
            usual = (each.default,) if own.several else each.default
            yield own.several or column(owner, each.name), Key(owner, each.name, own, usual)


KEYS: dict[str, Key] = dict(_keys())
KEYS["methods"] = KEYS["methods"]._replace(usual=METHODS)
KEYS["criteria"] = KEYS["criteria"]._replace(usual=())  # the first of each method

# One grid.  A field is a key of the settings file, with - for _; those that list values are tuples.
Part: Any = make_dataclass(
    "Part", [(name, Any, field(default=key.usual)) for name, key in KEYS.items()], frozen=True
)


def by_recipe(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a part, and what the recipe of the network that it trains adds."""
    recipe = RECIPES[values.get(column(Training, "model"), MLP)]
    return {column(Training, name): value for name, value in recipe.items()} | values


@dataclass(frozen=True)
class Study:
    """What a settings file asks for."""

    about: str
    data: str
    limit: int | None
    parts: tuple[Any, ...]  # of Part
    scale: str = AUTO
