"""The zoo at home: what its models are, and what comes with the package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import prune as package
from prune.core import anatomy
from prune.experiments import perform
from prune.experiments.cells import Source
from prune.files import places, studies
from prune.models import loading, zoo
from prune.settings.recipe import CHAINS, MODELS, RECIPES, Training
from prune.settings.study import KEYS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]
# As published: LeCun 1998; Caffe's LeNet; He 2016 for ResNet-20, whose shortcuts had no weights.
PARAMETERS = {"lenet300": 266_610, "lenet5": 431_080, "resnet20": 272_474}
CARDS = (Path(package.__file__).parents[2] / "weights" / "README.md").read_text()


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_models_have_as_many_parameters_as_published(name):
    network = perform.untrained(Training(model=name), Source("mnist", 100))
    trainable = anatomy.of(network).parameters()
    if name == "resnet20":
        statistics = 2 * sum(a.size for n, a in network.arrays.items() if "moving_mean" in n)
        shortcuts = sum(a.size for n, a in network.arrays.items() if "shortcut" in n) + 2 * 96
        trainable -= statistics
        assert trainable - shortcuts < 269_722 + 288 < trainable + 288
        return
    assert trainable == PARAMETERS[name]


def test_every_model_has_a_recipe_and_every_recipe_is_one():
    assert set(RECIPES) == {*CHAINS, *MODELS} and set(zoo.ZOO) == set(MODELS)
    for name, recipe in RECIPES.items():
        assert Training(model=name, **recipe)


@pytest.mark.parametrize("name", MODELS)
def test_the_same_seed_builds_the_same_bytes(name):
    first, again, other = (
        zoo.untrained(name, (20, 20, 3), 4, seed).get_weights() for seed in (0, 0, 1)
    )
    assert [a.tobytes() for a in first] == [a.tobytes() for a in again]
    assert [a.tobytes() for a in first] != [a.tobytes() for a in other]


def test_a_model_is_trained_and_pruned_in_its_file(prune, tmp_path):
    words = ("--model", "mobilenet", "--epochs", "1", "--limit", "60", "--batch-size", "32")
    for name in ("a", "b"):
        status, _, err = prune("train", "--save", f"{name}.keras", *words)
        assert status == 0, err
    first, again = ((tmp_path / "work" / f"{name}.keras").read_bytes() for name in "ab")
    assert first == again
    status, _, err = prune("unit", "--weights", "a.keras", "--limit", "60", "--k", "50")
    assert status == 0, err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "resnet9"], "unknown --model 'resnet9' (did you mean resnet8?)"),
        (["--model", "lenet5", "--hidden", "9"], "--hidden is for --model mlp"),
        (["--model", "lenet5", "--save", "w.h5"], "lenet5 is saved as .keras; give such a name"),
    ],
)
def test_what_does_not_go_with_a_model_is_refused(prune, words, message):
    status, _, err = prune("train", "--save", "w.keras", *words)
    assert status == 2 and message in err


def test_a_study_trains_the_zoo_by_its_recipe():
    (part,) = studies.parse('model = "resnet8"\nseeds = "0-1"\nepochs = 1').parts
    assert (part.model, part.train_model, part.seeds) == (None, "resnet8", (0, 1))
    assert (part.epochs, part.batch_size, part.train_augment) == (1, 128, 2)
    (plain,) = studies.parse('seeds = "0"').parts
    assert (plain.train_model, plain.epochs) == ("mlp", KEYS["epochs"].usual)


def test_seeds_train_the_zoo(prune, tmp_path):
    words = ("--model", "lenet5", "--seeds", "0,1", "--limit", "40", "--k", "0,90")
    status, _, err = prune("weight", *words)
    assert status == 0, err
    names = {path.name for path in (tmp_path / "work" / "results" / "networks").glob("*.keras")}
    assert len(names) == 2 and all("lenet5" in name for name in names)
    status, _, err = prune("weight", "--model", "lenet5")
    assert status == 2 and "give --seeds too" in err


@pytest.mark.parametrize("name", sorted(places.SHIPPED))
def test_what_comes_with_the_package_is_what_its_card_says(name):
    file = loading.load(Path(name))
    assert file.sha256 in CARDS and f"# Model card: {places.SHIPPED[name]}" in CARDS
    assert f"{anatomy.of(file.network).parameters():,} " in CARDS


def test_a_name_that_is_nearly_that_of_a_network_is_told(prune):
    status, _, err = prune("compare", "--weights", "lenet6")
    assert status == 2
    assert re.search(r"weights lenet6: no such file.* \(did you mean lenet5\?\)", err)


def test_what_stands_alike_in_every_stage_is_of_one_form():
    forms = loading.load(Path("resnet8")).network.forms()
    inner = {f"stage{i}_block1_conv1" for i in (1, 2, 3)}
    assert {name for name in forms if forms[name] == forms["stage1_block1_conv1"]} == inner
    wide, narrow = forms["stage2_block1_conv1/kernel"], forms["stage2_block1_shortcut/kernel"]
    assert [forms[name] for name in ("stem/kernel", "stage3_block1_shortcut/kernel")] == [
        wide,  # 3 x 3, whatever the number of channels
        narrow,
    ]
    assert wide != narrow
