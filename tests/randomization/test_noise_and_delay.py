"""Sensor noise has the stated spread, biases stay for an episode, delays count control steps."""

import math

import pytest
import torch
from scipy import stats
from small_tasks import ARM, run

LEAST_P = 0.01


def errors(task, steps):
    """Observed minus true joint positions over steps, in rad: (steps, num_envs)."""
    seen = []
    for _ in range(steps):
        obs = task.step(torch.zeros(task.num_envs, 1))[0]["obs"]
        seen.append(obs[:, 3] / 2.0 - task.joint[:, 0])
    return torch.stack(seen)


@pytest.mark.parametrize(
    ("distribution", "reference"),
    [
        ("gaussian", stats.norm(0.0, 0.05)),
        ("uniform", stats.uniform(-0.05 * math.sqrt(3.0), 0.1 * math.sqrt(3.0))),
    ],
)
def test_noise_has_the_stated_distribution(small, distribution, reference):
    """In the quantity's unit: the column is scaled by 2."""
    noise = {"joint": {"std": 0.05, "distribution": distribution}}
    task = small(ARM, {"noise": noise}, fixed=True, num_envs=200)
    found = errors(task, 20)
    assert stats.kstest(found.flatten().numpy(), reference.cdf).pvalue > LEAST_P
    # independent from step to step
    ratio = (found[1:] * found[:-1]).mean() / found.square().mean()
    assert abs(float(ratio)) < 4.0 / math.sqrt(found[1:].numel())


def test_groups_without_noise_are_exact_and_kinds_may_be_mixed(small):
    noise = {"joint": {"std": 0.05, "distribution": "uniform"}}
    task = small(ARM, {"noise": noise}, fixed=True)
    obs = task.step(torch.zeros(8, 1))[0]["obs"]
    assert obs[:, :3].equal(task.root[:, :3])
    noise["position"] = {"std": 0.02}
    task = small(ARM, {"noise": noise}, fixed=True, num_envs=2000)
    obs = task.step(torch.zeros(2000, 1))[0]["obs"]
    found = (obs[:, :3] - task.root[:, :3]).flatten()
    assert stats.kstest(found.numpy(), stats.norm(0.0, 0.02).cdf).pvalue > LEAST_P
    assert obs[:, 3].abs().max() <= 2.0 * 0.05 * math.sqrt(3.0)


def test_each_environment_has_its_own_noise_level(small):
    task = small(ARM, {"noise": {"joint": {"std": [0.0, 0.05]}}}, fixed=True, num_envs=50)
    found = errors(task, 400).std(dim=0)
    level = task.randomization.draws()["noise.joint"][:, 0]
    assert level.min() < 0.01
    assert level.max() > 0.04
    torch.testing.assert_close(found, level, rtol=0.15, atol=1e-4)


def test_bias_stays_for_an_episode(small):
    bias = {"bias": {"range": [-0.1, 0.1]}}
    task = small(ARM, {"noise": {"joint": bias}}, fixed=True, num_envs=1000)
    found = errors(task, 3)
    assert stats.kstest(found[0].numpy(), stats.uniform(-0.1, 0.2).cdf).pvalue > LEAST_P
    torch.testing.assert_close(found[2], found[0], rtol=0.0, atol=1e-6)
    mask = torch.arange(1000) < 500
    task.restart(mask)
    later = errors(task, 1)[0]
    torch.testing.assert_close(later[~mask], found[0, ~mask], rtol=0.0, atol=1e-6)
    assert (later[mask] - found[0, mask]).abs().mean() > 0.05


def test_noise_is_the_same_for_the_last_observation_and_what_comes_after(small):
    """Where no episode ends, the final observation is the observation, noise included."""
    noise = {"position": {"std": 0.05}, "joint": {"std": 0.05}}
    task = small(ARM, {"noise": noise}, fixed=True, episode_length=5)
    task.progress_buf[:4] = 4
    obs, _, done, extras = task.step(torch.zeros(8, 1))
    assert done.tolist() == [1] * 4 + [0] * 4
    assert extras["final_observation"][4:].equal(obs["obs"][4:])


def test_the_schedule_lets_noise_grow_from_episode_to_episode(small):
    noise = {"joint": {"std": 0.05, "schedule": {"steps": 100, "start": 0.2}}}
    task = small(ARM, {"noise": noise}, fixed=True, num_envs=4)
    run(task, 50)
    task.restart(torch.arange(4) < 2)
    level = task.randomization.draws()["noise.joint"][:, 0]
    # a fifth, and in half of the time half of the rest
    torch.testing.assert_close(level, torch.tensor([0.03, 0.03, 0.01, 0.01]))


@pytest.mark.parametrize("longest", [2, 5])
def test_an_action_acts_after_its_delay(small, longest):
    task = small(ARM, {"delay": {"range": [0, longest]}}, fixed=True, num_envs=64)
    task.reset()
    delay = task.randomization.draws()["delay"][:, 0]
    assert sorted(set(delay.tolist())) == list(range(longest + 1))
    for step in range(8):
        task.step(torch.full((64, 1), 1.0 + step))
        acts = torch.where(delay <= step, 1.0 + step - delay, torch.zeros(64))
        assert task.applied[:, 0].equal(acts), step
    # motion begins with the action: not a step earlier
    assert ((task.joint[:, 1] > 0) == (delay < 8)).all()


def test_a_new_episode_knows_nothing_of_the_actions_before(small):
    task = small(ARM, {"delay": {"range": [2, 2]}}, fixed=True)
    run(task, 4, action=7.0)
    mask = torch.arange(8) < 3
    task.restart(mask)
    run(task, 1, action=5.0)
    assert task.applied[:, 0].tolist() == [0.0] * 3 + [7.0] * 5
