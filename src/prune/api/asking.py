"""What is asked of a model in Python, carried out by the engine that the command line has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prune import PruneError
from prune.api import material
from prune.api.options import as_written, warn_of_shares
from prune.api.subject import Subject
from prune.core import blocks, pruning
from prune.core.plan import Pruned
from prune.experiments import grid, perform, shrinking, sweep
from prune.experiments.cells import Cell, Given, Source, Stored
from prune.experiments.sweep import Curve
from prune.files import studies
from prune.models.graph import functional
from prune.settings.kinds import meant, several
from prune.settings.pruning import LAYER, NO_REPAIR, WEIGHT, Controls, Pruning
from prune.settings.study import KEYS, Part
from prune.views import tables

NAME = "given"  # of data in memory, in what goes wrong


@dataclass(frozen=True)
class How:
    """How a model is to be pruned."""

    method: str
    options: Mapping[str, Any]  # of `Pruning`, by name
    seed: int = 0
    n_of_m: tuple[int, int] | None = None


def pruned(subject: Subject, how: How, data: Any) -> Pruned:
    """Return a network pruned to one k; what is wrong with what was asked is said first."""
    asked = cell(how)
    if len(asked.k) > 1:
        raise PruneError(f"k is one percent here, got {how.options.get('k')!r}")
    line = curve(subject, asked, Source(NAME, None, given=Given(train=seen(subject, asked, data))))
    if how.n_of_m is not None:
        scope = blocks.n_of_m(*how.n_of_m)
        line = line._replace(plan=line.plan._replace(scope=scope))
    ((_, result),) = sweep.points([line])
    perform.forget()  # or the data would stay in memory
    return result


def cell(how: How) -> Cell:
    """Return what is asked as the command line would have it."""
    if (how.options.get("k") is None) == (how.n_of_m is None):
        other = ", or n_of_m, such as (2, 4); one of both" if how.method == WEIGHT else ""
        raise PruneError(f"give k, a percent from 0 to 100{other}")
    given = {**how.options, "method": how.method}
    if how.n_of_m is not None:
        if (how.options.get("scope") or LAYER) != LAYER:
            raise PruneError('n_of_m is a pattern of each layer; leave scope at "layer"')
        given["k"] = 100  # of what the pattern drops
    (asked,) = cells(given, how.seed)
    return asked


# The keys of a settings file by the fields that they are lists of: `criterion` -> `criteria`.
_LISTS = {key.name: name for name, key in KEYS.items() if key.owner in (Pruning, Controls)}


def cells(given: Mapping[str, Any], seed: int) -> list[Cell]:
    """Return the curves that are asked for: of what is a list, one for each; None is as usual."""
    asked = part(given, seed)
    warn_of_shares(asked.k)
    return grid.curves(asked, Stored("", seed))


def part(given: Mapping[str, Any], seed: int) -> Any:
    """Return what is asked as a study would have it."""
    values: dict[str, Any] = {"seeds": (seed,)}
    for name, value in given.items():
        if value is not None:
            key = KEYS[_LISTS.get(name, name)]
            read = several if key.lists else meant
            values[_LISTS.get(name, name)] = read(key.setting.kind, name, as_written(value))
    return studies.checked(Part(**values))


def curve(subject: Subject, asked: Cell, source: Source) -> Curve:
    """Return the curve of a cell."""
    return perform.curve(asked, perform.Begun(subject.network), source)


def seen(subject: Subject, asked: Cell, data: Any) -> Any:
    """Return what criteria and repairs may look at, read only where something looks."""
    if not pruning.needs_images(asked.method, asked.criterion, asked.repair):
        return None
    if data is None:
        looks = asked.repair if asked.repair != NO_REPAIR else asked.criterion
        raise PruneError(
            f"{looks!r} looks at data, and none were given; give some of the training's, (x, y)"
        )
    return material.read(data, "train", names(subject))


def names(subject: Subject) -> list[str]:
    """Return the names of a model's inputs, of a chain none."""
    template = getattr(subject.network, "template", None)
    return [] if template is None else [each.name for each in functional(template).inputs]


def layers(before: Any, after: Any) -> str:
    """Return, as a table, how many units each layer had and has."""
    left = shrinking.units(after)
    lines = [
        [name, f"{number:,}", f"{left.get(name, 0):,}"]
        for name, number in shrinking.units(before).items()
    ]
    return tables.to_text(tables.Table(["layer", "units", "left"], lines, ""))
