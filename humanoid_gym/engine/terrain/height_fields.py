"""Grids of heights: from integer samples, and made finer where cells are large."""

from __future__ import annotations

import numpy as np

LARGEST_CELL = 0.2
"""Cells at least this wide both ways are divided [m].

MuJoCo finds one contact per triangle and moving shape. A foot that lies within one triangle rocks
on that contact; a flat shape over more than fifty triangles loses contacts, which is MuJoCo's limit
per pair of shapes. Cells of 0.1 m to 0.2 m are right for robots between the two.
"""
FINE_CELL = 0.1
"""Divided cells are at least this wide [m]."""
MAX_SAMPLES = 30_000_000
"""No field is made finer beyond this number of samples (120 MB)."""


def subdivision(shape: tuple[int, ...], spacing: tuple[float, float]) -> int:
    """Into how many parts the cells of a grid are divided along x and along y.

    Args:
        shape: number of samples.
        spacing: of the samples [m].
    """
    cell = min(spacing)
    if cell < LARGEST_CELL - 1e-6:
        return 1
    affordable = int((MAX_SAMPLES / (shape[0] * shape[1])) ** 0.5)
    return max(min(int(cell / FINE_CELL + 1e-6), affordable), 1)


def refined(heights: np.ndarray, parts: int) -> np.ndarray:
    """The same surface on a finer grid: its triangles lie in the coarser ones.

    Args:
        heights: shape (nx, ny).
        parts: into how many each cell is divided along x and along y.

    Returns:
        Shape ((nx - 1) * parts + 1, (ny - 1) * parts + 1), float32.
    """
    if parts == 1:
        return heights.astype(np.float32)
    nx, ny = (n - 1 for n in heights.shape)
    fine = np.empty((nx * parts + 1, ny * parts + 1), dtype=np.float32)
    low, high_x = heights[:-1, :-1], heights[1:, :-1]
    high_y, high = heights[:-1, 1:], heights[1:, 1:]
    for i in range(parts + 1):
        for j in range(parts + 1):
            u, v = i / parts, j / parts
            if u >= v:
                value = low + u * (high_x - low) + v * (high - high_x)
            else:
                value = low + v * (high_y - low) + u * (high - high_y)
            last_x, last_y = i + (nx - 1) * parts, j + (ny - 1) * parts
            fine[i : last_x + 1 : parts, j : last_y + 1 : parts] = value
    return fine
