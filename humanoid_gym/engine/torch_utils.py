"""Tensor functions that Isaac Gym programs import under these names; quaternions are x, y, z, w.

The mathematics lives in `humanoid_gym.rotation`. TorchScript can compile all but `to_torch`,
`get_axis_params` and `unscale_np`. `torch` and `np` are exported too: programs rely on the star
import bringing them.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.rotation import (
    euler_xyz_from_quat,
    normalize_angle,
    quat_conjugate,
    quat_from_axis_angle,
    quat_from_euler_xyz,
    quat_rotate,
    quat_rotate_inverse,
)
from humanoid_gym.rotation import quat_multiply as quat_mul
from humanoid_gym.rotation import quat_normalize as quat_unit
from humanoid_gym.rotation import quat_rotate as get_basis_vector

__all__ = [
    "copysign",
    "get_axis_params",
    "get_basis_vector",
    "get_euler_xyz",
    "normalize",
    "normalize_angle",
    "np",
    "quat_apply",
    "quat_conjugate",
    "quat_from_angle_axis",
    "quat_from_euler_xyz",
    "quat_mul",
    "quat_rotate",
    "quat_rotate_inverse",
    "quat_unit",
    "scale",
    "tensor_clamp",
    "tf_apply",
    "tf_combine",
    "tf_inverse",
    "tf_vector",
    "to_torch",
    "torch",
    "torch_rand_float",
    "torch_random_dir_2",
    "unscale",
    "unscale_np",
]


def to_torch(
    x: Any,  # noqa: ANN401 (whatever torch.tensor takes)
    dtype: torch.dtype = torch.float32,
    device: str | torch.device | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """New tensor with the values of x; on cuda:0 by default, on the CPU where there is no CUDA."""
    if device is None:
        device = "cuda:0" if torch.cuda.is_available() else "cpu"
    if isinstance(x, Tensor):
        return x.detach().clone().to(device, dtype).requires_grad_(requires_grad)
    return torch.tensor(x, dtype=dtype, device=device, requires_grad=requires_grad)


def normalize(x: Tensor, eps: float = 1e-9) -> Tensor:
    """Vectors of unit length; lengths below eps divide by eps. Shape (..., n)."""
    return x / x.norm(p=2, dim=-1).clamp(min=eps).unsqueeze(-1)


def quat_apply(a: Tensor, b: Tensor) -> Tensor:
    """Vectors b, shape (..., 3), turned by as many quaternions a in any batch shape.

    Returns:
        Shape of b: programs pass a of shape (n * m, 4) with b of shape (n, m, 3).
    """
    return quat_rotate(a.reshape(-1, 4), b.reshape(-1, 3)).view(b.shape)


def quat_from_angle_axis(angle: Tensor, axis: Tensor) -> Tensor:
    """Rotation by angle [rad], shape (N,), about an axis of any length, shape (N, 3)."""
    return quat_from_axis_angle(axis, angle)


def tf_inverse(q: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Inverse of the transform that turns by q and then moves by t, as (q, t)."""
    q_inverse = quat_conjugate(q)
    return q_inverse, -quat_apply(q_inverse, t)


def tf_apply(q: Tensor, t: Tensor, v: Tensor) -> Tensor:
    """Points v turned by q and moved by t."""
    return quat_apply(q, v) + t


def tf_vector(q: Tensor, v: Tensor) -> Tensor:
    """Vectors v turned by q."""
    return quat_apply(q, v)


def tf_combine(q1: Tensor, t1: Tensor, q2: Tensor, t2: Tensor) -> tuple[Tensor, Tensor]:
    """Transform 2 followed by transform 1, as (q, t)."""
    return quat_mul(q1, q2), quat_apply(q1, t2) + t1


def get_axis_params(
    value: float,
    axis_idx: int,
    x_value: float = 0.0,
    dtype: type = float,
    n_dims: int = 3,
) -> list[Any]:
    """List of n_dims zeros with value at axis_idx, and then x_value at 0.

    Raises:
        ValueError: axis_idx is not a dimension.
    """
    if not 0 <= axis_idx < n_dims:
        raise ValueError(f"axis_idx is {axis_idx}, one of 0 to {n_dims - 1} expected")
    params = np.zeros(n_dims)
    params[axis_idx] = value
    params[0] = x_value
    return list(params.astype(dtype))


def copysign(a: float, b: Tensor) -> Tensor:
    """Size of a with the signs of b. Shape (N,)."""
    return abs(a) * torch.sign(b)


def get_euler_xyz(q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(roll, pitch, yaw) [rad] in [0, 2 pi), each of shape (...), of quaternions (..., 4)."""
    roll, pitch, yaw = euler_xyz_from_quat(q)
    return roll % (2 * math.pi), pitch % (2 * math.pi), yaw % (2 * math.pi)


def torch_rand_float(lower: float, upper: float, shape: tuple[int, int], device: str) -> Tensor:
    """Uniform random numbers in [lower, upper)."""
    return (upper - lower) * torch.rand(shape[0], shape[1], device=device) + lower


def torch_random_dir_2(shape: tuple[int, int], device: str) -> Tensor:
    """Random unit vectors in the plane. Shape (N, 2) for shape (N, 1)."""
    angle = torch_rand_float(-math.pi, math.pi, shape, device).squeeze(-1)
    return torch.stack([torch.cos(angle), torch.sin(angle)], dim=-1)


def tensor_clamp(t: Tensor, min_t: Tensor, max_t: Tensor) -> Tensor:
    """Elements of t limited to [min_t, max_t]."""
    return torch.max(torch.min(t, max_t), min_t)


def scale(x: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    """Numbers in [-1, 1] mapped to [lower, upper]."""
    return 0.5 * (x + 1.0) * (upper - lower) + lower


def unscale(x: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    """Numbers in [lower, upper] mapped to [-1, 1]."""
    return (2.0 * x - upper - lower) / (upper - lower)


def unscale_np(x: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Numbers in [lower, upper] mapped to [-1, 1]."""
    return (2.0 * x - upper - lower) / (upper - lower)
