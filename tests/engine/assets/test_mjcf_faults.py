"""MJCF that is wrong: one line with file and place, at once, and nothing read that must not be."""

import re
import time

import pytest
from mjcf_text import robot

from humanoid_gym.engine.assets.errors import AssetError, UnsupportedAssetError
from humanoid_gym.engine.assets.mjcf import load_mjcf
from humanoid_gym.engine.values.parameters import AssetOptions

GOOD = """<mujoco>
  <compiler angle="radian"/>
  <default><default class="leg"><geom size=".1"/></default></default>
  <worldbody>
    <body name="a">
      <freejoint/>
      <geom type="capsule" fromto="0 0 0 1 0 0" size=".1"/>
      <body name="b" pos="1 0 0">
        <joint name="j" axis="0 0 1" range="-1 1" limited="true"/>
        <inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/>
        <geom class="leg" friction="1"/>
      </body>
    </body>
  </worldbody>
  <actuator><motor joint="j" gear="3"/></actuator>
  <tendon><fixed name="t"><joint joint="j" coef="1"/></fixed></tendon>
</mujoco>
"""


def fault(folder, text, kind=AssetError, root=None):
    """The message of a load that must fail within seconds, checked to be a line with a place."""
    file = folder / "robot.xml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    start = time.process_time()
    with pytest.raises(kind) as caught:
        load_mjcf(file, AssetOptions(), root)
    assert time.process_time() - start < 5.0
    message = str(caught.value)
    assert "\n" not in message
    place, _, rest = message.partition(": ")
    name, _, line = place.rpartition(":")
    assert name.startswith(str(folder)) or name.startswith(str(folder.parent))
    assert int(line) >= 1
    return f"{line}: {rest}"


def changed(old, new):
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def test_the_good_file_is_good(tmp_path):
    (tmp_path / "robot.xml").write_text(GOOD)
    assert len(load_mjcf(tmp_path / "robot.xml", AssetOptions()).bodies) == 2


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('size=".1"/>\n      <body', 'size="-1"/>\n      <body', "7: size"),
        ('size=".1"/>\n      <body', 'size="x"/>\n      <body', "7: size.*numbers"),
        ("0 0 0 1 0 0", "0 0 0 0 0 0", "7: both ends"),
        ("0 0 0 1 0 0", "0 0 0 1 0", "7: fromto.*6 numbers"),
        ("0 0 0 1 0 0", "0 0 0 1e300 0 0", "7: fromto.*at most 1e"),
        ('"capsule"', '"teapot"', "7: type.*teapot.*capsule"),
        ('type="capsule"', 'type="mesh"', "7: .*'mesh'"),
        ('type="capsule"', 'type="mesh" mesh="gone"', "7: .*'gone'"),
        ('type="capsule"', 'type="capsule" contype="-3"', "7: contype"),
        ('type="capsule"', 'type="capsule" contype="0.5"', "7: contype"),
        ('type="capsule"', 'type="capsule" mass="-1"', "7: mass"),
        ('type="capsule"', 'type="capsule" density="nan"', "7: density"),
        ('type="capsule"', 'type="capsule" density="1e10" mass="1e30"', "7: mass"),
        ('pos="1 0 0"', 'quat="0 0 0 0"', "8: quat"),
        ('pos="1 0 0"', 'zaxis="0 0 0"', "8: zaxis"),
        ('pos="1 0 0"', 'xyaxes="1 0 0 2 0 0"', "8: xyaxes"),
        ('pos="1 0 0"', 'pos="1 inf 0"', "8: pos"),
        ('name="b" pos', 'name="a" pos', "8: body 'a' is already defined"),
        ('axis="0 0 1"', 'axis="0 0 0"', "9: the axis of joint 'j' is zero"),
        ('axis="0 0 1"', 'type="screw"', "9: type"),
        ('axis="0 0 1"', 'type="free"', "9: a free joint on a child"),
        ('limited="true"', 'limited="maybe"', "9: limited"),
        ('range="-1 1"', 'range="-1"', "9: range"),
        ("<freejoint/>", "<freejoint/><joint/>", "6: a free joint stands beside"),
        ('mass="1"', 'mass="-1"', "10: mass"),
        ('mass="1" ', "", "10: .*mass"),
        ('diaginertia="1 1 1"', 'diaginertia="1 -1 1"', "10: .*negative"),
        ('class="leg" friction', 'class="lag" friction', "11: .*'lag'.*Did you mean 'leg'"),
        ('<default class="leg">', "<default>", "3: .*class"),
        ('angle="radian"', 'angle="gon"', "2: angle"),
        ('angle="radian"', 'eulerseq="xyw"', "2: eulerseq"),
        ('angle="radian"', 'inertiafromgeom="no"', "2: inertiafromgeom"),
        ('gear="3"', 'gear="x"', "15: gear"),
        ('coef="1"', "", "16: .*coef"),
        ('<joint joint="j" coef="1"/>', '<joint coef="1"/>', "16: .*joint"),
        ("</body>\n  </worldbody>", "</worldbody>", "13: not well-formed"),
    ],
)
def test_wrong_values(tmp_path, old, new, expected):
    text = fault(tmp_path, changed(old, new))
    assert re.match(expected, text), text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1: the file is empty"),
        ("hello", "not well-formed"),
        ("<robot/>", "URDF"),
        ("<mujoco/>", "1: there is no <body>"),
        ("<mujoco><worldbody><geom/></worldbody></mujoco>", "there is no <body>"),
        (GOOD[: len(GOOD) // 2], "not well-formed XML inside"),
        (b"\xff\xfe\x00<", "not well-formed"),
        (b'<?xml version="1.0" encoding="no-such"?><mujoco/>', "not well-formed"),
    ],
)
def test_wrong_files(tmp_path, text, expected):
    assert expected in fault(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (robot('<body name="a"/><body name="b"/>'), "'a', 'b'"),
        (robot("<body/>", before='<compiler coordinate="global"/>'), "coordinate"),
        (robot("<body><composite/></body>"), "<composite>"),
        (robot("<body><frame><replicate/></frame></body>"), "<replicate>"),
    ],
)
def test_what_is_not_supported(tmp_path, text, expected):
    assert expected in fault(tmp_path, text, UnsupportedAssetError)


def test_entities_are_refused(tmp_path):
    lines = "\n".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    text = f'<!DOCTYPE x [<!ENTITY a0 "ha">{lines}]><mujoco model="&a11;"/>'
    assert "entity 'a0'" in fault(tmp_path, text)


def test_external_entities_are_refused(tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    text = f'<!DOCTYPE x [<!ENTITY a SYSTEM "file://{tmp_path}/secret.txt">]><mujoco>&a;</mujoco>'
    assert "entity 'a'" in fault(tmp_path, text)
    text = f'<!DOCTYPE x SYSTEM "file://{tmp_path}/secret.txt"><mujoco>&a;</mujoco>'
    assert "secret" not in fault(tmp_path, text)


def test_a_file_that_includes_itself(tmp_path):
    assert "'robot.xml' includes itself" in fault(
        tmp_path, '<mujoco><include file="robot.xml"/></mujoco>'
    )


def test_two_files_that_include_each_other(tmp_path):
    (tmp_path / "other.xml").write_text('<mujoco>\n<include file="robot.xml"/></mujoco>')
    message = fault(tmp_path, '<mujoco><include file="other.xml"/></mujoco>')
    assert message.startswith("2: 'robot.xml' includes itself")


def test_includes_that_multiply(tmp_path):
    for i in range(12):
        inner = f'<include file="{i + 1}.xml"/>' * 10
        (tmp_path / f"{i}.xml").write_text(f"<mujoco>{inner}<numeric/></mujoco>")
    (tmp_path / "12.xml").write_text("<mujoco/>")
    assert "are included" in fault(tmp_path, '<mujoco><include file="0.xml"/></mujoco>')


@pytest.mark.parametrize("name", ["../secret.xml", "/etc/hostname", "sub/../../secret.xml", "."])
def test_includes_stay_in_the_asset_root(tmp_path, name):
    folder = tmp_path / "root"
    folder.mkdir()
    (tmp_path / "secret.xml").write_text('<mujoco><body name="secret"/></mujoco>')
    text = f'<mujoco><worldbody><include file="{name}"/></worldbody></mujoco>'
    message = fault(folder, text)
    assert "outside the asset root" in message or "is missing" in message


def test_the_asset_root_may_lie_above_the_file(tmp_path):
    (tmp_path / "parts.xml").write_text('<mujoco><body name="a"><geom size="1"/></body></mujoco>')
    (tmp_path / "sub").mkdir()
    file = tmp_path / "sub" / "robot.xml"
    file.write_text('<mujoco><worldbody><include file="../parts.xml"/></worldbody></mujoco>')
    assert load_mjcf(file, AssetOptions(), tmp_path).bodies[0].name == "a"


def test_missing_includes(tmp_path):
    message = fault(tmp_path, '<mujoco>\n<include file="gone.xml"/></mujoco>')
    assert message.startswith("2: the included file 'gone.xml' is missing")


@pytest.mark.parametrize("name", ["../secret.stl", "../../x/secret.stl", "/etc/secret.stl"])
def test_meshes_stay_in_the_asset_root(tmp_path, name):
    folder = tmp_path / "root"
    folder.mkdir()
    (tmp_path / "secret.stl").write_bytes(b"secret")
    text = robot(
        '<body><geom type="mesh" mesh="m"/></body>',
        before=f'<asset><mesh name="m" file="{name}"/></asset>',
    )
    assert "outside the asset root" in fault(folder, text)


@pytest.mark.parametrize(
    ("mesh", "expected"),
    [
        ('file="gone.stl"', "missing"),
        ('file="damaged.stl"', "damaged.stl"),
        ('file="flat.obj"', "flat"),
        ('file="damaged.stl" scale="0 1 1"', "scale"),
        ('vertex="0 0 0 1"', "12 numbers"),
        ('vertex="0 0 0 1 0 0 0 1 0 0 0 1" face="0 1 7"', "vertex that is missing"),
        ('vertex="0 0 0 1 0 0 0 1 0 0 0 1" face="0 1"', "threes"),
        ("", "'vertex'"),
    ],
)
def test_damaged_meshes(tmp_path, mesh, expected):
    (tmp_path / "damaged.stl").write_bytes(b"\x00" * 90)
    (tmp_path / "flat.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 1 1 0\nf 1 2 3\nf 2 3 4\n")
    text = robot(
        '<body><geom type="mesh" mesh="m"/></body>',
        before=f'<asset><mesh name="m" {mesh}/></asset>',
    )
    assert expected in fault(tmp_path, text)


def test_very_deep_files(tmp_path):
    deep = "<body>" * 5000 + "</body>" * 5000
    assert "inside each other" in fault(tmp_path, robot(deep))
    defaults = '<default class="a">' * 5000 + "</default>" * 5000
    assert "inside each other" in fault(tmp_path, f"<mujoco>{defaults}</mujoco>")


def test_very_long_files(tmp_path):
    assert "elements" in fault(tmp_path, robot("<geom/>" * 200_000))


def test_long_values_are_shortened(tmp_path):
    message = fault(tmp_path, changed('gear="3"', f'gear="{"x" * 100_000}"'))
    assert len(message) < 600
