"""MJCF files: bodies, frames, joints, defaults, includes."""

import mujoco
import numpy as np
import pytest
from mjcf_text import (
    RADIAN,
    RICH,
    assert_same_frames,
    assert_same_joints,
    assert_same_masses,
    body,
    both,
    load,
    robot,
)

from humanoid_gym.engine.assets.geometry import rotation_matrix
from humanoid_gym.engine.values.enums import JointType


def test_everything_as_mujoco_reads_it(tmp_path):
    ours, theirs = both(tmp_path, RICH)
    names = [theirs.body(i).name for i in range(1, theirs.nbody)]
    assert [b.name for b in ours.bodies] == names
    assert_same_masses(ours, theirs)
    assert_same_frames(ours, theirs)
    assert_same_joints(ours, theirs)
    assert not ours.fixed_base
    # Positions of the file's root are dropped, its orientation is kept.
    np.testing.assert_array_equal(ours.bodies[0].pose.position, 0.0)
    np.testing.assert_allclose(
        rotation_matrix(ours.root_rotation),
        rotation_matrix(np.roll(theirs.body_quat[1], -1)),
        atol=1e-12,
    )


def test_order_is_the_files_and_joints_keep_their_names(tmp_path):
    model = load(tmp_path, RICH)
    assert [b.name for b in model.bodies] == ["trunk", "thigh", "shin", "toe", "arm", "hand"]
    names = [joint.name for joint in model.dof_joints]
    assert names == ["hip_x", "hip_y", "hip_z", "knee", "toe", "slide"]
    assert model.dof_bodies == [1, 1, 1, 2, 3, 4]
    assert [j.type for j in body(model, "hand").joints] == [JointType.JOINT_FIXED]


def test_siblings_are_not_sorted(tmp_path):
    part = '<body name="{0}"><joint name="{0}"/><geom size=".1"/></body>'
    text = robot(f'<body name="r"><geom size=".1"/>{"".join(map(part.format, "zab"))}</body>')
    assert [b.name for b in load(tmp_path, text).bodies] == ["r", "z", "a", "b"]


@pytest.mark.parametrize(
    ("joints", "dofs", "fixed"),
    [
        ("", [], True),
        ("<freejoint/>", [], False),
        ('<joint type="free"/>', [], False),
        ('<joint name="h"/>', ["h"], True),
        ('<joint name="h" limited="true" range="0 0"/>', [], False),
        ('<joint name="h" limited="true" range="-1 1"/>', ["h"], True),
    ],
)
def test_what_the_roots_joints_mean(tmp_path, joints, dofs, fixed):
    model = load(tmp_path, robot(f'<body name="a">{joints}<geom size=".1"/></body>'))
    assert [joint.name for joint in model.dof_joints] == dofs
    assert model.fixed_base is fixed


def test_a_locked_hinge_on_a_child_is_a_dof(tmp_path):
    hinge = '<joint name="h" limited="true" range="0 0"/>'
    text = robot(f'<body name="a"><geom size=".1"/><body name="b">{hinge}</body></body>')
    (joint,) = load(tmp_path, text).dof_joints
    assert (joint.name, joint.has_limits, joint.lower, joint.upper) == ("h", True, 0.0, 0.0)


@pytest.mark.parametrize(
    ("compiler", "attributes", "limited"),
    [
        ("", 'range="-1 1"', False),
        ("", 'range="-1 1" limited="true"', True),
        ("", 'range="-1 1" limited="auto"', False),
        ('<compiler autolimits="true"/>', 'range="-1 1"', True),
        ('<compiler autolimits="true"/>', 'range="-1 1" limited="false"', False),
        ('<compiler angle="radian"/>', 'range="-1 1"', False),
        ('<compiler autolimits="true"/><compiler angle="radian"/>', 'range="-1 1"', True),
    ],
)
def test_ranges_are_limits_only_where_the_file_says_so(tmp_path, compiler, attributes, limited):
    child = f'<body name="b"><joint name="j" {attributes}/><geom size=".1"/></body>'
    text = robot(f'<body name="a"><geom size=".1"/>{child}</body>', before=compiler)
    assert load(tmp_path, text).dof_joints[0].has_limits is limited


@pytest.mark.parametrize(
    ("compiler", "attributes"),
    [(RADIAN, 'ref=".7"'), ("", 'ref="40"'), ("", 'ref=".7" type="slide"')],
)
def test_a_joint_stands_at_ref_in_the_file(tmp_path, compiler, attributes):
    text = robot(
        '<body name="a"><geom size=".1"/><body name="b" pos="0 .1 .2" euler=".3 .2 .1">'
        f'<joint name="j" axis="1 2 3" pos=".1 0 .4" {attributes}/><geom size=".1"/></body></body>',
        before=compiler,
    )
    ours, theirs = both(tmp_path, text)
    data = mujoco.MjData(theirs)
    data.qpos[:] = 0.0
    mujoco.mj_kinematics(theirs, data)
    np.testing.assert_allclose(ours.bodies[1].pose.position, data.xpos[2], atol=1e-12)


def test_a_ball_joint_is_three_hinges(tmp_path):
    ball = '<joint name="s" type="ball" pos="0 0 .1" damping="2"/>'
    text = robot(f'<body name="a"><geom size=".1"/><body name="b">{ball}</body></body>')
    joints = load(tmp_path, text).dof_joints
    assert [joint.name for joint in joints] == ["s:0", "s:1", "s:2"]
    np.testing.assert_array_equal([joint.axis for joint in joints], np.eye(3))
    assert all(joint.damping == 2.0 and joint.anchor[2] == 0.1 for joint in joints)


def test_names_are_made_up_where_the_file_has_none(tmp_path):
    text = robot('<body><geom size=".1"/><body><joint/><joint axis="1 0 0"/></body></body>')
    model = load(tmp_path, text)
    assert [b.name for b in model.bodies] == ["_body_0", "_body_1"]
    assert [j.name for j in model.dof_joints] == ["_joint_0", "_joint_1"]


def test_two_joints_may_have_one_name(tmp_path):
    child = '<body name="b{0}"><joint name="same"/><geom size=".1"/></body>'
    text = robot(f'<body name="a"><geom size=".1"/>{child.format(0)}{child.format(1)}</body>')
    assert [j.name for j in load(tmp_path, text).dof_joints] == ["same", "same"]


def test_includes(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "leg.xml").write_text(
        '<mujoco><body name="leg"><joint name="j"/><include file="parts/geom.xml"/></body></mujoco>'
    )
    (tmp_path / "parts" / "geom.xml").write_text(
        '<mujocoinclude><geom class="big"/></mujocoinclude>'
    )
    (tmp_path / "defaults.xml").write_text(
        '<mujoco><default><default class="big"><geom size="2"/></default></default></mujoco>'
    )
    text = robot(
        '<body name="a"><geom size=".1"/><include file="parts/leg.xml"/></body>',
        before='<include file="defaults.xml"/>',
    )
    assert load(tmp_path, text).bodies[1].shapes[0].size == (2.0,)
