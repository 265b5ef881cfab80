"""Reward terms of motion tracking, unscaled: pure functions of the step's quantities.

Every term has shape (N,). Tracking terms are between 0 and 1, 1 where nothing is to be improved:
exp(-e / sigma^2) of a squared error e, of bodies its mean over them. Costs are positive and get a
negative scale. docs/motion_tracking.md lists them all.
"""

import torch
from torch import Tensor

from humanoid_gym.kernels import script
from humanoid_gym.kernels.tracking import Tracking


@script
def base_position(q: Tracking, sigma: float) -> Tensor:
    """Of the base's position in the world; sigma in m."""
    return torch.exp(-q.base_distance.square() / (sigma * sigma))


@script
def base_orientation(q: Tracking, sigma: float) -> Tensor:
    """Of the base's orientation in the world; sigma in rad."""
    return torch.exp(-q.base_angle.square() / (sigma * sigma))


@script
def body_position(q: Tracking, sigma: float) -> Tensor:
    """Of the bodies' positions, aligned; sigma in m."""
    return torch.exp(-q.body_distance.square().mean(-1) / (sigma * sigma))


@script
def body_orientation(q: Tracking, sigma: float) -> Tensor:
    """Of the bodies' orientations, aligned; sigma in rad."""
    return torch.exp(-q.body_angle.square().mean(-1) / (sigma * sigma))


@script
def body_velocity(q: Tracking, sigma: float) -> Tensor:
    """Of the bodies' linear velocities; sigma in m/s."""
    return torch.exp(-q.body_velocity_error.square().mean(-1) / (sigma * sigma))


@script
def body_spin(q: Tracking, sigma: float) -> Tensor:
    """Of the bodies' angular velocities; sigma in rad/s."""
    return torch.exp(-q.body_spin_error.square().mean(-1) / (sigma * sigma))


@script
def joint_position(q: Tracking, sigma: float) -> Tensor:
    """Of the joints' positions, squares averaged over the joints; sigma in rad."""
    return torch.exp(-q.joint_error.square().mean(-1) / (sigma * sigma))


@script
def alive(q: Tracking) -> Tensor:
    """1 for every step."""
    return torch.ones_like(q.height)


@script
def action_rate(q: Tracking) -> Tensor:
    """Squared change of the action since the step before."""
    return (q.action - q.previous_action).square().sum(-1)


@script
def torque(q: Tracking, peak: Tensor) -> Tensor:
    """Sum of squared torques, each as a part of the motor's peak torque; peak [N m], (D,)."""
    return (q.joint_torque / peak).square().sum(-1)


@script
def joint_limits(q: Tracking, lower: Tensor, upper: Tensor) -> Tensor:
    """Sum of how far joints are outside of their soft limits [rad]; limits [rad], (D,)."""
    below, above = lower - q.joint_position, q.joint_position - upper
    return (below.clamp(min=0.0) + above.clamp(min=0.0)).sum(-1)


@script
def touching(q: Tracking) -> Tensor:
    """Number of bodies, other than feet and limbs' ends, that touch something."""
    return q.touching
