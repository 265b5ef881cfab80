"""The 24-joint humanoid and its legs variant: description, motors, and standing on the engine."""

import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import mujoco
import numpy as np
import pytest
from urdf_robot import (
    MIRROR,
    Robot,
    assert_mirrored_inertia,
    assert_physical,
    floats,
    mujoco_inertia,
    mujoco_model,
    twin,
)

from humanoid_gym.engine import gymapi
from humanoid_gym.tasks.legged.humanoid24 import JOINT_MOTORS, MOTORS, joint_motor
from humanoid_gym.tasks.legged.motors import Motor, position_gains

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "resources/urdf/humanoid24"
FULL, LEGS = FOLDER / "humanoid24.urdf", FOLDER / "humanoid24_legs.urdf"
DOCUMENT = ROOT / "docs/humanoid24_model.md"

LEG = ("hip_pitch", "hip_roll", "hip_yaw", "knee", "ankle_pitch", "ankle_roll")
ARM = ("shoulder_pitch", "shoulder_roll", "shoulder_yaw", "elbow")
LEG_JOINTS = [f"{side}_{joint}" for side in ("left", "right") for joint in LEG]
ALL_JOINTS = [
    *LEG_JOINTS,
    *("waist_yaw", "waist_roll", "waist_pitch", "head_yaw"),
    *(f"{side}_{joint}" for side in ("left", "right") for joint in ARM),
]
BENT = {"hip_pitch": -0.25, "knee": 0.5, "ankle_pitch": -0.25}
"""The default pose's legs [rad]; all else near zero."""


def bent(joint):
    return next((angle for end, angle in BENT.items() if joint.endswith(end)), 0.0)


@pytest.fixture(scope="module")
def robot():
    return Robot(FULL)


@pytest.fixture(scope="module")
def model():
    return mujoco_model(FULL)


@pytest.fixture
def standing(model):
    """MuJoCo's data in the default pose, pelvis at the origin."""
    data = mujoco.MjData(model)
    for joint in ALL_JOINTS:
        data.joint(joint).qpos[0] = bent(joint)
    mujoco.mj_forward(model, data)
    return data


def documented(table):
    """Rows of one of the document's tables, as cells."""
    text = DOCUMENT.read_text().split(f"<!-- table: {table} -->")[1].split("<!-- end -->")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return [row for row in rows if len(row) > 1][2:]


def half_extent(turn, primitive):
    """Half the edges [m] of the upright box around a shape."""
    if primitive.tag == "box":
        return np.abs(turn) @ (floats(primitive, "size") / 2.0)
    radius, half = float(primitive.get("radius")), float(primitive.get("length", "0")) / 2.0
    axis = turn[:, 2]
    around = np.ones(3) if primitive.tag != "cylinder" else np.sqrt(np.clip(1.0 - axis**2, 0, 1))
    return np.abs(axis) * half + radius * around


def heights(robot, links, kind):
    ends = [
        robot.position(link)[2] + centre[2] + sign * half_extent(turn, primitive)[2]
        for link in links
        for centre, turn, primitive in robot.shapes(link, kind)
        for sign in (-1.0, 1.0)
    ]
    return min(ends), max(ends)


def test_mass_stature_and_hip_height_are_as_documented(robot):
    low, high = heights(robot, robot.links, "visual")
    rows = dict(documented("body"))
    assert 45.0 < robot.mass() < 60.0
    assert robot.mass() == pytest.approx(float(rows["mass [kg]"]), abs=0.005)
    assert high - low == pytest.approx(1.5, abs=1e-9)
    assert -low == pytest.approx(float(rows["hip axes over the sole, legs straight [m]"]))


def test_inertias_are_physical_and_no_link_is_a_dummy(robot):
    assert_physical(robot)
    for link in robot.links:
        mass, _, inertia = robot.inertial(link)
        assert mass > 0.15, link
        assert np.linalg.eigvalsh(inertia)[0] > 4e-5, link


def test_mass_and_inertia_are_those_of_what_is_seen_at_the_documented_densities(robot):
    densities = {name: float(density) for name, density, _ in documented("materials")}
    for link in robot.links:
        mass, com, inertia = robot.inertial(link)
        filled = sum(
            densities[material] * volume(primitive)
            for material, (_, _, primitive) in zip(
                robot.materials(link), robot.shapes(link), strict=True
            )
        )
        their_com, their_inertia = mujoco_inertia(robot, link, densities)
        assert mass == pytest.approx(filled, abs=1e-4), link
        np.testing.assert_allclose(com, their_com, atol=1e-6, err_msg=link)
        np.testing.assert_allclose(inertia, their_inertia, atol=1e-5 * np.trace(inertia))


def volume(primitive):
    if primitive.tag == "box":
        return np.prod(floats(primitive, "size"))
    radius, length = float(primitive.get("radius")), float(primitive.get("length"))
    ends = {"cylinder": 0.0, "capsule": 4.0 / 3.0 * math.pi * radius**3}[primitive.tag]
    return math.pi * radius**2 * length + ends


def shape_rows(robot, link, kind, mirror):
    """Shapes in sorted order; all lie along axes, so that mirroring leaves their extents."""
    return sorted(
        (primitive.tag, *(mirror @ centre).round(9) + 0.0, *half_extent(turn, primitive).round(9))
        for centre, turn, primitive in robot.shapes(link, kind)
    )


def test_left_and_right_are_mirror_images(robot):
    for link in robot.links:
        if link.startswith("right_"):
            continue
        assert_mirrored_inertia(robot, link)
        np.testing.assert_allclose(robot.position(link), MIRROR @ robot.position(twin(link)))
        for kind in ("visual", "collision"):
            rows = shape_rows(robot, twin(link), kind, MIRROR)
            assert shape_rows(robot, link, kind, np.eye(3)) == rows, link


def test_axes_and_ranges_are_those_of_one_rule_on_both_sides(robot):
    axes = {"roll": [1, 0, 0], "pitch": [0, 1, 0], "yaw": [0, 0, 1]}
    assert sorted(robot.joints) == sorted(ALL_JOINTS)
    for name, joint in robot.joints.items():
        motion = name.rsplit("_", 1)[1]
        np.testing.assert_array_equal(
            floats(joint.find("axis"), "xyz"), axes.get(motion, [0, 1, 0])
        )
        if name.startswith("left_"):
            low, high = limits(robot.joints[twin(name)])
            mirrored = (-high, -low) if motion in ("roll", "yaw") else (low, high)
            assert limits(joint) == mirrored, name


def limits(joint):
    return float(joint.find("limit").get("lower")), float(joint.find("limit").get("upper"))


def test_ranges_allow_squats_and_stairs(robot):
    """A squat with level thighs, and the hind leg of a long stride; stairs lie between them."""
    squat = {"hip_pitch": -2.0, "knee": 2.2, "ankle_pitch": -0.7}
    stride = {"hip_pitch": 0.5, "knee": 0.05, "ankle_pitch": 0.5}
    for pose in (squat, stride):
        for joint, angle in pose.items():
            low, high = limits(robot.joints[f"left_{joint}"])
            assert low < angle < high, joint


def test_effort_and_speed_are_those_of_the_motor_table(robot):
    for name, joint in robot.joints.items():
        motor = joint_motor(name)
        limit = joint.find("limit")
        assert float(limit.get("effort")) == motor.peak_torque, name
        assert float(limit.get("velocity")) == motor.peak_speed, name
    assert {joint_motor(name) for name in ALL_JOINTS} <= set(MOTORS.values())


def test_motors_are_of_the_size_of_public_ones():
    for motor in MOTORS.values():
        assert 20.0 <= motor.peak_torque <= 140.0
        assert 0.003 <= motor.reflected_inertia <= 0.03
        assert 20.0 <= motor.peak_speed <= 37.0


def test_a_joint_without_motor_is_named_with_those_that_have_one():
    with pytest.raises(ValueError, match=r"'left_tail' has no motor; .*\*_knee, .*head_yaw"):
        joint_motor("left_tail")
    assert JOINT_MOTORS["*_knee"] == "large"


def test_gains_are_those_of_the_formula():
    gains = position_gains(Motor(140.0, 20.0, 0.03))
    assert gains.stiffness == pytest.approx(118.4353, abs=1e-4)  # 0.03 (20 pi)^2
    assert gains.damping == pytest.approx(7.53982, abs=1e-5)  # 4 x 0.03 x 20 pi
    assert gains.action_scale == pytest.approx(35.0 / 118.4353, abs=1e-6)
    stiff = position_gains(Motor(140.0, 20.0, 0.03), natural_frequency=20.0, damping_ratio=0.5)
    assert stiff.stiffness == pytest.approx(4.0 * gains.stiffness)
    assert stiff.damping == pytest.approx(0.5 * gains.damping)


def test_documented_joints_and_motors_are_these(robot):
    for name, _, span, motor, *numbers in documented("joints"):
        joint = joint_motor(name)
        gains = position_gains(joint)
        assert joint == MOTORS[motor]
        expected = (joint.peak_torque, joint.peak_speed, *gains)
        assert [float(number) for number in numbers] == pytest.approx(expected, rel=5e-3)
        low, high = np.degrees(limits(robot.joints[name]))
        assert span == f"{low:.0f} … {high:.0f}"


def test_knee_and_ankle_hold_a_deep_squat_on_two_legs(robot):
    """Thighs level: the knees carry half the weight at the length of a thigh."""
    weight = robot.mass() * 9.81
    thigh = robot.position("left_thigh")[2] - robot.position("left_shin")[2] + 0.06
    knee = float(robot.joints["left_knee"].find("limit").get("effort"))
    assert thigh == pytest.approx(0.36)
    assert weight / 2.0 * thigh < 0.65 * knee
    ankle = float(robot.joints["left_ankle_pitch"].find("limit").get("effort"))
    assert weight * 0.14 < ankle  # on the toes of one foot


def test_centre_of_mass_is_over_the_feet_in_the_default_pose(robot, model, standing):
    com = standing.subtree_com[1]
    foot = standing.body("left_foot").xpos
    soles = [
        centre[0] + sign * half_extent(turn, primitive)[0]
        for centre, turn, primitive in robot.shapes("left_foot", "collision")
        for sign in (-1.0, 1.0)
    ]
    assert foot[0] + min(soles) + 0.05 < com[0] < foot[0] + max(soles) - 0.05
    assert abs(com[1]) < 1e-9
    np.testing.assert_allclose(standing.body("left_foot").xmat.reshape(3, 3), np.eye(3), atol=1e-9)


def test_nothing_touches_itself_in_the_zero_and_the_default_pose(model, standing):
    assert standing.ncon == 0
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    assert data.ncon == 0


def test_links_two_joints_apart_never_touch(model):
    """Only parent and child may overlap; a hidden contact would cripple hips, ankles and waist."""
    data, rng = mujoco.MjData(model), np.random.default_rng(0)
    near = {frozenset(("pelvis", "torso"))}
    for side in ("left", "right"):
        near |= {
            frozenset(("pelvis", f"{side}_thigh")),
            frozenset((f"{side}_shin", f"{side}_foot")),
        }
    low, high = model.jnt_range[1:].T
    touching = set()
    for _ in range(1000):
        data.qpos[7:] = rng.uniform(low, high)
        mujoco.mj_fwdPosition(model, data)
        for contact in data.contact:
            touching.add(frozenset(model.body(model.geom_bodyid[g]).name for g in contact.geom))
    assert touching  # the check sees contacts at all
    assert not touching & near


def test_few_shapes_collide_and_all_are_capsules(model):
    assert model.ngeom == 13
    assert set(model.geom_type) == {int(mujoco.mjtGeom.mjGEOM_CAPSULE)}


def test_legs_variant_is_the_same_file_but_for_fixed_joints():
    full = list(ElementTree.parse(FULL).getroot().iter())
    legs = list(ElementTree.parse(LEGS).getroot().iter())
    differing = []
    for one, other in zip(full, legs, strict=True):
        assert (one.tag, (one.text or "").strip()) == (other.tag, (other.text or "").strip())
        if one.attrib != other.attrib:
            assert one.tag == "joint"
            assert (one.attrib.pop("type"), other.attrib.pop("type")) == ("revolute", "fixed")
            assert one.attrib == other.attrib
            differing.append(one.attrib["name"])
    assert sorted(differing) == sorted(set(ALL_JOINTS) - set(LEG_JOINTS))


def test_generating_again_gives_the_same_files(tmp_path):
    document = tmp_path / "document.md"
    emptied = re.sub(
        r"(<!-- table: \w+ -->).*?(<!-- end -->)", r"\1\n\2", DOCUMENT.read_text(), flags=re.S
    )
    document.write_text(emptied)
    assert emptied != DOCUMENT.read_text()
    options = ["--folder", tmp_path, "--document", document]
    subprocess.run([sys.executable, FOLDER / "generate.py", *options], check=True)
    assert (tmp_path / FULL.name).read_bytes() == FULL.read_bytes()
    assert (tmp_path / LEGS.name).read_bytes() == LEGS.read_bytes()
    assert document.read_bytes() == DOCUMENT.read_bytes()


class Stand:
    """The robot put on its soles in the default pose, under position drives."""

    def __init__(self, world, path, natural_frequency):
        self.world = world(dt=0.02, substeps=4)
        self.asset = self.world.urdf(
            path.read_text(),
            collapse_fixed_joints=True,
            default_dof_drive_mode=int(gymapi.DOF_MODE_POS),
        )
        gym = self.world.gym
        self.joints = gym.get_asset_dof_names(self.asset)
        self.links = gym.get_asset_rigid_body_names(self.asset)
        motors = [joint_motor(joint) for joint in self.joints]
        gains = [position_gains(motor, natural_frequency) for motor in motors]
        drives = {
            "driveMode": int(gymapi.DOF_MODE_POS),
            "stiffness": [gain.stiffness for gain in gains],
            "damping": [gain.damping for gain in gains],
            "armature": [motor.reflected_inertia for motor in motors],
        }
        drop = 0.07 + 2.0 * 0.36 * math.cos(0.25)
        self.world.place(self.asset, position=(0.0, 0.0, drop), dofs=drives).start()
        self.world.dof[:, 0] = self.world.dof.new_tensor([bent(joint) for joint in self.joints])
        self.world.set("dof_state", self.world.dof)
        self.world.set("dof_position_target", self.world.dof[:, 0])

    def height_and_upright(self):
        x, y = self.world.root[0, 3:5].tolist()
        return float(self.world.root[0, 2]), 1.0 - 2.0 * (x**2 + y**2)

    def forces(self):
        """Vertical contact force on each foot and on all other links together [N]."""
        force = dict(zip(self.links, self.world.contact, strict=True))
        feet = [float(force.pop(foot)[2]) for foot in ("left_foot", "right_foot")]
        return (*feet, sum(float(part.norm()) for part in force.values()))


def test_joints_and_links_come_in_this_order(world):
    stand = Stand(world, FULL, 10.0)
    assert stand.joints == ALL_JOINTS
    assert len(stand.links) == 25
    legs = Stand(world, LEGS, 10.0)
    assert legs.joints == LEG_JOINTS
    assert legs.links == [
        "pelvis",
        *(
            f"{side}_{link}"
            for side in ("left", "right")
            for link in ("hip_pitch", "hip_roll", "thigh", "shin", "ankle", "foot")
        ),
    ]


@pytest.mark.parametrize("path", [FULL, LEGS], ids=["full", "legs"])
def test_stiff_drives_hold_the_default_pose(world, robot, path):
    """At 25 Hz the ankles are stiffer than the body's weight topples: it stands by itself."""
    stand = Stand(world, path, 25.0)
    stand.world.seconds(5.0)
    height, upright = stand.height_and_upright()
    left, right, others = stand.forces()
    assert height > 0.755
    assert upright > 0.998
    assert left + right == pytest.approx(robot.mass() * 9.81, rel=0.005)
    assert left == pytest.approx(right, rel=0.01)
    assert others == 0.0


def test_default_drives_leave_balance_to_the_policy(world):
    """At 10 Hz the two ankles hold 126 N m/rad and weight topples with 350: a second, no more."""
    stand = Stand(world, FULL, 10.0)
    stand.world.seconds(0.8)
    height, upright = stand.height_and_upright()
    assert height > 0.7
    assert upright > 0.9
    stand.world.seconds(2.2)
    assert stand.height_and_upright()[0] < 0.5
