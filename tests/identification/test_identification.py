"""Known properties are found again in what simulated joints did."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from humanoid_gym.config import ConfigError, SimConfig
from humanoid_gym.deployment import Actuator, Deployment, Joint, ObservationEntry
from humanoid_gym.identification import (
    JointRecording,
    Rig,
    fit,
    parameters,
    read_recording,
)
from humanoid_gym.identification.fitting import _standard_errors
from humanoid_gym.randomization import RandomizationConfig
from humanoid_gym.randomization.ranges import Draw

PERIOD = 0.02
ASSET = """<robot name="arm">
<link name="stand"><inertial><mass value="5"/>
<inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial></link>
{}</robot>"""
LINK = """<link name="{link}"><inertial><origin xyz="0 0 -0.2"/><mass value="2"/>
<inertia ixx="0.03" iyy="0.03" izz="0.003" ixy="0" ixz="0" iyz="0"/></inertial></link>
<joint name="{joint}" type="revolute"><parent link="{parent}"/><child link="{link}"/>
<origin xyz="0 0 {z}"/><axis xyz="0 1 0"/>
<limit lower="-2" upper="2" effort="60" velocity="30"/></joint>"""
JOINTS = ("shoulder", "elbow")


@pytest.fixture(scope="module")
def asset(tmp_path_factory):
    upper = LINK.format(link="upper", joint="shoulder", parent="stand", z=0)
    lower = LINK.format(link="lower", joint="elbow", parent="upper", z=-0.4)
    path = tmp_path_factory.mktemp("arm") / "arm.urdf"
    path.write_text(ASSET.format(upper + lower))
    return path


def arm(command="position"):
    gains = {"stiffness": 60.0, "damping": 3.0} if command == "position" else {}
    joints = tuple(
        Joint(n, -2.0, 2.0, armature=0.02, damping=0.0 if gains else 1.0) for n in JOINTS
    )
    return Deployment(
        task="arm",
        command=command,
        control_rate=1.0 / PERIOD,
        joints=joints,
        actuators=tuple(Actuator(n, 1.0, 60.0, 30.0, **gains) for n in JOINTS),
        observation=(ObservationEntry("joint_position", 2, "rad"),),
    )


def excitation(steps=150, size=0.6):
    time = np.arange(steps) * PERIOD
    sweep = [np.sin(2.0 * np.pi * (0.4 + 0.5 * time) * time), np.sign(np.sin(3.1 * time))]
    return JointRecording(time, size * np.array(sweep).T, np.zeros((steps, 2)))


def shared(low, high, **changes):
    return Draw(range=(low, high), shared=True, **changes)


RANGES = RandomizationConfig(
    link_mass=Draw(range=(0.5, 1.6), shared=False, only=["upper", "lower"]),
    motor_strength=shared(0.6, 1.3),
    joint_friction=shared(0.0, 0.2),
    delay=Draw(range=(0, 4)),
)
TRUE = {
    "link_mass.upper": 1.2,
    "link_mass.lower": 0.8,
    "motor_strength": 0.85,
    "joint_friction": 0.08,
    "delay": 1.4,
}


def recorded(asset, deployment, ranges, true, commands, noise=0.0):
    rig = Rig(asset, deployment, SimConfig(substeps=4), 1)
    unknown = parameters(ranges, rig.robot)
    assert {parameter.name for parameter in unknown} == true.keys()
    candidate = np.array([[true[parameter.name] for parameter in unknown]])
    position = rig.follow(commands, unknown, candidate)[0]
    rig.close()
    position = position + noise * np.random.default_rng(0).normal(size=position.shape)
    return commands._replace(position=position)


def fitted(asset, deployment, ranges, recording):
    probe = Rig(asset, deployment, SimConfig(substeps=4), 1)
    unknown = parameters(ranges, probe.robot)
    probe.close()
    rig = Rig(asset, deployment, SimConfig(substeps=4), len(unknown) + 1)
    found = fit(rig, recording, unknown)
    rig.close()
    return found


def test_masses_friction_strength_and_delay_are_found_within_five_percent(asset, tmp_path):
    deployment = arm()
    recording = recorded(asset, deployment, RANGES, TRUE, excitation(), noise=5e-4)
    path = tmp_path / "recording.csv"
    recording.save(path, JOINTS, JOINTS)
    found = fitted(asset, deployment, RANGES, read_recording(path, JOINTS, JOINTS, PERIOD))
    for name, value in TRUE.items():
        assert found.values[name] == pytest.approx(value, rel=0.05), name
        assert 0.0 < found.uncertainty[name] < 0.05 * value
    assert found.error < 1e-3 < 0.02 < found.error_before


def test_strength_of_torque_motors_is_found(asset):
    deployment = arm("torque")
    ranges = RandomizationConfig(
        motor_strength=shared(0.5, 1.5), link_mass=shared(0.5, 1.6, only=["upper", "lower"])
    )
    true = {"link_mass": 1.25, "motor_strength": 0.9}
    commands = excitation(size=8.0)
    recording = recorded(asset, deployment, ranges, true, commands)
    found = fitted(asset, deployment, ranges, recording)
    for name, value in true.items():
        assert found.values[name] == pytest.approx(value, rel=0.05), name


def test_a_range_without_width_is_a_value_that_is_known(asset):
    ranges = RandomizationConfig(motor_strength=shared(0.6, 1.3), delay=Draw(range=(2, 2)))
    true = {"motor_strength": 0.85, "delay": 2.0}
    recording = recorded(asset, arm(), ranges, true, excitation(), noise=5e-4)
    found = fitted(asset, arm(), ranges, recording)
    assert found.values["delay"] == 2.0 and found.uncertainty["delay"] == 0.0
    assert found.values["motor_strength"] == pytest.approx(0.85, rel=0.05)
    assert 0.0 < found.uncertainty["motor_strength"] < 0.05


def test_each_torque_motor_has_a_strength_of_its_own(asset):
    deployment = arm("torque")
    ranges = RandomizationConfig(motor_strength=Draw(range=(0.5, 1.5)))
    true = {"motor_strength.shoulder": 0.7, "motor_strength.elbow": 1.2}
    recording = recorded(asset, deployment, ranges, true, excitation(size=8.0))
    found = fitted(asset, deployment, ranges, recording)
    for name, value in true.items():
        assert found.values[name] == pytest.approx(value, rel=0.05), name


def test_recordings_are_brought_to_the_control_rate(tmp_path):
    path = tmp_path / "recording.csv"
    fast = np.arange(0.0, 1.0001, 0.005) + 7.0
    table = JointRecording(fast, np.stack([fast, 2.0 * fast], 1), np.stack([-fast, 0.0 * fast], 1))
    table.save(path, JOINTS, JOINTS)
    found = read_recording(path, JOINTS, ["elbow"], PERIOD)
    np.testing.assert_allclose(found.time, np.arange(51) * PERIOD)
    np.testing.assert_allclose(found.command[:, 0], 2.0 * (7.0 + found.time), rtol=1e-6)
    np.testing.assert_allclose(found.position[:, 0], -(7.0 + found.time), rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("time,command_elbow\n0,1\n", "no column 'position_elbow'; nearest: 'command_elbow'"),
        ("time,command_elbow,position_elbow\n0,1,x\n1,1,1\n", "expected 3 numbers in each row"),
        ("time,command_elbow,position_elbow\n0,1,nan\n1,1,1\n", "rows of finite numbers"),
        ("time,command_elbow,position_elbow\n1,1,0\n0,1,1\n", "time increasing"),
        ("time,command_elbow,position_elbow\n0,1,1\n", "two or more rows"),
        ("time,command_elbow,position_elbow\n", "two or more rows"),
        ("\n0,1\n", "expected 0 numbers in each row"),
    ],
)
def test_bad_recordings_are_refused(tmp_path, text, message):
    path = Path(tmp_path / "recording.csv")
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_recording(path, ["elbow"], ["elbow"], PERIOD)
    assert "\n" not in str(caught.value)
    with pytest.raises(FileNotFoundError, match="not found"):
        read_recording(tmp_path / "none.csv", ["elbow"], ["elbow"], PERIOD)


def test_files_of_spreadsheets_are_read_and_pictures_are_not(tmp_path):
    path = tmp_path / "recording.csv"
    path.write_text("time, command_elbow ,position_elbow\n0,1,2\n\n0.02,3,4\n", "utf-8-sig")
    found = read_recording(path, ["elbow"], ["elbow"], PERIOD)
    assert found.command.ravel() == pytest.approx([1.0, 3.0])
    assert found.position.ravel() == pytest.approx([2.0, 4.0])
    path.write_bytes(b"\x89PNG\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"recording\.csv: not readable as CSV"):
        read_recording(path, ["elbow"], ["elbow"], PERIOD)


def test_what_no_position_tells_is_unknown_and_the_rest_is_not(asset):
    """The mass of what is fixed moves nothing; strength of a drive is told by its response."""
    ranges = RandomizationConfig(
        link_mass=Draw(range=(0.5, 1.6), only=["stand"]), motor_strength=shared(0.6, 1.3)
    )
    true = {"link_mass.stand": 1.0, "motor_strength": 0.85}
    recording = recorded(asset, arm(), ranges, true, excitation(), noise=5e-4)
    found = fitted(asset, arm(), ranges, recording)
    assert found.uncertainty["link_mass.stand"] == np.inf
    assert found.values["motor_strength"] == pytest.approx(0.85, rel=0.05)
    assert 0.0 < found.uncertainty["motor_strength"] < 0.05


def test_standard_errors_are_those_of_linear_least_squares(rng):
    jacobian, residuals = rng.normal(size=(50, 3)), rng.normal(size=50)
    covariance = np.linalg.inv(jacobian.T @ jacobian) * (residuals @ residuals) / 47
    found = _standard_errors(jacobian, residuals)
    np.testing.assert_allclose(found, np.sqrt(np.diag(covariance)))
    alike = np.column_stack([jacobian[:, :1], jacobian[:, :1], jacobian[:, 1:2]])
    found = _standard_errors(alike, residuals)  # only the sum of the first two is told
    assert np.isinf(found).tolist() == [True, True, False]
    assert np.isinf(_standard_errors(np.zeros((5, 2)), np.ones(5))).all()
    assert _standard_errors(np.zeros((5, 0)), np.ones(5)).shape == (0,)


def test_a_joint_without_a_motor_swings_freely(asset):
    both = arm()
    passive = dataclasses.replace(both, actuators=both.actuators[:1])
    ranges = RandomizationConfig(motor_strength=shared(0.5, 1.5, only=["shoulder"]))
    commands = excitation()._replace(command=np.zeros((150, 1)))
    start = commands._replace(position=np.tile([0.0, 0.5], (150, 1)))
    rig = Rig(asset, passive, SimConfig(substeps=4), 1)
    position = rig.follow(start, parameters(ranges, rig.robot), np.array([[1.0]]))[0]
    rig.close()
    elbow = position[:, 1]
    assert elbow[0] == 0.5 and elbow.min() < -0.3  # a drive would hold it


@pytest.mark.parametrize("joints", [("shoulder", "knee"), ("shoulder",), ()])
def test_a_description_of_another_robot_is_refused(asset, joints):
    described = dataclasses.replace(
        arm(), joints=tuple(Joint(n, -2.0, 2.0) for n in joints), actuators=()
    )
    message = f"its joints are shoulder, elbow; task arm describes {', '.join(joints)}"
    with pytest.raises(ConfigError, match=message):
        Rig(asset, described, SimConfig(), 1)


def test_a_robot_without_joints_has_nothing_to_identify(tmp_path):
    path = tmp_path / "block.urdf"
    path.write_text(ASSET.format(""))
    block = dataclasses.replace(arm(), joints=(), actuators=())
    with pytest.raises(ConfigError, match="no joints to identify"):
        Rig(path, block, SimConfig(), 1)


def test_what_no_joint_tells_is_left_out(asset):
    ranges = RandomizationConfig(
        friction=Draw(range=(0.5, 1.0)),
        gravity=Draw(range=(-0.1, 0.1)),
        armature=Draw(range=(0.5, 2.0), only=["elbow"]),
        payload=Draw(range=(0.0, 1.0)),
    )
    rig = Rig(asset, arm(), SimConfig(), 1)
    found = parameters(ranges, rig.robot)
    rig.close()
    assert [tuple(parameter) for parameter in found] == [
        ("payload", 0.0, 1.0, "payload", [0]),
        ("armature.elbow", 0.5, 2.0, "armature", [1]),
    ]


def test_there_has_to_be_something_to_identify(asset):
    rig = Rig(asset, arm(), SimConfig(), 1)
    with pytest.raises(ConfigError, match="nothing to identify; give a range to any of link_mass"):
        parameters(RandomizationConfig(), rig.robot)
    with pytest.raises(ValueError, match="expected a rig of 6 robots, got 1"):
        fit(rig, excitation(), parameters(RANGES, rig.robot))
    rig.close()
