"""Clips as CSV files."""

from pathlib import Path

import numpy as np
from body import JOINTS
from motion import Frames

BASE_COLUMNS = ("base_x", "base_y", "base_z", "base_qx", "base_qy", "base_qz", "base_qw")
HEADER = ",".join(("time", *BASE_COLUMNS, *JOINTS))
_DECIMALS = (2, *[5] * 3, *[6] * 4, *[5] * len(JOINTS))


def quaternions(rotation: np.ndarray) -> np.ndarray:
    """Return quaternions x y z w (T, 4) of rotations (T, 3, 3), continuous, the first with w > 0.

    Of a matrix 4 q qᵀ can be read off; its longest row is a multiple of q.
    """
    outer = np.zeros((len(rotation), 4, 4))
    trace = np.trace(rotation, axis1=1, axis2=2)
    outer[:, :3, :3] = rotation + np.swapaxes(rotation, 1, 2)
    outer[:, range(3), range(3)] += (1.0 - trace)[:, None]
    outer[:, 3, 3] = 1.0 + trace
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        outer[:, i, 3] = outer[:, 3, i] = rotation[:, k, j] - rotation[:, j, k]
    longest = np.argmax(np.diagonal(outer, axis1=1, axis2=2), -1)
    found = outer[np.arange(len(rotation)), longest]
    found /= np.linalg.norm(found, axis=-1, keepdims=True)
    sign = np.where((found[1:] * found[:-1]).sum(-1) < 0.0, -1.0, 1.0)
    first = 1.0 if found[0, 3] >= 0.0 else -1.0
    return found * np.cumprod(np.concatenate([[first], sign]))[:, None]


def rows_of(frames: Frames) -> np.ndarray:
    """Return a clip's rows (T, 32) as they are written, rounded."""
    columns = np.concatenate(
        [frames.time[:, None], frames.place, quaternions(frames.rotation), frames.joints], -1
    )
    rounded = [np.round(column, places) for column, places in zip(columns.T, _DECIMALS)]
    return np.stack(rounded, -1) + 0.0  # no negative zeros


def write_rows(path: Path, rows: np.ndarray) -> None:
    """Write rows (T, 32) to a CSV file."""
    lines = [HEADER]
    lines += [",".join(f"{v:.{places}f}" for v, places in zip(row, _DECIMALS)) for row in rows]
    path.write_bytes(("\n".join(lines) + "\n").encode())
