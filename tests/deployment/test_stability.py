"""Centre of mass, capture point and support polygon against MuJoCo and SciPy."""

import dataclasses
from pathlib import Path

import mujoco
import numpy as np
import pytest
import torch
from deployed_robots import two_joints
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment import (
    Body,
    Foot,
    FootPoint,
    Link,
    RobotState,
    SafetyFilter,
    SafetyLimits,
    read_body,
)
from humanoid_gym.deployment.kinematics import BodyModel, link_poses
from humanoid_gym.deployment.stability import capture_point_margin, inside_distance

URDF = Path(__file__).resolve().parents[2] / "resources/urdf"
ROBOTS = {
    "humanoid": (URDF / "humanoid/humanoid.urdf", ["right_foot", "left_foot"]),
    "humanoid24": (URDF / "humanoid24/humanoid24.urdf", ["left_foot", "right_foot"]),
}


def mujoco_model(path):
    spec = mujoco.MjSpec.from_file(str(path))
    spec.compiler.fusestatic = False
    spec.worldbody.first_body().add_freejoint()
    return spec.compile()


@pytest.mark.parametrize("name", list(ROBOTS))
def test_centre_of_mass_and_feet_are_mujocos(rng, name):
    path, feet = ROBOTS[name]
    model = mujoco_model(path)
    data = mujoco.MjData(model)
    joints = [model.joint(i).name for i in range(1, model.njnt)]
    body = BodyModel(read_body(path, feet), joints, np.zeros((1, 1)))
    quaternion = Rotation.random(random_state=3)
    if quaternion.as_matrix()[2, 2] < 0:  # upright, not upside down
        quaternion = quaternion * Rotation.from_euler("x", np.pi)
    data.qpos[3:7] = quaternion.as_quat()[[3, 0, 1, 2]]
    data.qpos[7:] = rng.uniform(-0.8, 0.8, model.nq - 7)
    data.qvel[3:] = rng.normal(size=model.nv - 3)
    mujoco.mj_forward(model, data)
    mujoco.mj_subtreeVel(model, data)
    base = quaternion.as_matrix()
    motion = body.motion(
        data.qpos[None, 7:], data.qvel[None, 6:], -base[None, 2], data.qvel[None, 3:6]
    )
    # distances do not depend on the heading, which the base's own axes leave open
    heading = base[:, 2] * 0.0 + [0.0, 0.0, 1.0]
    level = motion.center_of_mass[0], motion.center_of_mass_velocity[0]
    world = data.subtree_com[0] - data.qpos[:3], data.subtree_linvel[0]
    for ours, theirs in zip(level, world, strict=True):
        assert ours[2] == pytest.approx(theirs @ heading, abs=1e-9)
        assert np.linalg.norm(ours[:2]) == pytest.approx(np.linalg.norm(theirs[:2]), abs=1e-9)
    assert np.cross(*level)[2] == pytest.approx(np.cross(*world)[2], abs=1e-9)
    assert motion.foot_points.shape[1] >= 8
    for foot in feet:  # the lowest point of the foot's shapes
        geoms = [g for g in range(model.ngeom) if model.geom_bodyid[g] == model.body(foot).id]
        lowest = min(_lowest(model, data, geom) for geom in geoms)
        assert (abs(motion.foot_points[0, :, 2] - lowest) < 1e-6).any()


def _lowest(model, data, geom):
    axes, size = data.geom_xmat[geom].reshape(3, 3), model.geom_size[geom]
    kind = model.geom_type[geom]
    if kind == mujoco.mjtGeom.mjGEOM_CAPSULE:
        below = abs(axes[2, 2]) * size[1] + size[0]
    elif kind == mujoco.mjtGeom.mjGEOM_SPHERE:
        below = size[0]
    else:
        assert kind == mujoco.mjtGeom.mjGEOM_BOX
        below = abs(axes[2]) @ size
    return data.geom_xpos[geom][2] - below


def test_distance_to_a_hull_is_that_to_its_edges(rng):
    for _ in range(50):
        corners, point = rng.normal(size=(6, 2)), 2.0 * rng.normal(size=2)
        hull = ConvexHull(corners)
        outside = (hull.equations @ [*point, 1.0]).max()
        edges = [corners[simplex] for simplex in hull.simplices]
        nearest = min(_distance(point, *edge) for edge in edges)
        expected = nearest if outside <= 0.0 else -nearest
        assert inside_distance(point[None], corners[None])[0] == pytest.approx(expected, abs=1e-9)


def _distance(point, start, end):
    along = np.clip((point - start) @ (end - start) / ((end - start) @ (end - start)), 0.0, 1.0)
    return np.linalg.norm(point - start - along * (end - start))


@pytest.mark.parametrize(
    ("corners", "point", "expected"),
    [
        ([[0, 0], [0, 0], [0, 0]], [3, 4], -5.0),  # a single point
        ([[0, 0], [0, 0], [0, 0]], [0, 0], 0.0),
        ([[-1, 0], [1, 0], [0, 0]], [0, 0.5], -0.5),  # a line
        ([[-1, 0], [1, 0], [0, 0]], [0.2, 0], 0.0),
        ([[-1, -1], [1, -1], [1, 1], [-1, 1], [0, 0]], [0.25, 0.0], 0.75),
    ],
)
def test_hulls_without_area(corners, point, expected):
    found = inside_distance(np.array([point], float), np.array([corners], float))
    np.testing.assert_allclose(found, [expected], atol=1e-12)


def pole():
    """A mass of 2 kg at 1 m above a square foot of 0.2 m, on an ankle that pitches."""
    corners = [FootPoint((x, y, 0.0)) for x in (-0.1, 0.1) for y in (-0.1, 0.1)]
    identity = (0.0, 0.0, 0.0, 1.0)
    return Body(
        (
            Link("pole", -1, (0.0, 0.0, 0.0), identity, 2.0, (0.0, 0.0, 0.0)),
            Link("foot", 0, (0.0, 0.0, -1.0), identity, 0.0, (0.0, 0.0, 0.0), "a", (0.0, 1.0, 0.0)),
        ),
        (Foot("foot", tuple(corners)),),
    )


def leaning(angle, rate=0.0):
    """The pole pitched forward by an angle, turning about the ankle of a foot that lies flat."""
    return {
        "joint_position": np.array([[-angle, 0.0]]),
        "joint_velocity": np.array([[-rate, 0.0]]),
        "gravity_b": np.array([[np.sin(angle), 0.0, -np.cos(angle)]]),
        "angular_velocity_b": np.array([[0.0, rate, 0.0]]),
    }


@pytest.mark.parametrize(("angle", "rate"), [(0.0, 0.0), (0.05, 0.0), (0.08, 0.1), (-0.02, -0.4)])
def test_capture_point_of_a_pole(angle, rate):
    motion = BodyModel(pole(), ["a", "b"], np.zeros((1, 1))).motion(**leaning(angle, rate))
    height = np.cos(angle)
    reach = np.sin(angle) + rate * np.cos(angle) * np.sqrt(height / 9.81)
    margin = capture_point_margin(motion, 0.02)
    np.testing.assert_allclose(margin, [0.1 - abs(reach)], atol=1e-9)


def pole_filter(margin=0.02, steps=3, like=None):
    limits = SafetyLimits(stability_margin=margin, stability_steps=steps)
    deployment = dataclasses.replace(two_joints(), safety=limits, body=pole())
    return SafetyFilter(deployment, np.zeros((1, 1)) if like is None else like)


def pole_state(angle, convert=np.asarray):
    found = leaning(angle)
    order = ("joint_position", "joint_velocity")
    readings = [convert(found[name]) for name in order]
    base = [convert(found[name]) for name in ("gravity_b", "angular_velocity_b")]
    return RobotState(*readings, convert(np.zeros(1)), *base)


@pytest.mark.parametrize("convert", [np.asarray, torch.from_numpy])
def test_an_imminent_fall_leads_to_a_safe_stop_at_the_margin(convert):
    nothing = convert(np.zeros((1, 2)))
    safety = pole_filter(like=convert(np.zeros((1, 1))))
    edge = np.arcsin(0.08)  # 0.02 m inside the foot's edge
    for _ in range(10):
        safety(nothing, pole_state(edge - 1e-6, convert))
    assert not bool(safety.stopped[0])
    for _ in range(3):
        assert not bool(safety.stopped[0])
        safety(nothing, pole_state(edge + 1e-6, convert))
    assert bool(safety.stopped[0]) and safety.counts()["unstable"] == 1


def test_a_moment_beyond_the_margin_is_forgiven():
    safety = pole_filter()
    for angle in (0.2, 0.2, 0.0, 0.2, 0.2, 0.0):
        safety(np.zeros((1, 2)), pole_state(angle))
    assert not safety.stopped[0]


def test_readings_that_are_none_do_not_get_into_the_geometry():
    safety = pole_filter(steps=1)
    broken = pole_state(0.0)._replace(gravity_b=np.array([[np.inf, np.nan, 0.0]]))
    safety(np.zeros((1, 2)), broken)
    assert safety.counts()["sensor_implausible"] == 1


def test_a_foot_needs_something_to_stand_on(tmp_path):
    text = '<robot name="r"><link name="base"/><link name="foot"/>{}</robot>'
    joint = (
        '<joint name="j" type="fixed"><parent link="base"/><child link="foot"/>'
        '<axis xyz="0 0 0"/></joint>'
    )
    for content, feet, message in [
        (text.format(joint), ["foot"], "no box, ball, capsule or cylinder"),
        (text.format(joint), ["toe"], "no link 'toe'"),
        (text.format(""), [], "expected one base link"),
        (text.format(joint.replace("fixed", "revolute")), [], "moves link 'foot' has an axis of"),
        ("<robot", [], "not readable as URDF"),
        (text.format(joint.replace('link="base"', 'link="hip"')), [], "'foot' is not connected"),
        (text.format(joint.replace("0 0 0", "0 a 0").replace("fixed", "revolute")), [], "'a'"),
        (
            text.format(joint.replace("<axis", '<origin rpy="0 0"/><axis')),
            [],
            "as URDF: not enough",
        ),
    ]:
        path = tmp_path / "robot.urdf"
        path.write_text(content)
        with pytest.raises(ConfigError, match=message) as caught:
            read_body(path, feet)
        assert str(caught.value).startswith(f"{path}: ")
    with pytest.raises(FileNotFoundError):
        read_body(tmp_path / "none.urdf", [])
    path.write_text(text.format(joint))
    assert read_body(path, ["foot"], bare_feet=True).feet == (Foot("foot", ()),)


def test_feet_of_every_shape(tmp_path):
    """Lowest points of a foot that hangs level, by hand; a cone is none that counts."""
    shapes = {
        '<box size="0.2 0.1 0.04"/>': {(x, y, -0.02) for x in (-0.1, 0.1) for y in (-0.05, 0.05)},
        '<sphere radius="0.05"/>': {(0.0, 0.0, -0.05)},
        '<capsule radius="0.05" length="0.2"/>': {(0.0, 0.0, -0.15), (0.0, 0.0, 0.05)},
        '<cylinder radius="0.1" length="0.2"/>': {
            (round(0.1 * np.cos(a), 6), round(0.1 * np.sin(a), 6), z)
            for a in np.arange(8) * np.pi / 4
            for z in (-0.1, 0.1)
        },
        '<cone radius="0.1"/>': set(),
    }
    for shape, expected in shapes.items():
        path = tmp_path / "foot.urdf"
        path.write_text(
            '<robot name="r"><link name="foot"><inertial><mass value="1"/></inertial>'
            f"<collision><geometry>{shape}</geometry></collision><collision/></link></robot>"
        )
        body = read_body(path, ["foot"], bare_feet=True)
        points = [(*p.position[:2], p.position[2] - p.radius) for p in body.feet[0].points]
        assert {tuple(np.round(point, 6) + 0.0) for point in points} == expected, shape


def test_a_sliding_joint_carries_its_mass_along():
    """1 kg at the base, 3 kg on a slide along y that a joint turned by 90 degrees about z holds."""
    identity, zero = (0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 0.0)
    quarter = (0.0, 0.0, np.sqrt(0.5), np.sqrt(0.5))
    body = Body(
        (
            Link("base", -1, zero, identity, 1.0, zero),
            Link("slide", 0, (0.0, 0.0, 0.4), quarter, 3.0, zero, "s", (0.0, 1.0, 0.0), True),
        ),
        (Foot("slide", (FootPoint((0.0, 0.0, -1.0)),)),),
    )
    level, still = np.array([[0.0, 0.0, -1.0]]), np.zeros((1, 3))
    motion = BodyModel(body, ["s"], np.zeros((1, 1))).motion(
        np.array([[0.2]]), np.array([[0.5]]), level, still
    )
    # the frame's y axis is the base's -x
    np.testing.assert_allclose(motion.center_of_mass, [[-0.15, 0.0, 0.3]], atol=1e-12)
    np.testing.assert_allclose(motion.center_of_mass_velocity, [[-0.375, 0.0, 0.0]], atol=1e-12)
    np.testing.assert_allclose(motion.foot_points, [[[-0.2, 0.0, -0.6]]], atol=1e-12)
    np.testing.assert_allclose(motion.foot_velocities, [[[-0.5, 0.0, 0.0]]], atol=1e-12)
    (_, base), (place, turn) = link_poses(body.links, {"s": 0.2})
    np.testing.assert_allclose(place, [-0.2, 0.0, 0.4], atol=1e-12)
    np.testing.assert_allclose(turn, Rotation.from_quat(quarter).as_matrix(), atol=1e-12)
    np.testing.assert_allclose(base, np.eye(3))


def with_links(*links):
    return dataclasses.replace(pole(), links=links)


def link(name, parent, mass=1.0, joint=None):
    return Link(name, parent, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), mass, (0.0, 0.0, 0.0), joint)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (with_links(), "tree of links with one base"),
        (with_links(link("foot", 0)), "tree of links with one base"),
        (with_links(link("foot", -1), link("b", -1)), "tree of links with one base"),
        (with_links(link("foot", -1), link("b", 2), link("c", 0)), "parents first"),
        (with_links(link("foot", -1), link("b", -2)), "tree of links with one base"),
        (with_links(link("foot", -1, 0.0), link("b", 0, 0.0)), "its links have no mass"),
        (with_links(link("foot", -1), link("b", 0, joint="c")), "joint 'c' is not among"),
        (with_links(link("toe", -1)), "there is no link 'foot' for a foot"),
        (Body((link("foot", -1),), (Foot("foot", ()),)), "foot 'foot' has no point to stand on"),
        (Body((link("foot", -1),), ()), "no foot has a point to stand on"),
    ],
)
def test_bodies_that_cannot_be_are_refused(body, message):
    with pytest.raises(ValueError, match=f"body: .*{message}"):
        BodyModel(body, ["a", "b"], np.zeros((1, 1)))


def test_stability_of_a_state_without_a_base_is_refused():
    state = pole_state(0.0)
    with pytest.raises(ValueError, match="needs body, gravity_b and angular_velocity_b"):
        pole_filter().stability(state._replace(gravity_b=None))
    with pytest.raises(ValueError, match="needs body"):
        SafetyFilter(two_joints(), np.zeros((1, 1))).stability(state)
    assert pole_filter().stability(state) == pytest.approx(0.1)
