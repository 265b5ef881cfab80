"""A policy for four feet, exported: the robot's computer asks it what the task would."""

from pathlib import Path

import numpy as np
import pytest
import torch
from legged_settings import legged
from scipy.spatial.transform import Rotation

from humanoid_gym.deployment import PolicyRunner
from humanoid_gym.export import Exporter, Recording
from humanoid_gym.rl.networks import ActorCritic, ActorCriticConfig, Agent
from humanoid_gym.tasks.walking.walk import Walk

STEPS = 15


def sensors(task: Walk) -> dict[str, np.ndarray]:
    root = task.root_state[0].double().numpy()
    return {
        "joint_position": task.joint_position[0].numpy().copy(),
        "joint_velocity": task.joint_velocity[0].numpy().copy(),
        "base_orientation": root[3:7].copy(),
        "angular_velocity_b": Rotation.from_quat(root[3:7]).inv().apply(root[10:13]),
        "command": task.commands[0].numpy().copy(),
    }


def test_files_act_as_the_policy_does_in_the_task(tmp_path: Path):
    torch.manual_seed(0)
    task = Walk(legged(tmp_path, num_envs=2, history=2))
    config = ActorCriticConfig(actor_hidden=(16,), critic_hidden=(8,))
    networks = ActorCritic(task.num_obs, task.num_actions, config)
    agent, seen = Agent(networks, 2), []
    observation = task.reset()["obs"]
    task.phase.zero_()  # where a runner's clock begins
    task.command_steps.fill_(1000.0)
    task.commands.copy_(torch.tensor([0.4, 0.1, 0.0]).expand(2, 3))
    task.compute_observations()
    observation, readings, actions = task.obs_buf, [], []
    for _ in range(STEPS):
        seen.append(observation.clone())
        readings.append(sensors(task))
        actions.append(agent(observation).clamp(-10.0, 10.0).clone())
        observation, _, reset, _ = task.step(actions[-1])
        observation = observation["obs"]
        assert not reset.any()
    starts = torch.zeros(STEPS, 2, dtype=torch.bool)
    starts[0] = True
    exporter = Exporter(networks, task.deployment(), Recording(torch.stack(seen), starts))
    written = exporter.export(tmp_path, "policy", ["onnx", "torchscript"])
    assert [entry.format for entry in written] == ["onnx", "torchscript"]
    assert all(entry.comparison.largest_difference < 1e-4 for entry in written)
    runner = PolicyRunner(tmp_path / "policy.onnx")
    for reading, action in zip(readings, actions, strict=True):
        assert not runner.step(reading).stopped, runner.reason
        np.testing.assert_allclose(runner.previous_action, action[0], atol=1e-3)
    assert runner._situation.phase == pytest.approx(float((STEPS - 1) * task.gait_advance))
    task.close()
