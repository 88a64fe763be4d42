"""`prune depth`: whether deeper networks tolerate more pruning."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from prune.cli.asked import Asked
from prune.cli.studies import Task, carry_out
from prune.experiments import depth as networks
from prune.files import data
from prune.settings.files import Out
from prune.settings.pruning import Images, Pruning
from prune.settings.recipe import Training
from prune.settings.study import Part, Study
from prune.settings.workers import Depths, Workers
from prune.views import report
from prune.views.depth import Readings


def run(asked: Asked) -> int:
    """Check everything, do what is missing, write the files, print."""
    study, readings = _study(asked)
    show = partial(report.by_depth, readings=readings)
    return carry_out(Task(asked, study, asked.of(Out).out or Path(), asked.of(Workers), show))


def _study(asked: Asked) -> tuple[Study, Readings]:
    """Return the study, and which of its networks belong to which reading."""
    images, own, training = asked.of(Images), asked.of(Depths), asked.of(Training)
    depths = sorted(own.depths)
    train = data.load(images.data, "train", images.limit, images.scale)
    inputs = train.images.shape[1]
    readings = {
        "width": networks.width_held(depths, own.width),
        "parameters": networks.parameters_held(depths, own.width, inputs, train.classes),
    }
    part = Part(
        seeds=own.seeds,
        hidden=tuple(dict.fromkeys(sizes for each in readings.values() for sizes in each.values())),
        epochs=training.epochs,
        batch_size=training.batch_size,
        k=asked.of(Pruning).k,
    )
    return Study("", images.data, images.limit, (part,), images.scale), readings
