"""Commands and the gait's clock: renewed, held, waited for."""

import itertools
import math

import numpy as np
import pytest
import torch
import yaml
from walking_settings import LEGS, SETTINGS, N, commands, config

from humanoid_gym.tasks.walking.walk import Walk


def test_commands_are_renewed_within_the_episode():
    task = Walk(config(asset=LEGS, commands=commands(hold=[0.1, 0.2])))
    task.reset()
    seen = []
    for _ in range(30):
        task.step(torch.zeros(N, 12))
        seen.append(task.commands.clone())
    changes = torch.stack([(a != b).any(1) for a, b in itertools.pairwise(seen)])
    assert not torch.equal(seen[0][0], seen[0][1])
    counts = changes.sum(0)
    assert (counts >= 2).all() and (counts <= 6).all()  # every 5 to 10 steps, zero may follow zero


def test_a_fixed_command_holds_for_all_at_all_times():
    fixed = [0.05, 0.0, 0.0]  # within the deadband, which is for random ones
    task = Walk(config(asset=LEGS, commands=commands(fixed=fixed, hold=[0.02, 0.04])))
    task.reset()
    for _ in range(5):
        obs = task.step(torch.zeros(N, 12))[0]["obs"]
        torch.testing.assert_close(task.commands, torch.tensor(fixed).expand(N, 3))
        assert (obs[:, task.observation.slices["clock"]].norm(dim=1) > 0.99).all()


def test_at_the_command_to_stand_the_clock_stands_still():
    task = Walk(config(asset=LEGS, commands=commands(standing_fraction=1.0)))
    obs = task.reset()["obs"]
    phase = task.phase.clone()
    for _ in range(3):
        obs = task.step(torch.zeros(N, 12))[0]["obs"]
    assert (obs[:, task.observation.slices["clock"]] == 0.0).all()
    assert torch.equal(task.phase, phase) and (task.commands == 0.0).all()


@pytest.mark.parametrize("stance_fraction", [0.6, 0.4])
def test_a_step_is_done_before_the_clock_waits(stance_fraction: float):
    gait = {**SETTINGS["gait"], "stance_fraction": stance_fraction, "recovery_tilt": None}
    task = Walk(config(asset=LEGS, gait=gait))
    task.reset()
    task.command_steps.fill_(1000.0)
    task.commands.zero_()
    task.phase.copy_(torch.arange(N) / N + 0.01)
    clock, seen = task.observation.slices["clock"], []
    expected = np.arange(N) / N + 0.01
    pause = 0.1 if stance_fraction == 0.6 else 1.4 * 0.02
    for _ in range(25):
        obs = task.step(torch.zeros(N, 12))[0]["obs"]
        expected = np.where(expected % 0.5 < pause, expected, (expected + 1.4 * 0.02) % 1.0)
        np.testing.assert_allclose(task.phase, expected, atol=1e-5)
        seen.append((obs[:, clock] != 0.0).any(1))
        task.commands.zero_()  # where the robot fell, a new episode had another one
    assert seen[0].any() and not seen[-1].any()
    assert (task.phase % 0.5 < pause).all()


@pytest.mark.parametrize("tilt", [0.1, None])
def test_a_standing_robot_that_leans_may_catch_itself(tilt):
    gait = {**SETTINGS["gait"], "recovery_tilt": tilt}
    task = Walk(config(asset=LEGS, gait=gait, commands=commands(standing_fraction=1.0)))
    task.reset()
    pause = task.gait.pauses[0].length
    assert [start for start, _ in task.gait.pauses] == [0.0, 0.5]
    clock = task.observation.slices["clock"]
    went_on = torch.zeros(N, dtype=torch.bool)
    for _ in range(40):  # without an action robots fall, sooner or later
        phase, root = task.phase.clone(), task.root_state.clone()
        x, y = root[:, 3], root[:, 4]
        leaned = 1.0 - 2.0 * (x * x + y * y) < math.cos(0.1)
        observations, _, resets, _ = task.step(torch.zeros(N, 12))
        done = resets.bool()
        goes_on = (phase % 0.5 >= pause) | (leaned & (tilt is not None))
        expected = torch.where(goes_on, (phase + 1.4 * 0.02) % 1.0, phase)
        torch.testing.assert_close(task.phase[~done], expected[~done])
        went_on |= goes_on & ~done & (observations["obs"][:, clock] != 0.0).any(1)
    assert went_on.any() == (tilt is not None)
    assert task.deployment().clock_recovery_tilt == tilt


def test_a_robot_may_step_on_the_spot():
    gait = {**SETTINGS["gait"], "stop": False}
    rewards = {"stand_still": -1.0, "feet_air_time": 1.0}
    task = Walk(
        config(asset=LEGS, gait=gait, commands=commands(standing_fraction=1.0), rewards=rewards)
    )
    obs = task.reset()["obs"]
    phase = task.phase.double().numpy()
    for step in range(1, 20):
        obs, _, _, extras = task.step(torch.zeros(N, 12))
        clock = obs["obs"][:, task.observation.slices["clock"]]
        angle = 2.0 * np.pi * (phase + step * 1.4 * 0.02)
        np.testing.assert_allclose(clock, np.stack([np.sin(angle), np.cos(angle)], 1), atol=1e-4)
        assert (task.commands == 0.0).all() and (extras["reward_terms"]["stand_still"] == 0.0).all()
    assert task.deployment().clock_pauses == ()


def test_play_shows_one_metre_per_second_unless_told_otherwise():
    (override,) = Walk.evaluation_overrides
    key, _, value = override.partition("=")
    assert key == "task.commands.fixed"
    shown = config(commands=commands(fixed=yaml.safe_load(value)))
    assert shown.commands.lowest == shown.commands.highest == (1.0, 0.0, 0.0)


def test_a_training_that_goes_on_has_the_commands_of_its_own_settings():
    """Not those of the checkpoint, whatever else it brings back."""
    slow, fast = (commands(forward=f, hold=[0.02, 0.04]) for f in ([0.0, 0.5], [1.0, 1.5]))
    saved = Walk(config(asset=LEGS, num_envs=2, commands=slow))
    saved.reset()
    task = Walk(config(asset=LEGS, num_envs=2, commands=fast))
    task.reset()
    task.load_state_dict(saved.state_dict())
    assert torch.equal(task.progress_buf, saved.progress_buf)
    for _ in range(4):
        task.step(torch.zeros(2, 12))
    forward = task.commands[:, 0]
    assert ((forward >= 1.0) | (forward == 0.0)).all()
    assert task.lowest_command[0] == 1.0
    assert task.highest_command[0] == 1.5
