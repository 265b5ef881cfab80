"""A robot on legs as its own computer sees it."""

from typing import TYPE_CHECKING, Any, Tuple

from humanoid_gym.deployment.description import Actuator, Deployment, SafetyLimits
from humanoid_gym.deployment.robot_description import read_body
from humanoid_gym.tasks import deploying
from humanoid_gym.tasks.legged.robot import Robot
from humanoid_gym.tasks.observation import ObservationTable
from humanoid_gym.tasks.task_config import find_asset

if TYPE_CHECKING:
    from humanoid_gym.tasks.legged.legged_robot import LeggedRobot

STOP_DAMPING = 2.0
"""Damping of a safe stop, as a multiple of the drive's own."""


def legged_deployment(
    task: "LeggedRobot",
    name: str,
    observation: ObservationTable,
    **own: Any,  # noqa: ANN401 - fields of Deployment
) -> Deployment:
    """Describe the robot; it has position drives, whoever computes their torques.

    Args:
        task: whose policies are to run on it.
        name: of the task.
        observation: of the policy.
        own: what else the task says, fields of `Deployment`.
    """
    robot, config, margin = task.robot, task.config, task.robot.stability_margin
    pose = robot.default_pose.tolist()
    return Deployment(
        task=name,
        command="position",
        control_rate=deploying.control_rate(task),
        joints=deploying.joints(robot.joint_names, robot.dof_properties, pose),
        actuators=_actuators(robot),
        observation=observation.entries(),
        clip_actions=deploying.action_clip(task),
        clip_observations=deploying.observation_clip(task),
        body=read_body(find_asset(config.asset), config.feet, bare_feet=margin is None),
        safety=SafetyLimits(stability_margin=margin),
        **own,
    )


def _actuators(robot: Robot) -> Tuple[Actuator, ...]:
    columns = zip(
        robot.joint_names,
        robot.action_scale.tolist(),
        robot.default_pose.tolist(),
        robot.stop_pose,
        robot.stiffness.tolist(),
        robot.damping.tolist(),
    )
    return tuple(
        Actuator(
            joint=name,
            scale=scale,
            offset=rest,
            stiffness=stiffness,
            damping=damping,
            max_torque=float(record["effort"]),
            max_velocity=float(record["velocity"]),
            max_rate=float(record["velocity"]),
            stop_position=stop,
            stop_stiffness=stiffness,
            stop_damping=STOP_DAMPING * damping,
        )
        for (name, scale, rest, stop, stiffness, damping), record in zip(
            columns, robot.dof_properties
        )
    )
