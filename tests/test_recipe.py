"""Law: what is said of a training, on the command line or in a file, arrives where it is done."""

from __future__ import annotations

from dataclasses import asdict, fields

import pytest

from prune.cli import main, recipe, seeds
from prune.settings import lists
from prune.experiments import grid, perform
from prune.files import studies
from prune.training.recipe import Recipe

# Nothing here is a default.
TOLD = {
    "batch_size": 7,
    "learning_rate": 0.25,
    "optimizer": "sgd",
    "momentum": 0.5,
    "decay": "linear",
    "input_dropout": 0.125,
}
WORDS = [f"--{name.replace('_', '-')}={value}" for name, value in TOLD.items()]
WANTED = Recipe(epochs=3, seed=4, **TOLD)


def test_nothing_told_here_is_a_default():
    usual, told = asdict(Recipe(decay="cosine")), asdict(WANTED)
    assert {name for name in told if told[name] == usual[name]} == {"weight_decay"}
    assert {field.name for field in fields(Recipe)} == {*recipe.NAMES, "epochs", "seed"}


@pytest.mark.parametrize("command", [["train", "--save=a.h5", "--epochs=3"], ["weight"]])
def test_the_command_line_says_how_to_train(command):
    args = main.parsed([*command, *WORDS, "--seed=4"])
    assert recipe.asked(args, 3) == WANTED


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_settings_file_says_how_to_train_on(optimizer):
    own = "momentum" if optimizer == "sgd" else "weight_decay"
    told = TOLD | {"optimizer": optimizer, own: 0.5}
    (part,) = studies.parse(
        "seeds = 4\nretrain = 3\nmethods = 'weight'\nk = 50\n"
        + "".join(
            f"{name.replace('_', '-')} = {value!r}\n"
            for name, value in told.items()
            if name not in ("batch_size", "learning_rate")
        )
        + "retrain-batch-size = 7\nretrain-learning-rate = 0.25\n"
    ).parts
    (cell,) = grid.cells(studies.Study("", "mnist", None, (part,)))
    found = asdict(perform._recipe(cell.retraining, cell.training.seed))
    usual = asdict(Recipe())
    other = "weight_decay" if optimizer == "sgd" else "momentum"
    assert found == asdict(WANTED) | told | {other: usual[other]}


def test_the_short_form_with_seeds_says_the_same():
    args = main.parsed(["weight", "--retrain=3", "--seeds=4", "--k=50", *WORDS])
    part = seeds._part(args, (4,), lists.sparsities("50", "k"))
    (cell,) = grid.cells(studies.Study("", "mnist", None, (part,)))
    assert perform._recipe(cell.retraining, cell.training.seed) == WANTED
