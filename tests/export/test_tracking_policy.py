"""A tracking policy, exported: the robot plays the motion and is told what it would in the task."""

from pathlib import Path

import numpy as np
import pytest
import torch
from deployed_robots import two_joints
from scipy.spatial.transform import Rotation
from tracking_settings import STILL, config, motion

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment import PolicyRunner
from humanoid_gym.export import Exporter, Recording
from humanoid_gym.motion import MotionPlayer, read_clip
from humanoid_gym.rl.networks import ActorCritic, ActorCriticConfig, Agent
from humanoid_gym.tasks.tracking.motion_tracking import MotionTracking

STEPS = 15
WALK = Path(__file__).parents[2] / "resources/motions/humanoid24/walk.csv"


def sensors(task: MotionTracking, turned: Rotation) -> dict[str, np.ndarray]:
    """What a robot measures that faces elsewhere, and knows nothing of the motion's world."""
    root = task.root_state[0].double().numpy()
    orientation = Rotation.from_quat(root[3:7])
    return {
        "joint_position": task.joint_position[0].numpy().copy(),
        "joint_velocity": task.joint_velocity[0].numpy().copy(),
        "base_orientation": (turned * orientation).as_quat(),
        "angular_velocity_b": orientation.inv().apply(root[10:13]),
    }


def trained(task: MotionTracking, folder: Path) -> tuple[Path, list, list]:
    """Export a policy; return its file, and what it saw and did in an episode."""
    torch.manual_seed(0)
    networks = ActorCritic(
        task.num_obs, task.num_actions, ActorCriticConfig(actor_hidden=(16,), critic_hidden=(8,))
    )
    agent, seen, readings, actions = Agent(networks, 2), [], [], []
    turned = Rotation.from_euler("z", 2.1)
    observation = task.reset()["obs"]
    for _ in range(STEPS):
        seen.append(observation.clone())
        readings.append(sensors(task, turned))
        actions.append(agent(observation).clamp(-10.0, 10.0)[0].clone())
        results, _, reset, _ = task.step(actions[-1].expand(2, -1))
        observation = results["obs"]
        assert not reset.any()
    starts = torch.zeros(STEPS, 2, dtype=torch.bool)
    starts[0] = True
    exporter = Exporter(networks, task.deployment(), Recording(torch.stack(seen), starts))
    written = exporter.export(folder, "policy", ["onnx"])
    assert written[0].comparison.largest_difference < 1e-4
    return folder / "policy.onnx", readings, actions


def test_the_robot_acts_as_the_policy_does_in_the_task(tmp_path):
    task = MotionTracking(
        config(**STILL, num_envs=2, motion=motion(files=[str(WALK)], start="beginning"))
    )
    path, readings, actions = trained(task, tmp_path)
    runner = PolicyRunner(path)
    player = MotionPlayer(WALK, runner.deployment)
    reference = task.motions.frames.joint_position.numpy()
    for step, (reading, action) in enumerate(zip(readings, actions, strict=True)):
        assert player.frame == step
        told = player.step(reading["base_orientation"])
        assert not runner.step({**reading, **told}).stopped, runner.reason
        np.testing.assert_allclose(runner.previous_action, action, atol=1e-3)
        command = runner.policy(runner._seen[-1][None], runner._memory).command[0]
        wanted = reference[step + 1] + action.numpy() * task.robot.action_scale.numpy()
        np.testing.assert_allclose(command, wanted, atol=1e-3)
    player.restart()
    assert player.frame == 0
    again = player.step(readings[0]["base_orientation"])
    axes = again["reference_orientation_b"]
    np.testing.assert_allclose(axes, [1, 0, 0, 0, 1, 0], atol=0.05)
    task.close()


def test_a_motion_ends_with_its_last_frame(tmp_path):
    task = MotionTracking(config(num_envs=1))
    player = MotionPlayer(WALK, task.deployment())
    count = 0
    while not player.finished:
        told = player.step([0.0, 0.0, 0.0, 2.0])  # of any length
        count += 1
    assert count == np.loadtxt(WALK, delimiter=",", skiprows=1).shape[0] - 1
    still = player.step([0.0, 0.0, 0.0, 1.0])
    for name, values in told.items():
        np.testing.assert_array_equal(still[name], values)
    task.close()


def test_a_file_without_names_needs_them(tmp_path):
    """The robot's file, the policy and the motion may each have an order of their own."""
    clip, path = read_clip(WALK), tmp_path / "unnamed.csv"
    numbers = (clip.base_position, clip.base_orientation, clip.joint_position)
    np.savetxt(path, np.concatenate(numbers, axis=1), delimiter=",")
    task = MotionTracking(config(num_envs=1))
    with pytest.raises(ConfigError, match="does not name its joints"):
        MotionPlayer(path, task.deployment(), fps=50.0)
    named = MotionPlayer(path, task.deployment(), clip.joint_names, 50.0)
    upright = [0.0, 0.0, 0.0, 1.0]
    expected = MotionPlayer(WALK, task.deployment()).step(upright)
    for name, values in named.step(upright).items():
        np.testing.assert_allclose(values, expected[name], atol=1e-5)
    task.close()


def test_a_policy_that_tracks_nothing_is_refused():
    with pytest.raises(ConfigError, match=r"two_joints.*no 'reference_joint_offset'"):
        MotionPlayer(WALK, two_joints())
