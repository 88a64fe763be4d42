"""The command that is proposed at the end keeps what was asked."""

from __future__ import annotations

import json
import shlex

import pytest

from prune.cli import main as cli

# What the proposed command says itself.
_ITS_OWN = {"out", "format", "quiet", "engine"}


def proposed(err):
    """Return the words of the command."""
    (line,) = [line for line in err.splitlines() if line.startswith("Next: ")]
    return shlex.split(line.removeprefix("Next: ").partition("  (")[0])[1:]


def settings(words):
    asked = cli._understood([str(word) for word in words])
    return {option.name: value for option, value in asked.options()}


def lost(asked, err, *but):
    """Name the settings that another command would not keep."""
    before, after = settings(asked), settings(proposed(err))
    common = before.keys() & after.keys() - _ITS_OWN - set(but)
    return {name for name in common if before[name] != after[name]}


FALLS = ("--k", "0,100")
HOLDS = ("--k", "0,0")  # as typed
MUCH = ("--criterion", "obs,random", "--repair", "none,lstsq", "--keep", "dense_1", "--limit", "50")
MUCH += ("--controls", "--calibration", "40", "--seed", "3", "--scope", "layer", "--x", "bytes")
TOGETHER = ("--criterion", "magnitude", "--scope", "network", "--floor", "2.5", "--isolate")


@pytest.mark.parametrize("more", [MUCH, TOGETHER])
@pytest.mark.parametrize("command", ["weight", "unit", "compare"])
@pytest.mark.parametrize(("ks", "but"), [(FALLS, ["k"]), (HOLDS, [])])
def test_what_was_asked_is_asked_again(prune, tiny, command, more, ks, but):
    more = [word if word != "magnitude" or command != "unit" else "norm" for word in more]
    asked = [command, *tiny, *more, *ks]
    status, _, err = prune(*asked)
    assert status == 0, err
    words = proposed(err)
    assert words[0] == ("weight" if command == "compare" and ks is FALLS else command)
    assert lost(asked, err, *but) == set()
    status, _, err = prune(*words) if "keras" not in words else (0, "", "")
    assert status == 0, err


def test_a_criterion_that_the_proposed_method_does_not_know_is_left_out(prune, tiny):
    asked = ["compare", *tiny, "--criterion", "norm,obs,lamp", "--k", "0,100"]
    _, _, err = prune(*asked)
    words = proposed(err)
    assert words[0] == "weight" and settings(words)["criterion"] == ("obs", "lamp")
    assert prune(*words)[0] == 0


def test_the_map_of_sensitivity_is_used_with_what_was_asked(prune, tiny):
    more = ["--criterion", "obs", "--repair", "lstsq", "--keep", "dense_1", "--k", "0,50"]
    asked = ["sensitivity", *tiny, *more, "--scope", "network", "--floor", "3"]
    status, _, err = prune(*asked)
    words = proposed(err)
    assert status == 0 and lost(asked, err, "scope", "floor", "k_map") == set()
    status, out, err = prune(*words, "--format", "json")
    assert status == 0, err
    assert {row["scope"] for row in json.loads(out)} == {"map"}


def test_times_are_followed_by_the_same_networks(prune, tiny):
    asked = ["bench", *tiny, "--batch", "1", "--rounds", "1", "--k", "0,50", "--repair", "lstsq"]
    asked += ["--within", "0.0001"]
    _, _, err = prune(*asked)
    assert proposed(err)[:3] == ["compare", "--x", "time"] and lost(asked, err) == set()


def test_progress_names_the_repair(prune, tiny):
    _, _, err = prune("weight", *tiny, "--repair", "none,lstsq", "--k", "0,50")
    lines = [line.partition(":")[0] for line in err.splitlines() if " k = 50: " in line]
    assert lines == ["weight magnitude k = 50", "weight magnitude lstsq k = 50"]
