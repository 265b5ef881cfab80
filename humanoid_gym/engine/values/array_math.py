"""Isaac Gym's module-level functions on arrays of vectors, quaternions and transforms.

Each takes single values (`Vec3`), structured arrays (`Vec3.dtype`) or plain numbers with the
components along the last axis, of shapes that broadcast, and returns a float32 array: structured
where the arguments were, plain where they were plain.
"""

from __future__ import annotations

import numpy as np

from humanoid_gym.engine.values.math_types import MathType, Quat, Transform, Vec3

__all__ = [
    "cross",
    "dot",
    "eulers_to_quats_zyx",
    "quats_to_eulers_zyx",
    "rotate",
    "rotate_inverse",
    "transform",
    "transform_inverse",
]

NEXT, LAST = [1, 2, 0], [2, 0, 1]
Values = MathType | np.ndarray | list


def cross(a: Values, b: Values) -> np.ndarray:
    """Vector products."""
    return result(vector_product(numbers(a, Vec3), numbers(b, Vec3)), Vec3, a, b)


def dot(a: Values, b: Values) -> np.ndarray:
    """Scalar products."""
    return (numbers(a, Vec3) * numbers(b, Vec3)).sum(axis=-1).astype(np.float32)


def rotate(q: Values, v: Values) -> np.ndarray:
    """Vectors turned by unit quaternions."""
    return result(turned(numbers(q, Quat), numbers(v, Vec3)), Vec3, q, v)


def rotate_inverse(q: Values, v: Values) -> np.ndarray:
    """Vectors turned back by unit quaternions."""
    return result(turned(conjugated(numbers(q, Quat)), numbers(v, Vec3)), Vec3, q, v)


def transform(t: Values, v: Values) -> np.ndarray:
    """Points rotated, then moved."""
    poses = numbers(t, Transform)
    return result(turned(poses[..., 3:], numbers(v, Vec3)) + poses[..., :3], Vec3, t, v)


def transform_inverse(t: Values, v: Values) -> np.ndarray:
    """Points moved back, then turned back: undoes `transform`."""
    poses = numbers(t, Transform)
    moved = numbers(v, Vec3) - poses[..., :3]
    return result(turned(conjugated(poses[..., 3:]), moved), Vec3, t, v)


def eulers_to_quats_zyx(eulers: Values) -> np.ndarray:
    """Quaternions of roll, pitch and yaw [rad], as `Quat.from_euler_zyx` takes them."""
    half = 0.5 * numbers(eulers, Vec3)
    (sr, sp, sy), (cr, cp, cy) = np.moveaxis(np.sin(half), -1, 0), np.moveaxis(np.cos(half), -1, 0)
    quats = np.stack(
        (
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
            cr * cp * cy + sr * sp * sy,
        ),
        axis=-1,
    )
    return result(quats, Quat, eulers)


def quats_to_eulers_zyx(quats: Values) -> np.ndarray:
    """Roll, pitch and yaw [rad] of quaternions; pitch in [-pi/2, pi/2]."""
    x, y, z, w = np.moveaxis(numbers(quats, Quat), -1, 0)
    roll = np.arctan2(2 * (w * x + y * z), w * w + z * z - x * x - y * y)
    pitch = np.arcsin(np.clip(2 * (w * y - x * z), -1, 1))
    yaw = np.arctan2(2 * (w * z + x * y), w * w + x * x - y * y - z * z)
    return result(np.stack((roll, pitch, yaw), axis=-1), Vec3, quats)


def turned(quats: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) rotated by quaternions (..., 4)."""
    axis = quats[..., :3]
    double = 2 * vector_product(axis, vectors)
    return vectors + quats[..., 3:] * double + vector_product(axis, double)


def vector_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Vector products of shape (..., 3); NumPy's own takes ten times as long for few of them."""
    return a[..., NEXT] * b[..., LAST] - a[..., LAST] * b[..., NEXT]


def multiplied(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Hamilton products of quaternions (..., 4)."""
    u, v, p, q = a[..., :3], b[..., :3], a[..., 3:], b[..., 3:]
    out = np.empty(np.broadcast_shapes(a.shape, b.shape))
    out[..., :3] = p * v + q * u + vector_product(u, v)
    out[..., 3:] = p * q - (u * v).sum(axis=-1, keepdims=True)
    return out


def rotation_vectors(quats: np.ndarray) -> np.ndarray:
    """Axis times angle in [0, pi] of unit quaternions (..., 4), shape (..., 3)."""
    quats = np.where(quats[..., 3:] < 0, -quats, quats)
    sine = np.linalg.norm(quats[..., :3], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, quats[..., 3:])
    return quats[..., :3] * np.where(sine > 0, angle / np.where(sine > 0, sine, 1.0), 2.0)


def conjugated(quats: np.ndarray) -> np.ndarray:
    """Opposite rotations."""
    return quats * np.array([-1.0, -1.0, -1.0, 1.0])


def numbers(values: Values, kind: type[MathType]) -> np.ndarray:
    """Components along the last axis, float64.

    Raises:
        ValueError: another number of components.
    """
    size = kind.dtype.itemsize // 4
    if isinstance(values, MathType):
        values = values.to_array()
    array = np.asarray(values)
    if array.dtype.names is not None:
        array = np.ascontiguousarray(array).view(np.float32).reshape(*array.shape, -1)
    if array.ndim == 0 or array.shape[-1] != size:
        raise ValueError(
            f"{kind.__name__} values expected ({size} numbers each), got shape {array.shape}"
        )
    return array.astype(np.float64)


def result(values: np.ndarray, kind: type[MathType], *arguments: Values) -> np.ndarray:
    """Float32 rows, structured unless every argument was plain numbers."""
    rows = np.ascontiguousarray(values, dtype=np.float32)
    plain = [not isinstance(a, MathType) and np.asarray(a).dtype.names is None for a in arguments]
    return rows if all(plain) else rows.view(kind.dtype)[..., 0]
