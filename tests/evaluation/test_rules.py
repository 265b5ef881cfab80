"""Each rule on synthetic curves of a training: it finds its fault, and nothing in a sound one."""

import numpy as np
import pytest

from humanoid_gym.evaluation.monitor import rules
from humanoid_gym.evaluation.monitor.rules import DIVERGES, STALLS, WARNING, find


def sound(iterations: int = 300) -> dict:
    """Curves of a training that learns: noisy, and still getting better at its end."""
    rng = np.random.default_rng(0)
    t = np.linspace(0.0, 1.0, iterations)
    return {
        "episode/return": 4000 * t**2 + rng.normal(0, 100, iterations),
        "learning/kl": 0.01 * rng.lognormal(0, 0.5, iterations),
        "learning/std": 1.0 - 0.6 * t,
        "learning/std_min": 0.9 - 0.6 * t,
        "learning/explained_variance": 0.9 - 0.9 * np.exp(-10 * t),
        "termination/fault": np.zeros(iterations),
        "speed/env_steps_per_second": rng.normal(5000, 300, iterations),
        "faults/nan_iterations": np.zeros(iterations),
    }


def names(curves: dict, **settings: float) -> list:
    return [(f.severity, f.rule) for f in find(curves, rules.Thresholds(**settings))]


def test_a_sound_training_is_healthy():
    assert names(sound()) == []


@pytest.mark.parametrize("iterations", [0, 1, 5, 31])
def test_a_training_that_just_began_is_healthy(iterations):
    assert names(sound(iterations)) == []


def test_no_curves_no_findings():
    assert names({}) == []


def test_kl_explodes():
    curves = sound()
    curves["learning/kl"][-6:] = 0.5
    assert names(curves) == [(DIVERGES, "exploding KL")]


def test_one_large_kl_is_no_explosion():
    curves = sound()
    curves["learning/kl"][-1] = 5.0
    assert names(curves) == []


def test_std_collapses():
    curves = sound()
    curves["learning/std_min"][-1] = 0.01
    assert names(curves) == [(STALLS, "std collapse")]


def test_std_explodes():
    curves = sound()
    curves["learning/std"] = np.linspace(1.0, 4.0, 300)
    assert names(curves) == [(DIVERGES, "std explosion")]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite(value):
    curves = sound()
    curves["learning/value"] = np.ones(300)
    curves["learning/value"][-3] = value
    (finding,) = find(curves)
    assert finding.severity == DIVERGES and "learning/value" in finding.reason
    assert "1 of the last 10" in finding.reason


def test_nan_counter_rises():
    curves = sound()
    curves["faults/nan_iterations"][-2:] = 3
    (finding,) = find(curves)
    assert finding.severity == DIVERGES and "3 iterations" in finding.reason


def test_old_nans_are_a_warning():
    curves = sound()
    curves["faults/nan_iterations"][50:] = 1
    assert names(curves) == [(WARNING, "NaN counter")]


def test_return_stays_where_it_is():
    rng = np.random.default_rng(1)
    curves = {"episode/return": np.minimum(np.arange(300) * 20.0, 2000.0) + rng.normal(0, 5, 300)}
    assert names(curves) == [(STALLS, "no progress")]
    assert names(curves, patience=250) == []  # it was still rising so many iterations ago


def test_return_never_rises():
    for seed in range(20):
        curves = {"episode/return": np.random.default_rng(seed).normal(50, 5, 400)}
        assert names(curves) == [(STALLS, "no progress")]


def test_return_is_lost():
    curves = sound()
    curves["episode/return"][-40:] -= 2500
    (finding,) = find(curves)
    assert (finding.severity, finding.rule) == (DIVERGES, "return falling")


def test_a_dip_is_no_fall():
    curves = sound()
    curves["episode/return"][-20:-10] -= 2500
    assert names(curves) == []


def test_critic_predicts_nothing():
    curves = sound()
    curves["learning/explained_variance"][-10:] = -0.2
    assert names(curves) == [(WARNING, "useless critic")]


def test_simulation_is_unstable():
    curves = sound()
    curves["termination/fault"][-10:] = 0.05
    (finding,) = find(curves)
    assert finding.severity == WARNING and "5 %" in finding.reason


def test_training_slows_down():
    curves = sound()
    curves["speed/env_steps_per_second"][-15:] = 800
    assert names(curves) == [(WARNING, "slow")]


def test_worst_comes_first():
    curves = sound()
    curves["termination/fault"][-10:] = 0.05
    curves["learning/std_min"][-1] = 0.0
    curves["learning/kl"][-10:] = 1.0
    assert [severity for severity, _ in names(curves)] == [DIVERGES, STALLS, WARNING]


def test_noise_of_the_moving_average_about_a_trend():
    rng = np.random.default_rng(3)
    values = 5.0 * np.arange(20_000) + rng.normal(0, 30, 20_000)
    assert rules.noise(values, 10) == pytest.approx(30 / np.sqrt(10), rel=0.1)


def test_moving_average_is_of_the_last_values_and_skips_nan():
    values = np.array([1.0, 3.0, np.nan, 5.0, 7.0])
    # windows of three: [1], [1 3], [1 3 -], [3 - 5], [- 5 7]
    assert rules.smoothed(values, 3) == pytest.approx([1, 2, 2, 4, 6])


def test_where_nothing_is_known_there_is_no_average():
    values = np.array([np.nan, np.inf, 2.0, np.nan, np.nan, 4.0])
    found = rules.smoothed(values, 2)
    assert np.array_equal(found, [np.nan, np.nan, 2.0, 2.0, np.nan, 4.0], equal_nan=True)


def test_unknown_returns_are_neither_good_nor_bad_ones():
    """Returns below 0 of which the first were lost: nothing was as good as 0."""
    curves = sound()
    curves["episode/return"] = sound()["episode/return"] - 5000.0
    curves["episode/return"][:20] = np.nan
    assert names(curves) == []
    curves["episode/return"][:] = np.nan
    assert names(curves) == [(DIVERGES, "not finite")]


def test_a_curve_of_nothing_has_no_noise():
    assert rules.noise(np.full(30, np.nan), 10) == 0.0
    assert rules.noise(np.arange(10.0), 10) == 0.0
