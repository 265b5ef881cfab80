import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from urdf_text import body, joint, link, load, robot

from humanoid_gym.engine.assets.geometry import rotation_matrix
from humanoid_gym.engine.values.enums import JointType


def test_siblings_in_byte_order_of_joint_names(tmp_path):
    # File order and link names both disagree with the joints' names.
    names = ["joint_8", "joint_0", "joint_4", "joint_12"]
    parts = [link("palm")]
    for finger, name in zip("dcba", names, strict=True):
        parts += [link(f"{finger}1"), link(f"{finger}2")]
        parts += [
            joint(f"{name}_tip", f"{finger}1", f"{finger}2"),
            joint(name, "palm", f"{finger}1"),
        ]
    model = load(tmp_path, robot(*parts))
    expected = [n + end for n in sorted(names) for end in ("", "_tip")]
    assert sorted(names) == ["joint_0", "joint_12", "joint_4", "joint_8"]
    assert [j.name for j in model.dof_joints] == expected
    assert [b.name for b in model.bodies] == [
        "palm",
        "c1",
        "c2",
        "a1",
        "a2",
        "b1",
        "b2",
        "d1",
        "d2",
    ]
    assert [b.parent for b in model.bodies] == [-1, 0, 1, 0, 3, 0, 5, 0, 7]


def test_capitals_sort_before_small_letters(tmp_path):
    parts = [link("r"), link("x"), link("y")]
    text = robot(*parts, joint("a", "r", "x"), joint("B", "r", "y"))
    assert [j.name for j in load(tmp_path, text).dof_joints] == ["B", "a"]


TREE = robot(
    link("root", 1.0, '<collision><geometry><sphere radius="1"/></geometry></collision>'),
    link("plate", 2.0, '<collision><geometry><sphere radius="2"/></geometry></collision>'),
    link("cap", 3.0, '<collision><geometry><sphere radius="3"/></geometry></collision>'),
    link("hand", 4.0),
    link("leg", 5.0),
    joint("f", "root", "plate", "fixed", '<origin xyz="0 0 1" rpy="0 0 1.5707963267948966"/>'),
    joint("g", "plate", "cap", "fixed", '<origin xyz="1 0 0"/>'),
    joint("z", "cap", "hand", "continuous", '<origin xyz="1 0 0"/>'),
    joint("m", "root", "leg", "continuous"),
)


def test_fixed_links_stay_bodies_by_default(tmp_path):
    model = load(tmp_path, TREE)
    assert [b.name for b in model.bodies] == ["root", "plate", "cap", "hand", "leg"]
    assert [j.type for b in model.bodies for j in b.joints][:2] == [JointType.JOINT_FIXED] * 2
    assert [j.name for j in model.dof_joints] == ["z", "m"]
    assert model.dof_bodies == [3, 4]


def test_collapsing_merges_deepest_first_and_sorts_the_joints_that_move_up(tmp_path):
    model = load(tmp_path, TREE, collapse_fixed_joints=True)
    assert [b.name for b in model.bodies] == ["root", "leg", "hand"]
    root, leg, hand = model.bodies
    assert (leg.parent, hand.parent) == (0, 0)
    # plate at z = 1 turned by +90 degrees about z; cap 1 m along its x; hand 1 m further.
    np.testing.assert_allclose(hand.pose.position, [0, 2, 1], atol=1e-12)
    np.testing.assert_allclose(
        rotation_matrix(hand.pose.rotation) @ [1, 0, 0], [0, 1, 0], atol=1e-12
    )
    assert [shape.size[0] for shape in root.shapes] == [1.0, 2.0, 3.0]
    positions = [shape.pose.position for shape in root.shapes]
    np.testing.assert_allclose(positions, [[0, 0, 0], [0, 0, 1], [0, 1, 1]], atol=1e-12)
    assert root.mass == 6.0
    np.testing.assert_allclose(root.com, np.array([0, 3, 5]) / 6.0, atol=1e-12)


def test_dont_collapse_keeps_a_link_and_what_hangs_on_it(tmp_path):
    text = TREE.replace(
        '<joint name="g" type="fixed">', '<joint name="g" type="fixed" dont_collapse="true">'
    )
    model = load(tmp_path, text, collapse_fixed_joints=True)
    assert [b.name for b in model.bodies] == ["root", "cap", "hand", "leg"]
    np.testing.assert_allclose(body(model, "cap").pose.position, [0, 1, 1], atol=1e-12)


def test_the_name_of_a_dummy_root_survives(tmp_path):
    text = robot(
        '<link name="base"/>', link("trunk", 7.0), joint("floating_base", "base", "trunk", "fixed")
    )
    (only,) = load(tmp_path, text, collapse_fixed_joints=True).bodies
    assert (only.name, only.mass) == ("base", 7.0)


number = st.floats(-1.0, 1.0).map(lambda x: round(x, 4))
triple = st.tuples(number, number, number).map(lambda t: " ".join(map(str, t)))
weight = st.floats(0.1, 10.0)
edges = st.lists(
    st.tuples(st.integers(0, 100), st.booleans(), triple, triple, triple, weight),
    min_size=1, max_size=8,
)  # fmt: skip


def whole(model):
    """Total mass, COM and inertia about it at joint position zero, summed body by body."""
    frames, parts = [], []
    for b in model.bodies:
        rotation, position = frames[b.parent] if b.parent >= 0 else (np.eye(3), np.zeros(3))
        frame = rotation @ rotation_matrix(b.pose.rotation), position + rotation @ b.pose.position
        frames.append(frame)
        parts.append((b.mass, frame[1] + frame[0] @ b.com, frame[0] @ b.inertia @ frame[0].T))
    mass = sum(m for m, _, _ in parts)
    com = sum(m * c for m, c, _ in parts) / mass
    about_origin = sum(i + m * (c @ c * np.eye(3) - np.outer(c, c)) for m, c, i in parts)
    return mass, com, about_origin - mass * (com @ com * np.eye(3) - np.outer(com, com))


@settings(deadline=None, max_examples=40)
@given(edges)
def test_collapsing_keeps_the_whole_mass_com_and_inertia(tmp_path_factory, edges):
    parts = [link("l0")]
    for i, (parent, fixed, xyz, rpy, com, mass) in enumerate(edges, start=1):
        inertial = f"""<inertial><origin xyz="{com}" rpy="{rpy}"/><mass value="{mass}"/>
            <inertia ixx="0.2" ixy="0.01" ixz="0" iyy="0.3" iyz="-0.02" izz="0.4"/></inertial>"""
        parts.append(f'<link name="l{i}">{inertial}</link>')
        kind, origin = ("fixed" if fixed else "continuous"), f'<origin xyz="{xyz}" rpy="{rpy}"/>'
        parts.append(joint(f"j{i}", f"l{parent % i}", f"l{i}", kind, origin))
    folder = tmp_path_factory.mktemp("tree")
    apart = load(folder, robot(*parts))
    merged = load(folder, robot(*parts), collapse_fixed_joints=True)
    assert len(merged.bodies) == 1 + sum(not fixed for _, fixed, *_ in edges)
    assert sorted(j.name for j in merged.dof_joints) == sorted(j.name for j in apart.dof_joints)
    for ours, expected in zip(whole(merged), whole(apart), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-9)


def test_a_chain_of_two_thousand_links(tmp_path):
    parts = [link(f"l{i}") for i in range(2000)]
    parts += [joint(f"j{i}", f"l{i}", f"l{i + 1}", "fixed") for i in range(1999)]
    (only,) = load(tmp_path, robot(*parts), collapse_fixed_joints=True).bodies
    assert only.mass == pytest.approx(2000.0)
