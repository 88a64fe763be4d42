"""Carry out a cell, wherever this is called: train a network, or measure curves of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from prune import PruneError
from prune.core import anatomy, calibration, forms, holdout, measure, pruning, scopes
from prune.core.calibration import Calibration
from prune.core.judge import ACCURACY
from prune.core.measure import Evaluation
from prune.core.network import Network
from prune.core.plan import Plan
from prune.core.scopes import SCOPES, Scope, allocated
from prune.experiments import cells, sweep
from prune.experiments.cells import Cell, Source
from prune.experiments.engines import ENGINES, Engine, scored
from prune.experiments.sweep import Curve, Engines
from prune.files import allocations, data
from prune.files.results import Epoch, values
from prune.models import loading, zoo
from prune.models.net import net
from prune.settings.pruning import BN, KERAS, NUMPY, UNIT
from prune.settings.recipe import (
    LENET300,
    LENET300_HIDDEN,
    MODELS,
    REWIND,
    Recipe,
    Taught,
    Training,
)
from prune.settings.spelling import counted
from prune.training import fit, retrain
from prune.training.compiled import Examples


def images(source: Source, split: data.Split, network: Network | None = None) -> data.Data:
    """Return the images that a cell is about, if a network is to take them as it does."""
    if network is None:
        return _images(source, split)
    return data.fitted(_images(source, split, _as_they_are(network)), network, source.name)


def _as_they_are(network: Network) -> tuple[str, ...]:
    return tuple(sorted(anatomy.of(network).as_they_are()))


def _images(source: Source, split: data.Split, as_they_are: tuple[str, ...] = ()) -> data.Data:
    return _given(source, split) or _read(source, split, as_they_are)


def _given(source: Source, split: data.Split) -> data.Data | None:
    if source.given is None:
        return None
    found = source.given.test if split == "test" else source.given.train
    if found is None:
        raise PruneError(f"this needs {split} data, and none were given")
    return found


@cache
def _read(source: Source, split: data.Split, as_they_are: tuple[str, ...]) -> data.Data:
    """Read images; on another machine they could be others."""
    read = data.load(source.name, split, source.limit, source.scale, as_they_are)
    if getattr(source, split) not in (None, read.sha256):
        raise PruneError(f"data {source.name}: the {split} images here are others than asked for")
    return read


def learnt(source: Source, network: Network, trains: bool) -> data.Data:
    """Return the training images to learn from: if anything `trains`, some are held out."""
    train = images(source, "train", network)
    return _learnt(train) if trains else train


def _learnt(train: data.Data) -> data.Data:
    return train.part(holdout.split(train.total)[0])


def held_out(source: Source, network: Network) -> data.Data:
    """Return the training images that are held out to choose by."""
    train = images(source, "train", network)
    return train.part(holdout.split(train.total)[1])


def learns(cell: Cell) -> bool:
    """Tell whether a cell needs training images at all."""
    sees = pruning.needs_images(cell.method, cell.criterion, cell.repair)
    return sees or cell.retraining is not None


def sample(source: Source, network: Network, size: int, seed: int) -> data.Data:
    """Draw some of the training images, of which none are held out."""
    return data.fitted(
        _drawn(source, _as_they_are(network), False, size, seed), network, source.name
    )


def renewable(network: Network, source: Source) -> bool:
    """Tell whether a network has statistics, and training images are there to take them anew."""
    if not anatomy.of(network).normalised():
        return False
    try:
        images(source, "train", network)
    except PruneError:
        return False
    return True


def renewing(cell: Cell) -> Cell:
    """Return a cell with what is cheap after units were removed, unless it refits anyway."""
    refits = pruning.CRITERIA[cell.method][cell.criterion].refits
    return replace(cell, repair=BN) if cell.method == UNIT and not refits else cell


def drawn(source: Source, network: Network, trains: bool, size: int, seed: int) -> Calibration:
    """Draw the images that criteria and repair may look at."""
    some = _drawn(source, _as_they_are(network), trains, size, seed)
    seen = data.fitted(some, network, source.name)
    if anatomy.is_chain(network):
        return Calibration(seen.images, seen.labels, seed)
    return Calibration(seed=seed, inputs=seen.inputs, judge=seen.judge)


@lru_cache(maxsize=2)
def _drawn(
    source: Source, as_they_are: tuple[str, ...], trains: bool, size: int, seed: int
) -> data.Data:
    train = _images(source, "train", as_they_are)
    train = _learnt(train) if trains else train
    return train.part(calibration.places(train.total, size, seed))


def untrained(cell: Training, source: Source) -> Any:
    """Return the network that a training starts from."""
    train, test = images(source, "train"), images(source, "test")
    classes, inputs = max(2, train.classes, test.classes), train.images.shape[1]
    if cell.model in MODELS:
        return net(zoo.untrained(cell.model, train.inputs.shape[1:], classes, cell.seed))
    hidden = LENET300_HIDDEN if cell.model == LENET300 else cell.hidden
    sizes = [inputs, *hidden, classes]
    return fit.initial(sizes, cell.seed, biases=cell.model == LENET300)


def course(
    cell: Training, source: Source, on_batch: Callable[[int], None] = lambda images: None
) -> Iterator[tuple[Network, Epoch]]:
    """Train a network; yield it after each epoch, and how it did."""
    train, test = images(source, "train"), images(source, "test")
    begun = untrained(cell, source)
    seen_by = _judge(begun, test, source)
    epochs = fit.epochs(begun, train.images, train.labels, cell, on_batch)
    for number, (network, loss, accuracy) in enumerate(epochs, 1):
        seen = seen_by(network)
        yield network, Epoch(number, loss, accuracy, seen.loss, seen.correct / seen.total)


def _judge(network: Any, test: data.Data, source: Source) -> Engine:
    """Return what evaluates the networks of a training."""
    if anatomy.is_chain(network):
        return lambda each: measure.evaluate(forms.dense(each), test.images, test.labels)
    return ENGINES[KERAS](network, data.fitted(test, network, source.name), None)


def train(cell: Training, source: Source) -> tuple[Network, list[Epoch]]:
    """Train the network; also return the course of it."""
    done = list(course(cell, source))
    return done[-1][0], [epoch for _, epoch in done]


class Begun(NamedTuple):
    """What is pruned: the network, and if training rewinds, what it was at an early epoch."""

    network: Network
    early: Network | None = None


Report = Callable[[str], None]


def begin(
    cell: Cell, network: Network, source: Source, report: Report = lambda doing: None
) -> Begun:
    """Return what a cell prunes; to rewind, the network is first trained anew, without the images
    that are held out."""
    again, training = cell.retraining, cell.training
    if again is None or again.start != REWIND:
        return Begun(network)
    recipe = training if isinstance(training, Training) else Recipe(seed=training.seed)
    train, past = learnt(source, network, trains=True), []
    for each in retrain.original(network, Examples(train.images, train.labels), recipe):
        past.append(each)
        report(f"training anew: epoch {len(past)} of {recipe.epochs}")
    return Begun(past[-1], past[again.rewind])


def curve(cell: Cell, begun: Begun, source: Source, spares: bool = False) -> Curve:
    """Return the curve that a cell asks for; what is wrong with it is found here.

    If it `spares` them, nothing looks at the training images that are held out to choose by.
    """
    layers = pruning.layers(
        begun.network, cell.keep, cell.include_output, cell.method, cell.include
    )
    engine_name(cell, begun.network)
    if not layers:
        why = _why_none(begun.network, cell.method)
        raise PruneError(f"there is no layer to prune by {cell.method}: {why}")
    sees = pruning.needs_images(cell.method, cell.criterion, cell.repair)
    key = (spares or cell.retraining is not None, cell.calibration, cell.training.seed)
    seen = drawn(source, begun.network, *key) if sees else Calibration(seed=cell.training.seed)
    plan = Plan(begun.network, layers, cell.k, seen, SCOPES["layer"], cell.repair)
    plan = plan._replace(scope=_scope(cell, plan))
    pruning.check(cell.method, cell.criterion, plan)
    return Curve(cell.method, cell.criterion, plan, _retraining(cell, begun, source))


def _why_none(network: Network, method: str) -> str:
    if not anatomy.is_chain(network):
        why = "all that could go is kept or frozen; `prune inspect` says why"
        return f"{why}, and `prune weight` needs no unit to go" if method == UNIT else why
    if len(network) > 1:
        return "--keep names every hidden layer; leave one out of it"
    return (
        "the network has only its output layer, whose weights go with `prune weight "
        "--include-output`"
    )


def _scope(cell: Cell, plan: Plan) -> Scope:
    if cell.k_map is not None:
        by_map = allocated(allocations.parse(cell.k_map, plan.layers))
        return scopes.rounded(by_map, cell, anatomy.of(plan.network))
    found = scopes.of(cell, plan.network)
    if not cell.counts_of:
        return found
    return sweep.counts_of(Curve(cell.method, cell.counts_of, plan._replace(scope=found)))


def _retraining(cell: Cell, begun: Begun, source: Source) -> retrain.Regime | None:
    asked = cell.retraining
    if asked is None:
        return None
    train = learnt(source, begun.network, trains=True)
    _check_trainable(begun.network, train)
    taught = asked.distill if isinstance(asked.distill, Taught) else None
    share = taught.share if taught else asked.distill
    teacher = _teacher(taught, begun.network, source) if taught else None
    examples = Examples(train.images, train.labels, share)
    recipe = replace(asked, seed=cell.training.seed)
    how = (asked.schedule, asked.ramp, asked.ramp_from, asked.start)
    return retrain.Regime(examples, recipe, *how, begun.early, teacher)


def _teacher(taught: Taught, pupil: Network, source: Source) -> Network:
    """Return the network to answer like, which must take the same images and tell as many."""
    found = loading.load(taught.file)
    if found.sha256 != taught.sha256:
        raise PruneError(f"--distill {taught.file}: is another file than was asked for")
    ours, theirs = (list(anatomy.of(each).outputs().values()) for each in (pupil, found.network))
    if ours != theirs:
        raise PruneError(
            f"--distill {taught.file}: its answers have shape {theirs}, those of the network "
            f"that is to learn from it {ours}"
        )
    try:
        learnt(source, found.network, trains=True)
    except PruneError as error:
        raise PruneError(f"--distill {taught.file}: {error}") from error
    return found.network


def _check_trainable(network: Any, train: data.Data) -> None:
    """Refuse what is no classifier of single arrays."""
    own = anatomy.of(network)
    if len(own.inputs()) > 1 or (train.judge is not None and train.judge.metric != ACCURACY):
        raise PruneError(
            "--retrain trains classifiers of one input; this model has "
            f"{counted(len(own.inputs()), 'input')} and is judged by its "
            f"{train.judge.metric if train.judge else ACCURACY}; leave it out"
        )


def engines(
    cells: Sequence[Cell], network: Network, source: Source, threads: int | None = None
) -> Engines:
    """Return who runs the networks of cells, which have one engine in common."""
    make = partial(engine, cells[0], network, threads=threads)
    if source.given is not None and source.given.score is not None:
        return Engines(scored(source.given.score))
    reported = make(images(source, "test", network))
    if not any(cell.retraining for cell in cells):
        return Engines(reported)
    held = held_out(source, network)
    return Engines(reported, make(held) if held.total else None)


def engine(cell: Cell, network: Network, seen: data.Data, threads: int | None = None) -> Engine:
    """Return who runs the networks of a cell, pruned from `network`, on data that fit it."""
    return ENGINES[engine_name(cell, network)](network, seen, threads)


def engine_name(cell: Cell, network: Network) -> str:
    """Return which engine runs the networks that are pruned from one."""
    usual = NUMPY if anatomy.is_chain(network) else KERAS
    if cell.engine == NUMPY and usual == KERAS:
        raise PruneError(
            "engine 'numpy' runs chains of Dense layers alone; leave out --engine, or give "
            "--engine keras"
        )
    return cell.engine or usual


def forget() -> None:
    """Forget the images that were read: their files may have changed."""
    _read.cache_clear()
    _drawn.cache_clear()


def whole(network: Network, engine: Engine) -> Evaluation:
    """Return what a network does before anything is pruned."""
    unpruned = engine(network)
    found = unpruned.loss if unpruned.score is None else unpruned.score
    if not np.isfinite(found):
        if anatomy.is_chain(network):
            raise PruneError("the network's outputs overflow float32; train it again")
        raise PruneError(
            f"the unpruned model's {unpruned.metric} cannot be told: its outputs are {found} on "
            "these data; train it again, or give data of the kind that it was trained on"
        )
    return unpruned


def refuse_unlike(network: Network, source: Source) -> None:
    """Refuse a network that a study cannot measure on its images, before any cell is begun."""
    judge = images(source, "test", network).judge
    if judge is not None and judge.metric != ACCURACY:
        raise PruneError(
            f"a study compares accuracies, and this model is measured by its {judge.metric}; "
            "use `prune compare`"
        )


def prune(cell: Cell, network: Network, source: Source, threads: int | None) -> list[dict]:
    """Measure the curve of a cell; return its rows, in order of k."""
    begun = begin(cell, network, source)
    who = engines([cell], begun.network, source, threads)
    unpruned = whole(begun.network, who.test)
    shared = cells.columns(cell) | {"unpruned": unpruned.accuracy}
    points = sweep.points([curve(cell, begun, source)])
    rows = sweep.rows(points, unpruned, who)
    return [cells.ordered(values(row) | shared) for row in rows]
