"""Bootstrap intervals against SciPy's, and what few runs can tell."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from prune.core import spread

SAMPLES = [
    [0.0, 1.0],
    [0.98, 0.981, 0.979, 0.9805, 0.975],
    [0.1, 0.5, 0.5, 0.9, 0.2, 0.3, 0.8, 0.7, 0.4, 0.6],
]


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("values", SAMPLES)
def test_the_interval_is_that_of_scipy_at_the_expanded_level(values, level):
    found = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=10_000,
        confidence_level=spread.expanded(level, len(values)),
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert spread.interval(np.array(values), level) == pytest.approx(tuple(found), abs=1e-12)


@pytest.mark.parametrize("n", [4, 5, 10, 1000])
def test_the_expanded_level_makes_normal_intervals_as_wide_as_those_of_student(n):
    normal = stats.norm.ppf((1 + spread.expanded(0.95, n)) / 2) * np.sqrt((n - 1) / n)
    assert normal == pytest.approx(stats.t.ppf(0.975, n - 1), rel=1e-3)


@pytest.mark.parametrize("values", SAMPLES)
def test_the_mean_lies_within_and_the_interval_within_the_runs(values):
    found = spread.spread(values)
    assert min(values) <= found.low <= found.mean <= found.high <= max(values)
    assert (found.n, found.mean) == (len(values), pytest.approx(np.mean(values)))


def test_one_run_has_no_interval():
    assert spread.spread([0.5]) == (1, 0.5, None, None)


def test_the_same_runs_give_the_same_interval_in_any_order():
    first, again = spread.spread(SAMPLES[1]), spread.spread(SAMPLES[1])
    assert first == again
    backwards = spread.spread(SAMPLES[1][::-1])
    assert (backwards.low, backwards.high) == pytest.approx((first.low, first.high), abs=2e-4)


def test_intervals_hold_the_mean_about_as_often_as_they_say():
    rng = np.random.default_rng(1)
    samples = rng.normal(size=(300, 10))
    hits = sum(low <= 0 <= high for low, high in map(spread.interval, samples))
    assert 0.91 <= hits / 300 <= 0.99


def test_the_slope_is_that_of_least_squares(rng):
    x, y = [1, 2, 4, 5], rng.normal(size=4)
    assert spread.slope(x, y) == pytest.approx(np.polyfit(x, y, 1)[0])
