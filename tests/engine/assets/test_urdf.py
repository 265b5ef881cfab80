import logging
import math

import mujoco
import numpy as np
import pytest
from urdf_text import body, joint, link, load, robot

from humanoid_gym.engine.assets.bodies import FRAME_MASS
from humanoid_gym.engine.assets.errors import AssetError
from humanoid_gym.engine.assets.geometry import rotation_matrix
from humanoid_gym.engine.values.enums import DofDriveMode, JointType

ARM = """<?xml version="1.0"?>
<robot name="arm">
  <material name="steel"><color rgba="0.1 0.2 0.3 1"/></material>
  <link name="base">
    <inertial>
      <origin xyz="0.01 0.02 0.03" rpy="0.1 -0.2 0.3"/>
      <mass value="4.0"/>
      <inertia ixx="0.05" ixy="0.001" ixz="-0.002" iyy="0.06" iyz="0.003" izz="0.04"/>
    </inertial>
    <visual><geometry><sphere radius="0.2"/></geometry><material name="steel"/></visual>
    <collision>
      <origin xyz="0 0 0.1" rpy="0 0 1.5"/><geometry><box size="0.2 0.4 0.6"/></geometry>
    </collision>
  </link>
  <link name="upper">
    <inertial>
      <origin xyz="0 0 -0.2"/><mass value="2.0"/>
      <inertia ixx="0.02" ixy="0" ixz="0" iyy="0.02" iyz="0" izz="0.01"/>
    </inertial>
    <collision><geometry><cylinder radius="0.05" length="0.4"/></geometry></collision>
  </link>
  <link name="slider">
    <inertial>
      <mass value="1.0"/><inertia ixx="0.003" ixy="0" ixz="0" iyy="0.004" iyz="0" izz="0.005"/>
    </inertial>
    <collision><geometry><capsule radius="0.05" length="0.3"/></geometry></collision>
  </link>
  <joint name="shoulder" type="revolute">
    <origin xyz="0.1 0.2 0.3" rpy="0.4 0.5 0.6"/>
    <parent link="base"/><child link="upper"/>
    <axis xyz="0 2 0"/>
    <limit lower="-1.0" upper="2.0" effort="50" velocity="8"/>
    <dynamics damping="0.5" friction="0.1" stiffness="3"/>
  </joint>
  <joint name="slide" type="prismatic">
    <origin xyz="0 0 -0.5" rpy="0 3.0 0"/>
    <parent link="upper"/><child link="slider"/>
    <limit lower="0" upper="0.3" effort="20" velocity="1"/>
  </joint>
</robot>
"""


def quaternion_matrix(wxyz):
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, wxyz)
    return matrix.reshape(3, 3)


def test_masses_poses_and_limits_agree_with_mujocos_own_reader(tmp_path):
    model = load(tmp_path, ARM)
    extension = '<mujoco><compiler fusestatic="false" discardvisual="false"/></mujoco></robot>'
    world = link("world_link") + joint("j", "world_link", "base")
    reference_file = tmp_path / "reference.urdf"
    reference_file.write_text(
        ARM.replace("</robot>", extension)
        # Without a joint above it MuJoCo's reader merges the root into the world.
        .replace('<link name="base">', world + '<link name="base">')
    )
    reference = mujoco.MjModel.from_xml_path(str(reference_file))
    for ours in model.bodies:
        theirs = reference.body(ours.name)
        np.testing.assert_allclose(ours.mass, theirs.mass[0])
        np.testing.assert_allclose(ours.com, theirs.ipos, atol=1e-12)
        axes = quaternion_matrix(theirs.iquat)
        expected = axes @ np.diag(theirs.inertia) @ axes.T
        np.testing.assert_allclose(ours.inertia, expected, atol=1e-12)
        np.testing.assert_allclose(ours.pose.position, theirs.pos, atol=1e-12)
        rotation = rotation_matrix(ours.pose.rotation)
        np.testing.assert_allclose(rotation, quaternion_matrix(theirs.quat), atol=1e-12)
    for ours in model.dof_joints:
        theirs = reference.joint(ours.name)
        np.testing.assert_allclose(ours.axis, theirs.axis, atol=1e-12)
        np.testing.assert_allclose([ours.lower, ours.upper], theirs.range)
        np.testing.assert_allclose(ours.damping, theirs.damping[0])


def test_joint_attributes(tmp_path):
    model = load(tmp_path, ARM, armature=0.02, default_dof_drive_mode=DofDriveMode.DOF_MODE_EFFORT)
    shoulder, slide = model.dof_joints
    assert (shoulder.type, slide.type) == (JointType.JOINT_REVOLUTE, JointType.JOINT_PRISMATIC)
    assert (shoulder.effort, shoulder.velocity) == (50.0, 8.0)
    assert (shoulder.damping, shoulder.friction, shoulder.stiffness) == (0.5, 0.1, 3.0)
    np.testing.assert_array_equal(shoulder.axis, [0.0, 1.0, 0.0])
    np.testing.assert_array_equal(slide.axis, [1.0, 0.0, 0.0])
    assert [j.armature for j in model.dof_joints] == [0.02, 0.02]
    assert {j.drive_mode for j in model.dof_joints} == {DofDriveMode.DOF_MODE_EFFORT}


def test_shapes(tmp_path):
    model = load(tmp_path, ARM)
    box, ball = body(model, "base").shapes
    assert (box.kind, box.size, box.collides) == ("box", (0.1, 0.2, 0.3), True)
    np.testing.assert_allclose(box.pose.position, [0, 0, 0.1])
    turned = rotation_matrix(box.pose.rotation) @ [1, 0, 0]
    np.testing.assert_allclose(turned, [math.cos(1.5), math.sin(1.5), 0])
    assert (ball.kind, ball.collides, ball.color) == ("sphere", False, (0.1, 0.2, 0.3, 1.0))
    assert body(model, "upper").shapes[0].size == (0.05, 0.2)
    assert body(model, "slider").shapes[0].size == (0.05, 0.15)
    assert model.name == "arm"
    assert model.source == str(tmp_path / "robot.urdf")


BARE = """<link name="b">{}<collision>
    <origin xyz="0 0 1"/><geometry><box size="1 2 3"/></geometry></collision></link>"""
INERTIAL = """<inertial><origin xyz="1 0 0"/><mass value="2"/>
    <inertia ixx="1" ixy="0" ixz="0" iyy="1" iyz="0" izz="1"/></inertial>"""


def test_density_weighs_links_without_inertial(tmp_path):
    (b,) = load(tmp_path, robot(BARE.format("")), density=10.0).bodies
    assert b.mass == pytest.approx(60.0)
    np.testing.assert_allclose(b.com, [0, 0, 1])
    np.testing.assert_allclose(b.inertia, np.diag([65.0, 50.0, 25.0]))


@pytest.mark.parametrize(
    ("override", "mass", "com", "ixx"),
    [
        ({}, 2.0, [1, 0, 0], 1.0),
        ({"override_com": True}, 2.0, [0, 0, 1], 1.0),
        ({"override_inertia": True}, 60.0, [1, 0, 0], 65.0),
    ],
)
def test_the_file_beats_density_unless_overridden(tmp_path, override, mass, com, ixx):
    (b,) = load(tmp_path, robot(BARE.format(INERTIAL)), density=10.0, **override).bodies
    assert b.mass == pytest.approx(mass)
    np.testing.assert_allclose(b.com, com)
    assert b.inertia[0, 0] == pytest.approx(ixx)


def test_overriding_without_shapes_keeps_the_file(tmp_path):
    (b,) = load(tmp_path, robot(link("b")), override_inertia=True, override_com=True).bodies
    assert b.mass == 1.0


def test_mass_without_inertia_is_spread_over_the_shapes(tmp_path):
    inertial = '<inertial><origin xyz="0 0 1"/><mass value="6"/></inertial>'
    (b,) = load(tmp_path, robot(BARE.format(inertial))).bodies
    np.testing.assert_allclose(b.inertia, np.diag([6.5, 5.0, 2.5]))


def test_frames_without_mass_weigh_little_and_nothing_once_merged(tmp_path):
    text = robot(link("a", 3.0), '<link name="imu"/>', joint("f", "a", "imu", "fixed"))
    assert body(load(tmp_path, text), "imu").mass == FRAME_MASS
    assert load(tmp_path, text, collapse_fixed_joints=True).bodies[0].mass == 3.0


BARE_LINK = """<link name="b">{}<collision><geometry><box size="0.2 0.4 0.6"/></geometry>
    </collision></link>"""
ZERO = """<inertial><mass value="0"/>
    <inertia ixx="0" ixy="0" ixz="0" iyy="0" iyz="0" izz="0"/></inertial>"""


def test_zero_mass_and_inertia_on_a_fixed_joint_is_a_frame(tmp_path):
    text = robot(link("a", 3.0), f'<link name="imu">{ZERO}</link>', joint("f", "a", "imu", "fixed"))
    assert body(load(tmp_path, text), "imu").mass == FRAME_MASS
    assert load(tmp_path, text, collapse_fixed_joints=True).bodies[0].mass == 3.0


def test_zero_mass_and_inertia_of_a_root_is_a_frame(tmp_path):
    text = robot(f'<link name="base">{ZERO}</link>', link("a"), joint("j", "base", "a"))
    assert body(load(tmp_path, text), "base").mass == FRAME_MASS


def test_density_in_place_of_a_mass(tmp_path):
    text = robot(BARE.format('<inertial><density value="50"/></inertial>'))
    plain = load(tmp_path, robot(BARE.format("")), density=50.0)
    (b,) = load(tmp_path, text, density=1000.0).bodies
    assert b.mass == plain.bodies[0].mass > 0.0
    np.testing.assert_array_equal(b.inertia, plain.bodies[0].inertia)


def test_zero_mass_and_inertia_of_a_link_that_moves_is_none(tmp_path, caplog):
    with_zero = robot(link("a"), BARE_LINK.format(ZERO), joint("j", "a", "b", "continuous"))
    without = robot(link("a"), BARE_LINK.format(""), joint("j", "a", "b", "continuous"))
    assert body(load(tmp_path, without), "b").mass == pytest.approx(48.0)
    assert not caplog.records
    moving = body(load(tmp_path, with_zero, density=500.0), "b")
    assert moving.mass == pytest.approx(24.0)
    assert "link 'b' moves and has no mass" in caplog.text


def test_zero_mass_with_inertia_is_refused(tmp_path):
    inertial = ZERO.replace('ixx="0"', 'ixx="1"')
    text = robot(link("a"), f'<link name="b">{inertial}</link>', joint("j", "a", "b", "fixed"))
    with pytest.raises(AssetError, match="mass of link 'b' is 0 kg"):
        load(tmp_path, text)


def test_link_armature(tmp_path):
    model = load(tmp_path, ARM, armature=0.5, use_physx_armature=False)
    assert {j.armature for j in model.dof_joints} == {0.0}
    np.testing.assert_allclose(np.diag(body(model, "slider").inertia), [0.503, 0.504, 0.505])


def test_capsules_for_collision_cylinders_only(tmp_path):
    cylinder = "<geometry><cylinder radius='0.1' length='1'/></geometry>"
    extra = f"<collision>{cylinder}</collision><visual>{cylinder}</visual>"
    model = load(tmp_path, robot(link("a", extra=extra)), replace_cylinder_with_capsule=True)
    assert [(s.kind, s.size) for s in model.bodies[0].shapes] == [
        ("capsule", (0.1, 0.5)),
        ("cylinder", (0.1, 0.5)),
    ]


@pytest.mark.parametrize(
    ("kind", "limit", "has_limits", "bounds", "effort", "velocity"),
    [
        ("revolute", "", False, (0, 0), math.inf, 100.0),
        ("revolute", '<limit lower="-1" upper="1"/>', True, (-1, 1), math.inf, 100.0),
        ("revolute", '<limit effort="7" velocity="2"/>', False, (0, 0), 7.0, 2.0),
        ("revolute", '<limit upper="1" effort="inf"/>', True, (0, 1), math.inf, 100.0),
        ("continuous", '<limit lower="-1" upper="1" effort="3"/>', False, (0, 0), 3.0, 100.0),
        ("prismatic", '<limit lower="2" upper="1"/>', True, (2, 1), math.inf, 100.0),
    ],
)
def test_limits(tmp_path, kind, limit, has_limits, bounds, effort, velocity):
    text = robot(link("a"), link("b"), joint("j", "a", "b", kind, limit))
    (j,) = load(tmp_path, text).dof_joints
    assert (j.has_limits, (j.lower, j.upper), j.effort, j.velocity) == (
        has_limits, bounds, effort, velocity,
    )  # fmt: skip


def test_elements_of_other_programs_are_ignored(tmp_path):
    foreign = """<gazebo reference="a"><link name="ghost"/></gazebo>
      <transmission name="t"><joint name="j"><hardwareInterface/></joint></transmission>
      <sdf resolution="256"/><joint_properties friction="0.0"/>"""
    inner = '<safety_controller k_velocity="1"/><calibration rising="0"/>'
    extra = '<collision><sdf resolution="8"/><geometry><sphere radius="1"/></geometry></collision>'
    text = robot(
        link("a", extra=extra), link("b"), joint("j", "a", "b", "revolute", inner), foreign
    )
    assert [b.name for b in load(tmp_path, text).bodies] == ["a", "b"]


def test_oddities_are_logged_with_their_place(tmp_path, caplog):
    inner = '<limit lower="2" upper="1" velocity="0"/><mimic joint="k"/>'
    lean = link("b").replace('izz="0.1"', 'izz="0.9"')
    with caplog.at_level(logging.WARNING):
        load(tmp_path, robot(link("a"), "\n", lean, "\n", joint("j", "a", "b", "revolute", inner)))
    text = caplog.text
    assert "robot.urdf:2: link 'b': the largest principal moment" in text
    assert "robot.urdf:3: joint 'j' has lower limit 2 above upper 1" in text
    assert "robot.urdf:3: joint 'j' has velocity limit 0" in text
    assert "<mimic> is not enforced on j." in text


def test_inline_materials_serve_later_links(tmp_path):
    shape = "<geometry><sphere radius='1'/></geometry>"
    red = '<material name="red"><color rgba="1 0 0 1"/></material>'
    first = link("a", extra=f"<visual>{shape}{red}</visual>")
    second = link(
        "b", extra=f"<visual>{shape}<material name='red'/></visual><visual>{shape}</visual>"
    )
    model = load(tmp_path, robot(first, second, joint("j", "a", "b", "fixed")))
    assert [s.color for s in body(model, "b").shapes] == [(1.0, 0.0, 0.0, 1.0), None]


def test_flipped_visual_meshes_turn_y_up(tmp_path):
    (tmp_path / "t.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 2 4\n")
    mesh = "<geometry><mesh filename='t.obj'/></geometry>"
    extra = f"<visual>{mesh}</visual><collision>{mesh}</collision>"
    model = load(tmp_path, robot(link("a", extra=extra)), flip_visual_attachments=True)
    collision, visual = model.bodies[0].shapes
    np.testing.assert_allclose(rotation_matrix(collision.pose.rotation), np.eye(3))
    np.testing.assert_allclose(
        rotation_matrix(visual.pose.rotation) @ [0, 1, 0], [0, 0, 1], atol=1e-12
    )


def test_visuals_in_formats_unknown_here_are_left_out(tmp_path, caplog):
    (tmp_path / "t.usd").write_text("x")
    mesh = "<geometry><mesh filename='t.usd'/></geometry>"
    model = load(tmp_path, robot(link("a", extra=f"<visual>{mesh}</visual>")))
    assert model.bodies[0].shapes == []
    assert "t.usd" in caplog.text
