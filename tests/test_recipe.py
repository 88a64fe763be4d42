"""Law: what is said of a training, on the command line or in a file, arrives where it is done."""

from __future__ import annotations

from dataclasses import asdict, fields, replace

import pytest

from prune.cli import main, parts
from prune.experiments import grid
from prune.files import studies
from prune.settings.recipe import Recipe, Retraining, Training
from prune.settings.study import Study

# Nothing here is a default.
GIVEN = {
    "batch_size": 7,
    "learning_rate": 0.25,
    "optimizer": "sgd",
    "momentum": 0.5,
    "decay": "linear",
    "input_dropout": 0.125,
    "augment": 2,
}
WORDS = [f"--{name.replace('_', '-')}={value}" for name, value in GIVEN.items()]
WANTED = Recipe(epochs=3, **GIVEN)


def recipe(asked):
    """Return what a training has in common with every other."""
    return Recipe(**{each.name: getattr(asked, each.name) for each in fields(Recipe)})


def understood(monkeypatch, *argv):
    """Return what a command is asked for, without carrying it out."""
    asked = []
    monkeypatch.setattr(main, "_carry_out", lambda what: asked.append(what) or 0)
    assert main.main(list(argv)) == 0
    return asked[0]


def retrained(part):
    (cell,) = grid.cells(Study("", "mnist", None, (part,)))
    return cell.retraining


def test_nothing_said_here_is_a_default():
    usual, said = asdict(Retraining()), asdict(WANTED)
    assert {name for name in said if said[name] == usual[name]} == {"weight_decay", "seed"}
    assert set(said) == {*GIVEN, "epochs", "seed", "weight_decay"}


def test_the_command_line_says_how_to_train(monkeypatch):
    asked = understood(monkeypatch, "train", "--save=a.h5", "--epochs=3", *WORDS, "--seed=4")
    assert recipe(asked.of(Training)) == replace(WANTED, seed=4)


@pytest.mark.parametrize("seeds", [[], ["--seeds=4"]])
def test_the_command_line_says_how_to_train_on(monkeypatch, seeds):
    asked = understood(monkeypatch, "weight", "--k=50", "--retrain=3", *seeds, *WORDS)
    assert recipe(asked.of(Retraining)) == WANTED
    assert recipe(retrained(parts.of(asked))) == WANTED


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_settings_file_says_how_to_train_on(optimizer):
    own = "momentum" if optimizer == "sgd" else "weight_decay"
    given = GIVEN | {"optimizer": optimizer, own: 0.5}
    (part,) = studies.parse(
        "seeds = 4\nretrain = 3\nmethods = 'weight'\nk = 50\n"
        + "".join(
            f"{name.replace('_', '-')} = {value!r}\n"
            for name, value in given.items()
            if name not in ("batch_size", "learning_rate")
        )
        + "retrain-batch-size = 7\nretrain-learning-rate = 0.25\n"
    ).parts
    other = "weight_decay" if optimizer == "sgd" else "momentum"
    # What is of another optimizer is as by default.
    wanted = replace(WANTED, **given | {other: getattr(Recipe(), other)})
    assert recipe(retrained(part)) == wanted


def test_a_settings_file_says_how_the_first_training_goes():
    (part,) = studies.parse(
        "seeds = 4\nepochs = 3\nbatch-size = 7\nlearning-rate = 0.25\ntrain-optimizer = 'sgd'\n"
        "train-momentum = 0.5\ntrain-decay = 'linear'\ntrain-input-dropout = 0.125\n"
        "train-augment = 2\nk = 50\n"
    ).parts
    for cell in grid.cells(Study("", "mnist", None, (part,))):
        assert recipe(cell.training) == replace(WANTED, seed=4) and cell.retraining is None
