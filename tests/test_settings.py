"""One declaration is all a setting takes: planted in the text of a copy, it is everywhere."""

from __future__ import annotations

import ast
import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import prune
from prune.cli.commands import COMMANDS
from prune.files import weights
from prune.settings.fields import settings
from prune.settings.study import KEYS

ROOT = Path(__file__).parents[1]
# Where it is planted: the file, what it goes before, and the field.
OF_PRUNING = (
    "settings/pruning.py",
    "    calibration: int = setting(",
    '    whim: int = setting(0, whole(0), "what pruning fancies", said="whim {}".format)\n',
)
OF_TRAINING = (
    "settings/recipe.py",
    "    input_dropout: float = setting(",
    '    smoothing: float = setting(0.0, share(), "of the labels", group=TRAINED)\n',
)


@pytest.fixture
def planted(tmp_path):
    """Return a function that runs the command, or other code, of a copy that has one more."""

    def with_one(name, before, declared):
        copy = tmp_path / "copy" / "prune"
        shutil.copytree(Path(prune.__file__).parent, copy, copy_function=os.symlink)
        text = (copy / name).read_text()
        assert text.count(before) == 1
        (copy / name).unlink()
        (copy / name).write_text(text.replace(before, declared + before))

        def run(*argv, code="import sys; from prune.cli.main import main; sys.exit(main())"):
            words = [sys.executable, "-c", code, *map(str, argv)]
            environment = os.environ | {"PYTHONPATH": str(copy.parent), "NO_COLOR": "1"}
            return subprocess.run(
                words, capture_output=True, text=True, cwd=tmp_path, env=environment
            )

        return run

    return with_one


def test_a_setting_of_pruning_is_in_help_settings_file_cell_and_table(planted, tiny, tmp_path):
    run = planted(*OF_PRUNING)
    said = run("unit", "--help").stdout
    assert re.search(r"--whim N +what pruning fancies \(default: 0\)", said)
    assert "expected a whole number from 0, got 'x'" in run("unit", "--whim", "x").stderr

    path = tmp_path / "s.toml"
    path.write_text(
        f'model = "{tiny[1]}"\ndata = "{tiny[3]}"\nk = [0, 50]\nmethods = "weight"\n'
        "[[part]]\n[[part]]\nwhim = 3\n"
    )
    done = run("study", path, "--out", "o")
    assert done.returncode == 0, done.stderr
    assert "weight whim 3" in done.stdout  # the name of its curve, and "weight whim 0" the other's
    with (tmp_path / "o" / "table.csv").open() as file:
        assert [row["whim"] for row in csv.DictReader(file)] == ["", "", "3", "3"]
    told = [
        json.loads(cell.read_text())["settings"] for cell in (tmp_path / "o/cells").glob("*.json")
    ]
    assert sorted(each.get("whim", 0) for each in told) == [0, 3]
    record = json.loads((tmp_path / "o" / "run.json").read_text())
    assert [part["whim"] for part in record["settings"]["study"]["parts"]] == [0, 3]

    refused = run("unit", "--whim", "3", *tiny, "--k", "50", "--out", "p")
    assert "--whim 3" in refused.stderr.splitlines()[-1]  # of the command that is proposed
    assert json.loads((tmp_path / "p" / "run.json").read_text())["settings"]["whim"] == 3


OF_BOTH = """
from prune.experiments import cells, grid
from prune.files import studies
text = 'k = 50\\nmethods = "unit"\\nretrain = 1\\ntrain-smoothing = 0.25\\nsmoothing = 0.5'
(cell,) = grid.cells(studies.parse(text))
told = cells.identity(cell, cells.Source("mnist", None))
columns = cells.columns(cell)
print(told["training"]["smoothing"], told["retraining"]["smoothing"])
print(columns["train_smoothing"], columns["smoothing"])
"""


def test_a_setting_of_training_is_of_the_first_and_of_the_one_after(planted):
    run = planted(*OF_TRAINING)
    for command in ("train", "unit"):
        said = run(command, "--help").stdout
        assert re.search(r"--smoothing SHARE +of the labels \(default: 0.0\)", said), command
    assert "give --retrain EPOCHS" in run("unit", "--smoothing", "0.1").stderr
    done = run(code=OF_BOTH)
    assert done.stdout.split() == ["0.25", "0.5"] * 2, done.stderr


OF_RESULTS = (
    "files/results.py",
    "\n\n@dataclass(frozen=True)\nclass Epoch:",
    "    marvel: float | None = _measured(default=None)\n",
)


@pytest.mark.parametrize("more", [OF_PRUNING, OF_TRAINING, OF_RESULTS])
def test_cells_of_before_are_found_where_there_is_one_more(planted, tiny, tmp_path, more):
    path = tmp_path / "s.toml"
    path.write_text(f'model = "{tiny[1]}"\ndata = "{tiny[3]}"\nk = [0, 50]\n')
    study = ("study", path, "--out", "o", "--dry-run")
    environment = os.environ | {"PYTHONPATH": str(Path(prune.__file__).parents[1])}
    words = [sys.executable, "-m", "prune", *map(str, study[:-1])]
    assert subprocess.run(words, cwd=tmp_path, env=environment).returncode == 0
    run = planted(*more)
    assert "2 done, 0 to do" in run(*study).stderr
    assert run(*study[:-1]).returncode == 0
    with (tmp_path / "o" / "table.csv").open() as file:
        assert {row.get("marvel", "") for row in csv.DictReader(file)} == {""}


BOTH_ROADS = {
    "keep": ('keep = ["dense_1"]', ["--keep", "dense_1"]),
    "controls": ("controls = true", ["--controls"]),
    "k-map": ('k-map = "m/allocation.json"', ["--k-map", "m/allocation.json"]),
    "scope": ('scopes = "network"\nfloor = 5', ["--scope", "network", "--floor", "5"]),
    "criterion": ('criteria = ["activation"]\ncalibration = 50', ["--criterion", "activation"]),
    "engine": ('engine = "numpy"', ["--engine", "numpy"]),
    "seed": ("seeds = 3\ncriteria = 'random'", ["--seed", "3", "--criterion", "random"]),
}


@pytest.mark.parametrize("name", BOTH_ROADS)
def test_a_study_of_a_file_measures_what_one_run_does(prune, network, tiny, tmp_path, name):
    """Through a settings file and through options, of a file that does not tell activations."""
    path = tmp_path / "bare.weights.h5"
    hidden = (layer._replace(activation="tanh") for layer in network[:-1])
    weights.save((*hidden, network[-1]), path)
    in_file, options = BOTH_ROADS[name]
    given = ["--weights", path, "--activation", "tanh", *tiny[2:], "--k", "0,50"]
    if name == "k-map":
        assert prune("sensitivity", *given, "--out", "m")[0] == 0
    study = tmp_path / "s.toml"
    study.write_text(
        f'model = "{path}"\nactivation = "tanh"\ndata = "{tiny[3]}"\nk = [0, 50]\n'
        f'methods = "weight"\n{in_file}\n'
    )
    more = ["--calibration", "50"] if name == "criterion" else []
    status, one, err = prune("weight", *given, *options, *more, "--format", "json", "-q")
    assert status == 0, err
    status, other, err = prune("study", study, "--format", "json", "-q")
    assert status == 0, err
    one, other = json.loads(one), json.loads(other)
    assert [{key: row[key] for key in one[0]} for row in other if row] == one


def test_every_key_of_a_study_is_explained():
    page = (ROOT / "docs" / "studies.md").read_text()
    explained = set(re.findall(r"`([\w-]+)`", page))
    assert {name.replace("_", "-") for name in KEYS} - explained == set()


def vocabularies():
    """Return the words of every setting that takes one of a few, by its name."""
    owners = {option.owner for row in COMMANDS.values() for option in row.command().options()}
    return {
        each.name: set(own.kind.choices)
        for owner in owners
        for each, own in settings(owner)
        if len(own.kind.choices) > 1
    }


def listed(text):
    """Yield the words of each collection of plain texts, two or more, in a file."""
    for node in ast.walk(ast.parse(text)):
        items = getattr(node, "elts", None) or getattr(node, "keys", None) or []
        words = [item.value for item in items if isinstance(item, ast.Constant)]
        if len(words) == len(items) > 1 and all(isinstance(word, str) for word in words):
            yield set(words)


def test_no_vocabulary_stands_twice():
    known = vocabularies()
    assert {"schedule", "scope", "optimizer", "decay", "ramp", "format", "engine"} < set(known)
    again = {
        (name, path.name)
        for path in Path(prune.__file__).parent.rglob("*.py")
        if path.parent.name != "settings"
        for words in listed(path.read_text())
        for name, vocabulary in known.items()
        if words <= vocabulary
    }
    assert again == set()


def test_a_vocabulary_that_stands_twice_would_be_seen():
    text = 'KNOWN = ("cubic", "exponential")\nHOW = {"cubic": 1, "exponential": 2}'
    assert list(listed(text)) == [{"cubic", "exponential"}] * 2
