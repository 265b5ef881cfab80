"""The vocabulary of commanded walking, and how its quantities follow from the simulator's state.

N is the number of environments, D that of joints, F that of feet, in the order of the settings.
Frames: `_b` are the base's axes, `_h` the heading's: x points where the base faces in the ground
plane, z up. What is not marked has the world's axes.
"""

import math
from typing import NamedTuple, Tuple

import torch
from torch import Tensor

from humanoid_gym.kernels import script
from humanoid_gym.rotation import down_axis, quat_rotate_inverse

CONTACT_FORCE = 1.0
"""A foot with more force on it than this [N] is on the ground."""


class Walking(NamedTuple):
    """Named physical quantities of one control step."""

    command: Tensor
    """Commanded forward velocity, velocity to the left [m/s] and yaw rate [rad/s], (N, 3)."""
    stepping: Tensor
    """1 where the gait goes on, 0 where it waits at the command to stand, shape (N,)."""
    velocity_h: Tensor
    """Linear velocity of the base's centre of mass [m/s], heading frame, shape (N, 3)."""
    angular_velocity_b: Tensor
    """Angular velocity of the base [rad/s], as a gyroscope in it reads, shape (N, 3)."""
    yaw_rate: Tensor
    """Angular velocity of the base about the vertical [rad/s], shape (N,)."""
    gravity_b: Tensor
    """Direction of gravity in the base's axes, as an accelerometer at rest tells, shape (N, 3)."""
    height: Tensor
    """Base origin above the ground [m], shape (N,)."""
    joint_position: Tensor
    """Joint positions [rad], shape (N, D)."""
    joint_offset: Tensor
    """Joint positions minus those of the default pose [rad], shape (N, D)."""
    joint_velocity: Tensor
    """[rad/s], shape (N, D)."""
    joint_acceleration: Tensor
    """Change of the joint velocities over the control step per time [rad/s^2], shape (N, D)."""
    joint_torque: Tensor
    """Torques that act along the joint axes [N m], shape (N, D)."""
    action: Tensor
    """Action of this step, shape (N, D)."""
    previous_action: Tensor
    """Action of the step before, shape (N, D)."""
    clock: Tensor
    """Sine and cosine of the gait's phase; zero while the gait waits, shape (N, 2)."""
    stance: Tensor
    """1 where the gait has the foot on the ground, 0 where it swings, shape (N, F)."""
    swing_height: Tensor
    """Height at which the gait has the sole [m], shape (N, F)."""
    foot_height: Tensor
    """Sole above the ground [m], shape (N, F)."""
    foot_contact: Tensor
    """1 where the foot is on the ground, else 0, shape (N, F)."""
    foot_force: Tensor
    """Contact force on each foot [N], heading frame, shape (N, 3 F)."""
    foot_velocity: Tensor
    """Linear velocity of each foot [m/s], heading frame, shape (N, 3 F)."""
    foot_tilt: Tensor
    """Sine of the angle between each sole and the horizontal, shape (N, F)."""
    foot_spacing: Tensor
    """How far left feet are to the left of their right ones [m], heading frame, (N, pairs)."""
    foot_yaw: Tensor
    """Sine of the angle from the heading to where each foot points, shape (N, F)."""
    landing: Tensor
    """Time that each foot was in the air [s] where it touched down in this step, else 0, (N, F)."""
    height_scan: Tensor
    """Ground at points around the base, above where it would be level [m], shape (N, P)."""


@script
def heading(quaternion: Tensor) -> Tensor:
    """Direction in the ground plane in which a body's x axis points.

    Args:
        quaternion: orientation xyzw, shape (N, 4).

    Returns:
        Unit vectors (cosine, sine of the yaw), shape (N, 2).
    """
    x, y, z, w = quaternion.unbind(-1)
    forward = torch.stack((1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z)), dim=-1)
    return forward / forward.norm(p=2, dim=-1, keepdim=True).clamp(min=1e-6)


@script
def in_heading_frame(direction: Tensor, vectors: Tensor) -> Tensor:
    """Turn vectors from the world's axes into the heading frame.

    Args:
        direction: from `heading`, shape (N, 2).
        vectors: shape (N, 3) or (N, K, 3).

    Returns:
        The vectors' components forward, to the left and up; of the arguments' shape.
    """
    c, s = direction.unbind(-1)
    if vectors.dim() == 3:
        c, s = c.unsqueeze(-1), s.unsqueeze(-1)
    x, y, z = vectors.unbind(-1)
    return torch.stack((c * x + s * y, c * y - s * x, z), dim=-1)


@script
def base(root_state: Tensor, direction: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    """Return `velocity_h`, `angular_velocity_b` and `gravity_b` of `Walking`.

    Args:
        root_state: position [m], quaternion xyzw, linear [m/s] and angular velocity [rad/s] of the
            base, world axes, shape (N, 13).
        direction: its heading, shape (N, 2).
    """
    quaternion = root_state[:, 3:7]
    return (
        in_heading_frame(direction, root_state[:, 7:10]),
        quat_rotate_inverse(quaternion, root_state[:, 10:13]),
        down_axis(quaternion),
    )


@script
def feet(
    states: Tensor, forces: Tensor, direction: Tensor, left: Tensor, right: Tensor
) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return `foot_force`, `foot_velocity`, `foot_tilt`, `foot_spacing`, `foot_yaw` of `Walking`.

    Args:
        states: position, quaternion xyzw, linear and angular velocity of the feet, world axes,
            shape (N, F, 13).
        forces: contact forces on them [N], shape (N, F, 3).
        direction: heading of the base, shape (N, 2).
        left: which of the feet are the left ones of pairs, int64, shape (pairs,).
        right: their right ones.
    """
    x, y, z, w = states[..., 3:7].unbind(-1)
    # sine of the tilt: the horizontal part of the foot's vertical axis
    tilt = torch.stack((2.0 * (x * z + w * y), 2.0 * (y * z - w * x)), dim=-1).norm(p=2, dim=-1)
    forward_x, forward_y = 1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z)
    c, s = direction.unsqueeze(1).unbind(-1)
    places = states[..., 0:2]
    between_x, between_y = (places.index_select(1, left) - places.index_select(1, right)).unbind(-1)
    spacing = c * between_y - s * between_x
    return (
        in_heading_frame(direction, forces).flatten(1),
        in_heading_frame(direction, states[..., 7:10]).flatten(1),
        tilt,
        spacing,
        c * forward_y - s * forward_x,
    )


@script
def gait(
    phase: Tensor, stepping: Tensor, offsets: Tensor, stance_fraction: float, height: float
) -> Tuple[Tensor, Tensor, Tensor]:
    """Return `clock`, `stance` and `swing_height` of `Walking`.

    Each foot's cycle is ahead of the phase by its offset. A foot is on the ground in the first
    `stance_fraction` of its cycle, then swings along height * sin^2.

    Args:
        phase: of the gait, in [0, 1), shape (N,).
        stepping: 1 where the gait goes on, 0 where it waits with all feet down, shape (N,).
        offsets: of the feet, in parts of the cycle, shape (F,).
        stance_fraction: part of its cycle that a foot spends on the ground.
        height: of the sole in the middle of the swing [m].
    """
    angle = 2.0 * math.pi * phase
    clock = torch.stack((angle.sin(), angle.cos()), dim=-1) * stepping.unsqueeze(-1)
    cycles = (phase.unsqueeze(-1) + offsets) % 1.0
    swing = ((cycles - stance_fraction) / (1.0 - stance_fraction)).clamp(min=0.0)
    swing = swing * stepping.unsqueeze(-1)
    return clock, (swing == 0.0).to(phase.dtype), height * (math.pi * swing).sin().square()


@script
def flight(contact: Tensor, air_time: Tensor, duration: float) -> Tuple[Tensor, Tensor]:
    """Follow how long feet are in the air.

    Args:
        contact: 1 where a foot is on the ground, else 0, shape (N, F).
        air_time: for how long it was in the air before this step [s], shape (N, F).
        duration: of the step [s].

    Returns:
        `landing` of `Walking`, and the new air time [s], shape (N, F).
    """
    return air_time * contact, (air_time + duration) * (1.0 - contact)


@script
def stepping(phase: Tensor, moving: Tensor, pause_start: Tensor, pause_length: Tensor) -> Tensor:
    """Tell where the gait goes on: where the robot shall walk, and until a step is done.

    Args:
        phase: of the gait, in [0, 1), shape (N,).
        moving: 1 where the robot shall walk, else 0, shape (N,).
        pause_start: phases from which on the gait may wait, shape (K,).
        pause_length: for how much of the cycle each time, shape (K,).

    Returns:
        1 where it goes on, 0 where it waits, shape (N,).
    """
    may_wait = (phase.unsqueeze(-1) - pause_start) % 1.0 < pause_length
    waits = (moving == 0.0) & may_wait.any(-1)
    return 1.0 - waits.to(phase.dtype)


@script
def leaning(orientation: Tensor, least: float) -> Tensor:
    """Tell where the base leans.

    Args:
        orientation: of the base, quaternion x y z w, shape (N, 4).
        least: angle between its z axis and the vertical [rad].

    Returns:
        1 where it leans more than that, else 0, shape (N,).
    """
    upright = 1.0 - 2.0 * orientation[:, 0:2].square().sum(-1)
    return (upright < math.cos(least)).to(orientation.dtype)


@script
def first_phase(lateral: Tensor, chance: Tensor, start: Tensor, length: Tensor) -> Tensor:
    """Phase at which all feet are to be on the ground, one that the base moves from swinging next.

    Args:
        lateral: velocity of the base to the left [m/s], shape (N,).
        chance: from U(0, 1), shape (N, 2).
        start: beginnings of such parts of the cycle for a base that moves to the left, and to the
            right, shape (2, M).
        length: of these parts, shape (2, M).

    Returns:
        Of the gait, in [0, 1), shape (N,).
    """
    to_right = lateral + 1e-3 * (chance[:, 0] - 0.5) < 0.0
    which = (chance[:, 0] * start.shape[1]).long().clamp(max=start.shape[1] - 1)
    which = which + start.shape[1] * to_right.long()
    begin = start.flatten().index_select(0, which)
    return (begin + length.flatten().index_select(0, which) * chance[:, 1]) % 1.0


@script
def draw_commands(
    chance: Tensor, low: Tensor, high: Tensor, standing_fraction: float, deadband: float
) -> Tensor:
    """Make commands of uniform random numbers.

    Args:
        chance: from U(0, 1), shape (N, 4).
        low: least forward and lateral velocity [m/s] and yaw rate [rad/s], shape (3,).
        high: the largest ones, shape (3,).
        standing_fraction: part of the commands that are to stand.
        deadband: commands whose velocity [m/s] and yaw rate [rad/s] are below it are to stand too.

    Returns:
        `command` of `Walking`.
    """
    command = low + chance[:, 0:3] * (high - low)
    slow = (command[:, 0:2].norm(p=2, dim=-1) < deadband) & (command[:, 2].abs() < deadband)
    standing = slow | (chance[:, 3] < standing_fraction)
    return command * torch.logical_not(standing).to(command.dtype).unsqueeze(-1)


@script
def progress(command: Tensor, velocity_h: Tensor) -> Tensor:
    """Velocity in the commanded direction [m/s]; 0 where no velocity is commanded. Shape (N,)."""
    length = command[:, 0:2].norm(p=2, dim=-1).clamp(min=1e-6)
    return (command[:, 0:2] * velocity_h[:, 0:2]).sum(-1) / length


@script
def drive_torque(
    target: Tensor,
    position: Tensor,
    velocity: Tensor,
    stiffness: Tensor,
    damping: Tensor,
    peak: Tensor,
) -> Tensor:
    """Torque of a spring to the target and a damper, within the motor's peak [N m]; (N, D)."""
    wanted = stiffness * (target - position) - damping * velocity
    return torch.minimum(torch.maximum(wanted, -peak), peak)


@script
def mechanical_power(torque: Tensor, velocity: Tensor) -> Tensor:
    """Power of all motors that drive [W]; what braking gives back is lost. (N, D) to (N,)."""
    return (torque * velocity).clamp(min=0.0).sum(-1)
