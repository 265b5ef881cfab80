"""A randomized task goes on bit for bit from a saved state, and from a recorded step on a GPU."""

import contextlib

import pytest
import torch
from pretend_cuda import no_waiting, pretend_cuda
from small_tasks import ARM, DT, run

EVERYTHING = {
    "link_mass": {"range": [0.8, 1.2], "when": "reset"},
    "payload": {"range": [-0.5, 0.5]},
    "com_offset": {"range": [-0.02, 0.02], "when": "reset"},
    "friction": {"range": [0.5, 1.5], "when": "reset"},
    "gravity": {"range": [-0.1, 0.1]},
    "gravity_interval": 7 * DT,
    "motor_strength": {"range": [0.8, 1.2], "when": "reset"},
    "stiffness": {"range": [0.8, 1.2]},
    "armature": {"range": [0.5, 2.0], "when": "reset"},
    "joint_friction": {"range": [0.0, 0.2]},
    "delay": {"range": [0, 2], "schedule": {"steps": 20}},
    "initial_joint_position": {"range": [-0.1, 0.1]},
    "noise": {"joint": {"std": [0.0, 0.05], "bias": {"range": [-0.1, 0.1]}}},
    "velocity_push": {"interval": [3 * DT, 9 * DT], "speed": [0.0, 0.5]},
    "force_push": {"interval": [3 * DT, 9 * DT], "duration": [DT, 4 * DT]},
}
IN_THE_STEP = {
    name: {**value, "when": "construction"} if "when" in value else value
    for name, value in EVERYTHING.items()
    if isinstance(value, dict)
}
"""Without what the host does between steps."""
SETTINGS = {"episode_length": 12, "stiffness": 5.0, "height": 0.3, "num_envs": 6}


def trajectory(task, steps, seed=5, waits=True):
    """Everything that can be seen of some steps; `waits`: the host may wait for the device."""
    generator = torch.Generator().manual_seed(seed)
    seen = []
    for _ in range(steps):
        actions = torch.randn(task.num_envs, 1, generator=generator).to(task.device)
        never = task._step.captured and not waits
        with no_waiting() if never else contextlib.nullcontext():
            obs, _, _, extras = task.step(actions)
        drawn = list(extras["randomization"].values())
        row = torch.cat([obs["obs"], task.root, task.joint, *drawn], -1)
        seen.append(row.cpu().clone())
    return torch.stack(seen)


@pytest.mark.parametrize("into_the_same", [True, False])
def test_saved_and_loaded_bit_for_bit(small, backend, into_the_same):
    task = small(ARM, EVERYTHING, **SETTINGS)
    task.randomize_episode_phase()
    trajectory(task, 15, seed=1)
    saved = task.state_dict()
    expected = trajectory(task, 25)
    if not into_the_same:
        task = small(ARM, EVERYTHING, seed=99, **SETTINGS)
        trajectory(task, 3)
    task.load_state_dict(saved)
    assert trajectory(task, 25).equal(expected)


def test_a_state_of_other_settings_is_refused(small):
    saved = small(ARM, {"delay": {"range": [0, 2]}}, fixed=True).state_dict()
    with pytest.raises(ValueError, match=r"saved randomization .* settings of the saved run"):
        small(ARM, {"delay": {"range": [0, 3]}}, fixed=True).load_state_dict(saved)
    del saved["randomization"]
    with pytest.raises(ValueError, match="lacks randomization"):
        small(ARM, {}, fixed=True).load_state_dict(saved)


def test_another_ground_is_refused(small):
    ground = {"ground_friction": {"range": [0.5, 1.5]}}
    saved = small(ARM, ground, seed=1).state_dict()
    small(ARM, ground, seed=1).load_state_dict(saved)
    with pytest.raises(ValueError, match=r"ground has a friction of .* the saved run's seed"):
        small(ARM, ground, seed=2).load_state_dict(saved)


def test_nothing_is_drawn_for_what_is_off(small):
    """Without randomization the task draws nothing: its own numbers are those it had before."""
    plain, other = small(ARM, {}, fixed=True), small(ARM, {}, fixed=True)
    run(plain, 5)
    assert plain.generator.get_state().equal(other.generator.get_state())
    assert plain.extras["randomization"] == {}


@pytest.mark.parametrize("at_reset", [False, True])
def test_a_step_recorded_on_a_gpu_does_what_a_plain_one_does(small, monkeypatch, caplog, at_reset):
    """Properties that are drawn at each reset are written between the steps, by the host."""
    pytest.importorskip("mujoco_warp")
    randomization = EVERYTHING if at_reset else IN_THE_STEP
    with pretend_cuda(monkeypatch):
        plain = small(ARM, randomization, capture=False, rl_device="cuda:0", **SETTINGS)
        task = small(ARM, randomization, rl_device="cuda:0", **SETTINGS)
        for each in (plain, task):
            each.randomize_episode_phase()
        expected = trajectory(plain, 30)
        found = trajectory(task, 30, waits=at_reset)
        assert task._step.captured
        assert not plain._step.captured
    torch.testing.assert_close(found, expected, rtol=0.0, atol=0.0)
    assert "could not be captured" not in caplog.text
