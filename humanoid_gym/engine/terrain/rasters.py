"""Heights of a triangle mesh over a regular grid, seen from above."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

BATCH = 1 << 17
"""Samples looked at together: as many as a processor's cache holds."""
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
    rows = np.flatnonzero(seen)
    heights = np.full(shape, -np.inf)
    for which, number in batches(width[rows].prod(axis=1)):
        row = rows[which]
        sample = lowest[row] + np.column_stack(np.divmod(number, width[row, 1]))
        z = height_at(corners[row, 0], edges[row], area[row], sample)
        on = np.isfinite(z)
        place = sample[on, 0] * shape[1] + sample[on, 1]
        np.maximum.at(heights.reshape(-1), place, z[on])
    return heights


def batches(sizes: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Every sample in the bounding rectangles of triangles, at most BATCH at once.

    Args:
        sizes: number of samples of each triangle, shape (m,).

    Yields:
        The triangle of each sample and its number among those of the triangle, each of shape (k,).
    """
    ends = np.cumsum(sizes)
    begins = ends - sizes
    total = int(sizes.sum())
    for start in range(0, total, BATCH):
        stop = min(start + BATCH, total)
        first, last = np.searchsorted(ends, (start, stop - 1), side="right")
        some = slice(first, last + 1)
        counts = np.minimum(ends[some], stop) - np.maximum(begins[some], start)
        which = np.repeat(np.arange(first, last + 1), counts)
        yield which, np.arange(start, stop) - begins[which]


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
