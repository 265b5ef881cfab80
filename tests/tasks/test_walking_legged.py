"""The walking task on four and six feet: what it measures, its mirror image, its deployment."""

from pathlib import Path

import numpy as np
import pytest
import torch
from deployed_robots import LinearPolicy
from isaacgym import gymtorch
from legged_settings import LEGGED, feet_of, gait, legged
from reflected_states import assert_mirrored_step, mirrored_root
from scipy.spatial.transform import Rotation
from walking_settings import N, commands

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment import PolicyRunner
from humanoid_gym.tasks.walking.walk import Walk

PAIRS = 16


def test_four_feet_are_measured(tmp_path: Path):
    task = Walk(legged(tmp_path))
    task.reset()
    assert (task.num_actions, task.num_obs) == (12, 3 + 3 + 3 + 2 + 3 * 12)
    assert task.num_states == task.num_obs + 3 + 1 + 4 + 4 + 12 + 12
    generator = torch.Generator().manual_seed(0)
    for _ in range(12):
        task.states_buf.fill_(torch.nan)  # a column that is not written stays NaN
        action = torch.randn(N, 12, generator=generator) * 0.3
        observation, _, reset, _ = task.step(action)
    assert not reset.any() and torch.isfinite(observation["states"]).all()
    names = task.gym.get_actor_rigid_body_names(task.gym.get_env(task.sim, 0), 0)
    feet = [names.index(name) for name in feet_of(2)]
    yaw = Rotation.from_quat(task.root_state[:, 3:7].numpy()).as_euler("ZYX")[:, :1]
    heading = Rotation.from_euler("z", yaw).inv()
    forces = task.body_force[:, feet].numpy()
    turned = [heading.apply(forces[:, i]) / task.weight for i in range(4)]
    for name, expected in {
        "foot_height": task.body_state[:, feet, 2].numpy() - 0.03,
        "foot_contact": (np.linalg.norm(forces, axis=-1) > 1.0).astype(float),
        "foot_force": np.concatenate(turned, axis=1),
    }.items():
        seen = observation["states"][:, task.states.slices[name]]
        np.testing.assert_allclose(seen, expected, atol=1e-4, err_msg=name)
    assert task.quantities.foot_spacing.shape == (N, 2)
    assert (task.quantities.foot_spacing - 0.36).abs().max() < 0.15
    task.close()


@pytest.mark.parametrize("rows", [2, 3])
def test_robots_stand_on_their_feet(tmp_path: Path, rows: int):
    task = Walk(legged(tmp_path, rows, commands=commands(standing_fraction=1.0)))
    task.reset()
    for _ in range(25):
        _, _, reset, _ = task.step(torch.zeros(N, 6 * rows))
        assert not reset.any()
    assert (task.quantities.foot_contact == 1.0).float().mean() > 0.9
    assert task.quantities.foot_height.abs().max() < 0.03
    load = task.quantities.foot_force[:, 2::3].sum(1)
    assert load.mean() == pytest.approx(task.weight, rel=0.1)
    assert task.quantities.stance.shape == (N, 2 * rows)
    task.close()


def mirrored(task: Walk, values: torch.Tensor) -> torch.Tensor:
    """Joint by joint: sides change places, hips change signs."""
    names, image = task.robot.joint_names, torch.empty_like(values)
    for i, name in enumerate(names):
        other = {"L": "R", "R": "L"}[name[0]] + name[1:]
        image[:, i] = values[:, names.index(other)] * (-1.0 if name.endswith("hip") else 1.0)
    return image


@pytest.mark.parametrize(
    ("offsets", "shift"),
    [((), 0.5), ((0.0, 0.0, 0.5, 0.5), 0.0), ((0.75, 0.25, 0.0, 0.5), 0.5)],
    ids=["trot", "bound", "walk"],
)
def test_mirrored_states_and_actions_lead_to_mirrored_ones(tmp_path: Path, offsets, shift):
    task = Walk(legged(tmp_path, num_envs=2 * PAIRS, gait=gait(*offsets)))
    g, half = torch.Generator().manual_seed(0), slice(0, PAIRS)
    task.reset()
    for action in torch.randn(6, 2 * PAIRS, 12, generator=g) * 0.3:
        task.step(action)
    task.root_state[half, 7:13] += torch.randn(PAIRS, 6, generator=g) * 0.2
    task.root_state[PAIRS:] = mirrored_root(task.root_state[half])
    for joints in (task.joint_position, task.joint_velocity, task.actions):
        joints[PAIRS:] = mirrored(task, joints[half])
    task.previous_actions.zero_()
    task.commands[PAIRS:] = task.commands[half] * torch.tensor([1.0, -1.0, -1.0])
    task.command_steps.fill_(1000.0)
    task.phase[PAIRS:] = (task.phase[half] + shift) % 1.0
    task.air_time[PAIRS:] = task.air_time[half][:, [1, 0, 3, 2]]
    task.gym.set_actor_root_state_tensor(task.sim, gymtorch.unwrap_tensor(task.root_state))
    task.gym.set_dof_state_tensor(task.sim, gymtorch.unwrap_tensor(task.dof_state))
    task.progress_buf.fill_(5)
    mirror = task.mirror()
    assert mirror.states is not None
    under_way = torch.ones(PAIRS, dtype=torch.bool)  # a new episode begins with its own noise
    for _ in range(10):
        action = torch.randn(PAIRS, 12, generator=g) * 0.3
        _, _, done, extras = task.step(torch.cat([action, mirrored(task, action)]))
        assert_mirrored_step(extras, mirror, under_way, 3e-3, 3e-3)
        under_way &= ~done[:PAIRS].bool()
    assert under_way.sum() > PAIRS // 2
    task.close()


def test_what_has_no_mirror_image_is_refused(tmp_path: Path):
    task = Walk(legged(tmp_path, gait=gait(0.0, 0.1, 0.5, 0.6)))
    task.reset()
    task.step(torch.zeros(N, 12))
    with pytest.raises(ValueError, match=r"gait LF_foot: 0, RF_foot: 0\.1, .* not its own mirror"):
        task.mirror()
    task.close()
    three = {"feet": feet_of(2)[:3], "gait": gait(0.0, 0.3, 0.6)}
    task = Walk(legged(tmp_path, **three))
    with pytest.raises(ValueError, match=r"no foot within .* where 'LH_foot' is "):
        task.mirror()
    task.close()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"rewards": {"feet_flat": -1.0}},
            "feet_flat: foot 'LF_foot' is a ball, .*set it to 0",
        ),
        ({"rewards": {"feet_yaw": -1.0}}, "rewards.feet_yaw: foot 'LF_foot' is a ball"),
        (
            {"feet": ["LF_foot"], "gait": gait(0.0), "rewards": {"feet_spacing": -1.0}},
            "task.rewards.feet_spacing: no foot has a counterpart on the other side; set it to 0",
        ),
        ({"feet": []}, "task: feet: name the links that the robot stands on"),
        ({"feet": ["LF_foot", "RF_fot"]}, "task.feet: .* has no link 'RF_fot'; nearest: 'RF_foot'"),
        ({"gait": gait(0.0, 0.5)}, "task.gait.offsets: expected one for each of the 4 feet, got 2"),
        ({"gait": gait(0.0, 1.0)}, r"task.gait.offsets\[1\]: must be >= 0 and < 1, got 1"),
        (
            {"stop_pose": {"*_knee_joint": 1.0}},
            "stop_pose: no joint fits '\\*_knee_joint'; nearest",
        ),
    ],
)
def test_bad_settings_are_named(tmp_path: Path, changes: dict, message: str):
    with pytest.raises(ConfigError, match=message):
        Walk(legged(tmp_path, **changes))


def test_a_joint_without_limits_turns_freely(tmp_path: Path):
    settings = legged(tmp_path)
    text = Path(settings.asset).read_text()
    limits = '<limit lower="-2.5" upper="2.5" effort="60" velocity="20"/>'
    Path(settings.asset).write_text(text.replace(limits, '<limit effort="60" velocity="20"/>'))
    task = Walk(settings)
    task.mirror()
    task.reset()
    _, reward, _, extras = task.step(torch.zeros(N, 12))
    assert (extras["reward_terms"]["joint_limits"] == 0.0).all() and torch.isfinite(reward).all()
    assert all(joint.lower is None for joint in task.deployment().joints)
    task.close()


def sensors(task: Walk, row: int) -> dict[str, np.ndarray]:
    root = task.root_state[row].double().numpy()
    return {
        "joint_position": task.joint_position[row].numpy().copy(),
        "joint_velocity": task.joint_velocity[row].numpy().copy(),
        "base_orientation": root[3:7].copy(),
        "angular_velocity_b": Rotation.from_quat(root[3:7]).inv().apply(root[10:13]),
        "command": task.commands[row].numpy().copy(),
    }


@pytest.mark.parametrize(
    ("offsets", "stance"),
    [((), 0.6), ((0.75, 0.25, 0.0, 0.5), 0.8), ((0.0, 0.1, 0.5, 0.6), 0.8)],
    ids=["trot", "walk", "gallop"],
)
def test_the_robots_computer_keeps_step_with_the_task(tmp_path: Path, offsets, stance):
    changes = {"gait": gait(*offsets, stance_fraction=stance, recovery_tilt=0.06)}
    task = Walk(legged(tmp_path, **changes, reset_velocity_noise=0.0))
    seen = task.reset()["obs"]
    path = tmp_path / "policy.onnx"
    LinearPolicy(task.deployment()).save(path)
    runners = [PolicyRunner(path) for _ in range(2)]
    task.command_steps.fill_(1000.0)
    task.phase.fill_(0.0)
    task.commands.copy_(torch.tensor([0.5, 0.0, 0.0]).expand(N, 3))
    task.compute_observations()
    seen, waited = task.obs_buf, False
    for step in range(60):
        if step == 40:  # one robot is tilted, and its clock goes on
            task.root_state[1, 3:7] = torch.tensor([0.05, 0.0, 0.0, 0.99875])
            task.gym.set_actor_root_state_tensor(task.sim, gymtorch.unwrap_tensor(task.root_state))
            task.compute_observations()
        for row, runner in enumerate(runners):
            runner.step(sensors(task, row))
            assert not runner.stopped, runner.reason
            assert runner._situation.phase == pytest.approx(float(task.phase[row]), abs=1e-4)
            own, exact = runner._seen[-1], seen[row].numpy()
            without_action = slice(0, task.observation.slices["action"].start)
            np.testing.assert_allclose(own[without_action], exact[without_action], atol=1e-3)
            waited |= not own[task.observation.slices["clock"]].any()
        task.commands[:, 0] = 0.5 if step < 7 or step > 50 else 0.0
        seen = task.step(torch.zeros(N, 12))[0]["obs"]
        assert not task.reset_buf[:2].any()
    assert waited and not torch.equal(task.phase[0], task.phase[1])
    task.close()


def test_a_safe_stop_takes_the_pose_that_is_set(tmp_path: Path):
    task = Walk(legged(tmp_path))
    plain = task.deployment()
    assert plain.safety.stability_margin is None  # nobody has measured one of this robot
    assert [foot.link for foot in plain.body.feet] == feet_of(2)
    assert [a.stop_position for a in plain.actuators] == [a.offset for a in plain.actuators]
    task.close()
    lying = {"stop_pose": {"*_thigh": 1.2, "*_shank": -2.4}, "stability_margin": -0.3}
    task = Walk(legged(tmp_path, **lying))
    deployment = task.deployment()
    task.close()
    poses = {a.joint: a.stop_position for a in deployment.actuators}
    assert poses["LF_hip"] == LEGGED["default_pose"].get("LF_hip", 0.0)
    assert poses["RH_thigh"] == 1.2 and poses["LF_shank"] == -2.4
    assert deployment.safety.stability_margin == -0.3
