"""Triangle meshes that are grids of heights: recognizing them and reading the heights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from humanoid_gym.engine.terrain.height_fields import refined, subdivision
from humanoid_gym.engine.terrain.rasters import rasterized

SLACK = 0.05
"""Vertices of a grid lie at their places or one cell beside (where steep steps shift them), within
this many cells."""


@dataclass(frozen=True)
class Grid:
    """A mesh of rows times columns vertices, two triangles per cell, seen from above.

    Attributes:
        origin: place of vertex 0 [m], shape (2,).
        row_step: from one row to the next [m], shape (2,).
        column_step: from one column to the next [m], at a right angle, shape (2,).
        heights: [m], shape (rows, columns).
        forward: whether the triangles of a cell meet along the line from (row, column) to
            (row + 1, column + 1).
        largest_shift: of a vertex from its place [m].
    """

    origin: np.ndarray
    row_step: np.ndarray
    column_step: np.ndarray
    heights: np.ndarray
    forward: bool
    largest_shift: float


@dataclass(frozen=True)
class Surface:
    """Heights over a regular grid in a frame of its own.

    Attributes:
        origin: corner of the grid [m], shape (2,).
        angle: of its first axis [rad].
        spacing: of the samples along both axes [m].
        heights: [m], shape (nx, ny), float32.
    """

    origin: np.ndarray
    angle: float
    spacing: tuple[float, float]
    heights: np.ndarray


def grid_topology(num_vertices: int, triangles: np.ndarray) -> tuple[int, int, bool] | None:
    """Rows, columns and diagonal of a mesh whose triangles are those of a grid, else None."""
    corners = np.sort(triangles, axis=1)
    first = corners[:, 0]
    second, third = corners[:, 1] - first, corners[:, 2] - first
    widest = int(third.max())
    for columns in (widest - 1, widest):
        rows, rest = divmod(num_vertices, max(columns, 1))
        if rest or min(rows, columns) < 2 or len(triangles) != 2 * (rows - 1) * (columns - 1):
            continue
        ahead, behind = first % columns < columns - 1, first % columns > 0
        lower = ahead & (second == columns) & (third == columns + 1)
        upper = ahead & (second == 1) & (third == columns + 1)
        near = ahead & (second == 1) & (third == columns)
        far = behind & (second == columns - 1) & (third == columns)
        if not (lower | upper | near | far).all():
            continue
        cells = [np.sort(first[lower]), np.sort(first[upper])]
        crossed = [np.sort(first[near]), np.sort(first[far] - 1)]
        if all(np.array_equal(a, b) for a, b in (cells, crossed)):
            return rows, columns, len(cells[0]) >= len(crossed[0])
    return None


def find_grid(vertices: np.ndarray, triangles: np.ndarray) -> Grid | None:
    """The mesh as a regular grid, or None if it is none.

    Args:
        vertices: z up [m], shape (n, 3).
        triangles: shape (m, 3).
    """
    topology = grid_topology(len(vertices), triangles)
    if topology is None:
        return None
    rows, columns, forward = topology
    places = vertices[:, :2].reshape(rows, columns, 2).astype(float)
    # Most vertices are where they belong, so that medians tell the grid in spite of the others.
    row_step = np.median(places[1:] - places[:-1], axis=(0, 1))
    column_step = np.median(places[:, 1:] - places[:, :-1], axis=(0, 1))
    lengths = np.linalg.norm(row_step), np.linalg.norm(column_step)
    if min(lengths) == 0 or abs(row_step @ column_step) > 1e-3 * lengths[0] * lengths[1]:
        return None
    r, c = np.arange(rows)[:, None, None], np.arange(columns)[:, None]
    rest = places - r * row_step - c * column_step
    origin = np.median(rest, axis=(0, 1))
    rest -= origin
    # Float32 differences are a little off, which adds up over a thousand cells: the vertices near
    # their places correct it.
    home = (np.linalg.norm(rest, axis=-1, keepdims=True) < 0.5 * min(lengths)).astype(float)
    fit = [slope(rest, home, r), slope(rest, home, c)]
    row_step, column_step = row_step + fit[0], column_step + fit[1]
    rest -= r * fit[0] + c * fit[1]
    offset = (home * rest).sum(axis=(0, 1)) / home.sum()
    rest -= offset
    shift = np.abs([rest @ row_step / lengths[0] ** 2, rest @ column_step / lengths[1] ** 2])
    if shift.max() > 1.5 or np.abs(shift - np.round(shift)).max() > SLACK:
        return None
    return Grid(
        origin=origin + offset,
        row_step=row_step,
        column_step=column_step,
        heights=vertices[:, 2].reshape(rows, columns),
        forward=forward,
        largest_shift=float(np.linalg.norm(rest, axis=-1).max()),
    )


def slope(values: np.ndarray, weights: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Weighted least-squares slope of values (rows, columns, 2) over a row or column index."""
    centred = index - (weights * index).sum() / weights.sum()
    return (weights * centred * values).sum(axis=(0, 1)) / (weights * centred**2).sum()


def grid_surface(grid: Grid, vertices: np.ndarray, triangles: np.ndarray) -> Surface:
    """The surface that stands for a grid.

    Heights stay at their places on the grid. Where a step was made vertical by shifting its lower
    vertices, the surface climbs it over the last cell before the upper edge: the upper tread is
    exact, the lower one ends a cell early, and the solid holds all of the mesh's. Large cells are
    divided and then follow the shifted triangles, so that the climb takes one small cell.

    Args:
        grid: of the mesh.
        vertices: of the mesh.
        triangles: of the mesh.
    """
    heights, x_step, y_step = grid.heights, grid.row_step, grid.column_step
    if x_step[0] * y_step[1] - x_step[1] * y_step[0] < 0:  # left-handed: exchange the axes
        heights, x_step, y_step = heights.T, y_step, x_step
    spacing = float(np.linalg.norm(x_step)), float(np.linalg.norm(y_step))
    origin, angle = grid.origin, float(np.arctan2(x_step[1], x_step[0]))
    if not grid.forward:  # seen a quarter turn from there, the diagonals are MuJoCo's
        origin = origin + (len(heights) - 1) * x_step
        heights, angle = heights[::-1].T, angle + np.pi / 2
        spacing = spacing[1], spacing[0]
    parts = subdivision(heights.shape, spacing)
    fine = refined(heights, parts)
    spacing = spacing[0] / parts, spacing[1] / parts
    if grid.largest_shift > 1e-3 * min(spacing) and parts > 1:
        local = in_frame(vertices, origin, angle)
        shifted = rasterized(local, triangles, np.zeros(2), np.array(spacing), fine.shape)
        fine = np.where(np.isfinite(shifted), shifted, fine).astype(np.float32)
    return Surface(origin, angle, spacing, fine)


def in_frame(vertices: np.ndarray, origin: np.ndarray, angle: float) -> np.ndarray:
    """Vertices relative to a frame that is moved and turned about z."""
    moved = vertices[:, :2] - origin
    cosine, sine = np.cos(angle), np.sin(angle)
    x = cosine * moved[:, 0] + sine * moved[:, 1]
    y = cosine * moved[:, 1] - sine * moved[:, 0]
    return np.stack((x, y, vertices[:, 2]), axis=1)
