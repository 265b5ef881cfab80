"""The humanoid's mirror map, against the simulator: what mirrored states and actions lead to."""

import dataclasses
from pathlib import Path

import pytest
import torch
import yaml
from isaacgym import gymtorch
from reflected_states import mirrored_root

from humanoid_gym.config import build
from humanoid_gym.tasks.humanoid import Humanoid, HumanoidConfig, PassiveJointConfig
from humanoid_gym.tasks.humanoid_mirror import humanoid_mirror

REPOSITORY = Path(__file__).resolve().parents[2]
SETTINGS = yaml.safe_load((REPOSITORY / "cfg/task/humanoid.yaml").read_text())
PAIRS = 24
CONFIG = build(HumanoidConfig, {**SETTINGS, "num_envs": 2 * PAIRS, "seed": 1}, "task")
MIDDLE = ("abdomen_z", "abdomen_y", "abdomen_x")


def mirrored_joints(task: Humanoid, values: torch.Tensor) -> torch.Tensor:
    """Joint by joint, without the map: sides change places, two joints change signs."""
    names, image = task.joint_names, torch.empty_like(values)
    for i, name in enumerate(names):
        if name in MIDDLE:
            image[:, i] = values[:, i] * (1.0 if name == "abdomen_y" else -1.0)
        else:
            side, joint = name.split("_", 1)
            other = names.index(f"{'right' if side == 'left' else 'left'}_{joint}")
            image[:, i] = values[:, other]
    return image


def put_mirrored_pairs(task: Humanoid) -> None:
    """Random tilts, heights, speeds and poses in the first half, their reflections in the rest."""
    g = torch.Generator().manual_seed(0)
    task.reset()
    for action in torch.rand(8, 2 * PAIRS, 21, generator=g) * 2.0 - 1.0:
        task.step(action * 0.5)
    root, half = task.root_state, slice(0, PAIRS)
    tilt = torch.cat([torch.randn(PAIRS, 3, generator=g) * 0.15, torch.ones(PAIRS, 1)], dim=1)
    root[half, 3:7] = tilt / tilt.norm(dim=1, keepdim=True)
    root[half, 7:13] += torch.randn(PAIRS, 6, generator=g) * 0.5
    root[half, 0:2] = torch.randn(PAIRS, 2, generator=g)
    root[PAIRS:] = mirrored_root(root[half])
    for joints in (task.joint_position, task.joint_velocity):
        joints[PAIRS:] = mirrored_joints(task, joints[half])
    task.actions[PAIRS:] = mirrored_joints(task, task.actions[half])
    task.gym.set_actor_root_state_tensor(task.sim, gymtorch.unwrap_tensor(task.root_state))
    task.gym.set_dof_state_tensor(task.sim, gymtorch.unwrap_tensor(task.dof_state))
    task.progress_buf.fill_(5)


def test_mirrored_states_and_actions_lead_to_mirrored_observations_and_equal_rewards():
    task = Humanoid(CONFIG)
    put_mirrored_pairs(task)
    mirror = task.mirror()
    g = torch.Generator().manual_seed(1)
    on_foot = torch.zeros(PAIRS, dtype=torch.bool)
    under_way = torch.ones(PAIRS, dtype=torch.bool)  # a new episode begins with its own noise
    for _ in range(12):
        action = torch.rand(PAIRS, 21, generator=g) * 2.0 - 1.0
        _, reward, done, extras = task.step(torch.cat([action, mirrored_joints(task, action)]))
        observation = extras["final_observation"]
        image = mirror.obs.apply(observation[:PAIRS])
        torch.testing.assert_close(
            image[under_way], observation[PAIRS:][under_way], rtol=1e-4, atol=1e-4
        )
        torch.testing.assert_close(
            reward[:PAIRS][under_way], reward[PAIRS:][under_way], rtol=1e-4, atol=1e-4
        )
        torch.testing.assert_close(done[:PAIRS][under_way], done[PAIRS:][under_way])
        on_foot |= under_way & (task.foot_wrench[:PAIRS].abs().amax(1) > 100.0)
        under_way &= ~done[:PAIRS].bool()
    # the comparison covered contact and motion to the sides, not just free fall
    assert on_foot.sum() > PAIRS // 2 and under_way.sum() > PAIRS // 3
    assert observation[:PAIRS, task.observation.slices["velocity_b"]][:, 1].abs().max() > 0.3


def test_every_column_of_the_observation_matters():
    """Each column differs between the two of some pair, so no sign was compared with zero."""
    task = Humanoid(CONFIG)
    put_mirrored_pairs(task)
    action = torch.rand(PAIRS, 21) * 2.0 - 1.0
    for _ in range(2):
        _, _, _, extras = task.step(torch.cat([action, mirrored_joints(task, action)]))
    observation = extras["final_observation"][:PAIRS]
    assert (observation.abs().amax(0) > 1e-3).all()
    mirror = task.mirror()
    torch.testing.assert_close(mirror.obs.apply(mirror.obs.apply(observation)), observation)
    torch.testing.assert_close(mirror.actions.apply(action), mirrored_joints(task, action))


def test_a_robot_that_is_not_symmetric_is_refused():
    task = Humanoid(dataclasses.replace(CONFIG, num_envs=2))
    task.joint_lower[task.joint_names.index("left_knee")] -= 0.1
    with pytest.raises(ValueError, match="not symmetric: limits of joint 'left_knee'"):
        task.mirror()
    joints = {**CONFIG.joints, "left_knee": PassiveJointConfig(stiffness=7.0)}
    task = Humanoid(dataclasses.replace(CONFIG, num_envs=2, joints=joints))
    with pytest.raises(ValueError, match="not symmetric: stiffness of joint 'left_knee'"):
        task.mirror()
    with pytest.raises(ValueError, match="'left_knee' has no 'right_knee'"):
        humanoid_mirror(["abdomen_z", "abdomen_x", "left_knee"], ["height"])
