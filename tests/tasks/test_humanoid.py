"""The humanoid task on the embedded engine, against the public task's formulas."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from scipy.spatial.transform import Rotation

from humanoid_gym.config import ConfigError, build
from humanoid_gym.tasks.humanoid import (
    Humanoid,
    HumanoidConfig,
    PassiveJointConfig,
    reward_table,
)
from humanoid_gym.tasks.joint_values import by_joint

REPOSITORY = Path(__file__).resolve().parents[2]
SETTINGS = yaml.safe_load((REPOSITORY / "cfg/task/humanoid.yaml").read_text())
N = 8
CONFIG = build(HumanoidConfig, {**SETTINGS, "num_envs": N, "seed": 1}, "task")
DT = CONFIG.sim.dt


@pytest.fixture(scope="module")
def task() -> Humanoid:
    return Humanoid(CONFIG)


@pytest.fixture(autouse=True)
def from_the_start(task: Humanoid) -> None:
    task.reset()


def actions(steps: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(steps, N, 21, generator=generator) * 2.0 - 1.0


def public_reward(observation: np.ndarray, effort: np.ndarray, progress: np.ndarray) -> np.ndarray:
    """Reward as the public task reads it back out of the columns of its observation."""
    height, up, heading = observation[:, 0], observation[:, 10], observation[:, 11]
    position, scaled_velocity = observation[:, 12:33], observation[:, 33:54]
    action = observation[:, 87:108]
    ratio = effort / effort.max()
    reward = progress + 2.0 + np.where(up > 0.93, 0.1, 0.0)
    reward += np.where(heading > 0.8, 0.5, 0.5 * heading / 0.8)
    reward -= 0.01 * (action**2).sum(1)
    reward -= 0.05 * (np.abs(action * scaled_velocity) * ratio).sum(1)
    beyond = np.abs(position) > 0.98
    reward -= (beyond * 0.25 * (np.abs(position) - 0.98) / 0.02 * ratio).sum(1)
    return np.where(height < 0.8, -1.0, reward)


def test_rewards_are_the_public_ones(task: Humanoid):
    effort = task.effort.double().numpy()
    fell = 0
    for action in actions(60):
        before = task.root_state[:, :3].double().numpy()
        _, reward, reset, extras = task.step(action)
        observation = extras["final_observation"].double().numpy()
        distance = extras["metrics"]["forward_speed"].double().numpy() * DT
        kept = ~reset.bool().numpy()
        after = task.root_state[:, :3].double().numpy()
        target = np.array([1000.0, 0.0])
        potential = [np.linalg.norm(target - p[:, :2], axis=1) for p in (before, after)]
        np.testing.assert_allclose(distance[kept], (potential[0] - potential[1])[kept], atol=1e-6)
        expected = public_reward(observation, effort, distance / DT)
        np.testing.assert_allclose(reward.numpy(), expected, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(sum(extras["reward_terms"].values()), reward)
        assert (reset.bool().numpy() == (observation[:, 0] < 0.8)).all()
        fell += int(reset.sum())
    assert fell > 0


def test_observation_columns_come_from_the_state(task: Humanoid):
    for action in actions(10, seed=2) * 0.3:
        task.obs_buf.fill_(torch.nan)  # a column that is not written stays NaN
        observation, _, reset, _ = task.step(action)
    assert not reset.any()
    obs = observation["obs"].double().numpy()
    root = task.root_state.double().numpy()
    torso = Rotation.from_quat(root[:, 3:7])
    lower, upper = task.joint_lower.numpy(), task.joint_upper.numpy()
    middle, half = (upper + lower) / 2, (upper - lower) / 2
    columns = {
        "height": root[:, 2:3],
        "velocity_b": torso.inv().apply(root[:, 7:10]),
        "angular_velocity_b": 0.25 * torso.inv().apply(root[:, 10:13]),
        "torso_up": torso.as_matrix()[:, 2, 2:3],
        "joint_position": (task.joint_position.numpy() - middle) / half,
        "joint_velocity": 0.1 * task.joint_velocity.numpy(),
        "joint_torque": 0.01 * task.joint_torque.numpy(),
        "foot_wrench": 0.01 * task.foot_wrench.numpy(),
        "action": action.numpy(),
    }
    for name, value in columns.items():
        np.testing.assert_allclose(
            obs[:, task.observation.slices[name]], value, atol=1e-4, err_msg=name
        )
    assert np.isfinite(obs).all()


def test_first_observation_of_an_episode(task: Humanoid):
    for action in actions(5):
        task.step(action)
    obs, slices = task.reset()["obs"], task.observation.slices
    for name in ("joint_torque", "foot_wrench", "action", "velocity_b", "angular_velocity_b"):
        assert (obs[:, slices[name]] == 0.0).all(), name
    torch.testing.assert_close(obs[:, 0], torch.full((N,), 1.34))
    for name, value in {"torso_up": 1.0, "heading": 1.0, "yaw": 0.0, "roll": 0.0}.items():
        torch.testing.assert_close(obs[:, slices[name]], torch.full((N, 1), value))
    noise = task.joint_position
    assert (noise.abs() <= 0.2).all()
    assert (noise >= task.joint_lower).all() and (noise <= task.joint_upper).all()
    assert (task.joint_velocity.abs() <= 0.1).all()
    assert noise.std(0).min() > 0.01


def test_torque_is_action_times_effort_and_turns_its_joint(task: Humanoid):
    knee = task.gym.get_actor_dof_names(task.gym.get_env(task.sim, 0), 0).index("left_knee")
    action = torch.zeros(N, 21)
    action[: N // 2, knee] = 0.5
    velocity = task.joint_velocity[:, knee].clone()
    task.step(action)
    assert task.effort[knee] == 135.0
    assert task.torques[0, knee] == 67.5 and task.torques[-1].abs().sum() == 0.0
    change = task.joint_velocity[:, knee] - velocity
    assert (change[: N // 2] > change[N // 2 :].max() + 1.0).all()


def test_actions_are_clipped(task: Humanoid):
    task.step(torch.full((N, 21), 7.0))
    torch.testing.assert_close(task.torques, task.effort.expand(N, 21))


def test_the_right_foot_comes_first():
    task = Humanoid(dataclasses.replace(CONFIG, reset_position_noise=0.0, reset_velocity_noise=0.0))
    task.reset()
    one_sided = torch.zeros(N, 21)
    right = [i for i, name in enumerate(_names(task)) if name.startswith("right_hip_y")]
    one_sided[:, right] = -1.0  # in the air, swing the right leg: its foot is pulled along most
    observation = task.step(one_sided)[0]["obs"]
    wrench = observation[:, task.observation.slices["foot_wrench"]]
    right_force, left_force = wrench[:, 0:3].norm(dim=1), wrench[:, 6:9].norm(dim=1)
    assert (right_force > 1.5 * left_force).all()


def _names(task: Humanoid) -> list[str]:
    return task.gym.get_actor_dof_names(task.gym.get_env(task.sim, 0), 0)


def test_passive_properties_reach_the_simulation(task: Humanoid):
    properties = task.gym.get_actor_dof_properties(task.gym.get_env(task.sim, N - 1), 0)
    names = _names(task)
    passives = by_joint(names, CONFIG.joints, "joints", PassiveJointConfig())
    for i, (name, expected) in enumerate(zip(names, passives, strict=True)):
        assert expected.damping > 0.0 and expected.armature > 0.0, name
        for field in ("stiffness", "damping", "armature"):
            assert properties[field][i] == pytest.approx(getattr(expected, field)), (name, field)


def test_masked_reset_leaves_the_others_bit_identical(task: Humanoid):
    other = Humanoid(CONFIG)
    task.load_state_dict(other.state_dict())
    task.reset(), other.reset()
    mask = torch.zeros(N, dtype=torch.bool)
    mask[[1, 4]] = True
    for i, action in enumerate(actions(12, seed=5) * 0.3):
        if i == 6:
            other.reset_envs(mask)
        a, b = task.step(action)[0]["obs"], other.step(action)[0]["obs"]
        assert torch.equal(a[~mask], b[~mask])
    assert not torch.equal(a[mask], b[mask])


def test_saved_state_continues_bit_for_bit_in_contact(task: Humanoid):
    task.randomize_episode_phase()
    for action in actions(25, seed=6):
        task.step(action)
    saved = task.state_dict()
    fresh = Humanoid(dataclasses.replace(CONFIG, seed=77))
    fresh.load_state_dict(saved)
    for action in actions(30, seed=7):
        for a, b in zip(_outcome(task, action), _outcome(fresh, action), strict=True):
            assert torch.equal(a, b)


def _outcome(task: Humanoid, action: torch.Tensor) -> list[torch.Tensor]:
    observation, reward, reset, extras = task.step(action)
    return [observation["obs"], reward, reset, extras["final_observation"]]


def test_zero_scales_are_not_evaluated():
    config = HumanoidConfig(num_envs=2, energy_cost_scale=0.0, joints=CONFIG.joints)
    task = Humanoid(config)
    task.reset()
    terms = task.step(torch.zeros(2, 21))[3]["reward_terms"]
    assert set(terms) == {*reward_table(config), "death"} - {"energy_cost"}


def test_termination_height_scales_with_the_nominal_height():
    config = dataclasses.replace(CONFIG, root_height=2.0 * 1.34, num_envs=2)
    task = Humanoid(config)
    task.reset()
    assert task.root_state[0, 2] == pytest.approx(2.68)
    task.root_state[:, 2] = torch.tensor([1.59, 1.61])
    task.compute_observations()
    assert task.compute_termination().tolist() == [True, False]


def test_camera_follows_the_torso(task: Humanoid):
    task.root_state[2, 0:3] = torch.tensor([4.0, -1.5, 0.9])
    assert task.camera_target(2) == pytest.approx((4.0, -1.5, 0.75 * 1.34))


def test_exact_joint_names_come_before_patterns():
    joints = {"*_knee": PassiveJointConfig(1.0), "left_knee": PassiveJointConfig(2.0)}
    other = PassiveJointConfig()
    found = by_joint(["left_knee", "right_knee", "abdomen_x"], joints, "joints", other)
    assert [passive.stiffness for passive in found] == [2.0, 1.0, 0.0]
    with pytest.raises(ConfigError, match="'left_hip' fits several entries: \\*_hip, left_\\*"):
        by_joint(["left_hip"], {"*_hip": other, "left_*": other}, "joints", other)


def test_robots_and_joints_that_do_not_fit_are_named():
    with pytest.raises(ConfigError, match="joints: no joint fits 'left_nee'; nearest: 'left_knee'"):
        Humanoid(HumanoidConfig(num_envs=1, joints={"left_nee": PassiveJointConfig()}))
    cartpole = "resources/urdf/cartpole/cartpole.urdf"
    with pytest.raises(ConfigError, match="has no link 'right_foot'; nearest: "):
        Humanoid(HumanoidConfig(num_envs=1, asset=cartpole))
