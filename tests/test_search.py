"""`prune search`: where along a curve a budget ends, and what is found within it."""

from __future__ import annotations

import csv
import json
import re
from fractions import Fraction

import numpy as np
import pytest

from conftest import make_network
from prune.core import budgets
from prune.core.measure import Evaluation
from prune.core.network import logits
from prune.experiments.ways import LADDER
from prune.files import weights
from prune.files.results import Attempt
from prune.views import budgets as views
from prune.views.front import unbeaten

PERCENT = Fraction(1, 100)


@pytest.mark.parametrize("turn", range(1, 99))
def test_the_boundary_is_found_wherever_it_is(turn):
    seen = []

    def climb(ladder):
        for sparsity in ladder:
            seen.append(sparsity)
            yield sparsity

    wanted = turn * PERCENT
    before, after = budgets.boundary(climb, lambda k: k >= wanted, LADDER, PERCENT)
    assert after == wanted
    assert before in (None, wanted - PERCENT) and (before is not None or wanted == PERCENT)
    assert len(seen) <= 18


def test_what_never_changes_has_no_end_and_nothing_below_is_looked_at():
    assert budgets.boundary(iter, lambda k: False, LADDER, PERCENT) == (LADDER[-1], None)
    found = budgets.boundary(iter, lambda k: True, (Fraction(1, 2),), PERCENT, Fraction(49, 100))
    assert found == (None, Fraction(1, 2))


def search(prune, tiny, *more):
    return prune("search", *tiny, "--calibration", "60", *more)


def table(tmp_path):
    text = (tmp_path / "work" / "results" / "search" / "table.csv").read_text()
    return list(csv.DictReader(text.splitlines()))


@pytest.fixture
def tiny(tmp_path, rng, network):
    """A chain and enough data that some can be held out."""
    arrays = {}
    for split, n in (("train", 6000), ("test", 80)):
        images = rng.integers(0, 256, (n, 6), dtype=np.uint8)
        arrays[f"x_{split}"] = images
        arrays[f"y_{split}"] = logits(network, images / np.float32(255)).argmax(axis=1)
    np.savez(tmp_path / "many.npz", **arrays)
    weights.save(network, tmp_path / "tiny.keras")
    return ["--weights", tmp_path / "tiny.keras", "--data", tmp_path / "many.npz"]


def test_the_smallest_within_the_drop_is_saved_and_nothing_smaller_was_good_enough(
    prune, tiny, tmp_path
):
    status, printed, err = search(prune, tiny, "--max-drop", "3")
    rows = table(tmp_path)
    (chosen,) = [row for row in rows if row["chosen"] == "True"]
    good = [row for row in rows if float(row["validation"]) >= 0.97]
    assert chosen in good and all(int(row["bytes"]) >= int(chosen["bytes"]) for row in good)
    # A full grid of all criteria and repairs at the k of `compare` has 180.
    assert len(rows) <= 36
    assert status in (0, 1), err
    assert (status == 1) == ("more than 3 points" in err)
    path = tmp_path / "work" / "results" / "search" / "model.keras"
    saved = weights.load(path).network
    assert path.stat().st_size == int(chosen["bytes"])
    zeros = sum(int(np.count_nonzero(layer.kernel)) for layer in saved)
    zeros += sum(int(np.count_nonzero(layer.bias)) for layer in saved)
    assert zeros == int(chosen["effective"])
    assert f"Of {len(rows)} networks that were measured" in err and "* " in printed
    whole, least = re.search(r"reachable, .*: ([\d,]+) to ([\d,]+) bytes, 62 to ", err).groups()
    assert int(least.replace(",", "")) <= int(chosen["bytes"]) < int(whole.replace(",", ""))


def test_the_best_within_the_work_needs_no_more_than_that(prune, tiny, tmp_path):
    status, _, err = search(prune, tiny, "--macs", "50")
    assert status == 0, err
    rows = table(tmp_path)
    (chosen,) = [row for row in rows if row["chosen"] == "True"]
    whole = 6 * 5 + 5 * 4 + 4 * 3
    assert all(int(row["macs"]) <= whole / 2 for row in rows)
    assert float(chosen["validation"]) == max(float(row["validation"]) for row in rows)
    assert {row["method"] for row in rows} == {"weight", "unit"}


def test_again_it_measures_nothing_anew_and_finds_the_same(prune, tiny, tmp_path):
    argv = ["--max-drop", "3", "--method", "unit"]
    search(prune, tiny, *argv)
    first = table(tmp_path)
    _, _, err = search(prune, tiny, *argv)
    assert f"going on: {len(first)} networks measured before" in err
    assert " held out, " not in err and table(tmp_path) == first
    _, _, err = search(prune, tiny, "--max-drop", "4", "--method", "unit")
    assert "going on" not in err


def test_a_bound_on_tries_ends_it_with_the_best_so_far(prune, tiny, tmp_path):
    _, _, err = search(prune, tiny, "--max-drop", "50", "--tries", "3")
    assert len(table(tmp_path)) == 3
    assert "--tries 3 were made, so that there may be a better one" in err


def test_what_cannot_be_had_is_told_with_the_nearest(prune, tiny, tmp_path):
    status, _, err = search(prune, tiny, "--under", "100")
    assert status == 1
    assert "No network within the budget was found" in err and "is the smallest" in err
    assert err.splitlines()[-1].startswith("Next: ")
    assert not (tmp_path / "work" / "results" / "search" / "model.keras").exists()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ([], "no budget was given: say --max-drop POINTS"),
        (["--under", "many"], "expected a size such as 500KB or 2MB, got 'many'"),
        (["--faster", "1"], "expected a number above 1, such as 2x, got '1'"),
        (["--max-drop", "1", "--save", "a.h5"], "what is found is saved as .keras"),
        (
            ["--max-drop", "many"],
            "expected points of accuracy from 0 to 100, such as 1, got 'many'",
        ),
        (["--max-drop", "101"], "expected points of accuracy from 0 to 100, such as 1, got '101'"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_line(prune, tiny, tmp_path, more, told):
    status, printed, err = search(prune, tiny, *more)
    assert (status, printed) == (2, "") and told in err and len(err.splitlines()) == 1
    assert not list((tmp_path / "work").iterdir())


@pytest.mark.parametrize(
    ("correct", "said"),
    [
        (9900, "within 1 point."),
        (9820, "within 1 point, which is not certain."),
        (9700, "more than"),
    ],
)
def test_a_drop_is_certain_by_its_interval(correct, said):
    whole = Evaluation(9900, 10000, 0.1)
    assert said in views._on_test(whole, Evaluation(correct, 10000, 0.1), Fraction(1, 100))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # of Keras with NumPy 2.4
def test_from_python_a_live_model_gives_a_smaller_one(rng):
    import prune
    from prune.models.keras_bridge import import_keras

    keras = import_keras()
    keras.utils.set_random_seed(0)
    layers = [keras.Input((6,)), keras.layers.Dense(12, activation="relu"), keras.layers.Dense(3)]
    model = keras.Sequential(layers)
    x = rng.normal(size=(600, 6)).astype(np.float32)
    y = model.predict(x, verbose=0).argmax(axis=1)
    found = prune.search(model, (x, y), macs=50, criterion="norm", methods="unit")
    assert found.model.count_params() < model.count_params() == 123
    assert found.chosen.macs <= (6 * 12 + 12 * 3) / 2
    assert found.chosen in found.attempts and "unit norm" in found.table
    with pytest.raises(prune.PruneError, match="no model is within the budget: unit norm"):
        prune.search(model, (x, y), under=10, criterion="norm", methods="unit")
    with pytest.raises(prune.PruneError, match="no budget was given"):
        prune.search(model, (x, y))
    asked = {"max_drop": 20, "methods": "unit", "repair": "none"}
    first = prune.search(model, (x, y), criterion="obs", **asked)
    both = prune.search(model, (x, y), criterion="obs", then="weight", **asked)
    assert both.chosen.after == f"unit obs k = {first.chosen.k:g}"
    assert both.chosen.validation >= 0.8  # of all that the whole model has right
    assert both.chosen.method == "weight" and both.chosen.bytes < first.chosen.bytes
    counted = [sum(map(np.count_nonzero, each.model.get_weights())) for each in (both, first)]
    assert counted[0] < counted[1] and counted[0] <= both.chosen.effective
    with pytest.raises(prune.PruneError, match="give --method unit"):
        prune.search(model, (x, y), max_drop=20, then="weight")


def test_of_a_loss_the_least_is_the_best_and_points_are_refused(prune, tmp_path, rng):
    network = make_network(rng, [6, 5, 4, 3], output="linear")
    arrays = {}
    for split, n in (("train", 600), ("test", 80)):
        arrays[f"x_{split}"] = rng.normal(size=(n, 6)).astype(np.float32)
        arrays[f"y_{split}"] = logits(network, arrays[f"x_{split}"])
    np.savez(tmp_path / "values.npz", **arrays)
    weights.save(network, tmp_path / "values.keras")
    argv = ["search", tmp_path / "values.keras", "--data", tmp_path / "values.npz"]
    status, out, err = prune(
        *argv, "--macs", "60", "--criterion", "magnitude,norm", "--repair", "none"
    )
    assert status == 0, err
    assert " held-out mean squared error " in out and "%" not in out
    rows = table(tmp_path)
    (chosen,) = [row for row in rows if row["chosen"] == "True"]
    losses = [float(row["validation"]) for row in rows]
    assert float(chosen["validation"]) == min(losses) < max(losses)
    status, _, err = prune(*argv, "--max-drop", "1")
    assert status == 2 and "--max-drop is in points of accuracy, and this model is" in err


def test_the_front_is_what_nothing_beats():
    sizes = [(10, 0.5), (20, 0.9), (20, 0.8), (30, 0.9), (40, 0.95)]
    attempts = [Attempt("unit", "norm", 1, "none", "layer", 0, v, b) for b, v in sizes]
    assert [(each.bytes, each.validation) for each in unbeaten(attempts)] == [
        (10, 0.5), (20, 0.9), (40, 0.95),
    ]  # fmt: skip
    assert [each.bytes for each in unbeaten(attempts, higher_is_better=False)] == [10]


@pytest.mark.slow
def test_what_is_trained_goes_further_than_what_is_not_and_is_not_trained_again(
    prune, tiny, tmp_path
):
    argv = ["--max-drop", "3", "--method", "unit", "--criterion", "norm", "--repair", "none"]
    search(prune, tiny, *argv)
    (plain,) = [row for row in table(tmp_path) if row["chosen"] == "True"]
    argv += ["--retrain", "2", "--learning-rate", "0.02"]
    status, _, err = search(prune, tiny, *argv)
    assert status == 0, err
    rows = table(tmp_path)
    trained = [row for row in rows if row["retrain"] == "2"]
    (chosen,) = [row for row in rows if row["chosen"] == "True"]
    assert chosen in trained and int(chosen["bytes"]) < int(plain["bytes"])
    assert all(float(row["k"]) > float(plain["k"]) for row in trained)
    assert "unit norm + 2 epochs k = " in err
    before = (tmp_path / "work" / "results" / "search" / "model.keras").read_bytes()
    _, _, err = search(prune, tiny, *argv)
    assert table(tmp_path) == rows and " held out, " not in err
    assert (tmp_path / "work" / "results" / "search" / "model.keras").read_bytes() == before


@pytest.mark.slow
def test_the_best_recipe_trains_along_its_own_criterion(prune, tiny, tmp_path):
    argv = ["--max-drop", "0.5", "--retrain", "best"]
    status, _, err = search(prune, tiny, *argv)
    assert status == 2 and "or give --method where there is one" in err
    status, _, err = search(prune, tiny, *argv, "--method", "unit", "--learning-rate", "0.01")
    assert status == 0, err
    assert {row["criterion"] for row in table(tmp_path)} == {"obs"}
    assert {row["retrain"] for row in table(tmp_path)} == {"0", "150"}
    run = tmp_path / "work" / "results" / "search" / "run.json"
    assert json.loads(run.read_text())["settings"]["retrain"] == 150


def test_what_one_method_has_found_the_other_makes_smaller_still(prune, tiny, tmp_path):
    asked = ("--max-drop", "3", "--method", "unit", "--calibration", "60")
    prune("search", *tiny, *asked)
    alone = [row for row in table(tmp_path) if row["chosen"] == "True"]
    status, printed, err = prune("search", *tiny, *asked, "--then", "weight")
    assert status in (0, 1) and "going on: " in err and "; going on from it" in err
    rows = table(tmp_path)
    (chosen,) = [row for row in rows if row["chosen"] == "True"]
    first = f"unit {alone[0]['criterion']}"
    assert chosen["method"] == "weight" and chosen["after"].startswith(first)
    assert f"{first}" in printed and ", then weight" in printed
    assert int(chosen["bytes"]) < int(alone[0]["bytes"])
    # Told from the network that the first search began with, as every loss is.
    assert float(chosen["validation"]) >= 0.97
    saved = tmp_path / "work" / "results" / "search" / "model.keras"
    assert saved.stat().st_size == int(chosen["bytes"])
    again = prune("search", *tiny, *asked, "--then", "weight", "--html")
    assert again[1] == printed and again[2].count(" held out, ") == 0
    page = (saved.parent / "report.html").read_text()
    curves = {(row["after"], row["curve"]) for row in rows}
    assert len(re.findall('<li data-curve="', page)) == len(curves) > 1
    assert ">then weight " in page


def test_of_two_methods_each_takes_the_criteria_that_it_knows(prune, tiny, tmp_path):
    asked = ("--max-drop", "3", "--method", "unit", "--then", "weight", "--repair", "none")
    for criteria, second in (("norm,activation", "activation"), ("norm", "magnitude")):
        search(prune, tiny, *asked, "--criterion", criteria, "--out", "o")
        rows = json.loads((tmp_path / "work" / "o" / "table.json").read_text())
        assert {row["criterion"] for row in rows if row["after"]} == {second}


@pytest.mark.parametrize(("drop", "warned"), [("0.5", True), ("0.7", False)])
def test_too_few_examples_to_choose_by_are_told(prune, tiny, drop, warned):
    _, _, err = search(prune, tiny, "--max-drop", drop, "--method", "unit", "--criterion", "norm")
    told = (
        "WARNING: only 500 training examples are held out to choose by: one of them is 0.2 points"
    )
    assert (told in err) == warned


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--max-drop", "3", "--then", "weight"), "give --method unit"),
        (("--max-drop", "3", "--then", "unit", "--method", "unit"), "give --method weight"),
        (("--macs", "50", "--then", "weight", "--method", "unit"), "leave out --under, --faster"),
        (
            ("--max-drop", "3", "--then", "weight", "--method", "unit", "--criterion", "nrm"),
            "unknown --criterion 'nrm' (did you mean norm?); choose from magnitude, ",
        ),
    ],
)
def test_what_cannot_follow_is_refused_in_a_line(prune, tiny, more, told):
    status, printed, err = search(prune, tiny, *more)
    assert (status, printed) == (2, "") and told in err and len(err.splitlines()) == 1
