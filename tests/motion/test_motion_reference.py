"""References: motions worked out by hand, MuJoCo's answers, and what holds for any motion."""

import logging
from pathlib import Path

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motion_samples import about_z, base_link, clip_of, pendulum, random_clip
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation
from urdf_robot import mujoco_model

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment.description import Body
from humanoid_gym.deployment.robot_description import read_body
from humanoid_gym.motion import reference_motion
from humanoid_gym.tasks.task_config import find_asset

WALKER = Path(find_asset("resources/urdf/humanoid24/humanoid24.urdf"))
ALONE = Body((base_link((0.2, 0.0, 0.1)),), ())


def uneven_times(frames=60, seed=3):
    return np.concatenate(
        ([0.0], np.cumsum(np.random.default_rng(seed).uniform(0.01, 0.05, frames)))
    )


def test_frames_are_at_whole_control_steps():
    clip = clip_of(np.arange(31) / 30, position=np.arange(31)[:, None] * [[1.0, 0.0, 0.0]])
    found = reference_motion(clip, ALONE, (), (), 50.0)
    assert found.base_position.shape == (51, 3)
    assert_allclose(found.base_position[:, 0], np.arange(51) * 30 / 50, rtol=1e-6)
    assert all(part.dtype == np.float32 for part in found)
    shapes = [part.shape for part in found]
    assert shapes == [(51, n) for n in (0, 0, 3, 4, 3, 3)] + [(51, 0, n) for n in (3, 4, 3, 3)]
    # of 1.019 s whole steps are 50; times that are rounded to six digits lose none
    assert len(reference_motion(clip_of([0.0, 1.019]), ALONE, (), (), 50.0).base_position) == 51
    assert len(reference_motion(clip_of([0.0, 0.999999]), ALONE, (), (), 50.0).base_position) == 51


def test_accelerated_motion_is_exact_whatever_the_times():
    """Parabolas are what the tangents are exact for, at the ends, too."""
    time = uneven_times()
    start, speed, half = np.array([[1.0, -2.0, 0.8], [0.5, 0.3, -0.1], [-0.4, 0.2, 0.3]])

    def at(t):
        return start + speed * t + half * t * t

    clip = clip_of(time, position=at(time[:, None]))
    found = reference_motion(clip, ALONE, (), (), 200.0)
    t = np.arange(len(found.base_position))[:, None] / 200.0
    assert_allclose(found.base_position, at(t), atol=1e-6)
    assert_allclose(found.base_velocity, speed + 2 * half * t, atol=1e-6)
    assert_allclose(found.base_angular_velocity, np.zeros((len(t), 3)), atol=1e-9)


@pytest.mark.parametrize("speed", [2.0, -5.0])
def test_a_constant_spin(speed):
    """A base whose centre of mass is 0.2 m ahead of its origin, which goes along y."""
    time = np.arange(121) / 60
    ahead = time[:, None] * [0.0, 0.7, 0.0]
    clip = clip_of(time, position=ahead, orientation=about_z(speed * time))
    found = reference_motion(clip, ALONE, (), ["base"], 100.0)
    angle = speed * np.arange(201) / 100
    assert_allclose(np.abs((found.base_orientation * about_z(angle)).sum(-1)), 1.0, atol=1e-6)
    assert_allclose(found.base_angular_velocity, np.tile([0, 0, speed], (201, 1)), rtol=2e-3)
    arm = 0.2 * speed * np.stack((-np.sin(angle), np.cos(angle), 0 * angle), axis=1)
    assert_allclose(found.base_velocity, arm + np.array([0.0, 0.7, 0.0]), atol=3e-3)
    assert_allclose(found.body_position[:, 0], found.base_position, atol=1e-7)
    assert_allclose(found.body_velocity[:, 0], found.base_velocity, atol=1e-6)
    assert_allclose(found.body_angular_velocity[:, 0], found.base_angular_velocity, atol=1e-7)
    assert_allclose(found.body_orientation[:, 0], found.base_orientation, atol=1e-6)


def test_a_pendulum_with_a_bob_that_slides():
    """A rod that swings about y below a base that goes along x; all by hand."""
    time = np.arange(241) / 120

    def swing(t):
        return 0.5 * np.sin(3.0 * t), 1.5 * np.cos(3.0 * t)

    values = np.stack((0.2 + 0.1 * time, swing(time)[0]), axis=1)
    clip = clip_of(time, ("slide", "swing"), values, time[:, None] * [0.4, 0.0, 0.0])
    found = reference_motion(clip, pendulum(), ("swing", "slide"), ("rod", "bob", "tip"), 50.0)
    t = np.arange(101) / 50
    angle, rate = swing(t)
    near = {"atol": 1e-3}
    assert_allclose(found.joint_position, np.stack((angle, 0.2 + 0.1 * t), axis=1), **near)
    assert_allclose(found.joint_velocity, np.stack((rate, 0 * t + 0.1), axis=1), atol=2e-3)
    zero, one = 0 * t, np.ones_like(t)

    def stack(x, z):
        return np.stack((x, zero, z), axis=1)

    # turned by +angle about y, what hangs down at (0, 0, -l) is at l (-sin, -cos)
    down, tangent = stack(-np.sin(angle), -np.cos(angle)), stack(-np.cos(angle), np.sin(angle))
    base, ahead = stack(0.4 * t, zero), stack(0.4 * one, zero)
    rod, bob = found.body_position[:, 0], found.body_position[:, 1]
    reach = (0.8 + 0.2 + 0.1 * t)[:, None]
    assert_allclose(rod, base - [0.0, 0.0, 0.3], **near)
    assert_allclose(bob, rod + reach * down, **near)
    assert_allclose(found.body_position[:, 2], rod + (reach + 0.1) * down, **near)
    turn, faster = rate[:, None], {"atol": 5e-3}
    assert_allclose(found.body_velocity[:, 0], ahead + 0.4 * turn * tangent, **faster)
    # the bob's centre of mass is 0.1 m along its x axis, which is the tangent's opposite
    center = ahead + 0.1 * down + reach * turn * tangent + 0.1 * turn * down
    assert_allclose(found.body_velocity[:, 1], center, **faster)
    tip = ahead + 0.1 * down + (reach + 0.1) * turn * tangent
    assert_allclose(found.body_velocity[:, 2], tip, **faster)
    spin = np.stack((zero, rate, zero), axis=1)
    for link in range(3):
        assert_allclose(found.body_angular_velocity[:, link], spin, atol=2e-3)
        about_y = np.stack((zero, np.sin(angle / 2), zero, np.cos(angle / 2)), axis=1)
        assert_allclose(found.body_orientation[:, link], about_y, **near)


def walker():
    body = read_body(WALKER, (), bare_feet=True)
    joints = [link.joint for link in body.links if link.joint is not None]
    return body, joints, [link.name for link in body.links]


def test_mujoco_agrees_on_all_links_of_a_humanoid():
    """Given the reference's base and joints, MuJoCo has the reference's links."""
    body, joints, links = walker()
    order = np.random.default_rng(1).permutation(joints).tolist()
    found = reference_motion(random_clip(order), body, joints, links, 50.0)
    model = mujoco_model(WALKER)
    data = mujoco.MjData(model)
    for k in range(len(found.joint_position)):
        base = Rotation.from_quat(found.base_orientation[k])
        spin = found.base_angular_velocity[k].astype(float)
        arm = base.apply(model.body(links[0]).ipos)
        data.qpos[:3], data.qpos[3:7] = found.base_position[k], np.roll(base.as_quat(), 1)
        data.qvel[:3] = found.base_velocity[k] - np.cross(spin, arm)
        data.qvel[3:6] = base.inv().apply(spin)
        for name, q, v in zip(
            joints, found.joint_position[k], found.joint_velocity[k], strict=True
        ):
            data.joint(name).qpos, data.joint(name).qvel = q, v
        mujoco.mj_forward(model, data)
        for place, name in enumerate(links):
            seen, velocity = data.body(name), np.zeros(6)
            number = model.body(name).id
            mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_BODY, number, velocity, 0)
            turn = found.body_orientation[k, place]
            assert_allclose(found.body_position[k, place], seen.xpos, atol=2e-6, err_msg=name)
            assert_allclose(abs(np.roll(turn, 1) @ seen.xquat), 1.0, atol=1e-6, err_msg=name)
            assert_allclose(found.body_angular_velocity[k, place], velocity[:3], atol=1e-5)
            assert_allclose(found.body_velocity[k, place], velocity[3:], atol=1e-5, err_msg=name)


def test_velocities_are_the_rates_of_what_moves():
    """Central differences of a finely sampled reference, centres of mass by their definition."""
    body, joints, links = walker()
    fine = 4000.0
    found = reference_motion(random_clip(joints, frames=16), body, joints, links, fine)

    def rate(values):
        return (values[2:].astype(float) - values[:-2]) * fine / 2

    assert_allclose(found.joint_velocity[1:-1], rate(found.joint_position), atol=2e-3)
    assert np.abs(found.body_velocity).max() > 2.0  # what the tolerance below is small against
    for place, link in enumerate(body.links):
        turn = Rotation.from_quat(found.body_orientation[:, place])
        center = found.body_position[:, place] + turn.apply(link.center_of_mass)
        assert_allclose(
            found.body_velocity[1:-1, place], rate(center), atol=5e-3, err_msg=link.name
        )
        step = (turn[2:] * turn[:-2].inv()).as_rotvec() * fine / 2
        assert_allclose(found.body_angular_velocity[1:-1, place], step, atol=1e-2)
    assert_allclose(found.base_velocity, found.body_velocity[:, 0], atol=1e-6)


def test_neighbouring_quaternions_are_on_one_hemisphere():
    """A link that turns twice round; out of matrices alone its signs would jump."""
    time = np.arange(100) / 30
    clip = clip_of(time, ("swing", "slide"), np.stack((4.0 * time, 0 * time), axis=1))
    found = reference_motion(clip, pendulum(), ("swing", "slide"), ("rod",), 50.0)
    turn = found.body_orientation[:, 0]
    assert ((turn[1:] * turn[:-1]).sum(-1) > 0.99).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), heading=st.floats(-4.0, 4.0), shift=st.floats(-5.0, 5.0))
def test_a_motion_elsewhere_has_the_same_reference_elsewhere(seed, heading, shift):
    joints = ("swing", "slide")
    clip = random_clip(joints, seed=seed)
    turn, there_is = Rotation.from_euler("z", heading), np.array([shift, 1.0, 0.5])
    moved = clip_of(
        clip.time,
        joints,
        clip.joint_position,
        turn.apply(clip.base_position) + there_is,
        -(turn * Rotation.from_quat(clip.base_orientation)).as_quat(),
    )
    here, there = (
        reference_motion(c, pendulum(), joints, ("rod", "bob"), 50.0) for c in (clip, moved)
    )
    flat = (-1, 3)
    for name in ("velocity", "angular_velocity"):
        for part in ("base_", "body_"):
            expected = turn.apply(getattr(here, part + name).reshape(flat))
            assert_allclose(getattr(there, part + name).reshape(flat), expected, atol=1e-5)
    expected = turn.apply(here.body_position.reshape(flat)) + there_is
    assert_allclose(there.body_position.reshape(flat), expected, atol=1e-5)
    assert_allclose(there.joint_velocity, here.joint_velocity, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_motion_backwards_has_opposite_velocities(seed):
    joints = ("swing", "slide")
    clip = random_clip(joints, frames=31, seed=seed)
    parts = (clip.joint_position, clip.base_position, clip.base_orientation)
    back = clip_of(clip.time, joints, *(part[::-1] for part in parts))
    one, other = (
        reference_motion(c, pendulum(), joints, ("rod", "bob"), 60.0) for c in (clip, back)
    )
    for name in one._fields:
        sign = -1.0 if "velocity" in name else 1.0
        found, expected = getattr(other, name)[::-1], sign * getattr(one, name)
        if "orientation" in name:
            assert_allclose(np.abs((found * expected).sum(-1)), 1.0, atol=1e-5)
        else:
            assert_allclose(found, expected, atol=2e-5, err_msg=name)


def test_the_clips_frames_are_kept():
    clip = random_clip(("swing", "slide"), frames=31)
    found = reference_motion(clip, pendulum(), ("swing", "slide"), (), 30.0)
    assert_allclose(found.joint_position, clip.joint_position, atol=1e-6)
    assert_allclose(found.base_position, clip.base_position, atol=1e-6)
    assert_allclose(found.base_orientation, clip.base_orientation, atol=1e-6)


def test_joints_that_the_robot_lacks_are_left_out(caplog):
    joints = ("tail", "swing", "slide", "wing")
    clip = random_clip(joints)
    with caplog.at_level(logging.INFO, "humanoid_gym.motion"):
        found = reference_motion(clip, pendulum(), ("swing", "slide"), (), 30.0)
    assert_allclose(found.joint_position, clip.joint_position[:, 1:3], atol=1e-6)
    assert caplog.messages == ["clip 'any': left out, as the robot has no such joints: tail, wing"]


def test_joints_beyond_their_range_are_told(caplog):
    time = np.arange(31) / 30
    values = np.stack((np.sin(time * np.pi), -0.5 * np.sin(time * np.pi)), axis=1)
    clip = clip_of(time, ("swing", "slide"), values)
    arguments = (clip, pendulum(), ("swing", "slide"), (), 30.0)
    reference_motion(*arguments, limits=([-2.0, -0.5], [1.0, np.inf]))
    assert not caplog.messages
    reference_motion(*arguments, limits=([-2.0, -0.4], [0.75, 0.5]))
    assert caplog.messages == [
        "clip 'wave': 2 of 2 joints leave their range; the worst, 'swing', by 0.250 rad in frame "
        "15; a robot cannot follow there"
    ]
    assert caplog.records[0].levelno == logging.WARNING


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"links": ("rod", "bop")}, "the robot has no link 'bop' to track; nearest: 'bob'"),
        ({"rate": 0.0}, "clip 'any': expected a control rate above 0 Hz, got 0"),
        ({"rate": np.nan}, "clip 'any': expected a control rate above 0 Hz, got nan"),
        (
            {"rate": 0.5},
            "clip 'any': it lasts 1.3 s, expected a control step of 2 s or more; look at",
        ),
        (
            {"clip": random_clip(("slide", "tail"), name="walk")},
            "clip 'walk': it lacks the robot's joints swing; it has slide, tail; retarget it to",
        ),
        (
            {"joint_names": ("swing", "slide", "arm")},
            "clip 'any': joint 'arm' is in only one of the robot's file, with joints swing, slide,",
        ),
        ({"joint_names": ("swing",)}, "clip 'any': joint 'slide' is in only one of the robot's"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    good = {
        "clip": random_clip(("swing", "slide")),
        "body": pendulum(),
        "joint_names": ("swing", "slide"),
        "links": ("rod",),
        "rate": 50.0,
    }
    with pytest.raises(ConfigError) as refused:
        reference_motion(**{**good, **changes})
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)
