"""The walking robot's mirror map, against the simulator: where mirrored actions lead to."""

import dataclasses

import pytest
import torch
from isaacgym import gymtorch
from reflected_states import assert_mirrored_steps, mirrored_joints, mirrored_root
from walking_settings import config

from humanoid_gym.tasks.walking.walk import Walk

PAIRS = 24
CONFIG = config(num_envs=2 * PAIRS, history=3)


def put_mirrored_pairs(task: Walk) -> None:
    """Random poses, commands and phases in the first half, their reflections in the rest."""
    g = torch.Generator().manual_seed(0)
    task.reset()
    for action in torch.randn(8, 2 * PAIRS, task.num_actions, generator=g) * 0.4:
        task.step(action)
    root, half = task.root_state, slice(0, PAIRS)
    root[half, 7:13] += torch.randn(PAIRS, 6, generator=g) * 0.2
    root[PAIRS:] = mirrored_root(root[half])
    for joints in (task.joint_position, task.joint_velocity, task.actions):
        joints[PAIRS:] = mirrored_joints(task.robot.joint_names, joints[half])
    task.previous_actions.zero_()
    task.commands[PAIRS:] = task.commands[half] * torch.tensor([1.0, -1.0, -1.0])
    task.command_steps.fill_(1000.0)
    task.phase[PAIRS:] = (task.phase[half] + 0.5) % 1.0
    task.air_time[PAIRS:] = task.air_time[half].flip(1)
    task.gym.set_actor_root_state_tensor(task.sim, gymtorch.unwrap_tensor(task.root_state))
    task.gym.set_dof_state_tensor(task.sim, gymtorch.unwrap_tensor(task.dof_state))
    task.progress_buf.fill_(5)
    task.obs_buf.zero_()  # so are the earlier observations, in both halves


def test_mirrored_states_and_actions_lead_to_mirrored_observations_and_equal_rewards():
    task = Walk(CONFIG)
    put_mirrored_pairs(task)
    assert_mirrored_steps(task, PAIRS)


def test_a_robot_that_is_not_symmetric_is_refused():
    task = Walk(dataclasses.replace(CONFIG, num_envs=2))
    task.robot.lower[task.robot.joint_names.index("left_knee")] -= 0.1
    with pytest.raises(ValueError, match="not symmetric: limits of joint 'left_knee'"):
        task.mirror()
    pose = {**CONFIG.default_pose, "left_hip_yaw": 0.2}
    task = Walk(dataclasses.replace(CONFIG, num_envs=2, default_pose=pose))
    with pytest.raises(ValueError, match="not symmetric: default pose of joint 'left_hip_yaw'"):
        task.mirror()
    own = {**CONFIG.natural_frequencies, "left_knee": 14.0}
    task = Walk(dataclasses.replace(CONFIG, num_envs=2, natural_frequencies=own))
    with pytest.raises(ValueError, match="not symmetric: stiffness of joint 'left_knee'"):
        task.mirror()
