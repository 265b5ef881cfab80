"""What the task reads from the robot's description and its motors before environments exist."""

import math
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from isaacgym import gymapi
from torch import Tensor

from humanoid_gym.config import ConfigError, nearest
from humanoid_gym.tasks.joint_values import by_joint
from humanoid_gym.tasks.legged.config import POSITION, LeggedConfig
from humanoid_gym.tasks.legged.feet import FootLayout, read_feet
from humanoid_gym.tasks.legged.humanoid24 import (
    CROUCH,
    JOINT_MOTORS,
    STABILITY_MARGIN,
    joint_motor,
)
from humanoid_gym.tasks.legged.motors import Gains, Motor, position_gains
from humanoid_gym.tasks.simulated_task import Handle

UNLIMITED = 2.0 * math.pi
"""How far a joint without limits may turn before it counts as beyond them [rad]."""


class Robot(NamedTuple):
    """The robot as every environment has it; tensors of shape (D,), in the order of the action."""

    joint_names: Tuple[str, ...]
    dof_properties: np.ndarray
    """Isaac Gym's record of each joint, with limits, drive and armature."""
    feet: Tuple[int, ...]
    """Indices of the feet among the bodies, in the order of the settings."""
    layout: FootLayout
    """How the feet lie to each other."""
    pairs: Tuple[Tensor, Tensor]
    """Which of the feet are left ones and which their right ones, int64, shapes (pairs,)."""
    lower: Tensor
    """Lowest joint positions [rad]."""
    upper: Tensor
    """Highest joint positions [rad]."""
    default_pose: Tensor
    """Joint positions for an action of 0 [rad]."""
    peak_torque: Tensor
    """[N m]"""
    stiffness: Tensor
    """Of the position drives [N m/rad]."""
    damping: Tensor
    """Of the position drives [N m s/rad]."""
    action_scale: Tensor
    """Displacement of the target for an action of 1 [rad]."""
    stop_pose: Tuple[float, ...]
    """Joint positions of a safe stop [rad]."""
    stability_margin: Optional[float]
    """Of an exported policy's robot, see `SafetyLimits`; None: not watched."""

    def soft_limits(self, fraction: float) -> Tuple[Tensor, Tensor]:
        """Return lower and upper ends [rad] of the middle part of each joint's range."""
        middle, half = (self.lower + self.upper) / 2.0, (self.upper - self.lower) / 2.0
        return middle - fraction * half, middle + fraction * half


def read_robot(gym: Any, asset: Handle, config: LeggedConfig, device: torch.device) -> Robot:  # noqa: ANN401 (the simulator's)
    """Combine a loaded asset with its motors and the configuration.

    Raises:
        ConfigError: the asset lacks a foot, or has a joint without a motor, or a pattern of the
            configuration fits no joint.
    """
    names: List[str] = gym.get_asset_dof_names(asset)
    properties = gym.get_asset_dof_properties(asset)
    motors = _motors(names, config)
    gains = _gains(names, motors, config)
    _set_drives(properties, motors, gains, config.drive == POSITION)

    def tensor(values: Any, kind: torch.dtype = torch.float32) -> Tensor:  # noqa: ANN401
        return torch.tensor(np.array(values), dtype=kind, device=device)

    limited = properties["hasLimits"]
    pose = value_by_joint(names, config.default_pose, "task.default_pose")
    feet = tuple(_body(gym, asset, foot, config.asset) for foot in config.feet)
    layout = read_feet(config.asset, config.feet, dict(zip(names, pose)))
    left, right = zip(*layout.pairs) if layout.pairs else ((), ())
    stop_pose, margin = _safe_stop(names, np.array(pose, np.float32).tolist(), config)
    return Robot(
        joint_names=tuple(names),
        dof_properties=properties,
        feet=feet,
        layout=layout,
        pairs=(tensor(left, torch.int64), tensor(right, torch.int64)),
        lower=tensor(np.where(limited, properties["lower"], -UNLIMITED)),
        upper=tensor(np.where(limited, properties["upper"], UNLIMITED)),
        default_pose=tensor(pose),
        peak_torque=tensor(properties["effort"]),
        stiffness=tensor([gain.stiffness for gain in gains]),
        damping=tensor([gain.damping for gain in gains]),
        action_scale=tensor([config.action_scale * gain.action_scale for gain in gains]),
        stop_pose=stop_pose,
        stability_margin=margin,
    )


def _set_drives(
    properties: np.ndarray, motors: List[Motor], gains: List[Gains], driven: bool
) -> None:
    """Write motors into the joints' record, and gains if the simulation is to hold targets."""
    properties["driveMode"] = gymapi.DOF_MODE_POS if driven else gymapi.DOF_MODE_EFFORT
    properties["stiffness"] = [gain.stiffness * driven for gain in gains]
    properties["damping"] = [gain.damping * driven for gain in gains]
    properties["armature"] = [motor.reflected_inertia for motor in motors]
    properties["effort"] = [motor.peak_torque for motor in motors]
    properties["velocity"] = [motor.peak_speed for motor in motors]


def _motors(names: List[str], config: LeggedConfig) -> List[Motor]:
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


def _gains(names: List[str], motors: List[Motor], config: LeggedConfig) -> List[Gains]:
    own, where = config.natural_frequencies, "task.natural_frequencies"
    frequencies = value_by_joint(names, own, where, config.natural_frequency)
    return [position_gains(m, f, config.damping_ratio) for m, f in zip(motors, frequencies)]


def _safe_stop(
    names: List[str], pose: List[float], config: LeggedConfig
) -> Tuple[Tuple[float, ...], Optional[float]]:
    """Return joint positions and stability margin of a safe stop; own ones need no settings."""
    entries, margin = config.stop_pose, config.stability_margin
    if not (config.motors or entries or margin is not None):
        entries, margin = CROUCH, STABILITY_MARGIN
    wanted = by_joint(names, entries, "task.stop_pose", None, tuple(JOINT_MOTORS))
    return tuple(rest if own is None else own for own, rest in zip(wanted, pose)), margin


def value_by_joint(
    names: Sequence[str], entries: Dict[str, float], where: str, otherwise: float = 0.0
) -> List[float]:
    """Return one value per joint; entries for joints that only a variant of the robot has wait.

    Args:
        names: the robot's joints.
        entries: values by joint or by pattern with `*`.
        where: the entries' key, for messages.
        otherwise: value of joints that no entry fits.

    Raises:
        ConfigError: several patterns fit a joint, or an entry fits none.
    """
    return by_joint(names, entries, where, otherwise, tuple(JOINT_MOTORS))


def _body(gym: Any, asset: Handle, name: str, path: str) -> int:  # noqa: ANN401
    index = gym.find_asset_rigid_body_index(asset, name)
    if index < 0:
        names = gym.get_asset_rigid_body_names(asset)
        hint = nearest(name, names)
        raise ConfigError(f"task.feet: '{path}' has no link '{name}'; nearest: '{hint}'")
    return index
