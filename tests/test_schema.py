"""What --format json prints is what docs/json.md says: names, order, types."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

import planted
from prune.experiments import cells
from prune.files import weights

PAGE = (Path(__file__).parents[1] / "docs" / "json.md").read_text()
TYPES = {
    "text": lambda value: type(value) is str,
    "whole": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float) and math.isfinite(value),
    "nothing": lambda value: value is None,
    "object": lambda value: type(value) is dict,
    "list": lambda value: type(value) is list,
    "truth": lambda value: type(value) is bool,
}


def documented(title):
    """Return the fields of a section of the page, with their types."""
    section = next(part for part in PAGE.split("\n## ") if part.startswith(title))
    return re.findall(r"^\| (\w+) \| ([\w \[\]]+) \|", section.partition("|---")[2], re.M)


def fits(value, kind):
    if found := re.fullmatch(r"list \[(\w+)\]", kind):
        return type(value) is list and all(TYPES[found[1]](item) for item in value)
    return any(TYPES[each](value) for each in kind.split(" or "))


@pytest.fixture
def tiny(tmp_path, network, tiny_data):
    weights.save(network, tmp_path / "tiny.keras")
    return ["--weights", tmp_path / "tiny.keras", "--data", tiny_data, "--k", "50"]


COMMANDS = {
    "weight": ["weight"],
    "weight, unit": ["compare", "--x", "time"],
    "weight, unit, compare, sensitivity": ["sensitivity"],
    "bench": ["bench", "--rounds", "2", "--batch", "1"],
    "shrink": ["shrink", "--save", "s.npz"],
    "search": ["search", "--macs", "60", "--criterion", "norm", "--repair", "none"],
    "criteria": ["criteria"],
}
NOT_AT_ONE_K = ("search", "export")


EXPORT = pytest.param("export", marks=pytest.mark.slow)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of a converter
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("title", [*COMMANDS, EXPORT])
def test_what_is_printed_is_what_the_page_says(prune, tiny, title):
    own = [] if title == "criteria" else tiny[:-2] if title in NOT_AT_ONE_K else tiny
    command = COMMANDS.get(title, ["export", "--to", "onnx"])
    status, out, err = prune(*command, *own, "--format", "json", "-q")
    assert status == 0, err
    assert_documented(json.loads(out), title)


def test_the_rows_of_a_study_have_more_columns(prune, tiny_data, tmp_path):
    path = planted.settings(tiny_data, planted.TEXT)
    planted.plant(path, tmp_path / "work" / "o")
    status, out, err = prune("study", path, "--out", "o", "--format", "json", "-q")
    assert status == 0, err
    assert_documented(json.loads(out), "weight, unit", "study, depth")


def assert_documented(found, *titles):
    fields = dict(field for title in titles for field in documented(title))
    assert fields
    fields = list(cells.ordered(fields).items() if len(titles) > 1 else fields.items())
    for each in found if isinstance(found, list) else [found]:
        assert list(each) == [name for name, _ in fields]
        assert [name for name, kind in fields if not fits(each[name], kind)] == []


def test_inspect_and_the_record_of_a_run_are_as_the_page_says(prune, tiny, tmp_path):
    _, out, _ = prune("inspect", tiny[1], "--format", "json")
    assert_documented(json.loads(out), "inspect")
    assert prune("weight", *tiny, "--out", tmp_path / "o")[0] == 0
    assert_documented(json.loads((tmp_path / "o" / "run.json").read_text()), "run.json")


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (1, "whole", True),
        (True, "whole", False),
        (1.0, "whole", False),
        (1, "number", True),
        (math.nan, "number", False),
        (None, "number or nothing", True),
        ([1, "x"], "list [whole]", False),
    ],
)
def test_a_wrong_type_would_be_seen(value, kind, expected):
    assert fits(value, kind) is expected
