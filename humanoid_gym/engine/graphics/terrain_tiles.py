"""Height fields for pictures, cut into tiles: a view takes those it sees, as fine as it needs.

A field of a million cells takes a third of a second to draw in software, whatever of it is seen. A
tile exists at several strides; the one is drawn whose cells are at most two pixels wide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import mujoco
import numpy as np

from humanoid_gym.engine.graphics.rendering_view import View
from humanoid_gym.engine.terrain.shapes import HeightField, StaticShape
from humanoid_gym.engine.values.math_types import Vec3

TILE = 64
"""Cells along a side of a tile."""
STRIDES = (1, 2, 4, 8)
"""Cells of a field per cell of a tile, by level."""
CELL_PIXELS = 2.0
SKIRT = 0.2
"""Drawn below a field's lowest point [m]: hides gaps between tiles of different strides. Every
tile has walls down to there, which cost time to paint."""


def tiled(shapes: Mapping[str, StaticShape]) -> dict[str, StaticShape]:
    """Static shapes with large height fields replaced by their tiles of every level.

    Frictions are made equal: pictures need no rules about them.
    """
    out: dict[str, StaticShape] = {}
    for name, shape in shapes.items():
        if isinstance(shape, HeightField) and max(shape.heights.shape) > 2 * TILE:
            out.update(tiles(name, shape))
        else:
            out[name] = replace(shape, friction=1.0)
    return out


def tiles(name: str, field: HeightField) -> dict[str, StaticShape]:
    """The tiles of a height field, named NAME/tile/LEVEL/ROW/COLUMN."""
    nx, ny = (count - 1 for count in field.heights.shape)
    out: dict[str, StaticShape] = {}
    for x in range(0, nx, TILE):
        for y in range(0, ny, TILE):
            part = field.heights[x : x + TILE + 1, y : y + TILE + 1]
            corner = Vec3(x * field.spacing[0], y * field.spacing[1], 0.0)
            place = field.pose.p + field.pose.r.rotate(corner)
            for level, stride in enumerate(STRIDES):
                heights, spacing = thinned(part, field.spacing, stride)
                tile = replace(field, heights=heights, spacing=spacing, friction=1.0)
                pose = type(field.pose)(place, field.pose.r)
                out[f"{name}/tile/{level}/{x}/{y}"] = replace(tile, pose=pose)
    return out


def thinned(
    heights: np.ndarray, spacing: tuple[float, float], stride: int
) -> tuple[np.ndarray, tuple[float, float]]:
    """A grid of fewer samples over the same rectangle, and their spacing [m]."""
    cells = [size - 1 for size in heights.shape]
    fewer = [max(1, -(-count // stride)) for count in cells]
    rows, columns = (
        np.linspace(0, count, few + 1).round().astype(int)
        for count, few in zip(cells, fewer, strict=True)
    )
    sparse = np.ascontiguousarray(heights[np.ix_(rows, columns)])
    step_x, step_y = (s * c / f for s, c, f in zip(spacing, cells, fewer, strict=True))
    return sparse, (step_x, step_y)


class TerrainTiles:
    """Which tiles of a compiled model a view shows.

    Args:
        model: with the geoms of `tiled` shapes.
        shapes: those.
        data: with all geoms in place.
    """

    def __init__(
        self, model: mujoco.MjModel, data: mujoco.MjData, shapes: Mapping[str, StaticShape]
    ) -> None:
        finest = [(n, s) for n, s in shapes.items() if "/tile/0/" in n]
        self._model = model
        self._geoms = np.array(
            [
                [model.geom(name.replace("/tile/0/", f"/tile/{level}/")).id for name, _ in finest]
                for level in range(len(STRIDES))
            ],
            dtype=np.int64,
        )  # (levels, tiles)
        if not finest:
            return
        self._centers = data.geom_xpos[self._geoms[0]].copy()
        sizes = [tile_size(shape) for _, shape in finest]
        self._radii = np.array([np.linalg.norm(size) for size in sizes])
        self._cells = np.array([s.spacing[0] for _, s in finest if isinstance(s, HeightField)])

    def show(self, view: View, reference: np.ndarray, shown: int, hidden: int) -> None:
        """Give each tile the geom group that says whether it is drawn.

        Args:
            view: relative to the reference point.
            reference: global [m].
            shown: group of what is drawn.
            hidden: group of what is not.
        """
        if not self._geoms.size:
            return
        self._model.geom_group[self._geoms] = hidden
        away = self._centers - reference - view.eye
        right = np.cross(view.forward, view.up)
        ahead, radius = away @ view.forward, self._radii
        seen = (ahead > -radius) & (ahead - radius < view.far)
        for axis, slope in ((right, view.slope_x), (view.up, view.slope_y)):
            margin = radius * np.sqrt(1.0 + slope**2)
            seen &= np.abs(away @ axis) <= np.maximum(ahead, 0.0) * slope + margin
        distance = np.linalg.norm(away, axis=1) - radius
        pixel = 2.0 * view.slope_x / view.width  # [rad]
        stride = CELL_PIXELS * np.maximum(distance, 0.0) * pixel / self._cells
        level = np.searchsorted(STRIDES, stride, side="right") - 1
        chosen = np.flatnonzero(seen)
        self._model.geom_group[self._geoms[np.maximum(level, 0)[chosen], chosen]] = shown


def tile_size(shape: StaticShape) -> np.ndarray:
    """Half lengths of a tile, its height counted from its lowest point [m], shape (3,)."""
    assert isinstance(shape, HeightField)
    nx, ny = (count - 1 for count in shape.heights.shape)
    height = float(np.ptp(shape.heights))
    return np.array([0.5 * nx * shape.spacing[0], 0.5 * ny * shape.spacing[1], height])
