"""What a command is asked, as the part of a study that it is."""

from __future__ import annotations

from typing import Any

from prune.cli.asked import Asked
from prune.settings.files import Weights
from prune.settings.seeds import Seeds
from prune.settings.study import KEYS, Part, by_recipe


def of(asked: Asked) -> Any:
    """Return the part of a study that is asked for."""
    offered = {(each.owner, each.field): value for each, value in asked.options()}
    seeds = offered.get((Seeds, "seeds")) or (offered.get((Weights, "seed"), 0),)
    values: dict[str, Any] = {"seeds": seeds, "methods": asked.methods()}
    for name, key in KEYS.items():
        if name not in values and (key.owner, key.name) in offered:
            value = offered[key.owner, key.name]
            one = key.lists and not key.setting.commas
            values[name] = (value,) if one else value
    if (Seeds, "model") in offered:
        values["train_model"] = offered[Seeds, "model"]
    return Part(**by_recipe(values))
