"""Settings files of studies: what they mean, and what is wrong with them."""

from __future__ import annotations

import contextlib
import re
from fractions import Fraction
from pathlib import Path

import pytest

from prune import PruneError
from prune.experiments import grid
from prune.files import studies
from prune.settings import lists
from prune.settings.recipe import refuse_senseless
from prune.training import retrain


def test_an_empty_file_is_the_reference_recipe_with_both_methods():
    found = studies.parse("")
    assert (found.data, found.limit, len(found.parts)) == ("mnist", None, 1)
    (part,) = found.parts
    assert (part.seeds, part.hidden) == ((0,), ((1000, 1000, 500, 200),))
    assert (part.epochs, part.batch_size, part.learning_rate) == (10, 32, 0.001)
    assert part.methods == ("weight", "unit") and len(part.k) == 10


def test_a_part_inherits_what_it_does_not_say():
    text = 'seeds = "1-2"\nbatch-size = 128\n[[part]]\n[[part]]\nbatch-size = 32\nseeds = 7\n'
    first, second = studies.parse(text).parts
    assert (first.seeds, first.batch_size) == ((1, 2), 128)
    assert (second.seeds, second.batch_size) == ((7,), 32)


@pytest.mark.parametrize(
    ("text", "field", "meant"),
    [
        ('seeds = "0-2, 5"', "seeds", (0, 1, 2, 5)),
        ("seeds = [3, 1, 3]", "seeds", (3, 1)),
        ("hidden = [20, 10]", "hidden", ((20, 10),)),
        ("hidden = [[20], [30, 10], [20]]", "hidden", ((20,), (30, 10))),
        ("k = [90, 0.5]", "k", (Fraction(1, 200), Fraction(9, 10))),
        ('k = "0:50:25"', "k", (0, Fraction(1, 4), Fraction(1, 2))),
        ('k = ["0:50:50", 99.9]', "k", (0, Fraction(1, 2), Fraction(999, 1000))),
        ('methods = "unit"', "methods", ("unit",)),
        ("learning-rate = 1", "learning_rate", 1.0),
    ],
)
def test_what_values_mean(text, field, meant):
    assert getattr(studies.parse(text).parts[0], field) == meant


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeds = ", "is not TOML: Invalid value"),
        ("sedes = 1", "unknown key 'sedes' (did you mean seeds?); choose from about, data"),
        ("[[part]]\nsedes = 1", "unknown key 'sedes' in [[part]] 1 (did you mean seeds?)"),
        ("[[part]]\n[[part]]\nlimit = 1", "unknown key 'limit' in [[part]] 2; it goes above the"),
        ("[part]\nk = 1", "part must be written as [[part]], a table for each"),
        ("part = 3", "part must be written as [[part]], a table for each"),
        ("epochs = 0", "epochs must be a whole number from 1, got 0"),
        ("epochs = true", "epochs must be a whole number from 1, got True"),
        ("batch-size = '32'", "batch-size must be a whole number from 1, got '32'"),
        ("learning-rate = -1", "learning-rate must be a number above 0, got -1"),
        ("learning-rate = nan", "learning-rate must be a number above 0, got nan"),
        ("data = 3", "data must be the name of a file or folder, got 3"),
        ("limit = 2.5", "limit must be a whole number from 1, got 2.5"),
        ("hidden = 20", "hidden must be a list of sizes, such as [300, 100], or a list of"),
        ("hidden = []", "hidden must be a list of sizes"),
        ("hidden = [[20], 10]", "each size in hidden must be a whole number from 1, got [20]"),
        ("hidden = [0]", "each size in hidden must be a whole number from 1, got 0"),
        ("seeds = '4-1'", "seeds takes seeds such as 0-4 or 0,2,5, got '4-1'"),
        ("seeds = -1", "seeds takes seeds such as 0-4 or 0,2,5, got '-1'"),
        ("seeds = []", "seeds takes seeds such as 0-4 or 0,2,5, got ''"),
        ("seeds = '0-100000'", "seeds 0-100000 would be 100,001 seeds; ask for fewer"),
        ("k = 101", "k takes percents from 0 to 100, got 101"),
        ("k = [[1]]", "k takes percents such as 0,25,50 or 0:90:10, got '[[1]]'"),
        ("k = []", "k is an empty list; give percents"),
        ("methods = ['weigth']", "unknown name in methods: 'weigth' (did you mean weight?); ch"),
        ("methods = []", "methods must be a list of weight, unit, got []"),
        ("criteria = ['obz']", "unknown name in criteria: 'obz' (did you mean obs?)"),
        ("repairs = ['lsq']", "unknown name in repairs: 'lsq' (did you mean lstsq?); choose fr"),
        (
            "methods = 'unit'\ncriteria = ['magnitude']",
            "unknown name in criteria: 'magnitude'; choose from norm, random",
        ),
        ("include-output = true", "include-output is for weights alone: each unit of the output"),
        ("ramp-from = 100", "ramp-from must be below 100, or nothing is left to prune grad"),
        ("ramp-from = 'x'", "ramp-from takes percents such as 0,25,50 or 0:90:10, got 'x'"),
        ("ramp-from = []", "ramp-from must be a percent from 0 to 100, got []"),
        ("distill = 2", "distill must be a number from 0 to 1, a file, or SHARE,FILE, got 2"),
        ("input-dropout = 1", "input-dropout must be a number from 0 to 0.99, got 1"),
        ("rewind = -1", "rewind must be a whole number from 0, got -1"),
        ("include-output = 1", "include-output must be true or false, got 1"),
        ("retrain = -1", "retrain must be epochs from 0, or a list of those, got -1"),
        ("schedules = ['gradul']", "unknown name in schedules: 'gradul' (did you mean gradual?)"),
        ("optimizer = 'adm'", "unknown name in optimizer: 'adm' (did you mean adam?)"),
        ("optimizer = ['adam']", "unknown name in optimizer: ['adam'] (did you mean adam?)"),
        ("epochs = 3\nrewind = 4", "rewind = 4 is after the 3 epochs of training"),
        (
            "retrain = 1\nschedules = ['gradual']\nstarts = ['pruned', 'reinit']",
            "schedule 'gradual' prunes while training, so that there is no 'reinit'; use one-sh",
        ),
        (
            "criteria = 'obs'\nscopes = 'network'",
            "criterion 'obs' cannot rank units of different layers together",
        ),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path, text, message):
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(PruneError, match=f"study {re.escape(str(path))}: ") as raised:
        studies.load(path)
    assert message in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["none.toml", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    with pytest.raises(PruneError, match=r"study .*: (No such file|Is a dir).*; give a .toml file"):
        studies.load(tmp_path / name)


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "s.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PruneError, match="s.toml: is not text in UTF-8"):
        studies.load(tmp_path / "s.toml")


@pytest.mark.parametrize("start", retrain.STARTS)
@pytest.mark.parametrize("schedule", retrain.SCHEDULES)
def test_what_training_refuses_is_refused_of_a_file(schedule, start):
    """And nothing else is."""
    text = f"retrain = 1\nschedules = '{schedule}'\nstarts = '{start}'"
    refused = False
    try:
        refuse_senseless(schedule, start)
    except PruneError:
        refused = True
    with pytest.raises(PruneError) if refused else contextlib.nullcontext():
        studies.parse(text)


def test_seeds_come_once_and_in_the_order_given():
    assert lists.seeds("5 0-2,1", "--seeds") == (5, 0, 1, 2)


COMMITTED = sorted((Path(__file__).parents[1] / "studies").glob("*.toml"))


def test_there_are_settings_files_to_check():
    assert COMMITTED


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # of a teacher that Keras reads
@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.name)
def test_the_settings_files_that_come_with_the_code_are_right(path):
    assert grid.cells(studies.load(path))
