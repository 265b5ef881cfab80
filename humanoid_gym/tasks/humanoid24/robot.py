"""What the task reads from the robot's description and its motors before environments exist."""

from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np
import torch
from isaacgym import gymapi
from torch import Tensor

from humanoid_gym.config import ConfigError, nearest
from humanoid_gym.tasks.humanoid24.config import POSITION, HumanoidWalkConfig
from humanoid_gym.tasks.humanoid24.motors import (
    JOINT_MOTORS,
    Gains,
    Motor,
    joint_motor,
    position_gains,
)
from humanoid_gym.tasks.joint_values import by_joint
from humanoid_gym.tasks.simulated_task import Handle


class Robot(NamedTuple):
    """The robot as every environment has it; tensors of shape (D,), in the order of the action."""

    joint_names: Tuple[str, ...]
    dof_properties: np.ndarray
    """Isaac Gym's record of each joint, with limits, drive and armature."""
    feet: Tuple[int, ...]
    """Indices of the left and the right foot among the bodies."""
    lower: Tensor
    """Lowest joint positions [rad]."""
    upper: Tensor
    """Highest joint positions [rad]."""
    default_pose: Tensor
    """Joint positions for an action of 0 [rad]."""
    pose_weights: Tensor
    """Weights of the reward term default_pose."""
    peak_torque: Tensor
    """[N m]"""
    stiffness: Tensor
    """Of the position drives [N m/rad]."""
    damping: Tensor
    """Of the position drives [N m s/rad]."""
    action_scale: Tensor
    """Displacement of the target for an action of 1 [rad]."""

    def soft_limits(self, fraction: float) -> Tuple[Tensor, Tensor]:
        """Return lower and upper ends [rad] of the middle part of each joint's range."""
        middle, half = (self.lower + self.upper) / 2.0, (self.upper - self.lower) / 2.0
        return middle - fraction * half, middle + fraction * half


def read_robot(gym: Any, asset: Handle, config: HumanoidWalkConfig, device: torch.device) -> Robot:  # noqa: ANN401 (the simulator's)
    """Combine a loaded asset with its motors and the configuration.

    Raises:
        ConfigError: the asset lacks a foot, or has a joint without limits or motor, or a pattern of
            the configuration fits no joint.
    """
    names: List[str] = gym.get_asset_dof_names(asset)
    properties = gym.get_asset_dof_properties(asset)
    for name, limited in zip(names, properties["hasLimits"]):
        if not limited:
            raise ConfigError(f"'{config.asset}': joint '{name}' has no limits")
    motors = _motors(names, config)
    gains = _gains(names, motors, config)
    driven = config.drive == POSITION
    properties["driveMode"] = gymapi.DOF_MODE_POS if driven else gymapi.DOF_MODE_EFFORT
    properties["stiffness"] = [gain.stiffness * driven for gain in gains]
    properties["damping"] = [gain.damping * driven for gain in gains]
    properties["armature"] = [motor.reflected_inertia for motor in motors]
    properties["effort"] = [motor.peak_torque for motor in motors]
    properties["velocity"] = [motor.peak_speed for motor in motors]

    def per_joint(values: Any) -> Tensor:  # noqa: ANN401 (whatever torch makes a tensor of)
        return torch.tensor(np.array(values), dtype=torch.float32, device=device)

    return Robot(
        joint_names=tuple(names),
        dof_properties=properties,
        feet=tuple(_body(gym, asset, foot, config.asset) for foot in config.feet),
        lower=per_joint(properties["lower"]),
        upper=per_joint(properties["upper"]),
        default_pose=per_joint(_by_joint(names, config.default_pose, "task.default_pose")),
        pose_weights=per_joint(_by_joint(names, config.pose_weights, "task.pose_weights")),
        peak_torque=per_joint(properties["effort"]),
        stiffness=per_joint([gain.stiffness for gain in gains]),
        damping=per_joint([gain.damping for gain in gains]),
        action_scale=per_joint([config.action_scale * gain.action_scale for gain in gains]),
    )


def _motors(names: List[str], config: HumanoidWalkConfig) -> List[Motor]:
    if not config.motors:
        try:
            return [joint_motor(name) for name in names]
        except ValueError as error:
            raise ConfigError(f"'{config.asset}': {error}; set task.motors") from error
    motors: List[Motor] = []
    for name, motor in zip(names, by_joint(names, config.motors, "task.motors", None)):
        if motor is None:
            raise ConfigError(f"task.motors: none fits joint '{name}' of '{config.asset}'")
        motors.append(motor)
    return motors


def _gains(names: List[str], motors: List[Motor], config: HumanoidWalkConfig) -> List[Gains]:
    own, where = config.natural_frequencies, "task.natural_frequencies"
    frequencies = _by_joint(names, own, where, config.natural_frequency)
    return [position_gains(m, f, config.damping_ratio) for m, f in zip(motors, frequencies)]


def _by_joint(
    names: List[str], entries: Dict[str, float], where: str, otherwise: float = 0.0
) -> List[float]:
    """Return one value per joint; entries for joints that only a variant of the robot has wait."""
    return by_joint(names, entries, where, otherwise, tuple(JOINT_MOTORS))


def _body(gym: Any, asset: Handle, name: str, path: str) -> int:  # noqa: ANN401
    index = gym.find_asset_rigid_body_index(asset, name)
    if index < 0:
        names = gym.get_asset_rigid_body_names(asset)
        hint = nearest(name, names)
        raise ConfigError(f"task.feet: '{path}' has no link '{name}'; nearest: '{hint}'")
    return index
