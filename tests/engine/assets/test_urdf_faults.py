import numpy as np
import pytest

from humanoid_gym.engine.assets.errors import AssetError, UnsupportedAssetError
from humanoid_gym.engine.assets.urdf import load_urdf
from humanoid_gym.engine.values.parameters import AssetOptions

GOOD = """<?xml version="1.0"?>
<robot name="r">
  <link name="a">
    <inertial>
      <mass value="1"/>
      <inertia ixx="1" ixy="0" ixz="0" iyy="1" iyz="0" izz="1"/>
    </inertial>
    <collision><geometry><sphere radius="1"/></geometry></collision>
  </link>
  <link name="b"/>
  <link name="c"/>
  <joint name="j" type="revolute">
    <parent link="a"/><child link="b"/><axis xyz="0 0 1"/>
    <limit lower="0" upper="1" effort="1" velocity="1"/>
  </joint>
  <joint name="k" type="fixed"><parent link="b"/><child link="c"/></joint>
</robot>
"""


def fault(tmp_path, data, kind=AssetError):
    """The message of a load that must fail, checked to be one line that names the file."""
    file = tmp_path / "robot.urdf"
    if data is not None:
        file.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(kind) as caught:
        load_urdf(file, AssetOptions())
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{file}:")
    return message.removeprefix(f"{file}:")


def changed(old, new):
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def test_the_good_file_is_good(tmp_path):
    (tmp_path / "robot.urdf").write_text(GOOD)
    assert len(load_urdf(tmp_path / "robot.urdf", AssetOptions()).bodies) == 3


def test_missing_file(tmp_path):
    assert "no such file" in fault(tmp_path, None)


def test_a_folder_instead_of_a_file(tmp_path):
    (tmp_path / "robot.urdf").mkdir()
    assert "cannot be read" in fault(tmp_path, None)


@pytest.mark.parametrize("data", [b"", b"  \n\n"])
def test_empty_file(tmp_path, data):
    assert "the file is empty" in fault(tmp_path, data)


@pytest.mark.parametrize("end", range(1, len(GOOD.rstrip()), 37))
def test_truncated_anywhere(tmp_path, end):
    assert "not well-formed XML" in fault(tmp_path, GOOD[:end])


def test_truncated_file_names_line_and_open_element(tmp_path):
    message = fault(tmp_path, GOOD[: GOOD.index("<inertia ")])
    assert message.startswith("6: ")
    assert "<inertial> of line 4" in message


@pytest.mark.parametrize(
    "data",
    [
        "hello",
        b"\x00\x01\x02\x03",
        b"\xff\xfe\xfa",
        "<robot><link name='a'></robot>",
        "<robot name=r/>",
        "<?xml version='1.0' encoding='no-such-code'?><robot/>",
        "<robot>&undefined;</robot>",
    ],
)
def test_malformed(tmp_path, data):
    assert "not well-formed XML" in fault(tmp_path, data)


@pytest.mark.parametrize(
    ("tag", "hint"), [("mujoco", "MJCF"), ("sdf", "SDF"), ("html", "give a URDF file")]
)
def test_another_root_element(tmp_path, tag, hint):
    message = fault(tmp_path, f"<{tag}/>")
    assert message.startswith("1: ")
    assert f"<{tag}>, expected <robot>" in message
    assert hint in message


def test_no_links(tmp_path):
    assert "no links" in fault(tmp_path, "<robot name='r'/>")


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ('value="1"', 'value="0"', 5, "mass of link 'a' is 0 kg"),
        ('value="1"', 'value="-2"', 5, "mass of link 'a' is -2 kg"),
        ('value="1"', 'value="nan"', 5, "finite"),
        ('value="1"', 'value="inf"', 5, "finite"),
        ('value="1"', 'value="abc"', 5, 'value="abc" of <mass>: expected a number'),
        ('value="1"', 'value="1 2"', 5, "expected a number"),
        ('value="1"', 'value="1_0"', 5, "expected a number"),
        ('value="1"', 'value="${m}"', 5, "xacro"),
        ('value="1"', "", 5, "<mass> has no attribute 'value'"),
        ('<mass value="1"/>', "", 4, "<inertial> has no <mass>"),
        ('ixx="1"', 'ixx="-1"', 6, "link 'a': a moment of inertia is negative"),
        ('ixx="1"', 'ixx="inf"', 6, "finite"),
        ('ixx="1"', "", 6, "no attribute 'ixx'"),
        ('<link name="b"/>', '<link name="a"/>', 10, "<link> 'a' is already defined in line 3"),
        ('<link name="b"/>', "<link/>", 10, "<link> has no attribute 'name'"),
        ('<link name="b"/>', '<link name=" "/>', 10, "no attribute 'name'"),
        ('name="k"', 'name="j"', 16, "<joint> 'j' is already defined in line 12"),
        ('<child link="b"/>', '<child link="d"/>', 12, "child link 'd', which is missing"),
        ('<parent link="b"/>', '<parent link="d"/>', 16, "parent link 'd', which is missing"),
        ('<child link="b"/>', "", 12, "<joint> has no <child>"),
        ('<child link="c"/>', '<child link="b"/>', 16, "link 'b' has two parents"),
        ('<parent link="b"/>', '<parent link="c"/>', 16, "loop"),
        ('<child link="c"/>', '<child link="a"/>', 12, "'j', 'k' form a loop"),
        ('type="fixed"', 'type="hinge"', 16, "unknown type 'hinge'"),
        ('type="fixed"', "", 16, "no attribute 'type'"),
        ('xyz="0 0 1"', 'xyz="0 0 0"', 13, "axis of joint 'j' is zero"),
        ('xyz="0 0 1"', 'xyz="0 1"', 13, "expected 3 numbers"),
        ('xyz="0 0 1"', 'xyz="0 0 nan"', 13, "finite"),
        ('effort="1"', 'effort="-1"', 14, "too small"),
        ('velocity="1"', 'velocity="fast"', 14, "expected a number"),
        ('lower="0"', 'lower="-inf"', 14, "finite"),
        ('radius="1"', 'radius="0"', 8, "above zero"),
        ('radius="1"', "", 8, "no attribute 'radius'"),
        ('<sphere radius="1"/>', "", 8, "geometry of link 'a' is nothing"),
        ('<sphere radius="1"/>', "<cone/>", 8, "is <cone>"),
        ('<sphere radius="1"/>', '<box size="1 1"/>', 8, "expected 3 numbers"),
        ('<sphere radius="1"/>', '<box size="1 -1 1"/>', 8, "above zero"),
        ('<sphere radius="1"/>', '<mesh filename="gone.stl"/>', 8, "gone.stl"),
        ('<sphere radius="1"/>', "<mesh/>", 8, "no attribute 'filename'"),
        ('<link name="b"/>', '<xacro:arm/><link name="b"/>', 10, "xacro"),
    ],
)  # fmt: skip
def test_faults_name_their_line(tmp_path, old, new, line, expected):
    message = fault(tmp_path, changed(old, new))
    assert message.startswith(f"{line}: "), message
    assert expected in message


def test_two_roots_are_named(tmp_path):
    text = changed(
        '  <joint name="k" type="fixed"><parent link="b"/><child link="c"/></joint>\n', ""
    )
    message = fault(tmp_path, text)
    assert message.startswith("11: ")
    assert "'a', 'c'" in message


def test_a_loop_of_all_links(tmp_path):
    closing = '<joint name="z" type="fixed"><parent link="c"/><child link="a"/></joint></robot>'
    assert "'j', 'k', 'z' form a loop" in fault(tmp_path, changed("</robot>", closing))


def test_a_loop_beside_a_good_tree(tmp_path):
    text = changed('<parent link="a"/><child link="b"/>', '<parent link="c"/><child link="b"/>')
    assert "'j', 'k' form a loop" in fault(tmp_path, text)


@pytest.mark.parametrize("kind", ["floating", "planar"])
def test_joints_that_are_not_supported(tmp_path, kind):
    message = fault(tmp_path, changed('type="fixed"', f'type="{kind}"'), UnsupportedAssetError)
    assert message.startswith("16: ")
    assert f"'{kind}', which is not supported" in message


def test_flat_collision_mesh_becomes_a_plate(tmp_path):
    (tmp_path / "flat.obj").write_text("v 0 0 1\nv 4 0 1\nv 0 2 1\nv 4 2 1\nf 1 2 3\nf 2 4 3\n")
    text = changed('<sphere radius="1"/>', '<mesh filename="flat.obj"/>')
    (tmp_path / "robot.urdf").write_text(text)
    (shape,) = load_urdf(tmp_path / "robot.urdf", AssetOptions()).bodies[0].shapes
    np.testing.assert_allclose(shape.mesh.vertices.min(axis=0), [0.0, 0.0, 0.95], atol=1e-6)
    np.testing.assert_allclose(shape.mesh.vertices.max(axis=0), [4.0, 2.0, 1.05], atol=1e-6)


def test_collision_mesh_on_a_line(tmp_path):
    (tmp_path / "line.obj").write_text("v 0 0 0\nv 1 1 0\nv 2 2 0\nf 1 2 3\n")
    text = changed('<sphere radius="1"/>', '<mesh filename="line.obj"/>')
    message = fault(tmp_path, text)
    assert message.startswith("8: ")
    assert "'line.obj' of link 'a' is flat: all points of the mesh lie on a line" in message


def test_mass_without_inertia_or_shape(tmp_path):
    text = changed(
        '<link name="b"/>', '<link name="b"><inertial><mass value="1"/></inertial></link>'
    )
    assert "neither <inertia> nor <collision>" in fault(tmp_path, text)
