"""Steps replayed from CUDA graphs on a real GPU; test_captured_step.py does the rest without."""

import copy
import dataclasses

import pytest
import torch
from test_captured_step import CARTPOLE, HUMANOID, N, outcome
from test_humanoid_walk_device import DISTURBED, SETTINGS, SURROUNDINGS
from test_legacy_task import CONFIG as LEGACY_CONFIG
from test_legacy_task import LegacyCartpole
from tracking_settings import config as tracking_config
from walking_settings import config as walking_config

from humanoid_gym.tasks.cartpole import Cartpole
from humanoid_gym.tasks.humanoid import Humanoid
from humanoid_gym.tasks.simulated_task import what_gpu_physics_lacks
from humanoid_gym.tasks.tracking.motion_tracking import MotionTracking
from humanoid_gym.tasks.walking.walk import Walk

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(bool(what_gpu_physics_lacks()), reason="needs physics on a GPU"),
]
GPU = torch.device("cuda:0")


def make(cls, config, **changes):
    task = cls(dataclasses.replace(config, **changes), "cuda:0")
    task.reset()
    return task


def actions(task, steps):
    generator = torch.Generator(GPU).manual_seed(0)
    shape = (steps, N, task.num_actions)
    return torch.rand(shape, generator=generator, device=GPU) * 2.0 - 1.0


def recorded(task):
    for action in actions(task, 6):
        task.step(action)
    assert task._step.captured
    assert not task._step._replay.failed
    return task


@pytest.mark.parametrize(
    ("cls", "config", "tolerance"), [(Cartpole, CARTPOLE, 1e-4), (Humanoid, HUMANOID, 2e-2)]
)
def test_replayed_steps_equal_plain_ones(cls, config, tolerance):
    captured = recorded(make(cls, config))
    plain = make(cls, config, capture=False)
    for action in actions(plain, 20):
        # one step at a time: the order of the GPU's sums is not always the same
        plain.load_state_dict(captured.state_dict())
        ours, expected = outcome(captured.step(action)), outcome(plain.step(action))
        assert ours.keys() == expected.keys()
        for name, tensor in ours.items():
            assert tensor.device == GPU
            torch.testing.assert_close(
                tensor.double(), expected[name].double(), atol=tolerance, rtol=tolerance, msg=name
            )


def walking(where):
    return walking_config(**{**SETTINGS, **SURROUNDINGS[where], "num_envs": N})


@pytest.mark.parametrize(
    ("cls", "config"),
    [
        (Cartpole, CARTPOLE),
        (Humanoid, HUMANOID),
        *[(Walk, walking(where)) for where in SURROUNDINGS],
        (MotionTracking, tracking_config(num_envs=N, randomization=DISTURBED)),
    ],
    ids=["cartpole", "humanoid", *SURROUNDINGS, "tracking"],
)
def test_a_replayed_step_never_waits_for_the_gpu(cls, config):
    task = recorded(make(cls, config))
    given = actions(task, 4)
    before = task.control_steps
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for action in given:
            task.step(action)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert task.control_steps == before + 4
    assert task.obs_buf.isfinite().all()


def test_each_replay_draws_new_random_numbers():
    task = recorded(make(Cartpole, CARTPOLE, episode_length=1))
    still = torch.zeros(N, 1, device=GPU)
    first, second = (task.step(still)[0]["obs"].clone() for _ in range(2))
    assert not torch.equal(first, second)
    assert (first[:, [0, 2]].abs() <= 0.1).all()


def test_resets_between_replays_begin_new_episodes():
    task = recorded(make(Humanoid, HUMANOID))
    task.reset()
    heights = task.root_state[:, 2].clone()
    assert torch.allclose(heights, torch.full_like(heights, HUMANOID.root_height))
    task.step(torch.zeros(N, 21, device=GPU))
    assert (task.progress_buf == 1).all()
    assert (task.root_state[:, 2] - heights).abs().max() < 0.05


def test_tensors_stay_on_the_host_without_the_gpu_pipeline():
    config = copy.deepcopy(LEGACY_CONFIG)
    config["sim"]["physx"]["use_gpu"] = True
    task = LegacyCartpole(config, "cpu", "cuda:0", -1, True, False, False)
    task.step(torch.zeros(4, 1))
    assert task.dof_state.device.type == task.obs_buf.device.type == "cpu"
    assert task.sim.simulation.device == GPU
    assert task.obs_buf.isfinite().all()
