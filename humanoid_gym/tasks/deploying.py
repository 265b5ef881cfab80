"""What every task says about its joints when a policy is exported."""

import math
from typing import Dict, Optional, Sequence, Tuple

import numpy as np
from isaacgym import gymapi

from humanoid_gym.deployment.description import Actuator, Joint
from humanoid_gym.tasks.simulated_task import SimulatedTask


def control_rate(task: SimulatedTask) -> float:
    """Return how many actions a task takes per second [Hz]."""
    return 1.0 / (task.dt * task.config.control_frequency_inv)


def action_clip(task: SimulatedTask) -> Optional[float]:
    """Return the largest action that a task lets through; None: any."""
    limit = task.config.clip_actions
    return None if math.isinf(limit) else limit


def observation_clip(task: SimulatedTask) -> Optional[float]:
    """Return the largest observation that a task hands out; None: any."""
    limit = task.config.clip_observations
    return None if math.isinf(limit) else limit


def joints(
    names: Sequence[str], properties: np.ndarray, default_pose: Sequence[float]
) -> Tuple[Joint, ...]:
    """Describe the degrees of freedom of a robot.

    Args:
        names: of the joints.
        properties: Isaac Gym's record of each.
        default_pose: positions that observations count from [rad].
    """
    return tuple(
        Joint(
            name,
            float(record["lower"]) if record["hasLimits"] else None,
            float(record["upper"]) if record["hasLimits"] else None,
            float(rest),
            armature=float(record["armature"]),
            **_passive(record),
        )
        for name, record, rest in zip(names, properties, default_pose)
    )


def _passive(record: np.void) -> Dict[str, float]:
    """Spring and damper of a joint without a drive; those of a drive belong to its motor."""
    if record["driveMode"] not in (gymapi.DOF_MODE_NONE, gymapi.DOF_MODE_EFFORT):
        return {}
    return {name: float(record[name]) for name in ("stiffness", "damping")}


def torque_actuators(
    names: Sequence[str],
    properties: np.ndarray,
    scales: Sequence[float],
    crouch: Dict[str, float],
    stop_gains: Tuple[float, float],
) -> Tuple[Actuator, ...]:
    """Describe motors that actions are torques of.

    Args:
        names: of their joints.
        properties: Isaac Gym's record of each, with effort and velocity limits.
        scales: torque of an action of 1 [N m].
        crouch: joint positions of a safe stop [rad]; of joints that are not named 0.
        stop_gains: stiffness [1/rad] and damping [s/rad] of a safe stop, as parts of the largest
            torque.
    """
    return tuple(
        Actuator(
            joint=name,
            scale=float(scale),
            max_torque=float(record["effort"]),
            max_velocity=float(record["velocity"]),
            stop_position=crouch.get(name, 0.0),
            stop_stiffness=stop_gains[0] * float(record["effort"]),
            stop_damping=stop_gains[1] * float(record["effort"]),
        )
        for name, record, scale in zip(names, properties, scales)
    )
