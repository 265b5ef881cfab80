"""Commanded walking on the embedded engine: what is observed, rewarded, commanded and counted."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from isaacgym import gymtorch
from scipy.spatial.transform import Rotation
from walking_settings import LEGS, REPOSITORY, SETTINGS, N, commands, config

from humanoid_gym.config import ConfigError
from humanoid_gym.tasks.walking.rewards import RewardsConfig
from humanoid_gym.tasks.walking.walk import Walk


@pytest.fixture(scope="module")
def task() -> Walk:
    return Walk(config(asset=LEGS))


@pytest.fixture(autouse=True)
def from_the_start(task: Walk) -> None:
    task.reset()


def actions(steps: int, width: int = 12, seed: int = 0) -> torch.Tensor:
    return torch.randn(steps, N, width, generator=torch.Generator().manual_seed(seed)) * 0.5


def test_sizes_follow_from_the_robot(task: Walk):
    assert (task.num_actions, task.num_obs) == (12, 3 + 3 + 3 + 2 + 3 * 12)
    whole = Walk(config())
    assert (whole.num_actions, whole.num_obs) == (24, 3 + 3 + 3 + 2 + 3 * 24)
    assert (Walk.num_obs, Walk.num_states) == (whole.num_obs, whole.num_states)
    obs = whole.reset()
    assert obs["obs"].shape == (N, whole.num_obs) and obs["states"].shape == (N, whole.num_states)


def test_observation_columns_come_from_the_state(task: Walk):
    for action in actions(6):
        task.obs_buf.fill_(torch.nan)  # a column that is not written stays NaN
        task.states_buf.fill_(torch.nan)
        observation, _, reset, _ = task.step(action)
    assert not reset.any()
    root = task.root_state.double().numpy()
    base = Rotation.from_quat(root[:, 3:7])
    yaw = base.as_euler("ZYX")[:, :1]
    heading = Rotation.from_euler("z", yaw).inv()
    offset = task.joint_position - task.robot.default_pose
    feet = [task.robot.feet[0], task.robot.feet[1]]
    forces = task.body_force[:, feet].double().numpy()
    columns = {
        "angular_velocity_b": 0.25 * base.inv().apply(root[:, 10:13]),
        "gravity_b": base.inv().apply([0.0, 0.0, -1.0]),
        "command": task.commands.numpy(),
        "joint_offset": offset.numpy(),
        "joint_velocity": 0.05 * task.joint_velocity.numpy(),
        "action": action.numpy(),
    }
    privileged = {
        **columns,
        "velocity_h": heading.apply(root[:, 7:10]),
        "height": root[:, 2:3],
        "foot_height": task.body_state[:, feet, 2].numpy() - 0.07,
        "foot_contact": (np.linalg.norm(forces, axis=-1) > 1.0).astype(float),
        "foot_force": np.concatenate([heading.apply(forces[:, i]) for i in range(2)], axis=1)
        / task.weight,
    }
    for table, values, buffer in (
        (task.observation, columns, observation["obs"]),
        (task.states, privileged, observation["states"]),
    ):
        for name, value in values.items():
            actual = buffer[:, table.slices[name]]
            np.testing.assert_allclose(actual, value, atol=1e-4, err_msg=name)
        assert torch.isfinite(buffer).all()


def test_the_policy_sees_the_steps_before_but_no_other_episodes():
    """Noise is drawn once for each step, and a step looks the same from all later ones."""
    noise = {"noise": {"joint_offset": {"std": 0.1}}}
    one, three = (
        Walk(config(asset=LEGS, history=history, episode_length=5, randomization=noise))
        for history in (1, 3)
    )
    size = one.num_obs
    assert three.num_obs == 3 * size and three.num_states == one.num_states
    steps = [one.reset()["obs"].clone()]
    assert torch.equal(three.reset()["obs"], steps[0].repeat(1, 3))
    begun = torch.zeros(N, dtype=torch.long)  # the step in which each episode began
    for index, action in enumerate(actions(12), start=1):
        observation, _, done, extras = one.step(action)
        final = extras["final_observation"].clone()
        steps.append(observation["obs"].clone())
        seen, _, _, seen_extras = three.step(action)
        for row in range(N):
            past = [steps[max(index - k, int(begun[row]))][row] for k in (2, 1)]
            ended = torch.cat([*past, final[row]])
            assert torch.equal(seen_extras["final_observation"][row], ended)
            if done[row]:
                begun[row] = index
                past = [steps[index][row]] * 2
            assert torch.equal(seen["obs"][row], torch.cat([*past, steps[index][row]]))
    assert (begun > 6).all()


def test_the_robot_stands_on_its_soles_with_its_weight_on_them(task: Walk):
    for _ in range(15):
        task.step(torch.zeros(N, 12))
    bodies = task.gym.get_actor_rigid_body_properties(task.gym.get_env(task.sim, 0), 0)
    assert task.weight == pytest.approx(9.81 * sum(body.mass for body in bodies))
    down = task.quantities.foot_contact == 1.0
    assert down.float().mean() > 0.7
    assert task.quantities.foot_height[down].abs().max() < 0.01
    load = task.quantities.foot_force[:, [2, 5]].sum(1)
    assert load.mean() == pytest.approx(task.weight, rel=0.25)


def test_actions_move_the_targets_by_their_motors_scale(task: Walk):
    knee = task.robot.joint_names.index("left_knee")
    action = torch.zeros(N, 12)
    action[:, knee] = 2.0
    task.step(action)
    scale = 0.25 * 140.0 / task.robot.stiffness[knee]
    assert task.targets[0, knee] == pytest.approx(0.5 + 2.0 * scale)
    others = torch.arange(12) != knee
    assert torch.equal(task.targets[:, others], task.robot.default_pose[others].expand(N, 11))


def test_the_policy_sees_its_last_action_however_late_it_acts():
    delayed = {"delay": {"range": [2, 2]}}
    only = {"rewards": {"action_rate": -1.0, "alive": 1.0}, "reset_velocity_noise": 0.0}
    task = Walk(config(asset=LEGS, randomization=delayed, clip_actions=0.6, **only))
    task.reset()
    answers = actions(6)
    columns = task.observation.slices["action"]
    before = torch.zeros(N, 12)
    for step, answer in enumerate(answers):
        obs, _, done, extras = task.step(answer)
        assert not done.any()
        clipped = answer.clamp(-0.6, 0.6)  # as the exported policy clips what it remembers
        assert obs["obs"][:, columns].equal(clipped)
        acts = answers[step - 2].clamp(-0.6, 0.6) if step >= 2 else torch.zeros(N, 12)
        target = task.robot.default_pose + task.robot.action_scale * acts
        torch.testing.assert_close(task.targets, target)
        rate = (clipped - before).square().sum(-1)
        torch.testing.assert_close(extras["reward_terms"]["action_rate"], -rate)
        before = clipped


def test_single_joints_may_have_natural_frequencies_of_their_own():
    """stiffness = I (2 pi f)^2, damping = 2 zeta I (2 pi f); rotors of 0.012 and 0.03 kg m^2."""
    own = {"waist_*": 20.0, "left_knee": 5.0}
    task = Walk(config(natural_frequencies=own, natural_frequency=8.0, damping_ratio=1.5))
    drives = task.gym.get_actor_dof_properties(task.gym.get_env(task.sim, 0), 0)
    for joint, inertia, frequency, torque in (
        ("waist_yaw", 0.012, 20.0, 90.0),
        ("waist_pitch", 0.03, 20.0, 140.0),
        ("left_knee", 0.03, 5.0, 140.0),
        ("right_knee", 0.03, 8.0, 140.0),
    ):
        index, omega = task.robot.joint_names.index(joint), 2.0 * math.pi * frequency
        stiffness = inertia * omega**2
        assert drives["stiffness"][index] == pytest.approx(stiffness)
        assert drives["damping"][index] == pytest.approx(2.0 * 1.5 * inertia * omega)
        assert float(task.robot.action_scale[index]) == pytest.approx(0.25 * torque / stiffness)


def test_torque_control_moves_the_robot_as_the_drives_do():
    """Both on a stiff ground with the same targets; a damper of the engine is implicit."""
    outcomes = []
    for drive in ("position", "torque"):
        task = Walk(config(asset=LEGS, drive=drive, damping_ratio=0.5))
        task.reset()
        for action in actions(8, seed=3) * 0.6:
            task.step(action)
        assert task.control_dt == pytest.approx(0.02)
        outcomes.append((task.joint_position.clone(), task.root_state[:, 2].clone()))
    assert task.torques.abs().max() > 1.0 and task.dt == pytest.approx(0.005)
    (drives, height), (torques, height_by_torques) = outcomes
    assert (drives - torques).abs().mean() < 0.02
    assert (height - height_by_torques).abs().max() < 0.02


def test_rewards_add_up_and_zero_scales_are_not_evaluated():
    scales = {"alive": 0.5, "tilt": -1.0, "action_rate": 0.0, "fall": -3.0}
    scales |= {"track_linear_velocity": 0.0, "track_yaw_rate": 0.0}
    task = Walk(config(asset=LEGS, rewards=scales, least_height=0.74))
    task.reset()
    fallen = torch.zeros(N, dtype=torch.bool)
    for action in actions(25):
        _, reward, done, extras = task.step(action)
        fallen |= done.bool()
        assert set(extras["reward_terms"]) == {"alive", "tilt", "fall"}
        tilt = 1.0 - extras["final_observation"][:, task.observation.slices["gravity_b"]][:, 2] ** 2
        expected = 0.5 - tilt - 3.0 * done
        torch.testing.assert_close(reward, expected, atol=1e-5, rtol=1e-4)
    assert fallen.any()


def test_every_term_of_the_table_is_evaluated():
    with pytest.raises(ConfigError, match=r"task\.rewards: every scale is 0; set at least one"):
        config(rewards={entry.name: 0.0 for entry in dataclasses.fields(RewardsConfig)})
    every = {entry.name: 0.5 for entry in dataclasses.fields(RewardsConfig)}
    task = Walk(config(asset=LEGS, rewards=every))
    task.reset()
    _, reward, _, extras = task.step(torch.zeros(N, 12))
    assert set(extras["reward_terms"]) == set(every)
    torch.testing.assert_close(sum(extras["reward_terms"].values()), reward)


def test_episodes_end_low_or_tilted(task: Walk):
    task.root_state[:, 2] = torch.tensor([0.49, 0.51] + [0.767] * 6)
    angles = torch.tensor([0.0, 0.0, 0.98, -0.98, 1.02, -1.02, 0.0, 0.0])
    task.root_state[:, 3:7] = 0.0
    task.root_state[:, 3] = (angles / 2).sin()
    task.root_state[:, 6] = (angles / 2).cos()
    task.compute_observations()
    causes = task.compute_termination_causes()
    assert causes["low"].tolist() == [True] + [False] * 7
    assert causes["tilted"].tolist() == [False] * 4 + [True] * 2 + [False] * 2
    assert task.compute_termination().tolist() == [True] + [False] * 3 + [True] * 2 + [False] * 2


def test_metrics_of_steps_and_of_the_whole_episode():
    fixed = [0.6, 0.8, 0.0]
    task = Walk(config(asset=LEGS, commands=commands(fixed=fixed), episode_length=12))
    task.reset()
    speeds, powers = [], []
    for action in actions(12, seed=2) * 0.5:
        _, _, done, extras = task.step(action)
        q = task.quantities if not done.any() else None
        metrics = extras["metrics"]
        if q is not None:
            velocity = q.velocity_h.double().numpy()
            speeds.append(velocity[:, :2] @ [0.6, 0.8])
            product = (q.joint_torque * q.joint_velocity).double().numpy()
            powers.append(np.where(product > 0.0, product, 0.0).sum(1))
            error = np.hypot(velocity[:, 0] - 0.6, velocity[:, 1] - 0.8)
            np.testing.assert_allclose(metrics["velocity_error"], error, rtol=1e-4)
            np.testing.assert_allclose(metrics["forward_speed"], velocity[:, 0], rtol=1e-4)
            np.testing.assert_allclose(metrics["power"], powers[-1], rtol=1e-4)
            distance = extras["episode_metrics"]["distance"]
            np.testing.assert_allclose(distance, 0.02 * np.sum(speeds, axis=0), atol=1e-5)
            cost = 0.02 * np.sum(powers, axis=0) / (task.weight * 1.0)  # less than a metre
            np.testing.assert_allclose(
                extras["episode_metrics"]["cost_of_transport"], cost, rtol=1e-3
            )
    assert extras["terminations"]["time_out"].all()
    assert (extras["episode_metrics"]["fall"] == 0.0).all()
    assert (task.distance == 0.0).all() and (task.energy == 0.0).all()


def test_a_new_episode_begins_standing(task: Walk):
    for action in actions(10):
        task.step(action)
    obs = task.reset()
    named = task.observation.slices
    assert (obs["obs"][:, named["action"]] == 0.0).all()
    assert (obs["obs"][:, named["gravity_b"]] == torch.tensor([0.0, 0.0, -1.0])).all()
    assert (obs["obs"][:, named["joint_offset"]].abs() <= 0.1 + 1e-6).all()
    assert (obs["states"][:, task.states.slices["foot_force"]] == 0.0).all()
    torch.testing.assert_close(task.root_state[:, 2], torch.full((N,), 0.777))
    yaw = 2.0 * torch.atan2(task.root_state[:, 5], task.root_state[:, 6])
    assert yaw.std() > 0.5  # facing anywhere


def test_masked_reset_leaves_the_others_bit_identical(task: Walk):
    other = Walk(config(asset=LEGS))
    other.load_state_dict(task.state_dict())
    mask = torch.zeros(N, dtype=torch.bool)
    mask[[1, 4]] = True
    for i, action in enumerate(actions(10, seed=5)):
        if i == 4:
            other.restart(mask)
        a, b = task.step(action)[0]["obs"], other.step(action)[0]["obs"]
        assert torch.equal(a[~mask], b[~mask])
    assert not torch.equal(a[mask], b[mask])


def test_saved_state_continues_bit_for_bit(task: Walk):
    task.randomize_episode_phase()
    for action in actions(20, seed=6):
        task.step(action)
    fresh = Walk(config(asset=LEGS, seed=77))
    fresh.load_state_dict(task.state_dict())
    for action in actions(40, seed=7):
        for a, b in zip(_outcome(task, action), _outcome(fresh, action), strict=True):
            assert torch.equal(a, b)


def _outcome(task: Walk, action: torch.Tensor) -> list[torch.Tensor]:
    observation, reward, reset, extras = task.step(action)
    whole = list(extras["episode_metrics"].values())
    return [observation["obs"], observation["states"], reward, reset, *whole]


def test_air_time_is_that_of_the_feet(task: Walk):
    task.root_state[:, 2] += 0.3  # falls for 0.25 s
    task.gym.set_actor_root_state_tensor(task.sim, gymtorch.unwrap_tensor(task.root_state))
    landings = torch.zeros(N, 2)
    for _ in range(20):
        task.step(torch.zeros(N, 12))
        landings = torch.maximum(landings, task.landing)
    expected = math.sqrt(2.0 * 0.3 / 9.81)
    assert (landings.mean() - expected).abs() < 0.04


BAD = [
    ({"rewards": {"alvie": 1.0}}, r"task.rewards: unknown key 'alvie'; nearest: 'alive' .*slip"),
    ({"commands": commands(forward=[1.0, 0.0])}, r"forward: expected \[low, high\], got \[1, 0\]"),
    ({"commands": commands(hold=[5.0, 1.0])}, r"task.commands: hold: expected \[low, high\]"),
    ({"commands": commands(yaw=[-3.0, 0.0])}, r"task.commands.yaw\[0\]: must be >= -2 and <= 2"),
    (
        {"commands": commands(fixed=[5.0, 0.0, 0.0])},
        r"task.commands: fixed: forward velocity must be in \[-1, 2\], got 5",
    ),
    ({"natural_frequencies": {"waist_*": 0.0}}, r"natural_frequencies.*waist_\*.* > 0, got 0"),
    ({"drive": "torqe"}, "task.drive: 'torqe' is not one of position, torque; nearest: 'torque'"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_bad_settings_are_named(changes: dict, message: str):
    with pytest.raises(ConfigError, match=message):
        config(**changes)


def test_robots_and_joints_that_do_not_fit_are_named():
    with pytest.raises(
        ConfigError, match=r"task\.default_pose: no joint fits 'left_nee'; nearest: "
    ):
        Walk(config(default_pose={"left_nee": 0.1}))
    with pytest.raises(ConfigError, match="natural_frequencies: no joint fits 'wiast_yaw'"):
        Walk(config(natural_frequencies={"wiast_yaw": 20.0}))
    with pytest.raises(ConfigError, match="'left_knee' fits several entries: \\*_knee, left_\\*"):
        Walk(config(default_pose={"*_knee": 0.1, "left_*": 0.2}))
    with pytest.raises(ConfigError, match="joint 'abdomen_z' has no motor"):
        Walk(config(asset="resources/urdf/humanoid/humanoid.urdf"))


def test_the_page_lists_every_term_with_its_scale():
    page = (REPOSITORY / "docs/walk_task.md").read_text()
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")]
    documented = {row[0].strip("| "): row[3] for row in rows if len(row) == 5}
    scales = SETTINGS["rewards"]
    names = [entry.name for entry in dataclasses.fields(RewardsConfig)]
    assert {name: float(documented[name]) for name in names} == {
        name: scales.get(name, 0.0) for name in names
    }
