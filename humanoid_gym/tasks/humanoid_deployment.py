"""The running humanoid as a robot's computer sees it."""

from typing import TYPE_CHECKING, Sequence, Tuple

from humanoid_gym.deployment.description import Deployment, SafetyLimits
from humanoid_gym.deployment.robot_description import read_body
from humanoid_gym.tasks import deploying
from humanoid_gym.tasks.task_config import find_asset

if TYPE_CHECKING:
    from humanoid_gym.tasks.humanoid import Humanoid

CROUCH = {
    f"{side}_{joint}": angle
    for side in ("left", "right")
    for joint, angle in (("hip_y", -0.65), ("knee", 1.2), ("ankle_y", -0.6))
}
"""Joint positions of a safe stop [rad]: soles flat, the centre of mass above their middle. The
others go to 0."""
STOP_GAINS = (1.0, 0.02)
"""Stiffness [1/rad] and damping [s/rad] of a safe stop, as parts of each motor's largest torque:
what torques that hold for a sixtieth of a second can damp without shaking the lightest limb."""


def humanoid_deployment(
    task: "Humanoid", feet: Sequence[str], target: Tuple[float, float, float]
) -> Deployment:
    """Describe the robot; a run is a controlled fall, so that its stability is not checked.

    Args:
        task: whose policies are to run on it.
        feet: names of its feet.
        target: point to run to [m], which the robot's computer may replace.
    """
    config, names, properties = task.config, task.joint_names, task.dof_properties
    torques = [float(effort) * config.power_scale for effort in properties["effort"]]
    return Deployment(
        task="humanoid",
        command="torque",
        control_rate=deploying.control_rate(task),
        joints=deploying.joints(names, properties, [0.0] * len(names)),
        actuators=deploying.torque_actuators(names, properties, torques, CROUCH, STOP_GAINS),
        observation=task.observation.entries(),
        clip_actions=deploying.action_clip(task),
        clip_observations=deploying.observation_clip(task),
        constants={"target": target},
        body=read_body(find_asset(config.asset), feet),
        safety=SafetyLimits(),
    )
