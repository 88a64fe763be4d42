"""What a settings file asks for -> cells."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from prune.core.pruning import CRITERIA
from prune.core.scopes import FLOOR
from prune.experiments import sweep
from prune.experiments.cells import Pruning, Retraining, Training
from prune.files.studies import Part, Study


def cells(study: Study) -> list[Pruning]:
    """Return every cell once, those of one network together, in the order of the file."""
    found = dict.fromkeys(cell for part in study.parts for cell in _cells(part))
    order = {cell.training: i for i, cell in reversed(list(enumerate(found)))}
    return sorted(found, key=lambda cell: order[cell.training])


def _cells(part: Part) -> Iterator[Pruning]:
    ks = tuple(sweep.percent(sparsity) for sparsity in part.k)
    output = part.include_output or None
    for seed, hidden in product(part.seeds, part.hidden):
        training = Training(seed, hidden, part.epochs, part.batch_size, part.learning_rate)
        for how, again in product(_curves(part), _retrainings(part)):
            own = (part.calibration, again, output, _floor(part, how))
            for k in _together(ks, again):
                yield Pruning(training, *how, k, *own)


def _floor(part: Part, how: tuple[str, ...]) -> float | None:
    """Return the floor where it makes a difference."""
    unusual = how[-1] == "network" and part.floor != FLOOR
    return sweep.percent(part.floor) if unusual else None


def _curves(part: Part) -> Iterator[tuple[str, str, str, str]]:
    """Yield method, criterion, repair and scope of every curve."""
    for method in part.methods:
        own = [name for name in part.criteria if name in CRITERIA[method]]
        for criterion in own or [next(iter(CRITERIA[method]))]:
            # What refits by itself has nothing left for a repair to do.
            repairs = ("none",) if CRITERIA[method][criterion].refits else part.repairs
            for repair in repairs:
                for scope in part.scopes:
                    yield method, criterion, repair, scope


def _retrainings(part: Part) -> Iterator[Retraining | None]:
    """Yield every way to train on; what a schedule or start has no use for makes no difference."""
    how = (part.retrain_batch_size, part.retrain_learning_rate, part.optimizer, part.decay)
    own = {
        "imitation": part.distill or None,
        "input_dropout": part.input_dropout or None,
        "momentum": part.momentum if part.optimizer == "sgd" else None,
        "weight_decay": part.weight_decay if part.optimizer == "adamw" else None,
    }
    for epochs in part.retrain:
        if not epochs:
            yield None
            continue
        for schedule, ramp, start in product(part.schedules, part.ramps, part.starts):
            rising = ramp if schedule == "gradual" else None
            rewind = part.rewind if start == "rewind" else None
            first = sweep.percent(part.ramp_from) if rising and part.ramp_from else None
            yield Retraining(schedule, epochs, rising, start, rewind, *how, ramp_from=first, **own)


def _together(ks: tuple[float, ...], again: Retraining | None) -> list[tuple[float, ...]]:
    """Group the k of which one cell has all: those that one pass gives."""
    return [ks] if again is None or again.schedule == "iterative" else [(k,) for k in ks]
