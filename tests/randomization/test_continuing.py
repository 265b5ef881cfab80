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


def test_with_other_settings_new_episodes_begin(small, caplog):
    """A policy that was trained without, or with less, can go on with more."""
    plain = small(ARM, {}, fixed=True)
    run(plain, 5)
    saved = plain.state_dict()
    task, same = (small(ARM, {"delay": {"range": [3, 3]}}, fixed=True) for _ in range(2))
    with pytest.raises(ValueError, match="saved randomization 'each_reset' has shape"):
        task.randomization.load_state_dict(saved["randomization"])
    first = task.load_state_dict(saved)
    assert first is not None and torch.equal(first["obs"], same.reset()["obs"])
    assert (task.progress_buf == 0).all() and (task.randomization.draws()["delay"] == 3.0).all()
    (record,) = caplog.records
    assert record.getMessage().endswith("new episodes begin, randomized as this run is")
    assert trajectory(task, 8).equal(trajectory(same, 8))
    del saved["randomization"]
    with pytest.raises(ValueError, match="lacks randomization"):
        task.load_state_dict(saved)


def test_with_other_ranges_of_what_is_drawn_once_new_episodes_begin(small, caplog):
    saved = small(ARM, {"armature": {"range": [0.9, 1.1]}}).state_dict()
    task = small(ARM, {"armature": {"range": [2.0, 3.0]}})
    assert task.load_state_dict(saved) is not None
    assert (task.randomization.draws()["armature"] >= 2.0).all()
    assert "was drawn from other ranges: new episodes begin" in caplog.text


def test_on_another_ground_new_episodes_begin(small, caplog):
    ground = {"ground_friction": {"range": [0.5, 1.5]}}
    saved = small(ARM, ground, seed=1).state_dict()
    assert small(ARM, ground, seed=1).load_state_dict(saved) is None
    assert not caplog.records
    assert small(ARM, ground, seed=2).load_state_dict(saved) is not None
    assert "saved simulation's ground has a friction of" in caplog.text


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
