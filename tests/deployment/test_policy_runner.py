"""The runner with good, wrong and missing sensors, on a clock of the test's own."""

import dataclasses
import json
import math
import subprocess
import sys

import numpy as np
import onnx
import pytest
from deployed_robots import PERIOD, LinearPolicy, two_joints

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment import (
    Deployment,
    Joint,
    ObservationEntry,
    PolicyFile,
    PolicyRunner,
    SafetyLimits,
)
from humanoid_gym.deployment.description import Body, Foot, FootPoint, Link

STILL = {"joint_position": [0.0, 0.0], "joint_velocity": [0.0, 0.0]}


@pytest.fixture(scope="module")
def recurrent(tmp_path_factory):
    """A policy with a memory, and its file."""
    path = tmp_path_factory.mktemp("policies") / "policy.onnx"
    return path, LinearPolicy(two_joints(max_rate=None), memory_width=4).save(path)


@pytest.fixture
def runner(recurrent):
    return PolicyRunner(recurrent[0])


def test_it_does_what_the_policy_says(recurrent, runner):
    policy = recurrent[1]
    memory, previous = np.zeros(4), np.zeros(2)
    rng = np.random.default_rng(4)
    for _ in range(5):
        q, v = rng.uniform(-0.3, 0.3, 2), rng.uniform(-1.0, 1.0, 2)
        command = runner.step({"joint_velocity": v, "joint_position": q, "unused": 7.0})
        previous, memory = policy.respond(np.concatenate([q, 0.1 * v, previous]), memory)
        np.testing.assert_allclose(command.position, 0.5 * previous, atol=1e-6)
        np.testing.assert_allclose(runner.previous_action, previous, atol=1e-6)
        assert not command.stopped
    runner.reset()
    command = runner.step({"joint_position": [0.3, 0.1], "joint_velocity": [0.0, 0.0]})
    first, _ = policy.respond(np.array([0.3, 0.1, 0.0, 0.0, 0.0, 0.0]), np.zeros(4))
    np.testing.assert_allclose(command.position, 0.5 * first, atol=1e-6)


def test_the_policy_sees_as_many_steps_as_it_was_trained_with(tmp_path):
    deployment = dataclasses.replace(two_joints(max_rate=None), history=3)
    assert deployment.num_obs == 3 * 6
    policy = LinearPolicy(deployment).save(tmp_path / "policy.onnx")
    runner = PolicyRunner(tmp_path / "policy.onnx")
    rng = np.random.default_rng(4)
    for _ in range(2):  # an episode after a reset begins as the first one
        seen, previous = [], np.zeros(2)
        for _ in range(5):
            q, v = rng.uniform(-0.3, 0.3, 2), rng.uniform(-1.0, 1.0, 2)
            step = np.concatenate([q, 0.1 * v, previous])
            seen = [*(seen or [step, step, step])[1:], step]
            runner.step({"joint_velocity": v, "joint_position": q})
            previous, _ = policy.respond(np.concatenate(seen), np.zeros(0))
            np.testing.assert_allclose(runner.previous_action, previous, atol=1e-6)
        runner.reset()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"joint_position": [0.0, 0.0, 0.0]},
            r"'joint_position': expected 2 numbers, got shape \[3",
        ),
        ({"joint_position": "broken"}, "'joint_position': expected 2 numbers, got 'broken'"),
        ({"joint_position": [[0.0, 0.0]]}, r"expected 2 numbers, got shape \[1, 2\]"),
        ({"joint_velocity": [0.0, np.nan]}, "'joint_velocity' has readings that are not finite"),
        ({"joint_velocity": [0.0, np.inf]}, "'joint_velocity' has readings that are not finite"),
        ({"joint_position": [0.0, 2e4]}, "beyond anything that a joint can have"),
    ],
)
def test_wrong_sensors_stop_the_robot_with_one_line(runner, caplog, changes, reason):
    runner.step(STILL)
    caplog.clear()
    for _ in range(3):
        command = runner.step({**STILL, **changes})
        assert command.stopped and all(np.isfinite(values).all() for values in command[:4])
    runner.step(STILL)
    assert runner.stopped  # also once the sensor works again
    (message,) = [record.getMessage() for record in caplog.records]
    assert message == f"safe stop: {runner.reason}" and "\n" not in message
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(runner.reason)
    runner.reset()
    assert not runner.step(STILL).stopped and runner.reason == ""


def test_an_answer_that_is_no_number_stops_the_robot(tmp_path):
    policy = LinearPolicy(two_joints())
    policy.w[0] = np.nan
    policy.save(tmp_path / "policy.onnx")
    runner = PolicyRunner(tmp_path / "policy.onnx")
    command = runner.step(STILL)
    assert command.stopped and runner.reason == "the policy's command is not finite"
    assert all(np.isfinite(values).all() for values in command[:4])


def test_a_missing_sensor_is_named_with_the_nearest(runner):
    assert runner.step({"joint_position": [0.0, 0.0], "joint_velocities": [0.0, 0.0]}).stopped
    assert runner.reason == "sensor 'joint_velocity' is missing; nearest: 'joint_velocities'"


def test_old_readings_stop_the_robot(runner):
    assert not runner.step(STILL, age=0.1).stopped
    assert runner.step(STILL, age=0.11).stopped
    assert runner.reason == "sensors are 0.11 s old, at most 0.1 s allowed"


def test_the_reason_is_that_of_this_stop_not_of_an_earlier_one(tmp_path):
    """A block that stands on its four lower corners is tilted by 60 degrees."""
    corners = [FootPoint((x, y, 0.0)) for x in (-0.1, 0.1) for y in (-0.1, 0.1)]
    base = Link("base", -1, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), 10.0, (0.0, 0.0, 0.5))
    deployment = dataclasses.replace(
        two_joints(max_rate=None),
        safety=SafetyLimits(stability_margin=0.0, stability_steps=1),
        body=Body((base,), (Foot("base", tuple(corners)),)),
    )
    LinearPolicy(deployment).save(tmp_path / "policy.onnx")
    runner = PolicyRunner(tmp_path / "policy.onnx")
    upright = {"base_orientation": [0.0, 0.0, 0.0, 1.0], "angular_velocity_b": [0.0, 0.0, 0.0]}
    assert not runner.step({**STILL, **upright}).stopped
    assert runner.step({**STILL, **upright, "joint_velocity": [0.0, 2e4]}).stopped
    assert "beyond anything that a joint can have" in runner.reason
    runner.reset()
    tilted = {**upright, "base_orientation": [0.0, np.sin(np.pi / 6), 0.0, np.cos(np.pi / 6)]}
    assert runner.step({**STILL, **tilted}).stopped
    assert "about to fall" in runner.reason


def test_limits_can_be_tightened(recurrent):
    policy = PolicyFile(recurrent[0])
    tight = policy.deployment.with_safety(position_margin=0.95)
    command = PolicyRunner(policy, tight).step(STILL)
    assert np.abs(command.position[0]) <= 0.05 + 1e-12
    with pytest.raises(ConfigError, match="safety: unknown key 'margin'"):
        policy.deployment.with_safety(margin=1.0)


class Clock:
    """Time that passes only where the test says so."""

    def __init__(self):
        self.now, self.slept = 100.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def test_the_control_rate_is_held_and_late_steps_are_counted(runner):
    clock, sent = Clock(), []
    work = iter([0.005, 0.015, 0.050, 0.001, 0.0])

    def send(command):
        sent.append(clock.now)
        clock.now += next(work)

    timing = runner.run(lambda: STILL, send, steps=5, clock=clock, sleep=clock.sleep)
    # the third takes two and a half periods; the fourth begins at once, the fifth in time again
    begun = np.array(sent) - 100.0
    np.testing.assert_allclose(begun, [0.0, 0.02, 0.04, 0.09, 0.1], atol=1e-9)
    assert timing.steps == 5 and timing.late == 1 and timing.worst == pytest.approx(0.05)


def test_the_age_of_readings_is_a_sensor_too(runner):
    clock, sent = Clock(), []
    runner.run(lambda: {**STILL, "age": 0.5}, sent.append, 1, clock, clock.sleep)
    assert sent[0].stopped


@pytest.mark.parametrize("age", [None, "old", [0.0, 0.0], np.nan, [0.5]])
def test_an_age_that_says_nothing_stops_the_robot(runner, age):
    clock, sent = Clock(), []
    runner.run(lambda: {**STILL, "age": age}, sent.append, 2, clock, clock.sleep)
    assert [command.stopped for command in sent] == [True, True]
    assert "s old, at most 0.1 s allowed" in runner.reason
    assert runner.report()["sensor_stale" if age == [0.5] else "sensor_implausible"] == 2


def test_an_age_may_come_as_an_array_of_one(runner):
    clock, sent = Clock(), []
    runner.run(lambda: {**STILL, "age": np.array([0.05])}, sent.append, 1, clock, clock.sleep)
    assert not sent[0].stopped and runner.report()["stopped"] == 0


def walking(**changes):
    deployment = two_joints(max_rate=None)
    entries = (
        ObservationEntry("gravity_b", 3, source="gravity_b"),
        ObservationEntry("clock", 2, source="clock"),
        ObservationEntry("command", 3),
    )
    return dataclasses.replace(deployment, observation=entries, clock_frequency=5.0, **changes)


def test_gravity_clock_and_goals(tmp_path):
    deployment = walking(constants={"command": (1.0, 0.0, 0.0)})
    LinearPolicy(deployment).save(tmp_path / "policy.onnx")
    seen = []
    runner = PolicyRunner(tmp_path / "policy.onnx")
    policy = runner.policy
    runner.policy = lambda observation, memory: (
        seen.append(observation[0]) or policy(observation, memory)
    )
    # pitched forward by 90 degrees: the base's x axis points down
    down = {**STILL, "base_orientation": [0.0, np.sin(np.pi / 4), 0.0, np.cos(np.pi / 4)]}
    for _ in range(3):
        runner.step(down)
    runner.step({**down, "command": [0.0, 0.0, 0.0]})
    runner.step(down)
    observations = np.array(seen)
    np.testing.assert_allclose(observations[0, :3], [1.0, 0.0, 0.0], atol=1e-6)
    angles = 2.0 * np.pi * 5.0 * PERIOD * np.array([0, 1, 2])
    expected = np.stack([np.sin(angles), np.cos(angles)], 1)
    np.testing.assert_allclose(observations[:3, 3:5], expected, atol=1e-6)
    np.testing.assert_allclose(observations[3, 3:], 0.0)  # told to stand: the clock waits
    np.testing.assert_allclose(
        observations[4, 3:5], [np.sin(3 * angles[1]), np.cos(3 * angles[1])], atol=1e-6
    )
    assert runner.step({**down, "base_orientation": [0.0, 0.0, 0.0, 0.0]}).stopped
    assert "is no unit quaternion" in runner.reason


def test_the_clock_goes_on_until_it_may_wait(tmp_path):
    deployment = walking(
        constants={"command": (1.0, 0.0, 0.0)}, clock_pauses=((0.0, 0.15), (0.5, 0.15))
    )
    LinearPolicy(deployment).save(tmp_path / "policy.onnx")
    runner = PolicyRunner(tmp_path / "policy.onnx")
    upright = {**STILL, "base_orientation": [0.0, 0.0, 0.0, 1.0]}
    runner.step(upright)
    phases = []
    for command in [[1.0, 0.0, 0.0]] * 2 + [[0.0, 0.0, 0.0]] * 5:
        runner.step({**upright, "command": command})
        phases.append(runner._situation.phase)
    # a tenth of the cycle in each step; from 0.5 to 0.65 both feet are on the ground
    assert phases == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.5])


def test_metadata_of_earlier_versions_keep_their_clock():
    """They told of two feet, half a cycle apart."""
    written = json.loads(walking().to_json())
    assert written.pop("clock_pauses") == [[0.0, 1.0]]
    older = json.dumps({**written, "format_version": 2, "clock_pause": 0.15})
    assert Deployment.from_json(older, "").clock_pauses == ((0.0, 0.15), (0.5, 0.15))


def test_a_standing_robot_that_leans_steps_on(tmp_path):
    deployment = walking(constants={"command": (0.0, 0.0, 0.0)}, clock_recovery_tilt=0.1)
    LinearPolicy(deployment).save(tmp_path / "policy.onnx")
    runner = PolicyRunner(tmp_path / "policy.onnx")
    phases, clocks = [], []
    for lean in (0.0, 0.09, 0.11, -0.2, 0.0, 0.0):  # of the base, about y [rad]
        half = 0.5 * lean
        runner.step({**STILL, "base_orientation": [0.0, math.sin(half), 0.0, math.cos(half)]})
        phases.append(runner._situation.phase)
        clocks.append(bool(np.any(runner._seen[-1][3:5])))
    # a tenth of the cycle after each step that began with a lean
    assert phases == pytest.approx([0.0, 0.0, 0.0, 0.1, 0.2, 0.2])
    assert clocks == [False, False, True, True, False, False]


def test_files_that_are_no_policies_are_refused(recurrent, tmp_path):
    plain = tmp_path / "plain.onnx"
    model = onnx.load(recurrent[0])
    del model.metadata_props[:]
    plain.write_bytes(model.SerializeToString())
    other = tmp_path / "other.onnx"
    onnx.helper.set_model_props(model, {"humanoid_gym.policy": walking().to_json()})
    other.write_bytes(model.SerializeToString())
    newer = tmp_path / "newer.onnx"
    text = two_joints().to_json().replace('"format_version": 4', '"format_version": 5')
    onnx.helper.set_model_props(model, {"humanoid_gym.policy": text})
    newer.write_bytes(model.SerializeToString())
    text_file = tmp_path / "text.onnx"
    text_file.write_text("policy")
    for path, message in [
        (plain, "an ONNX file without metadata of humanoid_gym"),
        (other, "the graph's 'observation' has width 6, the metadata say 8"),
        (newer, "format version 5, this program reads up to 4"),
        (text_file, "not a policy that onnxruntime can load"),
    ]:
        with pytest.raises(ConfigError, match=message) as caught:
            PolicyRunner(path)
        assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    with pytest.raises(FileNotFoundError, match=r"policy 'nowhere.onnx' not found"):
        PolicyRunner("nowhere.onnx")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (ObservationEntry("q", 2, source="joint_ofset"), "unknown source 'joint_ofset'; nearest"),
        (ObservationEntry("joint_velocity", 3), "'joint_velocity': 3 values, but 2 elsewhere"),
        (
            ObservationEntry("q", 6, source="previous_action"),
            "observation 'q': expected 6 values, got 2",
        ),
        (
            ObservationEntry("q", 2, source="joint_offset"),
            r"policy.onnx: the policy has 6 observations, the given deployment 2",
        ),
    ],
)
def test_observations_that_cannot_be_assembled_are_refused(recurrent, entry, message):
    broken = dataclasses.replace(two_joints(), observation=(entry,))
    with pytest.raises(ConfigError, match=message):
        PolicyRunner(recurrent[0], broken)


def test_a_description_of_other_actions_is_refused(recurrent):
    other = dataclasses.replace(
        two_joints(),
        actuators=two_joints().actuators[:1],
        observation=(ObservationEntry("eyes", 6),),
    )
    with pytest.raises(ConfigError, match="the policy has 2 actions, the given deployment 1"):
        PolicyRunner(recurrent[0], other)


@pytest.mark.parametrize("bounds", [(None, 1.0), (-1.0, None), (0.5, 0.5)])
def test_joints_without_a_range_have_no_place_in_it(recurrent, bounds):
    entry = ObservationEntry("q", 2, source="joint_position_in_range")
    joints = (Joint("a", -1.0, 1.0), Joint("b", *bounds))
    with pytest.raises(ConfigError, match=r"observation 'q': joint 'b' has no range.*joint_offset"):
        PolicyRunner(
            recurrent[0], dataclasses.replace(two_joints(), joints=joints, observation=(entry,))
        )


def test_a_gait_needs_the_command_that_it_waits_for(recurrent):
    walks = dataclasses.replace(two_joints(), clock_frequency=2.0)
    runner = PolicyRunner(recurrent[0], walks)
    assert runner.sensors["command"] == 3
    for _ in range(2):
        assert not runner.step({**STILL, "command": [0.5, 0.0, 0.0]}).stopped
    assert runner._situation.phase == pytest.approx(2.0 * PERIOD)


def test_an_orientation_without_length_stops_the_robot(tmp_path):
    LinearPolicy(walking()).save(tmp_path / "policy.onnx")
    runner = PolicyRunner(tmp_path / "policy.onnx")
    readings = {**STILL, "command": [0.0] * 3, "base_orientation": [0.0, 0.0, 0.0, 0.1]}
    assert runner.step(readings).stopped
    assert runner.reason == (
        "sensor 'base_orientation': [0.0, 0.0, 0.0, 0.1] is no unit quaternion"
    )


def test_stability_needs_a_body():
    with pytest.raises(ValueError, match="stability_margin needs body"):
        two_joints(safety=SafetyLimits(stability_margin=0.0))


BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "mujoco", "warp", "hydra", "onnx"):
            raise ImportError(f"{name} must not be imported")
sys.meta_path.insert(0, Blocked())
from humanoid_gym.deployment import PolicyRunner
runner = PolicyRunner(sys.argv[1])
command = runner.step({"joint_position": [0.0, 0.0], "joint_velocity": [0.0, 0.0]})
assert not command.stopped
assert runner.step({}).stopped
assert "isaacgym" not in sys.modules
print(len(command.position))
"""


def test_neither_torch_nor_a_simulator_is_needed(recurrent):
    arguments = [sys.executable, "-c", BLOCKED, str(recurrent[0])]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "2\n"
