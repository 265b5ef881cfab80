"""Every limit at and beyond its edge, in NumPy and in torch."""

import dataclasses

import numpy as np
import pytest
import torch
from deployed_robots import PERIOD, two_joints

from humanoid_gym.deployment import RobotState, SafetyFilter, SafetyLimits

NUMPY, TORCH = "numpy", "torch"


def array(kind, values):
    return np.array(values, float) if kind == NUMPY else torch.tensor(values, dtype=torch.float64)


def state(kind, position=(0.0, 0.0), velocity=(0.0, 0.0), age=0.0):
    return RobotState(array(kind, [position]), array(kind, [velocity]), array(kind, [age]))


def filtered(kind, deployment, command, **reading):
    """The first step of a filter that has begun at the readings."""
    safety = SafetyFilter(deployment, array(kind, [[0.0]]))
    drive = safety(array(kind, [command]), state(kind, **reading))
    return safety, drive


def active(safety):
    counts = safety.counts()
    assert counts.pop("steps") == 1
    return {name for name, count in counts.items() if count}


def row(values):
    return np.asarray(values)[0]


@pytest.fixture(params=[NUMPY, TORCH])
def kind(request):
    return request.param


def slow(**changes):
    """Position drives whose limits of rate and torque do not matter."""
    return two_joints(max_rate=None, max_torque=1e5, **changes)


def test_targets_keep_a_margin_from_the_ends_of_the_range(kind):
    safety, drive = filtered(kind, slow(), [0.9, -1.9])
    assert row(drive.position).tolist() == [0.9, -1.9] and not active(safety)
    safety, drive = filtered(kind, slow(), [0.9 + 1e-9, -1.9 - 1e-9])
    assert row(drive.position).tolist() == [0.9, -1.9] and active(safety) == {"position"}
    assert safety.joint_counts()["position"] == {"a": 1, "b": 1}
    safety, drive = filtered(kind, slow(), [50.0, -50.0])
    assert row(drive.position).tolist() == [0.9, -1.9]


def test_margins_that_leave_nothing_leave_the_middle(kind):
    wide = slow(safety=SafetyLimits(position_margin=1.1))
    _, drive = filtered(kind, wide, [0.5, 0.5])
    assert row(drive.position)[0] == 0.0 and row(drive.position)[1] == pytest.approx(-0.75, abs=0.2)


def test_targets_change_by_no_more_than_their_rate(kind):
    step = 4.0 * PERIOD
    deployment = two_joints(max_torque=1e5)
    safety, drive = filtered(kind, deployment, [step, -step])
    np.testing.assert_allclose(row(drive.position), [step, -step], rtol=1e-12)
    assert not active(safety)
    safety, drive = filtered(kind, deployment, [step + 1e-6, 0.4])
    np.testing.assert_allclose(row(drive.position), [step, step], rtol=1e-12)
    assert active(safety) == {"rate"}
    drive = safety(array(kind, [[0.4, 0.4]]), state(kind))
    np.testing.assert_allclose(row(drive.position), [2 * step, 2 * step], rtol=1e-12)


def test_drives_make_no_more_than_the_largest_torque(kind):
    deployment = two_joints(max_rate=None)  # 40 N m/rad, 10 N m
    safety, drive = filtered(kind, deployment, [0.25, 0.0])
    assert row(drive.stiffness).tolist() == [40.0, 40.0] and not active(safety)
    safety, drive = filtered(kind, deployment, [0.8, 0.0], velocity=(1.0, 0.0))
    torque = row(drive.total(array(kind, [[0.0, 0.0]]), array(kind, [[1.0, 0.0]])))
    assert 9.999 < torque[0] <= 10.0 and active(safety) == {"torque"}
    assert row(drive.position)[0] == 0.8  # the target stays, the gains give way
    assert row(drive.damping)[0] / row(drive.stiffness)[0] == pytest.approx(1.0 / 40.0)


def test_drives_only_brake_from_the_largest_speed_on(kind):
    deployment = two_joints(max_rate=None, max_torque=1e5)
    _, drive = filtered(kind, deployment, [0.9, 0.4], velocity=(4.999, -4.999))
    assert row(drive.stiffness).tolist() == [40.0, 40.0]
    safety, drive = filtered(kind, deployment, [0.9, -1.9], velocity=(5.0, -5.0))
    assert row(drive.stiffness).tolist() == [0.0, 0.0] and active(safety) == {"velocity"}
    assert row(drive.damping).tolist() == [1.0, 1.0]
    safety, drive = filtered(kind, deployment, [-0.9, 0.4], velocity=(5.0, -5.0))
    assert row(drive.stiffness).tolist() == [40.0, 40.0] and not active(safety)  # it brakes already


def torques(**changes):
    return two_joints("torque", max_rate=None, **changes)


def test_torques_are_limited(kind):
    safety, drive = filtered(kind, torques(), [10.0, -10.0])
    assert row(drive.torque).tolist() == [10.0, -10.0] and not active(safety)
    safety, drive = filtered(kind, torques(), [10.001, -1e30])
    assert row(drive.torque).tolist() == [10.0, -10.0] and active(safety) == {"torque"}
    assert row(drive.stiffness).tolist() == row(drive.damping).tolist() == [0.0, 0.0]


def test_torque_fraction_lowers_the_limit(kind):
    half = torques(safety=SafetyLimits(torque_fraction=0.5))
    assert row(filtered(kind, half, [10.0, -10.0])[1].torque).tolist() == [5.0, -5.0]


def test_torques_lead_back_at_the_end_of_the_range(kind):
    inside = {"position": (0.8999, -1.8999)}
    assert row(filtered(kind, torques(), [5.0, -5.0], **inside)[1].torque).tolist() == [5.0, -5.0]
    safety, drive = filtered(kind, torques(), [5.0, -5.0], position=(0.9, -1.9))
    assert row(drive.torque).tolist() == [0.0, 0.0] and active(safety) == {"position"}
    safety, drive = filtered(kind, torques(), [-5.0, 5.0], position=(1.2, -2.2))
    assert row(drive.torque).tolist() == [-5.0, 5.0] and not active(safety)


def test_torques_only_brake_from_the_largest_speed_on(kind):
    _, drive = filtered(kind, torques(), [5.0, 5.0], velocity=(4.999, 4.999))
    assert row(drive.torque).tolist() == [5.0, 5.0]
    safety, drive = filtered(kind, torques(), [5.0, -5.0], velocity=(5.0, 5.0))
    assert row(drive.torque).tolist() == [0.0, -5.0] and active(safety) == {"velocity"}


def test_torques_change_by_no_more_than_their_rate(kind):
    deployment = two_joints("torque", max_rate=100.0)  # 2 N m a step
    safety, drive = filtered(kind, deployment, [2.0, -2.5])
    assert row(drive.torque).tolist() == [2.0, -2.0] and active(safety) == {"rate"}
    assert row(safety(array(kind, [[9.0, -9.0]]), state(kind)).torque).tolist() == [4.0, -4.0]


@pytest.mark.parametrize("command", ["position", "torque"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_command_that_is_not_finite_leads_to_a_crouch(kind, command, bad):
    safety, drive = filtered(kind, two_joints(command, max_rate=None), [bad, 0.0])
    assert active(safety) == {"command_not_finite", "stopped"}
    assert all(np.isfinite(row(values)).all() for values in drive)
    first = row(drive.position).tolist()
    assert first == pytest.approx([PERIOD, PERIOD])  # 1 rad/s towards 0.3 rad
    for _ in range(20):
        drive = safety(array(kind, [[0.0, 0.0]]), state(kind))
    np.testing.assert_allclose(row(drive.position), [0.3, 0.3])
    assert bool(safety.stopped[0])


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e6])
def test_a_joint_whose_sensor_fails_is_only_damped(kind, bad):
    safety, drive = filtered(kind, two_joints(), [0.0, 0.0], position=(bad, 0.0))
    assert active(safety) == {"sensor_implausible", "stopped"}
    assert row(drive.stiffness)[0] == 0.0 and row(drive.damping)[0] == 2.0
    assert row(drive.stiffness)[1] == 20.0
    safety, drive = filtered(kind, two_joints("torque"), [3.0, 0.0], velocity=(bad, 0.0))
    assert row(drive.torque)[0] == 0.0 and row(drive.torque)[1] != 0.0


def test_readings_grow_stale(kind):
    safety, _ = filtered(kind, two_joints(), [0.0, 0.0], age=0.1)
    assert not active(safety)
    safety, drive = filtered(kind, two_joints(), [0.0, 0.0], age=0.1 + 1e-9)
    assert active(safety) == {"sensor_stale", "stopped"}
    assert row(drive.stiffness).tolist() == [0.0, 0.0]
    for age in (np.nan, np.inf):
        safety, drive = filtered(kind, two_joints("torque"), [5.0, 5.0], age=age)
        assert bool(safety.stopped[0]) and row(drive.torque).tolist() == [0.0, 0.0]


def test_one_robot_stops_and_is_reset_alone(kind):
    safety = SafetyFilter(two_joints(), array(kind, [[0.0], [0.0]]))
    both = RobotState(
        array(kind, [[0.0] * 2] * 2), array(kind, [[0.0] * 2] * 2), array(kind, [0.0, 0.0])
    )
    drive = safety(array(kind, [[np.nan, 0.0], [0.05, 0.05]]), both)
    assert np.asarray(safety.stopped).tolist() == [True, False]
    assert np.asarray(drive.position)[1].tolist() == [0.05, 0.05]
    safety.reset(safety.stopped)
    drive = safety(array(kind, [[0.01, 0.01], [0.05, 0.05]]), both)
    assert not bool(safety.stopped[0])
    np.testing.assert_allclose(np.asarray(drive.position)[0], [0.01, 0.01])
    assert safety.counts()["stopped"] == 1 and safety.counts()["steps"] == 4


def random_step(rng, count, joints):
    """Commands and readings of which some are huge, infinite or no numbers."""
    odd = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 1e308, 0.0])
    values = rng.normal(size=(3, count, joints)) * np.array([2.0, 1.5, 6.0])[:, None, None]
    rare = rng.random(values.shape) < np.array([1e-2, 1e-3, 1e-3])[:, None, None]
    values = np.where(rare, rng.choice(odd, values.shape), values)
    age = np.where(rng.random(count) < 1e-3, rng.choice(odd, count), 0.05)
    return values, age


@pytest.mark.parametrize("command", ["position", "torque"])
def test_no_command_of_a_million_breaks_a_limit(rng, command):
    """Position drives: position, rate and torque. Torques: torque, and none beyond an end."""
    robots, steps = 20_000, 50
    deployment = two_joints(command)
    safety = SafetyFilter(deployment, np.zeros((robots, 1)))
    lower, upper = np.array([-0.9, -1.9]), np.array([0.9, 0.4])
    previous = None
    for step in range(steps):
        (wanted, position, velocity), age = random_step(rng, robots, 2)
        drive = safety(wanted, RobotState(position, velocity, age))
        assert all(np.isfinite(values).all() for values in drive)
        known = (abs(position) < 1e4) & (abs(velocity) < 1e4) & (age <= 0.1)[:, None]
        with np.errstate(invalid="ignore", over="ignore"):
            total = drive.total(position, velocity)
        assert (abs(total[known]) <= 10.0 * (1.0 + 1e-9)).all()
        assert ((drive.position >= lower) & (drive.position <= upper)).all()
        if command == "position":
            if previous is not None:
                assert (abs(drive.position - previous) <= 4.0 * PERIOD + 1e-12).all()
            previous = drive.position
        else:
            assert (total[known & (position >= upper)] <= 0.0).all()
            assert (total[known & (position <= lower)] >= 0.0).all()
            assert (total[known & (velocity >= 5.0)] <= 0.0).all()
            assert (drive.torque[~known] == 0.0).all()
        if step % 10 == 9:
            safety.reset(safety.stopped)
            previous = None
    assert safety.counts()["steps"] == robots * steps
    assert 0 < safety.counts()["command_not_finite"] < robots * steps / 10


@pytest.mark.parametrize("command", ["position", "torque"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_numpy_and_torch_agree_bit_for_bit(rng, command, precision):
    robots = 500
    example = np.zeros((robots, 1), precision)
    filters = [SafetyFilter(two_joints(command), e) for e in (example, torch.from_numpy(example))]
    for _ in range(20):
        (wanted, position, velocity), age = random_step(rng, robots, 2)
        with np.errstate(over="ignore"):
            given = [v.astype(precision) for v in (wanted, position, velocity, age)]
        ours = filters[0](given[0], RobotState(*given[1:]))
        theirs = filters[1](
            *(torch.from_numpy(given[0]),), RobotState(*map(torch.from_numpy, given[1:]))
        )
        for one, other in zip(ours, theirs, strict=True):
            assert other.dtype == getattr(torch, precision)
            np.testing.assert_array_equal(one, other.numpy())
    assert filters[0].counts() == filters[1].counts()
    assert filters[0].joint_counts() == filters[1].joint_counts()


def test_a_position_drive_without_limits_passes_what_it_is_asked(kind):
    free = slow()
    free = dataclasses.replace(
        free, joints=tuple(dataclasses.replace(j, lower=None, upper=None) for j in free.joints)
    )
    safety, drive = filtered(kind, free, [7.0, -7.0])
    assert row(drive.position).tolist() == [7.0, -7.0] and not active(safety)
