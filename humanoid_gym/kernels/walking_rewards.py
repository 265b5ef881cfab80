"""Reward terms of commanded walking, unscaled: pure functions of the step's quantities.

Every term has shape (N,). Tracking terms and bonuses are between 0 and 1; costs are positive and
get a negative scale. docs/walk_task.md lists them all.
"""

import torch
from torch import Tensor

from humanoid_gym.kernels import script
from humanoid_gym.kernels.walking import Walking


@script
def track_linear_velocity(q: Walking, sigma: float) -> Tensor:
    """exp(-|v - v*|^2 / sigma^2) of the horizontal velocity, heading frame; sigma in m/s."""
    error = (q.velocity_h[:, 0:2] - q.command[:, 0:2]).square().sum(-1)
    return torch.exp(-error / (sigma * sigma))


@script
def track_yaw_rate(q: Walking, sigma: float) -> Tensor:
    """exp(-(w - w*)^2 / sigma^2) of the yaw rate; sigma in rad/s."""
    return torch.exp(-(q.yaw_rate - q.command[:, 2]).square() / (sigma * sigma))


@script
def alive(q: Walking) -> Tensor:
    """1 for every step."""
    return torch.ones_like(q.height)


@script
def upright(q: Walking, sigma: float) -> Tensor:
    """exp(-sin^2(tilt) / sigma^2) of the base."""
    return torch.exp(-q.gravity_b[:, 0:2].square().sum(-1) / (sigma * sigma))


@script
def tilt(q: Walking) -> Tensor:
    """sin^2 of the angle between the base's z axis and the vertical."""
    return q.gravity_b[:, 0:2].square().sum(-1)


@script
def base_height(q: Walking, target: float) -> Tensor:
    """Squared deviation of the base's height from the target [m^2]."""
    return (q.height - target).square()


@script
def vertical_velocity(q: Walking) -> Tensor:
    """Squared vertical velocity of the base [m^2/s^2]."""
    return q.velocity_h[:, 2].square()


@script
def roll_pitch_rate(q: Walking) -> Tensor:
    """Squared angular velocity of the base about its horizontal axes [rad^2/s^2]."""
    return q.angular_velocity_b[:, 0:2].square().sum(-1)


@script
def power(q: Walking) -> Tensor:
    """Sum of |torque x speed| over the joints [W]."""
    return (q.joint_torque * q.joint_velocity).abs().sum(-1)


@script
def torque(q: Walking, peak: Tensor) -> Tensor:
    """Sum of squared torques, each as a part of the motor's peak torque; peak [N m], (D,)."""
    return (q.joint_torque / peak).square().sum(-1)


@script
def joint_speed(q: Walking) -> Tensor:
    """Sum of squared joint velocities [rad^2/s^2]."""
    return q.joint_velocity.square().sum(-1)


@script
def joint_acceleration(q: Walking) -> Tensor:
    """Sum of squared joint accelerations, changes of velocity over a step [rad^2/s^4]."""
    return q.joint_acceleration.square().sum(-1)


@script
def action_rate(q: Walking) -> Tensor:
    """Squared change of the action since the step before."""
    return (q.action - q.previous_action).square().sum(-1)


@script
def joint_limits(q: Walking, lower: Tensor, upper: Tensor) -> Tensor:
    """Sum of how far joints are outside of their soft limits [rad]; limits [rad], (D,)."""
    below, above = lower - q.joint_position, q.joint_position - upper
    return (below.clamp(min=0.0) + above.clamp(min=0.0)).sum(-1)


@script
def default_pose(q: Walking, weights: Tensor) -> Tensor:
    """Sum of weighted |deviation from the default pose| [rad]; weights (D,)."""
    return (q.joint_offset.abs() * weights).sum(-1)


@script
def stand_still(q: Walking) -> Tensor:
    """Where the robot is to stand still: sum of |deviation from the default pose| [rad]."""
    return q.joint_offset.abs().sum(-1) * (1.0 - q.stepping)


@script
def gait_contact(q: Walking) -> Tensor:
    """Part of the feet whose contact is as the gait's clock has it."""
    return 1.0 - (q.foot_contact - q.stance).abs().mean(-1)


@script
def swing_force(q: Walking, weight: float) -> Tensor:
    """Force on feet that the gait's clock has in the air, in body weights; weight [N]."""
    force = q.foot_force.unflatten(-1, (-1, 3)).norm(p=2, dim=-1) / weight
    return (force * (1.0 - q.stance)).sum(-1)


@script
def swing_height(q: Walking, height: float) -> Tensor:
    """Sum of |z - z*| of the soles' heights, z* by the gait's clock, per the clock's largest."""
    return (q.foot_height - q.swing_height).abs().sum(-1) / height


@script
def feet_air_time(q: Walking, target: float) -> Tensor:
    """Where feet touch down while walking: air time minus the target, summed [s]."""
    landed = (q.landing > 0.0).to(q.landing.dtype)
    return ((q.landing - target) * landed).sum(-1) * q.stepping


@script
def slip(q: Walking) -> Tensor:
    """Sum over the feet on the ground of their squared horizontal velocity [m^2/s^2]."""
    speed = q.foot_velocity.unflatten(-1, (-1, 3))[..., 0:2].square().sum(-1)
    return (speed * q.foot_contact).sum(-1)


@script
def contact_force(q: Walking, limit: float, weight: float) -> Tensor:
    """Sum over feet of the force above `limit` body weights, in body weights; weight [N]."""
    force = q.foot_force.unflatten(-1, (-1, 3)).norm(p=2, dim=-1)
    return (force / weight - limit).clamp(min=0.0).sum(-1)


@script
def feet_flat(q: Walking) -> Tensor:
    """Sum over feet of sin^2 of the sole's tilt."""
    return q.foot_tilt.square().sum(-1)


@script
def feet_yaw(q: Walking) -> Tensor:
    """Sum over feet of sin^2 of the angle between foot and heading."""
    return q.foot_yaw.square().sum(-1)


@script
def feet_spacing(q: Walking, least: float) -> Tensor:
    """Sum over pairs of feet of how much less than `least` they are apart sideways [m]."""
    return (least - q.foot_spacing).clamp(min=0.0).sum(-1)
