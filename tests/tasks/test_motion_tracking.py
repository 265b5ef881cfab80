"""The tracking task: frames, first states, observation, ends of episodes, starts, bad settings."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from tracking_settings import GREET, LEG_BODIES, ON_LEGS, SETTINGS, STILL, N, config, motion

from humanoid_gym.config import ConfigError
from humanoid_gym.motion import MotionClip, make_clip, read_clip, write_clip
from humanoid_gym.tasks.legged.legged_robot import RESET_CLEARANCE
from humanoid_gym.tasks.task_config import find_asset
from humanoid_gym.tasks.tracking.motion_tracking import FORGETTING, MotionTracking

WALK = "resources/motions/humanoid24/walk.csv"
DT = 0.02
BEGIN = motion(start="beginning")


def make(**changes: object) -> MotionTracking:
    task = MotionTracking(config(**changes))
    task.reset()
    return task


def aiming(task: MotionTracking) -> torch.Tensor:
    """Actions whose targets are where the reference will be."""
    return torch.zeros(task.num_envs, task.num_actions)


def standing(folder: Path, name: str, frames: int, **joints: np.ndarray) -> str:
    """A file of the robot in its default pose but for some joints, at 50 Hz."""
    clip = read_clip(GREET)
    columns = np.repeat(clip.joint_position[:1], frames, axis=0)
    for joint, values in joints.items():
        columns[:, clip.joint_names.index(joint)] = values
    time = np.arange(frames) * DT
    base, turn = (np.repeat(x[:1], frames, 0) for x in (clip.base_position, clip.base_orientation))
    path = folder / f"{name}.csv"
    write_clip(path, make_clip(name, time, clip.joint_names, base, turn, columns))
    return str(path)


def frames_of(clip: MotionClip, task: MotionTracking) -> np.ndarray:
    """Joint positions at the control rate in the robot's order; the file has that rate."""
    np.testing.assert_allclose(np.diff(clip.time), DT, atol=1e-9)
    order = [clip.joint_names.index(name) for name in task.robot.joint_names]
    return clip.joint_position[:, order]


def test_an_episode_begins_as_the_reference_does():
    task = make(**STILL, motion=motion(files=[WALK], start="beginning"))
    clip = read_clip(WALK)
    height = clip.base_position[0, 2] + RESET_CLEARANCE
    expected = [0.0, 0.0, height, *clip.base_orientation[0]]
    np.testing.assert_allclose(task.root_state[:, 0:7], [expected] * N, atol=1e-5)
    np.testing.assert_allclose(task.joint_position, [frames_of(clip, task)[0]] * N, atol=1e-5)
    assert task.quantities.body_distance.max() < 1e-5
    assert task.quantities.joint_error.abs().max() < 1e-6


def test_noise_stays_in_its_range_and_in_the_joints():
    task = make(reset_position_noise=0.05, reset_velocity_noise=0.1, motion=BEGIN)
    start = task.motions.at(task.motions.first.expand(N))
    offset = task.joint_position - start.joint_position
    assert 0.03 < offset.abs().max() <= 0.05 + 1e-6
    assert 0.06 < (task.joint_velocity - start.joint_velocity).abs().max() <= 0.1 + 1e-6
    assert (task.joint_position <= task.robot.upper).all()
    assert (task.joint_position >= task.robot.lower).all()
    pushed = (task.root_state - start.base)[:, 7:9].abs()
    assert 0.0 < pushed.max() <= 0.1 + 1e-6
    assert torch.equal(task.root_state[:, 3:7], start.base[:, 3:7])


def test_bodies_of_a_robot_that_follows_move_as_the_reference_s_do():
    """The simulation's positions and velocities of links are what the files' kinematics say."""
    limp = {"natural_frequency": 0.01, "natural_frequencies": {}}  # no motor: it moves on as it is
    task = make(**STILL, **limp, motion=motion(files=[WALK], start="beginning"))
    velocity = task.motions.frames.bodies[..., 7:10]
    steady = (velocity[1:] - velocity[:-1]).norm(dim=-1).amax(-1)
    fast = velocity[:-1].norm(dim=-1).amax(-1) > 1.0
    # amidst a step, where all goes on for a moment as it does
    task.motions.first[:] = steady.masked_fill(~fast, torch.inf).argmin()
    task.reset()
    start = task.reference(task.frame).bodies
    assert start[..., 7:10].norm(dim=-1).max() > 1.0
    task.step(aiming(task))
    # the soles are above the ground: all falls freely, by four steps of semi-implicit Euler
    speed, height = -9.81 * DT, RESET_CLEARANCE - 9.81 * (DT / 4) ** 2 * (1 + 2 + 3 + 4)
    robot = task.body_state.index_select(1, task.tracked)
    reference = task.reference(task.frame).bodies
    apart = (robot - reference)[..., 0:3] - torch.tensor([0.0, 0.0, height])

    assert apart.norm(dim=-1).max() < 2e-3
    difference = (robot - reference)[..., 7:10] - torch.tensor([0.0, 0.0, speed])
    assert difference.norm(dim=-1).max() < 0.1


def test_the_policy_sees_the_next_frame_and_the_reward_compares_with_this_one():
    task = make(**STILL, motion=motion(files=[WALK], start="beginning"))
    clip = read_clip(WALK)
    joints = frames_of(clip, task)
    place, default = task.observation.slices, task.robot.default_pose.numpy()
    for step in range(5):
        seen = task.obs_buf[0].numpy()
        offset = joints[step + 1] - default
        np.testing.assert_allclose(seen[place["reference_joint_offset"]], offset, atol=2e-5)
        base = Rotation.from_quat(task.root_state[0, 3:7].double().numpy())
        reference = Rotation.from_quat(clip.base_orientation[step + 1])
        axes = (base.inv() * reference).as_matrix()
        expected = np.concatenate((axes[:, 0], axes[:, 1]))
        np.testing.assert_allclose(seen[place["reference_orientation_b"]], expected, atol=2e-5)
        np.testing.assert_allclose(
            seen[place["gravity_b"]], base.inv().apply([0, 0, -1]), atol=1e-5
        )
        task.step(0.1 * torch.ones(N, task.num_actions))
        error = joints[step + 1] - task.joint_position[0].numpy()
        np.testing.assert_allclose(task.quantities.joint_error[0], error, atol=2e-5)
        assert task.frame[0].item() == step + 1


def test_sizes_follow_from_the_table_and_the_robot():
    task = make(**ON_LEGS)
    assert task.num_actions == 12
    assert task.obs_buf.shape == (N, 5 * 12 + 12)
    assert task.states_buf.shape == (N, 5 * 12 + 12 + 6 + 1 + 9 * len(LEG_BODIES))
    sees = make(**ON_LEGS, observe_position=True)
    assert sees.num_obs == task.num_obs + 6
    assert sees.num_states == task.num_states


def test_a_motion_ends_by_time_and_the_next_one_begins(tmp_path):
    files = [standing(tmp_path, name, frames) for name, frames in (("a", 4), ("b", 6))]
    task = make(**STILL, num_envs=3, motion=motion(files=files, start="beginning"))
    assert task.frame.tolist() == [0, 4, 0]
    ended, begun = [], []
    for _ in range(10):
        _, _, reset, extras = task.step(aiming(task))
        assert torch.equal(extras["time_outs"], reset.bool())
        ended.append(reset.tolist())
        begun.append(task.frame.tolist())
        done = extras["episode_metrics"]["completed"][reset.bool()]
        assert torch.equal(done, torch.ones_like(done))
    # three steps through the motion of four frames, five through that of six
    assert np.array(ended).T.nonzero()[1].tolist() == [2, 7, 4, 7, 2, 7]
    assert begun[2] == [4, 7, 4]
    assert begun[4] == [6, 0, 6]


def test_a_time_out_keeps_the_last_observation():
    task = make(**STILL, episode_length=3, motion=BEGIN)
    for _ in range(3):
        _, _, reset, extras = task.step(aiming(task))
    assert reset.all()
    assert extras["time_outs"].all()
    seen = extras["final_observation"][0][task.observation.slices["reference_joint_offset"]]
    expected = frames_of(read_clip(GREET), task)[4] - task.robot.default_pose.numpy()
    np.testing.assert_allclose(seen, expected, atol=2e-5)


@pytest.mark.parametrize("cause", ["height", "tilt", "limb"])
def test_a_lost_motion_ends_the_episode(cause):
    limits = {"height": 10.0, "tilt": 10.0, "limb_height": 10.0}
    limits[{"limb": "limb_height"}.get(cause, cause)] = {"tilt": 0.5}.get(cause, 0.1)
    task = make(**STILL, motion=BEGIN, limits=limits)
    if cause == "tilt":
        task.root_state[0, 3:7] = torch.tensor([0.0, 0.62, 0.0, 0.78])  # on its face
    task.root_state[0, 2] += 0.5  # free of the ground, and with all limbs
    from isaacgym import gymtorch

    states = gymtorch.unwrap_tensor(task.root_state)
    task.gym.set_actor_root_state_tensor(task.sim, states)
    _, _, reset, extras = task.step(aiming(task))
    assert reset.tolist() == [1, *[0] * (N - 1)]
    assert not extras["time_outs"].any()
    flags = {name: flag[0].item() for name, flag in extras["terminations"].items()}
    assert flags == {name: name == cause for name in flags}
    assert extras["episode_metrics"]["lost"].tolist() == [1.0, *[0.0] * (N - 1)]


def test_failures_are_counted_where_they_happen(tmp_path):
    file = standing(tmp_path, "still", 100)
    task = make(**STILL, motion=motion(files=[file], start="beginning", part=0.5))
    assert task.motions.part_length.tolist() == [25] * 4
    task.frame.copy_(torch.tensor([0, 24, 30, 60, 80, 98]))
    task.limits = None
    object.__setattr__(task.config.limits, "height", 1e-9)  # everybody fails
    task.step(aiming(task))
    # a step leads to the next frame, and there they fail
    assert task.visits.tolist() == task.failures.tolist() == [1.0, 2.0, 1.0, 2.0]
    object.__setattr__(task.config.limits, "height", 1e9)
    task.step(aiming(task))
    kept = 1.0 - FORGETTING
    np.testing.assert_allclose(task.visits, [kept + 6.0, 2 * kept, kept, 2 * kept], rtol=1e-6)
    np.testing.assert_allclose(task.failures, [kept, 2 * kept, kept, 2 * kept], rtol=1e-6)


def test_counts_of_many_robots_do_not_stop_where_ones_are_too_small(tmp_path):
    task = make(num_envs=64, motion=motion(files=[standing(tmp_path, "still", 50)]))
    task.visits.fill_(2.0**28)  # the next float32 is 32 away
    task.step(torch.zeros(64, task.num_actions))
    assert task.visits.item() == pytest.approx(2.0**28 * (1.0 - FORGETTING) + 64, abs=32)
    assert task.visits.item() > 2.0**28 * (1.0 - FORGETTING) + 32


def test_sampled_starts_are_where_episodes_fail(tmp_path):
    file = standing(tmp_path, "still", 100)
    task = make(num_envs=512, motion=motion(files=[file], part=0.5, uniform_fraction=0.2))
    task.visits.fill_(1e6)
    task.failures.copy_(torch.tensor([0.0, 0.0, 1e6, 0.0]))
    task.reset()
    found = np.bincount(task.motions.part[task.frame], minlength=4) / 512
    # half the blame is the part's before; four standard deviations
    np.testing.assert_allclose(found, [0.05, 0.45, 0.45, 0.05], atol=0.09)
    assert torch.equal(task.frame, task.first_frame)


def test_environments_that_go_on_are_left_alone():
    task = make(motion=motion(files=[WALK]))
    for _ in range(3):
        task.step(aiming(task))
    mask = torch.tensor([True, False] * (N // 2))
    kept = ("root_state", "dof_state", "frame", "first_frame", "turn", "actions")
    before = {name: getattr(task, name).clone() for name in kept}
    task.restart(mask)
    for name in kept:
        now, old = (x.view(N, -1) for x in (getattr(task, name), before[name]))
        assert torch.equal(now[~mask], old[~mask]), name
    assert torch.equal(task.turn[mask], before["turn"][mask] + 1)


def test_a_saved_task_goes_on_bit_for_bit():
    task, other = make(motion=motion(files=[WALK])), make(motion=motion(files=[WALK]), seed=7)
    for _ in range(5):
        task.step(aiming(task))
    other.load_state_dict(task.state_dict())
    for _ in range(30):
        actions = aiming(task)
        ours, theirs = task.step(actions), other.step(actions)
        for name, values in ours[0].items():
            assert torch.equal(values, theirs[0][name]), name
        assert torch.equal(ours[1], theirs[1])


def test_reward_terms_add_up_and_a_lost_motion_costs():
    scales = {**SETTINGS["rewards"], "lost": -7.0, "alive": 0.25, "joint_position": 0.5}
    task = make(motion=BEGIN, rewards=scales)
    object.__setattr__(task.config.limits, "height", 1e-9)
    _, reward, reset, extras = task.step(aiming(task))
    assert reset.all()
    terms = extras["reward_terms"]
    assert set(terms) == set(scales)
    torch.testing.assert_close(sum(terms.values()), reward)
    assert torch.equal(terms["lost"], torch.full((N,), -7.0))
    assert torch.equal(terms["alive"], torch.full((N,), 0.25))


def test_knees_on_the_ground_touch():
    task = make(**STILL, motion=BEGIN)
    task.step(aiming(task))
    assert (task.quantities.touching == 0).all()
    object.__setattr__(task.config.limits, "height", 10.0)
    object.__setattr__(task.config.limits, "tilt", 10.0)
    object.__setattr__(task.config.limits, "limb_height", 10.0)
    for _ in range(150):
        task.step(3.0 * torch.randn(N, task.num_actions))  # they fall
    assert (task.quantities.touching > 0).any()


def test_what_is_fixed_to_a_foot_or_a_limb_s_end_may_touch(tmp_path):
    path, palm, finger, horn = tmp_path / "handed.urdf", "left_palm", "left_finger", "horn"
    fixed = "".join(
        f'<link name="{child}"/><joint name="to_{child}" type="fixed"><parent link="{parent}"/>'
        f'<child link="{child}"/></joint>'
        for child, parent in ((palm, "left_forearm"), (finger, palm), (horn, "head"))
    )
    path.write_text(find_asset(config().asset).read_text().replace("</robot>", fixed + "</robot>"))
    task = MotionTracking(config(asset=str(path)))
    names = task.gym.get_actor_rigid_body_names(task.gym.get_env(task.sim, 0), 0)
    may = {names[i] for i in set(range(len(names))) - set(task.untouched.tolist())}
    assert may == {*task.config.limb_ends, palm, finger}
    assert horn in names


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"motion": motion(files=[])}, ["task.motion", "files: name the motions"]),
        ({"motion": motion(start="middle")}, ["motion.start", "sampled", "beginning"]),
        ({"bodies": ["pelvis", "torzo"], "limb_ends": []}, ["torzo", "torso"]),
        ({"bodies": ["pelvis", "pelvis"], "limb_ends": []}, ["bodies", "twice"]),
        ({"limb_ends": ["left_hand"]}, ["limb_ends", "left_hand"]),
        ({"terrain": {"proportions": {"rough": 1.0}}}, ["terrain", "plane"]),
    ],
)
def test_bad_settings_are_named(changes, words):
    with pytest.raises(ConfigError) as error:
        MotionTracking(config(**changes))
    for word in words:
        assert word in str(error.value)


def test_a_missing_motion_says_where_it_was_looked_for():
    with pytest.raises(FileNotFoundError, match=r"motion 'dance/\*.csv' not found; searched in"):
        MotionTracking(config(motion=motion(files=["dance/*.csv"])))


def test_a_motion_of_another_robot_is_refused(tmp_path):
    path = tmp_path / "arm.csv"
    turn = np.array([[0.0, 0.0, 0.0, 1.0]] * 2)
    arm = make_clip(
        "arm", np.array([0.0, 1.0]), ("elbow",), np.zeros((2, 3)), turn, np.zeros((2, 1))
    )
    write_clip(path, arm)
    with pytest.raises(ConfigError, match="left_hip_pitch"):
        MotionTracking(config(motion=motion(files=[str(path)])))


def test_a_motion_shorter_than_a_step_is_refused(tmp_path):
    clip = read_clip(GREET)
    path = tmp_path / "blink.csv"
    write_clip(path, clip.between(0.0, 0.02)._replace(time=np.array([0.0, 0.01])))
    with pytest.raises(ConfigError, match=r"'blink': it lasts 0.01 s, expected a control step"):
        MotionTracking(config(motion=motion(files=[str(path)])))


def test_patterns_find_all_motions_of_a_folder():
    task = MotionTracking(config(motion=motion(files=["resources/motions/humanoid24/*.csv"])))
    assert {"greet", "squat", "walk"} <= set(task.motions.names)
    assert list(task.motions.names) == sorted(task.motions.names)
    parts = task.motions.part_length
    assert parts.sum() == len(task.motions.last)
    assert (parts <= 51).all()
    assert (task.motions.last[task.motions.first] >= task.motions.first).all()
    # no part holds frames of two motions
    for first, length in zip(task.motions.part_first, parts, strict=True):
        assert len(set(task.motions.last[first : first + length].tolist())) == 1


def test_unnamed_joints_are_in_the_order_of_the_robot_s_file(tmp_path):
    """A file as Unitree's: no header, no names, and not by level as the kinematics has them."""
    named = read_clip(WALK)
    numbers = (named.base_position, named.base_orientation, named.joint_position)
    path = tmp_path / "unnamed.csv"
    np.savetxt(path, np.concatenate(numbers, axis=1), delimiter=",")
    expected, found = (
        MotionTracking(config(motion=motion(files=[str(file)], fps=50.0))).motions.frames
        for file in (WALK, path)
    )
    torch.testing.assert_close(found.joint_position, expected.joint_position, atol=1e-5, rtol=0)
    order = list(reversed(named.joint_names))
    turned = (*numbers[:2], named.joint_position[:, ::-1])
    np.savetxt(path, np.concatenate(turned, axis=1), delimiter=",")
    settings = motion(files=[str(path)], fps=50.0, joints=order)
    found = MotionTracking(config(motion=settings)).motions.frames
    torch.testing.assert_close(found.joint_position, expected.joint_position, atol=1e-5, rtol=0)
