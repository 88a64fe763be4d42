"""What is asked for, in a settings file or on the command line -> cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any

from prune.core.pruning import CRITERIA, usual
from prune.experiments.cells import Cell, Stored
from prune.files import allocations
from prune.models import loading
from prune.settings.fields import settled
from prune.settings.pruning import LAYER, NO_REPAIR, Pruning
from prune.settings.recipe import ITERATIVE, Retraining, Taught, Training
from prune.settings.study import KEYS, Study

RANDOM = "random"  # the criterion that is a control


def cells(study: Study, models: Mapping[Path, Stored] = MappingProxyType({})) -> list[Cell]:
    """Return every cell once, those of one network together, in the order of the file.

    If networks are trained on, those that take a training each are cells of their own.  `models`
    are the networks that are in files.
    """
    asked = dict.fromkeys(
        single
        for part in study.parts
        for cell in curves(part, models.get(part.model))
        for single in _apart(cell)
    )
    order = {cell.training: i for i, cell in reversed(list(enumerate(asked)))}
    return sorted(asked, key=lambda cell: order[cell.training])


def curves(part: Any, network: Stored | None = None) -> list[Cell]:
    """Return the curves of a part, each with all its k, controls last.

    They are of the networks that the part trains, or else of `network`.
    """
    if part.k_map is not None:
        part = replace(part, k_map=allocations.read(part.k_map))
    if isinstance(part.distill, Taught) and any(part.retrain):
        known = loading.load(part.distill.file).sha256
        part = replace(part, distill=part.distill._replace(sha256=known))
    asked = dict.fromkeys(_curves(part, network))
    return list(dict.fromkeys([*asked, *(controls(asked) if part.controls else ())]))


def _curves(part: Any, network: Stored | None) -> Iterator[Cell]:
    networks: Iterable[Any] = map(settled, _every(Training, part))
    if network is not None:
        networks = [replace(network, seed=seed) for seed in part.seeds]
    retrainings = [settled(again) if again.epochs else None for again in _every(Retraining, part)]
    for training, pruning, again in product(networks, _prunings(part), retrainings):
        yield Cell(**vars(pruning), training=training, retraining=again)


def _every(owner: type, part: Any) -> Iterator[Any]:
    """Yield what a part asks of `owner`: one for each combination of the values it lists."""
    keys = {name: key for name, key in KEYS.items() if key.owner is owner}
    values = [getattr(part, name) for name in keys]
    listed = [
        each if key.lists else (each,) for key, each in zip(keys.values(), values, strict=True)
    ]
    for combination in product(*listed):
        names = (key.name for key in keys.values())
        yield owner(**dict(zip(names, combination, strict=True)))


def _prunings(part: Any) -> Iterator[Pruning]:
    for method in part.methods:
        known = tuple(name for name in part.criteria if name in CRITERIA[method])
        criteria = known or (usual(method),)
        for pruning in _every(Pruning, replace(part, methods=(method,), criteria=criteria)):
            # What refits by itself has nothing left for a repair to do.
            refits = CRITERIA[method][pruning.criterion].refits
            yield settled(replace(pruning, repair=NO_REPAIR) if refits else pruning)


def controls(asked: Iterable[Cell]) -> Iterator[Cell]:
    """Yield random pruning for each method of each network, and where layers lose unequally also
    random pruning that takes as many from each layer as the first curve of the method does."""
    groups: dict[Any, list[Cell]] = {}
    for cell in asked:
        groups.setdefault((cell.training, cell.method), []).append(cell)
    for cells in groups.values():
        first = cells[0]
        if all(cell.criterion != RANDOM for cell in cells):
            yield replace(first, criterion=RANDOM)
        if first.scope != LAYER:
            yield replace(first, criterion=RANDOM, counts_of=first.criterion)


def _apart(cell: Cell) -> list[Cell]:
    """Return cells of the k of which each has all that one pass gives."""
    if cell.retraining is None or cell.retraining.schedule == ITERATIVE:
        return [cell]
    return [replace(cell, k=(k,)) for k in cell.k]
