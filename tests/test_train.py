"""Training: what is saved, what is written, and that it can be repeated."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from prune import PruneError
from prune.core import forms, measure
from prune.core.network import arrays
from prune.files import atomic, data, weights
from prune.training import course, fit
from prune.training.recipe import Recipe

pytestmark = pytest.mark.slow

QUICK = ("--hidden", "20,10", "--epochs", "2", "--limit", "300")


def test_train_saves_under_the_name_that_keras_refuses(prune, tmp_path):
    status, out, err = prune("train", "--save", "weights.h5", *QUICK)
    assert (status, out) == (0, "")
    network = weights.load(tmp_path / "work" / "weights.h5").network
    assert [layer.kernel.shape for layer in network] == [(784, 20), (20, 10), (10, 10)]
    folder = tmp_path / "work" / "results" / "train"
    names = {path.name for path in folder.iterdir()}
    assert names == {"history.csv", "history.png", "history.svg", "run.json"}
    assert [line for line in err.splitlines() if line.startswith("epoch 2 of 2: loss ")]


def test_the_history_tells_what_the_saved_network_does(prune, tmp_path):
    prune("train", "--save", "w.keras", *QUICK)
    with (tmp_path / "work" / "results" / "train" / "history.csv").open() as file:
        epochs = list(csv.DictReader(file))
    assert [epoch["epoch"] for epoch in epochs] == ["1", "2"]
    assert float(epochs[1]["loss"]) < float(epochs[0]["loss"])
    test = data.load("mnist", "test", 300)
    network = weights.load(tmp_path / "work" / "w.keras").network
    found = measure.evaluate(forms.dense(network), test.images, test.labels)
    assert float(epochs[1]["test_accuracy"]) == found.correct / found.total


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(prune, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert prune("train", "--save", f"{name}.h5", "--seed", seed, *QUICK)[0] == 0
    first, again, other = ((tmp_path / "work" / f"{name}.h5").read_bytes() for name in "abc")
    assert first == again != other


def test_force_overwrites(prune, tmp_path):
    (tmp_path / "work" / "w.h5").write_bytes(b"old")
    assert prune("train", "--save", "w.h5", "--force", *QUICK)[0] == 0
    assert weights.load(tmp_path / "work" / "w.h5").format == "h5"


def test_a_full_disk_leaves_the_old_file(prune, tmp_path, monkeypatch):
    (tmp_path / "work" / "w.h5").write_bytes(b"old")

    def fail(handle):
        raise OSError(28, "No space left on device")

    train = data.load

    def load_then_fill_the_disk(*args):
        monkeypatch.setattr(atomic.os, "fsync", fail)
        return train(*args)

    monkeypatch.setattr(data, "load", load_then_fill_the_disk)
    status, _, err = prune("train", "--save", "w.h5", "--force", *QUICK)
    assert status == 3 and "No space left on device" in err
    assert (tmp_path / "work" / "w.h5").read_bytes() == b"old"
    assert not list((tmp_path / "work").glob(".*"))


def test_diverging_training_says_so_and_saves_nothing(prune, tmp_path):
    rate = ("--learning-rate", "1e30")
    status, _, err = prune("train", "--save", "w.h5", *QUICK, *rate)
    assert status == 2
    assert "training diverged: the loss was nan in epoch 1; try a --learning-rate" in err
    assert not (tmp_path / "work" / "w.h5").exists()


def test_initial_kernels_are_those_of_glorot():
    network = fit.initial([300, 200, 100], seed=1)
    for layer in network:
        limit = np.sqrt(6 / sum(layer.kernel.shape))
        assert np.abs(layer.kernel).max() <= limit
        assert layer.kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.02)
    assert [layer.activation for layer in network] == ["relu", "softmax"]


def test_training_changes_neither_network_nor_images(rng):
    network = fit.initial([6, 5, 3], seed=0)
    before = [array.copy() for array in arrays(network)]
    images, labels = rng.random((40, 6)).astype(np.float32), rng.integers(0, 3, 40)
    kept = images.copy()
    for trained, _, _ in fit.epochs(network, images, labels, Recipe(epochs=1)):
        assert not np.array_equal(trained[0].kernel, network[0].kernel)
    for array, old in zip(arrays(network), before, strict=True):
        np.testing.assert_array_equal(array, old)
    np.testing.assert_array_equal(images, kept)


def test_every_epoch_has_an_order_of_its_own():
    orders = [course.shuffled(50, seed=3, epoch=epoch) for epoch in range(4)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({order.tobytes() for order in orders}) == 4
    assert (course.shuffled(50, seed=3, epoch=2) == orders[2]).all()


def test_the_images_are_seen_in_that_order(rng, monkeypatch):
    """Batches that are all alike but for their order leave different networks."""
    images, labels = rng.random((40, 6)).astype(np.float32), rng.integers(0, 3, 40)
    network, recipe = fit.initial([6, 5, 3], seed=0), Recipe(epochs=1, batch_size=8)
    ((as_shuffled, *_),) = fit.epochs(network, images, labels, recipe)
    monkeypatch.setattr(course, "shuffled", lambda size, seed, epoch: np.arange(size))
    ((as_given, *_),) = fit.epochs(network, images, labels, recipe)
    assert not np.array_equal(as_shuffled[0].kernel, as_given[0].kernel)


def test_progress_is_counted_in_images(rng):
    network = fit.initial([6, 5, 3], seed=0)
    images, labels = rng.random((40, 6)).astype(np.float32), rng.integers(0, 3, 40)
    done = []
    list(fit.epochs(network, images, labels, Recipe(1, batch_size=8), done.append))
    assert done[-1] == 40


def test_a_loss_that_is_no_number_is_raised(rng):
    network = fit.initial([6, 5, 3], seed=0)
    broken = (network[0]._replace(kernel=network[0].kernel * np.nan), *network[1:])
    with pytest.raises(PruneError, match="training diverged"):
        list(fit.epochs(broken, np.ones((8, 6), "f"), np.zeros(8, int), Recipe(1)))


@pytest.mark.parametrize(("option", "optimizer"), [("momentum", "sgd"), ("weight-decay", "adamw")])
def test_an_option_of_another_optimizer_is_refused(prune, tmp_path, option, optimizer):
    status, out, err = prune("train", "--save", "w.h5", f"--{option}", "0.5")
    assert (status, out) == (2, "")
    assert f"--{option} is for --optimizer {optimizer}, got adam" in err
    assert not list((tmp_path / "work").iterdir())
