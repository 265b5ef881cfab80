"""The humanoid's vocabulary and rewards: what a roboticist would ask about a walking body.

`Locomotion` names the physical quantities of a step; every reward term is a function of those. The
formulas are those of the public IsaacGymEnvs Humanoid task (isaac-sim/IsaacGymEnvs, commit aeed298,
isaacgymenvs/tasks/humanoid.py), written over quantities in place of observation columns. Positions
are env-local, axes are the world's unless a name ends in `_b` (torso frame). N is the number of
environments, D the number of degrees of freedom.
"""

from typing import NamedTuple, Tuple

import torch
from torch import Tensor

from humanoid_gym.kernels import script
from humanoid_gym.rotation import (
    normalize_angle,
    quat_rotate_inverse,
)


class Locomotion(NamedTuple):
    """Named physical quantities of one control step."""

    height: Tensor
    """Torso origin above the ground [m], shape (N,)."""
    velocity_b: Tensor
    """Linear velocity of the torso's centre of mass [m/s], torso frame, shape (N, 3)."""
    angular_velocity_b: Tensor
    """Angular velocity of the torso [rad/s], torso frame, shape (N, 3)."""
    yaw: Tensor
    """Torso rotation about the vertical [rad], in (-pi, pi], shape (N,)."""
    roll: Tensor
    """Torso rotation about its forward axis [rad], in (-pi, pi], shape (N,)."""
    angle_to_target: Tensor
    """Direction of the target in the ground plane minus yaw [rad], in (-pi, pi], shape (N,)."""
    torso_up: Tensor
    """Cosine between the torso's z axis and the vertical, shape (N,)."""
    heading: Tensor
    """Cosine between the torso's x axis and the direction to the target, shape (N,)."""
    joint_position: Tensor
    """Joint positions, -1 at the lower limit and 1 at the upper, shape (N, D)."""
    joint_velocity: Tensor
    """Joint velocities [rad/s], shape (N, D)."""
    joint_torque: Tensor
    """Torques that act along the joint axes [N m], shape (N, D)."""
    foot_wrench: Tensor
    """Net force [N] and torque [N m] on the right, then the left foot, shape (N, 12)."""
    action: Tensor
    """Actions of this step in [-1, 1], shape (N, D)."""
    effort_ratio: Tensor
    """Each joint's largest torque over the largest of all, shape (D,)."""
    forward_speed: Tensor
    """Mean speed towards the target over this step [m/s], shape (N,)."""


@script
def normalise(value: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    """Map [lower, upper] to [-1, 1]; values outside are not clipped. Shapes (N, D), (D,), (D,)."""
    return (2.0 * value - upper - lower) / (upper - lower)


@script
def approach_speed(start: Tensor, end: Tensor, target: Tensor, duration: float) -> Tensor:
    """Decrease of the horizontal distance to the target per time.

    Equals (|target - start| - |target - end|) / duration, but as a difference of squares over a
    sum: with a target 1000 m away the plain difference has steps of 0.004 m/s in float32.

    Args:
        start: position before the step [m], shape (N, 3).
        end: position after the step [m], shape (N, 3).
        target: target position [m], shape (3,).
        duration: length of the step [s].

    Returns:
        Speed towards the target [m/s], shape (N,).
    """
    from_start = (target - start)[:, :2]
    from_end = (target - end)[:, :2]
    distances = from_start.norm(p=2, dim=-1) + from_end.norm(p=2, dim=-1)
    moved = (end - start)[:, :2]
    return (moved * (from_start + from_end)).sum(-1) / (distances * duration)


@script
def torso(
    root_state: Tensor, previous_position: Tensor, target: Tensor, duration: float
) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Compute what `Locomotion` says about the torso.

    A plain tuple: for each NamedTuple it returns, TorchScript defines a new class (0.4 ms).

    Args:
        root_state: torso position [m], quaternion xyzw, linear velocity [m/s], angular velocity
            [rad/s], world axes. Shape (N, 13).
        previous_position: torso position before the step [m], shape (N, 3).
        target: point to run to [m], shape (3,).
        duration: length of the step [s].

    Returns:
        velocity_b, angular_velocity_b, yaw, roll, angle_to_target, torso_up, heading,
        forward_speed.
    """
    position = root_state[:, 0:3]
    orientation = root_state[:, 3:7]
    to_target = target[:2] - position[:, :2]  # (N, 2)
    # Those entries of the rotation matrix that are asked for, each computed once.
    x, y, z, w = orientation.unbind(-1)
    a, b = w * w - y * y, x * x - z * z
    forward_x, forward_y = a + b, 2.0 * (x * y + w * z)
    side_z, up_z = 2.0 * (y * z + w * x), a - b
    yaw = torch.atan2(forward_y, forward_x)
    distance = to_target.norm(p=2, dim=-1)
    along = forward_x * to_target[:, 0] + forward_y * to_target[:, 1]
    return (
        quat_rotate_inverse(orientation, root_state[:, 7:10]),
        quat_rotate_inverse(orientation, root_state[:, 10:13]),
        yaw,
        torch.atan2(side_z, up_z),
        normalize_angle(torch.atan2(to_target[:, 1], to_target[:, 0]) - yaw),
        up_z,
        along / distance,
        approach_speed(previous_position, position, target, duration),
    )


@script
def heading_reward(q: Locomotion) -> Tensor:
    """1 if the torso faces the target within 37 degrees (cosine 0.8), less outside. Shape (N,)."""
    return torch.clamp(q.heading / 0.8, max=1.0)


@script
def upright_reward(q: Locomotion) -> Tensor:
    """1 if the torso leans less than 21.6 degrees (cosine 0.93), else 0. Shape (N,)."""
    return (q.torso_up > 0.93).to(q.torso_up.dtype)


@script
def alive_reward(q: Locomotion) -> Tensor:
    """1 for every step. Shape (N,)."""
    return torch.ones_like(q.height)


@script
def progress_reward(q: Locomotion) -> Tensor:
    """Speed towards the target [m/s]: the decrease of distance / step duration. Shape (N,)."""
    return q.forward_speed


@script
def action_cost(q: Locomotion) -> Tensor:
    """Squared length of the action. Shape (N,)."""
    return q.action.square().sum(-1)


@script
def energy_cost(q: Locomotion) -> Tensor:
    """Sum of |action x joint speed| [rad/s], weighted by the joints' strength. Shape (N,)."""
    return ((q.action * q.joint_velocity).abs() * q.effort_ratio).sum(-1)


@script
def joint_limit_cost(q: Locomotion) -> Tensor:
    """Sum over joints in the last hundredth of their range at either end, weighted by strength.

    A joint counts 0 at 98 % of its half range, 1 at the limit, more beyond. Shape (N,).
    """
    beyond = torch.clamp(q.joint_position.abs() - 0.98, min=0.0) / 0.02
    return (beyond * q.effort_ratio).sum(-1)
