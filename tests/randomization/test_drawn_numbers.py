"""What is drawn follows the stated distributions, the seed and the schedules."""

import math

import pytest
import torch
from scipy import stats
from small_tasks import ARM, DT, run

from humanoid_gym.randomization.batch import Batch
from humanoid_gym.randomization.drawing import Column, DrawnNumbers, normal_within
from humanoid_gym.randomization.ranges import Draw, Schedule

LEAST_P = 0.01
"""Kolmogorov-Smirnov: how likely a sample as far from the distribution has to be, at least."""
N = 5000


def numbers(*columns, num_envs=N, seed=1):
    generator = torch.Generator().manual_seed(seed)
    batch = Batch(num_envs, torch.device("cpu"), generator, False, DT)
    return DrawnNumbers(list(columns), batch)


def sample(draw, integer=False, origin=0.0, steps=0):
    return numbers(Column("x", draw, 1, origin, integer)).redraw(torch.tensor(steps)).flatten()


def p_value(values, distribution):
    return stats.kstest(values.double().numpy(), distribution.cdf).pvalue


def test_uniform():
    assert p_value(sample(Draw((0.8, 1.2))), stats.uniform(0.8, 0.4)) > LEAST_P


def test_log_uniform():
    values = sample(Draw((0.5, 2.0), "log_uniform"), origin=1.0)
    assert p_value(values, stats.loguniform(0.5, 2.0)) > LEAST_P


def test_gaussian_is_cut_at_the_ends_of_its_range():
    values = sample(Draw((-1.0, 3.0), "gaussian"))
    assert values.min() >= -1.0
    assert values.max() <= 3.0
    assert p_value(values, stats.truncnorm(-2.0, 2.0, loc=1.0, scale=1.0)) > LEAST_P


def test_bell_of_the_ends_of_the_unit_interval_is_finite():
    ends = normal_within(torch.tensor([0.0, 0.5, 1.0 - 2.0**-24]))
    torch.testing.assert_close(ends, torch.tensor([-2.0, 0.0, 2.0]), atol=1e-3, rtol=0.0)


@pytest.mark.parametrize("low", [0, 3])
def test_whole_numbers_are_equally_likely_with_both_ends(low):
    values = sample(Draw((low, low + 2.0)), integer=True)
    counts = [int((values == low + k).sum()) for k in range(3)]
    assert sum(counts) == N
    assert stats.chisquare(counts).pvalue > LEAST_P


def test_columns_are_independent():
    drawn = numbers(Column("x", Draw((0.0, 1.0)), 3, 0.0), Column("y", Draw((0.0, 1.0)), 1, 0.0))
    values = drawn.redraw(torch.tensor(0))
    correlation = torch.corrcoef(values.T) - torch.eye(4)
    assert correlation.abs().max() < 4.0 / math.sqrt(N)


@pytest.mark.parametrize(("steps", "part"), [(0, 0.2), (50, 0.6), (100, 1.0), (1000, 1.0)])
def test_schedule_grows_the_range_from_the_neutral_value(steps, part):
    draw = Draw((0.5, 2.0), schedule=Schedule(steps=100, start=0.2))
    values = sample(draw, origin=1.0, steps=steps)
    low, high = 1.0 - 0.5 * part, 1.0 + 1.0 * part
    assert p_value(values, stats.uniform(low, high - low)) > LEAST_P


@pytest.mark.parametrize(("steps", "largest"), [(0, 0), (50, 1), (100, 2)])
def test_schedule_grows_delays_by_whole_steps(steps, largest):
    values = sample(Draw((0.0, 2.0), schedule=Schedule(steps=100)), integer=True, steps=steps)
    assert sorted(set(values.tolist())) == list(range(largest + 1))


def test_each_target_reaches_the_task_with_its_distribution(small):
    names = ("link_mass", "motor_strength", "initial_joint_position")
    task = small(ARM, {n: {"range": [0.8, 1.2]} for n in names}, fixed=True, num_envs=1000)
    drawn = run(task)
    for name in names:
        assert drawn[name].shape == (1000, 2 if name == "link_mass" else 1)
        assert p_value(drawn[name][:, 0], stats.uniform(0.8, 0.4)) > LEAST_P


def test_what_is_drawn_at_construction_stays_and_at_reset_changes(small):
    draws = {"link_mass": {"range": [0.8, 1.2]}, "delay": {"range": [0, 10]}}
    task = small(ARM, draws, fixed=True, num_envs=64)
    before = {name: value.clone() for name, value in run(task).items()}
    mask = torch.arange(64) < 32
    task.restart(mask)
    after = run(task)
    assert after["link_mass"].equal(before["link_mass"])
    assert after["delay"][~mask].equal(before["delay"][~mask])
    assert (after["delay"][mask] != before["delay"][mask]).sum() > 16


def test_same_seed_same_draws_and_another_seed_others(small):
    randomization = {
        "link_mass": {"range": [0.8, 1.2]},
        "gravity": {"range": [-0.1, 0.1]},
        "delay": {"range": [0, 10]},
        "noise": {"joint": {"std": [0.0, 0.05], "bias": {"range": [-0.1, 0.1]}}},
    }
    draws = []
    for seed in (3, 3, 4):
        task = small(ARM, randomization, fixed=True, seed=seed)
        task.restart(torch.arange(8) < 4)
        draws.append({name: value.clone() for name, value in run(task).items()})
    for name, values in draws[0].items():
        assert values.equal(draws[1][name]), name
        assert not values.equal(draws[2][name]), name
