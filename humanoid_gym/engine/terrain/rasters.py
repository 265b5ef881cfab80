"""Heights of a triangle mesh over a regular grid, seen from above."""

from __future__ import annotations

import numpy as np

SMALL = 8
"""Triangles up to this many samples wide are looked at together, sample by sample."""
TOLERANCE = 1e-4
"""In samples: a sample this near a triangle is on it, which closes the seams."""


def rasterized(
    vertices: np.ndarray,
    triangles: np.ndarray,
    first: np.ndarray,
    spacing: np.ndarray,
    shape: tuple[int, ...],
) -> np.ndarray:
    """The highest point of a mesh at each sample.

    Args:
        vertices: [m], shape (n, 3).
        triangles: shape (m, 3); vertical ones are left out.
        first: place of sample (0, 0) [m], shape (2,).
        spacing: of the samples [m], shape (2,).
        shape: number of samples along x and y.

    Returns:
        Heights [m], -inf where there is no triangle, of the shape given.
    """
    places = np.column_stack(((vertices[:, :2] - first) / spacing, vertices[:, 2]))
    corners = places[triangles]
    edges = corners[:, 1:] - corners[:, :1]
    area = edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]
    lowest = np.ceil(corners[..., :2].min(axis=1) - TOLERANCE).astype(int)
    highest = np.floor(corners[..., :2].max(axis=1) + TOLERANCE).astype(int)
    lowest, highest = np.maximum(lowest, 0), np.minimum(highest, np.array(shape) - 1)
    width = highest - lowest + 1
    seen = (np.abs(area) > 1e-9) & (width > 0).all(axis=1)
    large = seen & (width > SMALL).any(axis=1)
    heights = np.full(shape, -np.inf)
    small = seen & ~large
    for i in range(int(width[small, 0].max(initial=0))):
        for j in range(int(width[small, 1].max(initial=0))):
            rows = np.flatnonzero(small & (width[:, 0] > i) & (width[:, 1] > j))
            sample = lowest[rows] + (i, j)
            z = height_at(corners[rows, 0], edges[rows], area[rows], sample)
            np.maximum.at(heights, (sample[:, 0], sample[:, 1]), z)
    for row in np.flatnonzero(large):
        (x0, y0), (x1, y1) = lowest[row], highest[row] + 1
        sample = np.stack(np.meshgrid(np.arange(x0, x1), np.arange(y0, y1), indexing="ij"), axis=-1)
        z = height_at(corners[row, 0], edges[row], area[row], sample)
        heights[x0:x1, y0:y1] = np.maximum(heights[x0:x1, y0:y1], z)
    return heights


def height_at(
    corner: np.ndarray, edges: np.ndarray, area: np.ndarray, sample: np.ndarray
) -> np.ndarray:
    """Height of triangles at samples, -inf outside them.

    Args:
        corner: first corner, shape (..., 3).
        edges: from it to the other two, shape (..., 2, 3).
        area: twice their area seen from above, signed, shape (...).
        sample: places, shape (..., 2).
    """
    x, y = sample[..., 0] - corner[..., 0], sample[..., 1] - corner[..., 1]
    a, b = edges[..., 0, :], edges[..., 1, :]
    along_a = (x * b[..., 1] - y * b[..., 0]) / area
    along_b = (y * a[..., 0] - x * a[..., 1]) / area
    slack = np.minimum(np.minimum(along_a, along_b), 1.0 - along_a - along_b)
    z = corner[..., 2] + along_a * a[..., 2] + along_b * b[..., 2]
    return np.where(slack >= -TOLERANCE, z, -np.inf)
