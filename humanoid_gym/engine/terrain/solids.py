"""Triangle meshes that are no grids: connected parts, and which of them are boxes or convex."""

from __future__ import annotations

from itertools import combinations

import numpy as np

CONVEX_WORK = 20_000_000
"""Vertices times triangles up to which a part is tested for convexity."""


def merged(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One vertex per place, and no triangle with two equal corners."""
    unique, index = np.unique(vertices, axis=0, return_inverse=True)
    triangles = index.reshape(-1)[triangles]
    a, b, c = triangles.T
    return unique, triangles[(a != b) & (b != c) & (c != a)]


def parts(num_vertices: int, triangles: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Connected parts of a mesh.

    Returns:
        For each part its vertices, ascending, shape (n,), and its triangles in terms of them,
        shape (m, 3).
    """
    label = np.arange(num_vertices)
    while True:
        lowest = label[triangles].min(axis=1)
        before = label.copy()
        np.minimum.at(label, triangles.ravel(), np.repeat(lowest, 3))
        label = label[label]
        if np.array_equal(label, before):
            break
    of_triangle = label[triangles[:, 0]]
    if len(of_triangle) and (of_triangle == of_triangle[0]).all():
        return [part(triangles)]
    order = np.argsort(of_triangle, kind="stable")
    starts = np.flatnonzero(np.diff(of_triangle[order])) + 1
    return [part(triangles[rows]) for rows in np.split(order, starts)]


def part(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices that triangles use, ascending, and the triangles in terms of them."""
    used, index = np.unique(triangles, return_inverse=True)
    return used, index.reshape(triangles.shape)


def is_convex(vertices: np.ndarray, triangles: np.ndarray) -> bool:
    """Whether a part is the closed surface of a convex solid."""
    if len(vertices) < 4 or len(vertices) * len(triangles) > CONVEX_WORK:
        return False
    edges = np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, count = np.unique(edges, axis=0, return_counts=True)
    if (count != 2).any():
        return False
    centre = vertices.mean(axis=0)
    corner = vertices[triangles[:, 0]]
    normal = normals(vertices, triangles)
    length = np.linalg.norm(normal, axis=1)
    flat = length > 1e-12 * length.max()
    normal, corner = normal[flat] / length[flat, None], corner[flat]
    outward = np.sign(((corner - centre) * normal).sum(axis=1))
    distance = vertices @ (normal * outward[:, None]).T - (corner * normal).sum(1) * outward
    size = np.ptp(vertices, axis=0).max()
    return bool((outward != 0).all() and distance.max() < 1e-5 * size)


def normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Normal of each triangle, of twice its area, shape (m, 3)."""
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    return np.cross(b - a, c - a)


def find_box(vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Centre [m], axes (right-handed columns) and half sizes [m] of a box; None for others."""
    if len(vertices) != 8:
        return None
    reach = vertices[1:] - vertices[0]
    size = np.linalg.norm(reach, axis=1).max()
    # The diagonal is the sum of the three edges that meet at a corner; only those are orthogonal.
    for rows in combinations(range(7), 3):
        edges = reach[list(rows)]
        dots = edges @ edges.T - np.diag((edges**2).sum(axis=1))
        if np.abs(dots).max() < 1e-4 * size**2 and same_corners(vertices, edges, size):
            lengths = np.linalg.norm(edges, axis=1)
            axes = (edges / lengths[:, None]).T
            if np.linalg.det(axes) < 0:
                axes[:, 2] *= -1
            return vertices.mean(axis=0), axes, 0.5 * lengths
    return None


def same_corners(vertices: np.ndarray, edges: np.ndarray, size: float) -> bool:
    """Whether vertices are the corners of the box that edges from the first of them span."""
    signs = np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, -1).T
    corners = vertices[0] + signs @ edges
    distance = np.linalg.norm(corners[:, None] - vertices[None], axis=-1)
    return bool((distance.min(axis=1) < 1e-4 * size).all())
