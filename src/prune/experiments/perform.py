"""Carry out a cell, wherever this is called: train a network, or measure a curve of one."""

from __future__ import annotations

from dataclasses import asdict, replace
from fractions import Fraction
from functools import cache

import numpy as np

from prune import PruneError
from prune.core import calibration, forms, holdout, measure, pruning
from prune.core.masks import SCOPES, Scope, ranked_together
from prune.core.network import Network
from prune.core.plan import Plan
from prune.experiments import cells, sweep
from prune.experiments.cells import Pruning, Retraining, Source, Training
from prune.experiments.engines import Engine, numpy_engine
from prune.files import data
from prune.files.results import Epoch
from prune.training import fit, retrain
from prune.training.compiled import Examples
from prune.training.recipe import Recipe


@cache
def _images(source: Source, split: data.Split) -> data.Data:
    """Read the images that the cell is about; on another machine they could be others."""
    found = data.load(source.name, split, source.limit, source.scale)
    if found.sha256 != getattr(source, split):
        raise PruneError(f"data {source.name}: the {split} images here are others than asked for")
    return found


def images(source: Source, split: data.Split) -> int:
    """Return how many images there are."""
    return len(_images(source, split).labels)


def train(cell: Training, source: Source) -> tuple[Network, list[Epoch]]:
    """Train the network; also return the course of it."""
    learnt, test = _images(source, "train"), _images(source, "test")
    course = fit.epochs(untrained(cell, source), learnt.images, learnt.labels, recipe(cell))
    epochs = []
    for network, loss, accuracy in course:
        seen = measure.evaluate(forms.dense(network), test.images, test.labels)
        share = seen.correct / seen.total
        epochs.append(Epoch(len(epochs) + 1, loss, accuracy, seen.loss, share))
    return network, epochs


def recipe(cell: Training) -> Recipe:
    """Return the recipe of a training."""
    return Recipe(cell.epochs, cell.batch_size, cell.learning_rate, cell.seed)


def untrained(cell: Training, source: Source) -> Network:
    """Return the network that the training starts from."""
    train, test = _images(source, "train"), _images(source, "test")
    classes = max(2, train.classes, test.classes)
    return fit.initial([train.images.shape[1], *cell.hidden, classes], cell.seed)


def prune(cell: Pruning, network: Network, source: Source, threads: int | None) -> list[dict]:
    """Measure one curve of a trained network; return its rows, in order of k."""
    test = _images(source, "test")
    engines = sweep.Engines(numpy_engine(test.images, test.labels, threads))
    unpruned = engines.test(network)
    if not np.isfinite(unpruned.loss):
        raise PruneError("the network's outputs overflow float32")
    plan, retraining = _plan(cell, network, source), None
    pruning.check(cell.method, cell.criterion, plan)
    if cell.retraining:
        plan, retraining = _retraining(cell, plan, source)
        engines = engines._replace(validation=_validation(source, threads))
    shared = cells.columns(cell) | {"unpruned": unpruned.correct / unpruned.total}
    curve = sweep.Curve(cell.method, cell.criterion, plan, retraining)
    return [asdict(row) | shared for row in sweep.rows(sweep.points([curve]), unpruned, engines)]


def _scope(cell: Pruning) -> Scope:
    if cell.floor is None:
        return SCOPES[cell.scope]
    return ranked_together(Fraction(str(cell.floor)) / 100)


def _learnt(cell: Pruning, number: int) -> np.ndarray:
    """Return the places of the training images that the cell may learn from."""
    return holdout.split(number)[0] if cell.retraining else np.arange(number)


def _validation(source: Source, threads: int | None) -> Engine:
    train = _images(source, "train")
    _, held = holdout.split(len(train.labels))
    return numpy_engine(train.images[held], train.labels[held], threads)


def _retraining(cell: Pruning, plan: Plan, source: Source) -> tuple[Plan, retrain.Retraining]:
    """Return how to train on; to rewind, the network is first trained anew, without what is held
    out."""
    train, asked = _images(source, "train"), cell.retraining
    learnt = _learnt(cell, len(train.labels))
    examples = Examples(train.images[learnt], train.labels[learnt], asked.imitation or 0.0)
    again = _recipe(asked, cell.training.seed)
    found = retrain.Retraining(
        examples,
        again,
        schedule=asked.schedule,
        ramp=asked.ramp or "cubic",
        ramp_from=Fraction(str(asked.ramp_from or 0)) / 100,
        start=asked.start,
    )
    retrain.check(found)
    if asked.start == "rewind":
        course = list(retrain.original(plan.network, examples, recipe(cell.training)))
        found = replace(found, early=course[asked.rewind])
        return plan._replace(network=course[-1]), found
    return plan, found


def _recipe(asked: Retraining, seed: int) -> Recipe:
    first = (asked.epochs, asked.batch_size, asked.learning_rate, seed)
    names = ("momentum", "weight_decay", "input_dropout")
    told = {name: getattr(asked, name) for name in names}
    given = {name: value for name, value in told.items() if value is not None}
    return Recipe(*first, optimizer=asked.optimizer, decay=asked.decay, **given)


def _plan(cell: Pruning, network: Network, source: Source) -> Plan:
    seed = cell.training.seed
    seen = calibration.Calibration(seed=seed)
    if pruning.needs_images(cell.method, cell.criterion, cell.repair):
        train = _images(source, "train")
        learnt = _learnt(cell, len(train.labels))
        drawn = (train.images[learnt], train.labels[learnt])
        seen = calibration.draw(*drawn, cell.calibration, seed)
    sparsities = tuple(Fraction(str(k)) / 100 for k in cell.k)
    layers = pruning.layers(network, include_output=bool(cell.include_output))
    return Plan(network, layers, sparsities, seen, _scope(cell), cell.repair)
