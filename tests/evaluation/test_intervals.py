"""Confidence intervals against SciPy and against what they promise: coverage."""

import math

import numpy as np
import pytest
from scipy import stats

from humanoid_gym.evaluation.intervals import bootstrap, over_seeds, wilson


@pytest.mark.parametrize(
    ("successes", "trials"), [(0, 10), (10, 10), (3, 7), (97, 100), (500, 1000)]
)
def test_wilson_is_scipys(successes, trials):
    expected = stats.binomtest(successes, trials).proportion_ci(method="wilson")
    rate, low, high = wilson(successes, trials)
    assert rate == successes / trials
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert low <= rate <= high


def test_no_trials_give_no_rate():
    assert all(math.isnan(value) for value in wilson(0, 0))


def test_bootstrap_covers_the_true_mean(rng):
    # returns of a policy that falls in a third of its episodes; the true mean is known
    covered = 0
    for _ in range(300):
        falls = rng.random(100) < 1 / 3
        returns = np.where(falls, rng.uniform(0, 500, 100), rng.normal(3000, 100, 100))
        _, low, high = bootstrap(returns[:, None], rng)[0]
        covered += low <= 250 / 3 + 3000 * 2 / 3 <= high
    assert 0.90 <= covered / 300 <= 0.985  # 0.95 +- three standard errors, and the bootstrap's bias


def test_bootstrap_is_the_t_interval_where_that_is_exact(rng):
    values = rng.normal(5.0, 2.0, 400)
    expected = stats.t.interval(0.95, 399, values.mean(), stats.sem(values))
    mean, low, high = bootstrap(values[:, None], rng)[0]
    assert mean == pytest.approx(values.mean())
    assert (low, high) == pytest.approx(expected, abs=0.03)


def test_columns_are_resampled_together_and_missing_values_left_out(rng):
    values = np.array([[1.0, math.nan, math.nan], [2.0, 4.0, math.nan], [3.0, 6.0, math.nan]])
    first, second, none = bootstrap(values, rng)
    assert first.mean == 2.0 and second.mean == 5.0
    assert 4.0 <= second.low <= second.high <= 6.0
    assert math.isnan(none.mean)


def test_the_same_seed_gives_the_same_interval():
    values = np.arange(20.0)[:, None]
    once, again = (bootstrap(values, np.random.default_rng(7)) for _ in range(2))
    assert once == again


def test_no_episodes_give_no_mean(rng):
    (interval,) = bootstrap(np.zeros((0, 1)), rng)
    assert math.isnan(interval.mean)


@pytest.mark.parametrize("count", [2, 3, 5, 21])
def test_over_seeds_is_students_interval(count, rng):
    values = rng.normal(10.0, 3.0, count)
    expected = stats.t.interval(0.95, count - 1, values.mean(), stats.sem(values))
    mean, low, high = over_seeds([*values, math.nan])
    assert mean == pytest.approx(values.mean())
    assert (low, high) == pytest.approx(expected, rel=1e-4)


def test_one_seed_has_no_interval():
    mean, low, high = over_seeds([4.0])
    assert mean == 4.0 and math.isnan(low) and math.isnan(high)
    assert math.isnan(over_seeds([]).mean)
