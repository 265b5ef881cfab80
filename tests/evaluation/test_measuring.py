"""The meter's numbers against hand-made motions."""

import math

import numpy as np
import pytest
import torch

from humanoid_gym.evaluation.measuring import Meter
from humanoid_gym.rotation import quat_from_axis_angle, quat_multiply


class Env:
    num_envs, device = 2, torch.device("cpu")


class Robot:
    """Two robots with two joints; the test moves them by hand."""

    control_step, num_joints, free, measures_torque = 0.5, 2, True, True

    def __init__(self) -> None:
        self.env = Env()
        self.root = torch.zeros(2, 13)
        self.root[:, 6] = 1.0
        self.joint_position = torch.zeros(2, 2)
        self.joint_velocity = torch.zeros(2, 2)
        self.torque = torch.zeros(2, 2)
        self.lower, self.upper = torch.tensor([-1.0, -2.0]), torch.tensor([1.0, 2.0])
        self.limited = torch.tensor([True, True])
        self.effort = torch.tensor([[10.0, 0.0]]).expand(2, 2).clone()  # the second has no limit
        self.mass = torch.tensor([4.0, 4.0])

    def motor_torque(self) -> torch.Tensor:
        return self.torque


NONE, BOTH = torch.tensor([False, False]), torch.tensor([True, True])


def step(meter: Meter, done: torch.Tensor = NONE, reward: float = 1.0, **metrics: float) -> None:
    values = {name: torch.full((2,), value) for name, value in metrics.items()}
    meter.add(torch.full((2,), reward), done, values)


def finish(meter: Meter, survived: torch.Tensor = BOTH) -> dict:
    """End both episodes; return the first one's numbers."""
    step(meter, BOTH, reward=0.0, **dict.fromkeys(meter._task_metrics, 0.0))
    return dict(zip(meter.names, meter.finished(BOTH, survived)[0], strict=True))


def test_speed_energy_and_cost_of_transport():
    robot = Robot()
    meter = Meter(robot, [])
    for speed, power in ((1.0, 30.0), (3.0, 10.0)):
        robot.root[:, 7], robot.root[:, 9] = speed, 5.0  # vertical motion is no walking
        robot.torque[:, 0], robot.joint_velocity[:, 0] = -power / 2.0, 2.0
        step(meter)
    numbers = finish(meter)
    assert numbers["speed"] == pytest.approx(2.0)
    assert numbers["power"] == pytest.approx(20.0)
    # 20 J in 1 s, over 2 m with a weight of 4 kg x 9.81 m/s^2
    assert numbers["cost_of_transport"] == pytest.approx(20.0 / (2.0 * 4.0 * 9.81))
    assert numbers["duration"] == pytest.approx(1.5)


def test_who_goes_nowhere_has_no_cost_of_transport():
    meter = Meter(Robot(), [])
    step(meter)
    assert math.isnan(finish(meter)["cost_of_transport"])


def test_tilt_is_from_the_upright_pose_whatever_its_axes():
    robot = Robot()
    lying = quat_from_axis_angle(torch.tensor([[0.0, 1.0, 0.0]]), torch.tensor([math.pi / 2]))
    robot.root[:, 3:7] = lying  # this robot's file has it lie; standing means this
    meter = Meter(robot, [])
    for angle in (0.0, 20.0, 10.0):
        axis, turn = torch.tensor([[1.0, 0.0, 0.0]]), torch.tensor([math.radians(angle)])
        robot.root[:, 3:7] = quat_multiply(quat_from_axis_angle(axis, turn), lying)
        step(meter)
    numbers = finish(meter)
    assert numbers["tilt"] == pytest.approx(10.0, abs=0.1)
    assert numbers["largest_tilt"] == pytest.approx(20.0, abs=0.1)


def test_turning_in_place_does_not_count_as_rocking():
    robot = Robot()
    meter = Meter(robot, [])
    robot.root[:, 10:13] = torch.tensor([0.3, -0.4, 7.0])
    step(meter)
    assert finish(meter)["angular_speed"] == pytest.approx(0.5)


def test_height_deviation():
    robot = Robot()
    meter = Meter(robot, [])
    for height in (0.9, 1.1, 0.9, 1.1):
        robot.root[:, 2] = height
        step(meter)
    assert finish(meter)["height_deviation"] == pytest.approx(0.1, abs=1e-4)


def test_margins():
    robot = Robot()
    meter = Meter(robot, [])
    robot.torque[:] = torch.tensor([-4.0, 1000.0])
    robot.joint_position[:] = torch.tensor([0.5, 0.0])
    step(meter)
    robot.torque[:] = torch.tensor([10.0, 0.0])
    robot.joint_position[:] = torch.tensor([0.0, 2.1])
    step(meter)
    numbers = finish(meter)
    assert numbers["torque_margin"] == pytest.approx((0.6 + 0.0) / 2)
    assert numbers["torque_saturation"] == pytest.approx(1 / 4)  # of 2 motors in 2 steps
    assert numbers["joint_margin"] == pytest.approx((0.5 + 0.0) / 2)
    assert numbers["joint_at_limit"] == pytest.approx(1 / 4)


def test_joints_without_limits_have_all_the_way():
    robot = Robot()
    robot.limited[:] = False
    meter = Meter(robot, [])
    robot.joint_position[:] = 50.0
    step(meter)
    assert finish(meter)["joint_margin"] == 1.0


def test_the_state_after_the_last_step_is_the_next_episodes():
    robot = Robot()
    meter = Meter(robot, ["own"])
    robot.root[:, 7] = 2.0
    step(meter, reward=1.0, own=4.0)
    robot.root[:, 7] = 0.0  # reset already
    step(meter, BOTH, reward=-5.0, own=2.0)
    numbers = dict(zip(meter.names, meter.finished(BOTH, ~BOTH)[1], strict=True))
    assert numbers["speed"] == pytest.approx(2.0)
    assert numbers["return"] == pytest.approx(-4.0) and numbers["task/own"] == pytest.approx(3.0)
    assert numbers["survival"] == 0.0


def test_episodes_are_apart():
    robot = Robot()
    meter = Meter(robot, [])
    step(meter)
    step(meter, torch.tensor([True, False]))
    rows = meter.finished(torch.tensor([True, False]), BOTH)
    step(meter, BOTH)
    later = meter.finished(BOTH, BOTH)
    column = meter.names.index("return")
    assert rows[:, column].tolist() == [2.0] and later[:, column].tolist() == [1.0, 3.0]


def test_what_a_robot_has_not_is_not_measured():
    robot = Robot()
    robot.free, robot.measures_torque = False, False
    meter = Meter(robot, ["own"])
    step(meter, own=1.0)
    numbers = finish(meter)
    assert set(numbers) == {
        "return", "survival", "duration", "joint_margin", "joint_at_limit", "task/own",
    }  # fmt: skip
    assert np.isfinite(list(numbers.values())).all()
