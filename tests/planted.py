"""A study whose networks exist already, so that its cells take milliseconds and no TensorFlow."""

from __future__ import annotations

import numpy as np

from prune.experiments import cells, grid, perform
from prune.experiments.cells import Source
from prune.files import data, studies
from prune.files.store import Store

TEXT = """
seeds = "0-2"
hidden = [8, 5]
epochs = 1
methods = ["weight", "unit"]
repairs = ["none", "lstsq"]
k = [0, 50, 90]
calibration = 60
"""


def settings(tiny_data, text=TEXT):
    """Write a settings file beside the data; return its path."""
    path = tiny_data.with_name("tiny.toml")
    path.write_text(f'data = "{tiny_data}"\n{text}')
    return path


def source(tiny_data, limit=None):
    sums = [data.load(str(tiny_data), split).sha256 for split in ("train", "test")]
    return Source(str(tiny_data), limit, *sums)


def store(folder):
    found = Store(folder / "cells", folder / "networks")
    found.prepare()
    return found


def plant(path, out, broken=(), limit=None):
    """Give every network of a settings file weights, as if trained; those of `broken` overflow."""
    found = studies.load(path)
    kept, images = store(out), source(path.with_name("tiny.npz"), limit)
    for training in dict.fromkeys(cell.training for cell in grid.cells(found)):
        network = perform.untrained(training, images)
        if training.seed in broken:
            network = tuple(
                layer._replace(kernel=np.full_like(layer.kernel, 3e38)) for layer in network
            )
        name, told = cells.name(training, images), cells.identity(training, images)
        kept.add_network(name, told, network, [{"epoch": 1}])
    return kept
