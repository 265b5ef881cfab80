"""Smooth curves through frames: positions and rotations between them, with their exact rates."""

from typing import NamedTuple, Tuple

import numpy as np


class CurveWeights(NamedTuple):
    """Where F times lie between frames, and what cubic Hermite curves weigh there."""

    frame: np.ndarray
    """Last frame before each time, shape (F,)."""
    value: np.ndarray
    """Of both frames' values and tangents in the curve, shape (4, F, 1)."""
    rate: np.ndarray
    """The same in its derivative, shape (4, F, 1)."""


def curve_weights(time: np.ndarray, wanted: np.ndarray) -> CurveWeights:
    """Return the weights of cubic Hermite curves.

    Args:
        time: of the frames [s], strictly increasing, shape (T,).
        wanted: times between the first and the last of them [s], shape (F,).
    """
    frame = np.clip(np.searchsorted(time, wanted, side="right") - 1, 0, len(time) - 2)
    step = np.diff(time)[frame]
    s = (wanted - time[frame]) / step
    t = 1.0 - s
    value = (t * t * (1.0 + 2.0 * s), s * s * (3.0 - 2.0 * s), s * t * t * step, -s * s * t * step)
    slope = 6.0 * s * t / step
    rate = (-slope, slope, t * (t - 2.0 * s), s * (s - 2.0 * t))
    return CurveWeights(frame, np.stack(value)[..., None], np.stack(rate)[..., None])


def tangents(time: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the derivative at each frame of the parabola through it and its neighbours.

    At the ends it is the parabola's through the three outermost frames. Exact for accelerated
    motion; of even frames in between it is the central difference, Catmull and Rom's.

    Args:
        time: [s], strictly increasing, shape (T,).
        values: shape (T, K).

    Returns:
        Per second, shape (T, K).
    """
    step = np.diff(time)[:, None]
    slope = np.diff(values, axis=0) / step
    if len(slope) == 1:
        return np.concatenate((slope, slope))
    bend = np.diff(slope, axis=0) / (step[1:] + step[:-1])
    inner = slope[:-1] + step[:-1] * bend
    first = slope[:1] - step[:1] * bend[:1]
    last = slope[-1:] + step[-1:] * bend[-1:]
    return np.concatenate((first, inner, last))


def resample(
    time: np.ndarray, values: np.ndarray, weights: CurveWeights
) -> Tuple[np.ndarray, np.ndarray]:
    """Return a curve through values and its derivative; both are continuous.

    Args:
        time: of the frames [s], shape (T,).
        values: shape (T, K).
        weights: of `curve_weights`.

    Returns:
        Values and their rates per second, both of shape (F, K).
    """
    slope = tangents(time, values)
    k = weights.frame
    ends = (values[k], values[k + 1], slope[k], slope[k + 1])
    value = sum(w * end for w, end in zip(weights.value, ends))
    rate = sum(w * end for w, end in zip(weights.rate, ends))
    return np.asarray(value), np.asarray(rate)


def resample_rotations(
    time: np.ndarray, quaternions: np.ndarray, weights: CurveWeights
) -> Tuple[np.ndarray, np.ndarray]:
    """Return rotations on a curve and their angular velocity in the world's axes.

    The curve of the four numbers is brought back to unit length; the angular velocity is exactly
    that of the rotations returned.

    Args:
        time: of the frames [s], shape (T,).
        quaternions: x y z w, unit, neighbours on one hemisphere, shape (T, 4).
        weights: of `curve_weights`.

    Returns:
        Unit quaternions (F, 4) and angular velocities [rad/s] (F, 3).
    """
    value, rate = resample(time, quaternions, weights)
    length = np.linalg.norm(value, axis=-1, keepdims=True)
    unit, rate = value / length, rate / length
    # the vector part of 2 dq/dt q*, to which a change of length adds nothing
    v, w = unit[:, :3], unit[:, 3:]
    return unit, 2.0 * (w * rate[:, :3] - rate[:, 3:] * v + np.cross(v, rate[:, :3]))
