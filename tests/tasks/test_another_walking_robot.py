"""The walking task with a robot of other names: all it has to be told is in its settings."""

from pathlib import Path

import pytest
from walking_settings import LEGS, config

from humanoid_gym.config import ConfigError
from humanoid_gym.tasks.joint_values import by_joint
from humanoid_gym.tasks.task_config import find_asset
from humanoid_gym.tasks.walking.walk import Walk

HIPS = ("hip_pitch", "hip_roll", "hip_yaw", "knee", "ankle_pitch", "ankle_roll")
BIG = {"peak_torque": 120.0, "peak_speed": 20.0, "reflected_inertia": 0.03}
SMALL = {**BIG, "peak_torque": 50.0}
MOTORS = {"?_hip_*": BIG, "?_knee_joint": BIG, "?_ankle_*": SMALL}
FEET = ["L_foot", "R_foot"]
POSE = {"?_hip_pitch_joint": -0.25, "?_knee_joint": 0.5, "?_ankle_pitch_joint": -0.25}


@pytest.fixture(scope="module")
def asset(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The legs with joints L_hip_pitch_joint … and feet L_foot, R_foot."""
    text = find_asset(LEGS).read_text()
    for joint in HIPS:
        for side in ("left", "right"):
            old, new = f"{side}_{joint}", f"{side[0].upper()}_{joint}_joint"
            text = text.replace(f'<joint name="{old}"', f'<joint name="{new}"')
    text = text.replace('"left_foot"', '"L_foot"').replace('"right_foot"', '"R_foot"')
    path: Path = tmp_path_factory.mktemp("robot") / "other.urdf"
    path.write_text(text)
    return str(path)


def test_names_feet_and_motors_come_from_the_settings(asset: str):
    other = {"asset": asset, "feet": FEET, "motors": MOTORS, "pose_weights": {}}
    task = Walk(config(**other, default_pose=POSE))
    robot, mirror = task.robot, task.mirror()
    ankle = robot.joint_names.index("R_ankle_pitch_joint")
    assert robot.peak_torque[ankle] == 50.0 and robot.default_pose[ankle] == -0.25
    original = Walk(config(asset=LEGS))
    assert mirror == original.mirror()
    assert [foot.link for foot in task.deployment().body.feet] == FEET
    for closed in (task, original):
        closed.close()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"motors": {}}, "'L_hip_pitch_joint' has no motor; .*set task.motors"),
        (
            {"motors": {"?_hip_*": BIG, "?_knee_joint": BIG}},
            "task.motors: none fits joint 'L_ankle",
        ),
        ({"motors": {**MOTORS, "?_hip_yaw*": BIG}}, "task.motors: 'L_hip_yaw_joint' fits several"),
        ({"motors": {**MOTORS, "?_wrist": BIG}}, r"task.motors: no joint fits '\?_wrist'"),
        (
            {"feet": ["left_foot", "R_foot"]},
            "task.feet: .* has no link 'left_foot'; nearest: 'L_foo",
        ),
    ],
)
def test_what_is_missing_is_named(asset: str, changes: dict, message: str):
    settings = {"asset": asset, "feet": FEET, "motors": MOTORS, "default_pose": {}, **changes}
    with pytest.raises(ConfigError, match=message):
        Walk(config(**settings, pose_weights={}))


def test_an_own_name_counts_more_than_a_pattern():
    entries = {"*_knee": 0.5, "left_knee": 0.7}
    assert by_joint(["left_knee", "right_knee", "head"], entries, "x", 0.0) == [0.7, 0.5, 0.0]
    with pytest.raises(ConfigError, match="x: no joint fits 'tail'; nearest"):
        by_joint(["left_knee"], {"tail": 1.0}, "x", 0.0)


def test_the_camera_is_nearer_to_a_smaller_robot():
    usual, small = Walk(config(asset=LEGS)), Walk(config(asset=LEGS, standing_height=0.767 / 2))
    assert usual.camera_offset == (2.2, -3.3, 0.8)
    assert small.camera_offset == pytest.approx((1.1, -1.65, 0.4))
    for task in (usual, small):
        task.close()


BLOCK = (
    '<collision><origin xyz="0 {} -0.1"/><geometry><box size="0.1 0.1 0.1"/></geometry></collision>'
)


@pytest.fixture(scope="module")
def stuck(asset: str) -> str:
    """That robot with a block on each thigh, 2 cm of which are in each other."""
    text = Path(asset).read_text()
    for side, y in (("left", -0.07), ("right", 0.07)):
        head, tail = text.split(f'<link name="{side}_thigh">', 1)
        text = f'{head}<link name="{side}_thigh">{BLOCK.format(y)}{tail}'
    path = Path(asset).with_name("stuck.urdf")
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("collide", [True, False])
def test_links_that_are_stuck_in_each_other_are_told(asset: str, stuck: str, collide, caplog):
    settings = {"feet": FEET, "motors": MOTORS, "pose_weights": {}, "default_pose": POSE}
    Walk(config(**settings, asset=asset)).close()
    assert "overlap" not in caplog.text
    Walk(config(**settings, asset=stuck, self_collisions=collide)).close()
    told = [record.getMessage() for record in caplog.records if "overlap" in record.getMessage()]
    assert len(told) == collide
    if collide:
        for part in ("'left_thigh'", "'right_thigh'", "task.self_collisions=false"):
            assert part in told[0]
