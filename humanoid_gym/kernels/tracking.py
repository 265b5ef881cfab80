"""The vocabulary of motion tracking, and how its quantities follow from simulation and reference.

N is the number of environments, D that of joints, B that of tracked bodies, E that of limbs' ends.
States are Isaac Gym's: position of the origin [m], quaternion xyzw, velocity of the centre of mass
[m/s], angular velocity [rad/s], world axes. Names with `_b` have the base's axes.

A robot that strays sideways or turns from its reference can still do all else as the reference
does. So bodies are compared with the *aligned* reference: moved above the robot's own base and
turned about the vertical to its yaw, its heights as they are. This, the errors and the terms made
of them are those of BeyondMimic (Liao et al. 2025, arXiv 2508.08241, section III).
"""

from typing import NamedTuple, Tuple

import torch
from torch import Tensor

from humanoid_gym.kernels import script
from humanoid_gym.rotation import (
    down_axis,
    quat_conjugate,
    quat_multiply,
    quat_rotate,
    quat_rotate_inverse,
    quat_to_matrix,
)


class Tracking(NamedTuple):
    """Named physical quantities of one control step."""

    reference_joint_offset: Tensor
    """Where the reference's joints will be in a step, minus the default pose [rad], (N, D)."""
    reference_joint_velocity: Tensor
    """How fast they will move then [rad/s], shape (N, D)."""
    reference_orientation_b: Tensor
    """Forward and left axis of the reference's base in a step, in the robot's base, (N, 6)."""
    reference_position_b: Tensor
    """Where the reference's base will be in a step, from the robot's base [m], shape (N, 3)."""
    angular_velocity_b: Tensor
    """Angular velocity of the base [rad/s], as a gyroscope in it reads, shape (N, 3)."""
    gravity_b: Tensor
    """Direction of gravity in the base's axes, as an accelerometer at rest tells, shape (N, 3)."""
    velocity_b: Tensor
    """Linear velocity of the base's centre of mass [m/s], shape (N, 3)."""
    height: Tensor
    """Base origin above the ground [m], shape (N,)."""
    joint_position: Tensor
    """Joint positions [rad], shape (N, D)."""
    joint_offset: Tensor
    """Joint positions minus those of the default pose [rad], shape (N, D)."""
    joint_velocity: Tensor
    """[rad/s], shape (N, D)."""
    joint_torque: Tensor
    """Torques that act along the joint axes [N m], shape (N, D)."""
    action: Tensor
    """Action of this step, shape (N, D)."""
    previous_action: Tensor
    """Action of the step before, shape (N, D)."""
    body_place_b: Tensor
    """Origins of the tracked bodies, from the base's [m], shape (N, 3 B)."""
    body_axes_b: Tensor
    """Forward and left axes of the tracked bodies, shape (N, 6 B)."""
    joint_error: Tensor
    """Reference's joint positions minus the robot's [rad], shape (N, D)."""
    base_distance: Tensor
    """Between the robot's base and the reference's, not aligned [m], shape (N,)."""
    base_angle: Tensor
    """Between the robot's base and the reference's, not aligned [rad], shape (N,)."""
    height_error: Tensor
    """Of the base [m], shape (N,)."""
    tilt_error: Tensor
    """Difference of the vertical components of the base's z axes, shape (N,)."""
    body_distance: Tensor
    """Between each body and its aligned reference [m], shape (N, B)."""
    body_angle: Tensor
    """Between each body and its aligned reference [rad], shape (N, B)."""
    body_velocity_error: Tensor
    """Size of the difference of their linear velocities, not aligned [m/s], shape (N, B)."""
    body_spin_error: Tensor
    """Size of the difference of their angular velocities, not aligned [rad/s], shape (N, B)."""
    limb_height_error: Tensor
    """Of the limbs' ends [m], shape (N, E)."""
    touching: Tensor
    """Number of bodies with a contact that are to have none, shape (N,)."""


@script
def yaw_between(start: Tensor, end: Tensor) -> Tensor:
    """Turn about the vertical that is in the rotation from one orientation to another.

    Args:
        start: quaternions xyzw, shape (N, 4).
        end: quaternions xyzw, shape (N, 4).

    Returns:
        Quaternions about z, shape (N, 4).
    """
    _, _, z, w = quat_multiply(end, quat_conjugate(start)).unbind(-1)
    length = (z.square() + w.square()).sqrt()
    # a turn upside down has no yaw: it counts as none
    defined = length > 1e-6
    length = length.clamp(min=1e-6)
    none = torch.zeros_like(z)
    cosine = torch.where(defined, w / length, none + 1.0)
    return torch.stack((none, none, torch.where(defined, z / length, none), cosine), dim=-1)


@script
def aligned(base: Tensor, reference: Tensor, bodies: Tensor) -> Tensor:
    """Move reference bodies above the robot's base and turn them to its yaw.

    Args:
        base: state of the robot's base, shape (N, 13).
        reference: state of the reference's base, shape (N, 13).
        bodies: states of the reference's bodies, shape (N, B, 13).

    Returns:
        Positions and orientations, shape (N, B, 7).
    """
    yaw = yaw_between(reference[:, 3:7], base[:, 3:7]).unsqueeze(1)
    origin = torch.cat((base[:, 0:2], reference[:, 2:3]), dim=-1).unsqueeze(1)
    offset = bodies[..., 0:3] - reference[:, 0:3].unsqueeze(1)
    return torch.cat(
        (origin + quat_rotate(yaw, offset), quat_multiply(yaw, bodies[..., 3:7])), dim=-1
    )


@script
def angle_between(a: Tensor, b: Tensor) -> Tensor:
    """Angle of the rotation from one orientation to another [rad], shape (..., 4) to (...)."""
    turn = quat_multiply(quat_conjugate(a), b)
    return 2.0 * torch.atan2(turn[..., 0:3].norm(p=2, dim=-1), turn[..., 3].abs())


@script
def two_axes(quaternion: Tensor) -> Tensor:
    """Forward and left axis of an orientation side by side, shape (..., 4) to (..., 6)."""
    matrix = quat_to_matrix(quaternion)
    return torch.cat((matrix[..., 0], matrix[..., 1]), dim=-1)


@script
def in_base(base: Tensor, bodies: Tensor) -> Tuple[Tensor, Tensor]:
    """Return `body_place_b` and `body_axes_b` of `Tracking`.

    Args:
        base: state of the base, shape (N, 13).
        bodies: positions and orientations of the bodies, shape (N, B, 7) or wider.
    """
    turned = base[:, 3:7].unsqueeze(1)
    places = quat_rotate_inverse(turned, bodies[..., 0:3] - base[:, 0:3].unsqueeze(1))
    axes = two_axes(quat_multiply(quat_conjugate(turned), bodies[..., 3:7]))
    return places.flatten(1), axes.flatten(1)


@script
def seen_from(base: Tensor, other: Tensor) -> Tuple[Tensor, Tensor]:
    """Return where another base is, in this one's axes.

    Args:
        base: state, shape (N, 13).
        other: state, shape (N, 13).

    Returns:
        Position [m], shape (N, 3); forward and left axis, shape (N, 6).
    """
    place = quat_rotate_inverse(base[:, 3:7], other[:, 0:3] - base[:, 0:3])
    return place, two_axes(quat_multiply(quat_conjugate(base[:, 3:7]), other[:, 3:7]))


@script
def base_errors(base: Tensor, reference: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return `base_distance`, `base_angle`, `height_error` and `tilt_error` of `Tracking`.

    Args:
        base: state of the robot's base, shape (N, 13).
        reference: that of the reference, shape (N, 13).
    """
    difference = base[:, 0:3] - reference[:, 0:3]
    upright = down_axis(base[:, 3:7])[:, 2] - down_axis(reference[:, 3:7])[:, 2]
    return (
        difference.norm(p=2, dim=-1),
        angle_between(base[:, 3:7], reference[:, 3:7]),
        difference[:, 2].abs(),
        upright.abs(),
    )


@script
def body_errors(
    bodies: Tensor, goal: Tensor, reference: Tensor
) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the distance, angle, velocity error and spin error of each body.

    Args:
        bodies: states of the robot's bodies, shape (N, B, 13).
        goal: the aligned reference, shape (N, B, 7).
        reference: states of the reference's bodies, shape (N, B, 13).
    """
    return (
        (bodies[..., 0:3] - goal[..., 0:3]).norm(p=2, dim=-1),
        angle_between(bodies[..., 3:7], goal[..., 3:7]),
        (bodies[..., 7:10] - reference[..., 7:10]).norm(p=2, dim=-1),
        (bodies[..., 10:13] - reference[..., 10:13]).norm(p=2, dim=-1),
    )


@script
def hazard(failures: Tensor, visits: Tensor, same_clip: Tensor) -> Tensor:
    """How likely an episode is to fail from each part of the motions on.

    What goes wrong in a part began in the one before as often as not: each gets the mean of its own
    and the next one's share.

    Args:
        failures: episodes that failed in each part, shape (P,).
        visits: steps spent there, shape (P,).
        same_clip: 1 where the next part belongs to the same motion, else 0, shape (P,).

    Returns:
        Shares, shape (P,); they add up to 1.
    """
    # a part that nobody has been to counts as one where every step fails
    share = (failures + 1.0) / (visits + 1.0)
    following = torch.where(same_clip > 0.0, share.roll(-1), share)
    mean = 0.5 * (share + following)
    return mean / mean.sum()


@script
def draw_frames(
    chance: Tensor, weights: Tensor, uniform_part: float, first: Tensor, count: Tensor
) -> Tensor:
    """Draw frames of the motions at which episodes begin.

    Args:
        chance: from U(0, 1), shape (N, 2).
        weights: of the parts of the motions, adding up to 1, shape (P,).
        uniform_part: how much of the probability is the same for every frame.
        first: frame of each part, int64, shape (P,).
        count: number of frames of each part, int64, shape (P,).

    Returns:
        Frames, int64, shape (N,).
    """
    even = count / count.sum()
    edges = (uniform_part * even + (1.0 - uniform_part) * weights).cumsum(0)
    part = torch.searchsorted(edges, chance[:, 0] * edges[-1]).clamp(max=len(first) - 1)
    length = count.index_select(0, part)
    inside = (chance[:, 1] * length).long()
    return first.index_select(0, part) + torch.minimum(inside, length - 1)
