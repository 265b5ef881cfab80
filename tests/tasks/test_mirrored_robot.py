"""The mirror map of a robot's joints, found in its description."""

from pathlib import Path

import pytest

from humanoid_gym.deployment.robot_description import read_body
from humanoid_gym.mirror import Reflection, by_name
from humanoid_gym.tasks.humanoid_mirror import ODD_JOINTS
from humanoid_gym.tasks.mirrored_robot import mirrored_joints
from humanoid_gym.tasks.task_config import find_asset

ROBOTS = "resources/urdf"
WALKER = f"{ROBOTS}/humanoid24/humanoid24.urdf"
RUNNER = f"{ROBOTS}/humanoid/humanoid.urdf"

JOINT = """<joint name="{}" type="{}"><parent link="base"/><child link="{}"/>
<origin xyz="{}" rpy="{}"/><axis xyz="{}"/></joint><link name="{}"/>"""


def names(asset: str) -> list[str]:
    return [str(link.joint) for link in read_body(find_asset(asset), ()).links if link.joint]


def robot(folder: Path, *joints: tuple[str, str, str, str, str]) -> str:
    """Write a base with joints: name, kind, place, rotation, axis."""
    parts = [
        JOINT.format(n, kind, n + "_", xyz, rpy, axis, n + "_")
        for n, kind, xyz, rpy, axis in joints
    ]
    path = folder / "robot.urdf"
    path.write_text(f'<robot name="r"><link name="base"/>{"".join(parts)}</robot>')
    return str(path)


def test_it_is_what_the_joints_names_say():
    walker, runner = names(WALKER), names(RUNNER)
    odd = [name for name in walker if name.endswith(("roll", "yaw"))]
    assert mirrored_joints(WALKER, walker) == by_name(walker, odd)
    assert mirrored_joints(RUNNER, runner) == by_name(runner, ODD_JOINTS)


def test_a_quadrupeds_legs_in_any_order_and_with_turned_frames(tmp_path: Path):
    asset = robot(
        tmp_path,
        ("RF", "revolute", "0.3 -0.1 0", "0 0 0", "1 0 0"),
        ("LF", "revolute", "0.3 0.1 0", "0 0 0", "1 0 0"),
        ("LH", "revolute", "-0.3 0.1 0", "0 0 1.5707963", "0 1 0"),  # its y is the base's -x
        ("RH", "revolute", "-0.3 -0.1 0", "0 0 0", "1 0 0"),
        ("neck", "revolute", "0.4 0 0", "0 0 0", "0 0 1"),
        ("lift", "prismatic", "0.4 0 0", "0 0 0", "0 0 1"),
    )
    found = mirrored_joints(asset, ["RF", "LF", "LH", "RH", "neck", "lift"])
    # both abduct about +x: positive is inwards on one side, outwards on the other; LH is reversed
    assert found == Reflection((1, 0, 3, 2, 4, 5), (-1.0, -1.0, 1.0, 1.0, -1.0, 1.0))


def test_a_robot_that_is_not_symmetric_is_refused(tmp_path: Path):
    one_arm = robot(tmp_path, ("arm", "revolute", "0 0.2 0", "0 0 0", "0 1 0"))
    with pytest.raises(ValueError, match=r"joint 'arm' has no counterpart .* \(0.000, -0.200, 0"):
        mirrored_joints(one_arm, ["arm"])
    with pytest.raises(ValueError, match="has no joint 'leg'"):
        mirrored_joints(one_arm, ["leg"])
