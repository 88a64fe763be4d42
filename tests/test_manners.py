"""What the command says to people: suggestions, notes, numbers that can be told apart."""

from __future__ import annotations

import json

import pytest

import prune as package
from prune.files import weights


@pytest.fixture
def tiny(tmp_path, network, tiny_data):
    path = tmp_path / "tiny.keras"
    weights.save(network, path)
    return ["--weights", str(path), "--data", str(tiny_data)]


@pytest.mark.parametrize(
    ("argv", "meant"),
    [
        (["wieght"], "weight"),
        (["weight", "--enigne", "keras"], "--engine"),
        (["weight", "--scope", "netwrok"], "network"),
        (["weight", "--format", "jsn"], "json"),
        (["weight", "--criterion", "magnitud"], "magnitude"),
        (["weight", "--repair", "lstq"], "lstsq"),
        (["weight", "--activation", "sigmoyd"], "sigmoid"),
        (["weight", "--data", "fashon-mnist"], "fashion-mnist"),
        (["weight", "--keep", "dens_1"], "dense_1"),
    ],
)
def test_what_was_meant_is_suggested(prune, tiny, argv, meant):
    more = tiny if "--keep" in argv else []
    status, out, err = prune(*argv, *more)
    assert (status, out) == (2, "")
    assert f"(did you mean {meant}?)" in err and err.count("\n") == 1


@pytest.mark.parametrize("command", ["weight", "inspect", "train", "criteria"])
def test_a_command_tells_versions_too(prune, command):
    status, out, err = prune(command, "--version")
    assert (status, err) == (0, "") and out.startswith(f"prune {package.__version__} (Python ")


@pytest.mark.parametrize("word", ["--activation=relu", "--activation"])
def test_an_activation_that_is_not_used_is_remarked_on(prune, tiny, word):
    given = [word] if "=" in word else [word, "tanh"]
    bench = ["bench", "--batch", "1", "--rounds", "1"]
    pruning = [[*command, *tiny, "--k", "0"] for command in (["weight"], ["sensitivity"], bench)]
    for command in (["inspect", tiny[1]], *pruning):
        assert "is not used: the file tells its activations" in prune(*command, *given)[2]
        assert "is not used" not in prune(*command)[2]


def test_k_of_many_digits_do_not_print_alike(prune, tiny):
    given = ["99.9999", "99.99999", "99.999999", "33.333333333"]
    status, out, err = prune("weight", *tiny, "--k", *given)
    assert status == 0
    shown = [line.split()[0] for line in out.splitlines()[2:] if line]
    assert {"33.333333333", "99.9999", "99.99999", "99.999999"} <= set(shown)
    assert all(f"k = {k}:" in err for k in given)
    _, out, _ = prune("weight", *tiny, "--k", *given, "--format", "json")
    assert [row["k"] for row in json.loads(out)] == sorted(map(float, given))


@pytest.mark.parametrize(
    ("command", "option"),
    [
        *(("unit", "--include-output"), ("compare", "--include-output")),
        *(("shrink", "--controls"), ("sensitivity", "--controls"), ("bench", "--controls")),
    ],
)
def test_help_offers_nothing_that_is_always_refused(prune, command, option):
    assert option not in prune(command, "--help")[1]
    assert option in prune("weight", "--help")[1]


def test_shrink_asks_for_one_percent_and_not_for_a_list(prune):
    _, out, _ = prune("shrink", "--help")
    assert "--k PERCENT " in out and "0:90:10" not in out
