"""MJCF files: actuators, tendons, contact rules."""

import numpy as np
from mjcf_text import (
    load,
    robot,
)

from humanoid_gym.engine.values.enums import DofDriveMode

ACTUATORS = """<actuator>
  <motor name="m" joint="j2" gear="15" ctrllimited="true" ctrlrange="-1 2"/>
  <position name="p" joint="j0" kp="40" forcelimited="true" forcerange="-3 5"/>
  <velocity joint="j1" kv="6" ctrlrange="-1 1"/>
  <general joint="j3" gear="2"/>
  <motor joint="elsewhere"/>
</actuator>"""


def test_actuators_set_the_drives(tmp_path):
    children = "".join(
        f'<body name="b{i}"><joint name="j{i}" damping=".5" stiffness="2"/><geom size=".1"/></body>'
        for i in range(4)
    )
    text = robot(f'<body name="a"><geom size=".1"/>{children}</body>', after=ACTUATORS)
    model = load(tmp_path, text, default_dof_drive_mode=DofDriveMode.DOF_MODE_NONE)
    modes = [joint.drive_mode for joint in model.dof_joints]
    assert modes == [
        DofDriveMode.DOF_MODE_POS,
        DofDriveMode.DOF_MODE_VEL,
        DofDriveMode.DOF_MODE_EFFORT,
        DofDriveMode.DOF_MODE_NONE,
    ]
    assert [(j.stiffness, j.damping) for j in model.dof_joints] == [
        (40.0, 0.5), (2.0, 6.0), (2.0, 0.5), (2.0, 0.5)
    ]  # fmt: skip
    assert [j.effort for j in model.dof_joints] == [5.0, np.inf, np.inf, np.inf]
    came = [(a.name, a.type, a.joint, a.gear) for a in model.actuators]
    assert came == [
        ("m", "motor", "j2", 15.0),
        ("p", "position", "j0", 1.0),
        ("_actuator_2", "velocity", "j1", 1.0),
    ]
    assert [a.control_range for a in model.actuators] == [(-1.0, 2.0), None, None]
    assert [a.force_range for a in model.actuators] == [None, (-3.0, 5.0), None]


def test_default_drive_mode_of_the_options(tmp_path):
    text = robot('<body name="a"><geom size=".1"/><body><joint/><geom size=".1"/></body></body>')
    model = load(tmp_path, text, default_dof_drive_mode=DofDriveMode.DOF_MODE_POS)
    assert model.dof_joints[0].drive_mode == DofDriveMode.DOF_MODE_POS


def test_tendons(tmp_path):
    children = "".join(f'<body><joint name="j{i}"/><geom size=".1"/></body>' for i in range(2))
    tendons = """<default><tendon stiffness="3"/></default><tendon>
      <fixed name="t" limited="true" range="-.1 .2" damping=".5" springlength=".05">
        <joint joint="j1" coef="2"/><joint joint="j0" coef="-1"/></fixed>
      <spatial name="s"><site site="x"/><site site="y"/></spatial>
      <fixed><joint joint="elsewhere" coef="1"/></fixed></tendon>"""
    text = robot(f'<body name="a"><geom size=".1"/>{children}</body>', after=tendons)
    model = load(tmp_path, text, tendon_limit_stiffness=30.0)
    fixed, spatial = model.tendons
    assert (fixed.name, fixed.joints, fixed.coefficients) == ("t", ["j1", "j0"], [2.0, -1.0])
    assert (fixed.limited, fixed.lower, fixed.upper) == (True, -0.1, 0.2)
    assert (fixed.stiffness, fixed.damping, fixed.limit_stiffness) == (3.0, 0.5, 30.0)
    assert fixed.rest_length == 0.05
    assert (spatial.is_spatial, spatial.num_sites) == (True, 2)


def touching(model):
    """Pairs of colliding shapes, on bodies that no joint connects, which may touch."""
    shapes = [
        (i, shape) for i, b in enumerate(model.bodies) for shape in b.shapes if shape.collides
    ]
    parents = [b.parent for b in model.bodies]
    return {
        (a, b)
        for a, (i, first) in enumerate(shapes)
        for b, (j, second) in enumerate(shapes)
        if a < b and i != j and parents[i] != j and parents[j] != i
        and not first.filter & second.filter
    }  # fmt: skip


def star(masks, contact=""):
    """A root and one child per (contype, conaffinity)."""
    children = "".join(
        f'<body name="b{i}"><joint/><geom name="g{i}" size=".1" contype="{c}" conaffinity="{a}"/>'
        "</body>"
        for i, (c, a) in enumerate(masks)
    )
    return robot(f'<body name="root"><joint/>{children}</body>', after=contact)


def test_filters_say_what_contype_and_conaffinity_say(tmp_path):
    rng = np.random.default_rng(0)
    for _ in range(20):
        masks = [tuple(int(x) for x in row) for row in rng.integers(1, 8, (6, 2))]
        came = touching(load(tmp_path, star(masks)))
        expected = {
            (i, j)
            for i, (ci, ai) in enumerate(masks)
            for j, (cj, aj) in enumerate(masks)
            if i < j and (ci & aj or cj & ai)
        }
        assert came == expected, masks


def test_pairs_and_excludes(tmp_path):
    contact = (
        '<contact><exclude body1="b0" body2="b1"/><pair geom1="g2" geom2="g3"/>'
        '<pair geom1="g4" geom2="g0"/><exclude body1="b9" body2="b1"/></contact>'
    )
    masks = [(1, 1), (1, 1), (1, 0), (1, 0), (0, 1)]
    came = touching(load(tmp_path, star(masks, contact)))
    assert came == {(0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)}


def test_plain_files_have_no_masks(tmp_path):
    model = load(tmp_path, star([(1, 1)] * 3))
    assert [s.filter for b in model.bodies for s in b.shapes] == [0, 0, 0]


def test_shapes_without_masks_are_for_looks(tmp_path):
    (shape,) = load(tmp_path, star([(0, 0)])).bodies[1].shapes
    assert not shape.collides
