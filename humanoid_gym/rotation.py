"""Rotations as unit quaternions x, y, z, w: the only copy of quaternion mathematics in the package.

Pure functions of torch tensors that TorchScript can compile. Any leading batch dimensions. A
quaternion turns a vector from the body's axes into the world's, so `quat_multiply(a, b)` turns by b
first, then by a.
"""

from typing import Tuple

import torch
from torch import Tensor


def quat_conjugate(q: Tensor) -> Tensor:
    """Conjugate, the inverse of a unit quaternion. Shape (..., 4)."""
    return torch.cat((-q[..., :3], q[..., 3:]), dim=-1)


def quat_normalize(q: Tensor) -> Tensor:
    """Quaternion of unit length; lengths below 1e-9 divide by 1e-9. Shape (..., 4)."""
    return q / q.norm(p=2, dim=-1, keepdim=True).clamp(min=1e-9)


def quat_multiply(a: Tensor, b: Tensor) -> Tensor:
    """Hamilton product: the rotation b followed by the rotation a.

    Args:
        a: shape (..., 4).
        b: shape (..., 4).

    Returns:
        Shape (..., 4), batch dimensions broadcast.
    """
    ax, ay, az, aw = a.unbind(-1)
    bx, by, bz, bw = b.unbind(-1)
    x = aw * bx + ax * bw + ay * bz - az * by
    y = aw * by - ax * bz + ay * bw + az * bx
    z = aw * bz + ax * by - ay * bx + az * bw
    w = aw * bw - ax * bx - ay * by - az * bz
    return torch.stack((x, y, z, w), dim=-1)


def quat_rotate(q: Tensor, v: Tensor) -> Tensor:
    """Vector turned by a rotation: body axes to world axes.

    Args:
        q: unit quaternion, shape (..., 4).
        v: vector, shape (..., 3).

    Returns:
        Shape (..., 3). Both have the same number of batch dimensions; those of size 1 broadcast.
    """
    axis = q[..., :3]
    t = 2.0 * torch.linalg.cross(axis, v)
    return v + q[..., 3:] * t + torch.linalg.cross(axis, t)


def quat_rotate_inverse(q: Tensor, v: Tensor) -> Tensor:
    """Vector turned by the inverse rotation: world axes to body axes.

    Args:
        q: unit quaternion, shape (..., 4).
        v: vector, shape (..., 3).

    Returns:
        Shape (..., 3). Both have the same number of batch dimensions; those of size 1 broadcast.
    """
    return quat_rotate(quat_conjugate(q), v)


def quat_from_axis_angle(axis: Tensor, angle: Tensor) -> Tensor:
    """Rotation about an axis.

    Args:
        axis: direction of any length but zero, shape (..., 3).
        angle: [rad], shape (...); broadcasts with the axis.

    Returns:
        Unit quaternion, shape (..., 4).
    """
    half = 0.5 * angle.unsqueeze(-1)
    unit = axis / axis.norm(p=2, dim=-1, keepdim=True).clamp(min=1e-9)
    vector = unit * half.sin()
    return quat_normalize(torch.cat((vector, half.cos().expand_as(vector[..., :1])), dim=-1))


def quat_from_euler_xyz(roll: Tensor, pitch: Tensor, yaw: Tensor) -> Tensor:
    """Rotation about the fixed x axis by roll, then the fixed y by pitch, then the fixed z by yaw.

    Args:
        roll: [rad], shape (...).
        pitch: [rad], shape (...).
        yaw: [rad], shape (...).

    Returns:
        Unit quaternion, shape (..., 4).
    """
    cr, sr = torch.cos(0.5 * roll), torch.sin(0.5 * roll)
    cp, sp = torch.cos(0.5 * pitch), torch.sin(0.5 * pitch)
    cy, sy = torch.cos(0.5 * yaw), torch.sin(0.5 * yaw)
    return torch.stack(
        (
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
            cr * cp * cy + sr * sp * sy,
        ),
        dim=-1,
    )


def euler_xyz_from_quat(q: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    """Angles about the fixed x, y and z axes, in that order of application.

    Args:
        q: unit quaternion, shape (..., 4).

    Returns:
        (roll, pitch, yaw) [rad], each of shape (...): roll and yaw in [-pi, pi], pitch in
        [-pi/2, pi/2].
    """
    x, y, z, w = q.unbind(-1)
    roll = torch.atan2(2.0 * (w * x + y * z), w * w + z * z - x * x - y * y)
    pitch = torch.asin(torch.clamp(2.0 * (w * y - x * z), -1.0, 1.0))
    yaw = torch.atan2(2.0 * (w * z + x * y), w * w + x * x - y * y - z * z)
    return roll, pitch, yaw


def normalize_angle(angle: Tensor) -> Tensor:
    """Angle [rad] wrapped into [-pi, pi]. Any shape."""
    return torch.atan2(torch.sin(angle), torch.cos(angle))


def heading_angle(q: Tensor) -> Tensor:
    """Yaw [rad] of the body's x axis projected on the ground. Shape (..., 4) to (...)."""
    x, y, z, w = q.unbind(-1)
    return torch.atan2(2.0 * (w * z + x * y), w * w + x * x - y * y - z * z)


def down_axis(q: Tensor) -> Tensor:
    """Direction of gravity, the world's -z, in the body's axes. Shape (..., 4) to (..., 3)."""
    x, y, z, w = q.unbind(-1)
    return torch.stack(
        (2.0 * (w * y - x * z), -2.0 * (y * z + w * x), 2.0 * (x * x + y * y) - 1.0), dim=-1
    )


def quat_to_matrix(q: Tensor) -> Tensor:
    """Rotation matrix of a unit quaternion, shape (..., 4) to (..., 3, 3); columns: body axes."""
    x, y, z, w = q.unbind(-1)
    rows = (
        1.0 - 2.0 * (y * y + z * z),
        2.0 * (x * y - w * z),
        2.0 * (x * z + w * y),
        2.0 * (x * y + w * z),
        1.0 - 2.0 * (x * x + z * z),
        2.0 * (y * z - w * x),
        2.0 * (x * z - w * y),
        2.0 * (y * z + w * x),
        1.0 - 2.0 * (x * x + y * y),
    )
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))
