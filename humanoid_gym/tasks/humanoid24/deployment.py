"""The walking robot as its own computer sees it."""

from typing import TYPE_CHECKING

from humanoid_gym.deployment.description import Actuator, Deployment, SafetyLimits
from humanoid_gym.deployment.robot_description import read_body
from humanoid_gym.tasks import deploying
from humanoid_gym.tasks.task_config import find_asset

if TYPE_CHECKING:
    from humanoid_gym.tasks.humanoid24.walk import HumanoidWalk

CROUCH = {
    f"{side}_{joint}": angle
    for side in ("left", "right")
    for joint, angle in (("hip_pitch", -0.6), ("knee", 1.2), ("ankle_pitch", -0.6))
}
"""Joint positions of a safe stop [rad]: soles flat, the centre of mass above their middle. The
others go to the default pose."""
STOP_DAMPING = 2.0
"""Damping of a safe stop, as a multiple of the drive's own."""
STABILITY_MARGIN = -0.65
"""Distance of the capture point from the support polygon [m]. Of robots on legs that were pushed in
plain MuJoCo, those that recovered came to -0.59 at most; those that fell went beyond -0.84, and
below this margin 0.1 to 0.6 s before they were down."""


def walking_deployment(task: "HumanoidWalk") -> Deployment:
    """Describe the robot; it has position drives, whoever computes their torques.

    Args:
        task: whose policies are to run on it.
    """
    robot, config = task.robot, task.config
    names, properties = robot.joint_names, robot.dof_properties
    pose = robot.default_pose.tolist()
    crouch = {**dict(zip(names, pose)), **CROUCH}
    columns = zip(
        names, robot.action_scale.tolist(), pose, robot.stiffness.tolist(), robot.damping.tolist()
    )
    actuators = tuple(
        Actuator(
            joint=name,
            scale=scale,
            offset=rest,
            stiffness=stiffness,
            damping=damping,
            max_torque=float(record["effort"]),
            max_velocity=float(record["velocity"]),
            max_rate=float(record["velocity"]),
            stop_position=crouch[name],
            stop_stiffness=stiffness,
            stop_damping=STOP_DAMPING * damping,
        )
        for (name, scale, rest, stiffness, damping), record in zip(columns, properties)
    )
    return Deployment(
        task="humanoid_walk",
        command="position",
        control_rate=deploying.control_rate(task),
        joints=deploying.joints(names, properties, pose),
        actuators=actuators,
        observation=task.observation.entries(),
        history=config.history,
        clip_actions=deploying.action_clip(task),
        clip_observations=deploying.observation_clip(task),
        clock_frequency=config.gait.frequency,
        clock_pause=task.gait_pause,
        clock_recovery_tilt=config.gait.recovery_tilt,
        body=read_body(find_asset(config.asset), config.feet),
        safety=SafetyLimits(stability_margin=STABILITY_MARGIN),
    )
