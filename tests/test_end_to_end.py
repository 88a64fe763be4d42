"""The promise: the shipped network on all of real MNIST, by both engines, and a smoke test."""

from __future__ import annotations

import json

import pytest

from prune.files import places


@pytest.mark.slow
def test_the_default_sweep_of_both_engines_differs_by_at_most_one_image(prune):
    by_engine = []
    for engine in ("numpy", "keras"):
        status, out, err = prune("compare", "--engine", engine, "--format", "json")
        assert status == 0, err
        by_engine.append(json.loads(out))
    for ours, theirs in zip(*by_engine, strict=True):
        assert abs(ours["correct"] - theirs["correct"]) <= 1
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-4)
    assert by_engine[0][0]["correct"] >= 9800


@pytest.mark.slow
def test_every_command_on_a_tiny_subset(prune):
    quick = ("--limit", "100", "-q")
    assert prune("train", "--save", "weights.h5", "--epochs", "1", *quick)[0] == 0
    for command in ("weight", "unit", "compare"):
        for engine in ("numpy", "keras"):
            argv = ("--weights", "weights.h5", "--k", "0,50,90", "--engine", engine, *quick)
            status, out, err = prune(command, *argv)
            assert (status, err) == (0, "") and out
    status, out, _ = prune("inspect", "weights.h5", "--format", "json")
    assert json.loads(out)["parameters"] == 2_386_000


def test_the_shipped_network_works_from_an_empty_folder(prune):
    status, out, _ = prune("compare", "--k", "0,90", "--limit", "1000", "--format", "json")
    assert status == 0
    at_0, at_90, *_ = json.loads(out)
    assert at_0["parameters"] == 2_386_000 and at_90["nonzero"] == 240_400
    assert at_0["accuracy"] > 0.96 > 0.5 < at_90["accuracy"]


def test_inspecting_the_shipped_network_names_its_layers(prune):
    _, out, _ = prune("inspect", places.shipped(), "--format", "json")
    found = json.loads(out)
    assert [layer["units"] for layer in found["layers"]] == [1000, 1000, 500, 200, 10]
    assert {layer["activation"] for layer in found["layers"]} == {"relu", "softmax"}
