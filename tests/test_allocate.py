"""Laws of spreading a total over layers, and the file that says it."""

from __future__ import annotations

import csv
import json
from fractions import Fraction

import numpy as np
import pytest

from prune import PruneError
from prune.core import scopes
from prune.core.allocate import LayerCosts, allocate
from prune.files import allocations

KS = [Fraction(k, 100) for k in (0, 25, 50, 75, 90)]
TOTALS = [Fraction(k, 100) for k in (0, 10, 50, 80, 90)]


def curves(rng):
    return {
        name: LayerCosts(
            size, list(zip(KS, np.cumsum(rng.normal(0.3, 1, 5)).tolist(), strict=True))
        )
        for name, size in (("a", 1000), ("b", 300), ("c", 50))
    }


def cost(curve, share):
    return np.interp(float(share), [float(x) for x, _ in curve.costs], [y for _, y in curve.costs])


def test_the_shares_add_up_to_the_total(rng):
    given = curves(rng)
    found = allocate(given, TOTALS)
    for i, total in enumerate(TOTALS):
        removed = sum(found[name][i][1] * curve.size for name, curve in given.items())
        assert removed == total * 1350


def test_a_larger_total_prunes_no_layer_less(rng):
    for path in allocate(curves(rng), TOTALS).values():
        shares = [share for _, share in path]
        assert shares == sorted(shares)


def test_no_even_or_random_spread_of_convex_costs_is_cheaper(rng):
    given = {
        name: LayerCosts(size, [(k, scale * float(k) ** 3) for k in KS])
        for name, size, scale in (("a", 1000, 1.0), ("b", 300, 5.0), ("c", 50, 0.1))
    }
    total = Fraction(1, 2)
    found = {name: path[0][1] for name, path in allocate(given, [total]).items()}
    best = sum(cost(curve, found[name]) for name, curve in given.items())
    for _ in range(300):
        b, c = rng.uniform(0, 0.9, 2)
        a = (675 - 300 * b - 50 * c) / 1000
        if 0 <= a <= 0.9:
            spread = {"a": a, "b": b, "c": c}
            assert best <= sum(cost(given[name], share) for name, share in spread.items()) + 1e-9


def test_a_hump_is_passed_over_and_not_stopped_at():
    hump = [(Fraction(0), 0.0), (Fraction(1, 2), 10.0), (Fraction(1), 2.0)]
    even = [(Fraction(0), 0.0), (Fraction(1), 5.0)]
    found = allocate({"hump": LayerCosts(10, hump), "even": LayerCosts(10, even)}, [Fraction(1, 2)])
    assert [path[0][1] for path in found.values()] == [1, 0]


def test_what_costs_nothing_goes_first():
    free, dear = [(k, 0.0) for k in KS], [(k, float(k)) for k in KS]
    found = allocate(
        {"free": LayerCosts(100, free), "dear": LayerCosts(100, dear)}, [Fraction(45, 100)]
    )
    assert found == {
        "free": [(Fraction(45, 100), Fraction(9, 10))],
        "dear": [(Fraction(45, 100), Fraction(0))],
    }


def test_an_allocation_is_read_as_it_was_written(tmp_path, rng):
    found = allocate(curves(rng), TOTALS)
    (tmp_path / "a.json").write_text(allocations.to_json(found))
    read = allocations.parse(allocations.read(tmp_path / "a.json"), ("a", "b", "c"))
    for name, path in found.items():
        for (total, share), (read_total, read_share) in zip(path, read[name], strict=True):
            assert read_total == total
            assert float(read_share) == pytest.approx(float(share), abs=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not of the form"),
        ("[]", "is not of the form"),
        ('{"k": [50]}', "is not of the form"),
        ('{"k": [50], "layers": {"a": ["x"]}}', "is not of the form"),
        ('{"k": [50], "layers": {"a": [101]}}', "is not of the form"),
        ('{"k": [50], "layers": {"b": [60]}}', "does not name layer 'a'; add it, or --keep it"),
        ('{"k": [50], "layers": {"a": [60, 70]}}', "the list of 'a' must be ascending, with one"),
        ('{"k": [50, 60], "layers": {"a": [60, 50]}}', "the list of 'a' must be ascending"),
        ('{"k": [60, 50], "layers": {"a": [50, 60]}}', "the list of 'k' must be ascending"),
    ],
)
def test_a_wrong_allocation_is_named(tmp_path, text, message):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(PruneError, match=message):
        allocations.parse(allocations.read(tmp_path / "a.json"), ("a",))


def test_between_its_points_an_allocation_goes_in_straight_lines():
    scope = scopes.allocated({"a": [(Fraction(1, 2), Fraction(3, 5))]})
    shares = [scope.share("a", Fraction(k, 4)) for k in range(5)]
    assert shares == [0, Fraction(3, 10), Fraction(3, 5), Fraction(4, 5), 1]


def test_an_allocation_cuts_each_layer_to_its_share():
    scope = scopes.allocated(
        {
            "a": [(Fraction(1, 2), Fraction(9, 10))],
            "b": [(Fraction(1, 2), Fraction(1, 10))],
        }
    )
    scores = {"a": np.arange(10.0), "b": np.arange(20.0)}
    cut = scope.cut(scope.rank(scores), Fraction(1, 2))
    assert [np.count_nonzero(~cut[name]) for name in "ab"] == [9, 2]


@pytest.mark.parametrize("per", ["things", "macs"])
def test_an_allocation_gains_per_what_is_asked_what_was_measured(prune, tiny, tmp_path, per):
    asked = ["sensitivity", *tiny, "--k", "0,25,50,75", "--per", per, "--out", tmp_path]
    assert prune(*asked)[0] == 0
    rows = list(csv.DictReader((tmp_path / "training.csv").read_text().splitlines()))
    found = json.loads((tmp_path / "allocation.json").read_text())
    whole = max(float(row["macs"]) for row in rows)
    curves = {}
    for row in rows:
        gain = float(row["pruned"]) if per == "things" else whole - float(row["macs"])
        curves.setdefault(row["layers"], []).append((float(row["k"]), gain))
    assert found["layers"].keys() == curves.keys()
    most = sum(curve[-1][1] / 0.75 for curve in curves.values())
    for i, k in enumerate(found["k"]):
        gains = [
            np.interp(found["layers"][name][i], *zip(*curve, strict=True))
            for name, curve in curves.items()
        ]
        assert sum(gains) == pytest.approx(most * k / 100, abs=len(curves))
