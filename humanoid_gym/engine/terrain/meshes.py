"""Ground as a triangle mesh, as shapes that MuJoCo can collide with.

MuJoCo collides a mesh as its convex hull, so that a mesh must be made of these, side by side: grids
of heights (what `terrain_utils.convert_heightfield_to_trimesh` makes), surfaces with one height at
every place, convex solids, solids with a flat bottom and one height at every place.
"""

from __future__ import annotations

import logging

import mujoco
import numpy as np

from humanoid_gym.engine.terrain.grids import Grid, Surface, find_grid, grid_surface
from humanoid_gym.engine.terrain.height_fields import FINE_CELL
from humanoid_gym.engine.terrain.rasters import rasterized
from humanoid_gym.engine.terrain.shapes import Box, ConvexSolid, HeightField, StaticShape, vec3
from humanoid_gym.engine.terrain.solids import find_box, is_convex, merged, normals, parts
from humanoid_gym.engine.values.math_types import Quat, Transform, Vec3

logger = logging.getLogger(__name__)

FINEST_SAMPLE = 0.05
"""Spacing of a surface's samples at least [m]."""
STEEP = 1e-3
"""Triangles are vertical whose normal's vertical part is smaller."""
FOLDED = 0.01
"""Share of a surface, seen from above, up to which triangles of it may face down in folds."""


class UnsupportedMeshError(ValueError):
    """A mesh that MuJoCo cannot collide with as it is."""


class MeshGround:
    """Turns one mesh into static shapes.

    Args:
        pose: of the mesh's frame, z up, in the world.
        friction: of its material.
        segmentation_id: label in segmentation images.
    """

    def __init__(self, pose: Transform, friction: float, segmentation_id: int) -> None:
        self._pose = pose
        self._material = friction, segmentation_id

    def shapes(self, vertices: np.ndarray, triangles: np.ndarray) -> list[StaticShape]:
        """Static shapes of a mesh.

        Args:
            vertices: z up [m], shape (n, 3), finite.
            triangles: shape (m, 3), within the vertices.

        Raises:
            UnsupportedMeshError: a part is none of the kinds that can be represented.
        """
        grid = find_grid(vertices, triangles)
        if grid is not None:
            return [self._grid(grid, vertices, triangles)]
        vertices = vertices.astype(np.float64)
        shapes, rest = [], []
        for used, indices in parts(len(vertices), triangles):
            grid = find_grid(vertices[used], indices)
            if grid is not None:
                shapes.append(self._grid(grid, vertices[used], indices))
            else:
                rest.append(used[indices])
        if rest:
            # Files such as STL repeat a vertex for every triangle around it.
            vertices, remaining = merged(vertices, np.concatenate(rest))
            pieces = parts(len(vertices), remaining)
            for index, (used, indices) in enumerate(pieces):
                place = f"part {index + 1} of {len(pieces)}" if len(pieces) > 1 else "the mesh"
                shapes.append(self._part(vertices[used], indices, place))
        return shapes

    def _grid(self, grid: Grid, vertices: np.ndarray, triangles: np.ndarray) -> HeightField:
        if grid.largest_shift > 1e-6:
            logger.info(
                "add_triangle_mesh: a grid of %d x %d vertices collides as a height field; vertices"
                " that the mesh shifts sideways, by up to %.3g m, stay at their places on the grid",
                *grid.heights.shape,
                grid.largest_shift,
            )
        return self._height_field(grid_surface(grid, vertices, triangles))

    def _part(self, vertices: np.ndarray, triangles: np.ndarray, place: str) -> StaticShape:
        if is_convex(vertices, triangles):
            box = find_box(vertices)
            if box is None:
                return ConvexSolid(self._pose, *self._material, vertices, triangles)
            centre, axes, half_sizes = box
            pose = self._pose * Transform(vec3(centre), quaternion(axes))
            return Box(pose, *self._material, half_sizes)
        return self._height_field(sampled_surface(vertices, triangles, place))

    def _height_field(self, surface: Surface) -> HeightField:
        turn = Quat.from_axis_angle(Vec3(0, 0, 1), surface.angle)
        corner = Transform(Vec3(float(surface.origin[0]), float(surface.origin[1]), 0.0), turn)
        return HeightField(self._pose * corner, *self._material, surface.heights, surface.spacing)


def sampled_surface(vertices: np.ndarray, triangles: np.ndarray, place: str) -> Surface:
    """Heights of a part that has one height at every place.

    Outside the part, within its bounding rectangle, the surface lies at the part's lowest point.

    Raises:
        UnsupportedMeshError: it has overhangs or is vertical.
    """
    first, last = vertices[:, :2].min(axis=0), vertices[:, :2].max(axis=0)
    extent = last - first
    finest = float(np.clip(extent.max() / 20, FINEST_SAMPLE, FINE_CELL))
    cells = np.maximum(np.ceil(extent / finest).astype(int), 1)
    grid = first, np.maximum(extent, 1e-9) / cells, tuple(cells + 1)
    overhang = overhanging(vertices, triangles, place)
    if len(overhang):
        check_folds(vertices, triangles, overhang, grid, place)
    heights = rasterized(vertices, triangles, *grid)
    heights[~np.isfinite(heights)] = vertices[:, 2].min()
    pitch = float(grid[1][0]), float(grid[1][1])
    return Surface(first, 0.0, pitch, heights.astype(np.float32))


def overhanging(vertices: np.ndarray, triangles: np.ndarray, place: str) -> np.ndarray:
    """The triangles of a part that hang over others of it; none of what stands on a flat bottom.

    Raises:
        UnsupportedMeshError: all triangles are vertical.
    """
    normal = normals(vertices, triangles)
    length = np.maximum(np.linalg.norm(normal, axis=1), 1e-30)
    up, down = normal[:, 2] > STEEP * length, normal[:, 2] < -STEEP * length
    if not (up.any() or down.any()):
        raise unsupported(vertices, triangles, place, "it is a vertical sheet without thickness")
    lowest, size = vertices[:, 2].min(), np.ptp(vertices, axis=0).max()
    sides = [side for side in (up, down) if side.any()]
    bottoms = [np.abs(vertices[triangles[side], 2] - lowest).max() for side in sides]
    if len(sides) < 2 or min(bottoms) <= 1e-4 * size:
        return triangles[:0]
    areas = [np.abs(normal[side, 2]).sum() for side in sides]
    return triangles[sides[int(np.argmin(areas))]]


def check_folds(
    vertices: np.ndarray,
    triangles: np.ndarray,
    overhang: np.ndarray,
    grid: tuple[np.ndarray, np.ndarray, tuple[int, ...]],
    place: str,
) -> None:
    """Raise UnsupportedMeshError unless overhanging triangles are but folds of a surface.

    Programs move vertices of decimated terrains sideways, to make steep slopes vertical, and some
    pass over others.

    Args:
        vertices: of the part.
        triangles: of the part.
        overhang: those that hang over others.
        grid: first sample, spacing and shape of the surface to be.
        place: name of the part.
    """
    areas = [np.abs(normals(vertices, some)[:, 2]).sum() for some in (overhang, triangles)]
    covered = np.isfinite(rasterized(vertices, overhang, *grid))
    if areas[0] > FOLDED * areas[1] or not narrow(covered):
        reason = "it is neither convex nor a surface with one height at every place"
        raise unsupported(vertices, triangles, place, reason)
    logger.info(
        "add_triangle_mesh: %s folds over itself in %d of %d triangles; the ground is solid up to"
        " the upper side of its folds",
        *(place, len(overhang), len(triangles)),
    )


def narrow(covered: np.ndarray) -> bool:
    """Whether no sample of a grid is covered together with all its eight neighbours."""
    rows, columns = (size - 2 for size in covered.shape)
    shifts = [(i, j) for i in range(3) for j in range(3)]
    inner = [covered[i : i + rows, j : j + columns] for i, j in shifts]
    return min(rows, columns) < 1 or not np.logical_and.reduce(inner).any()


def unsupported(
    vertices: np.ndarray, triangles: np.ndarray, place: str, reason: str
) -> UnsupportedMeshError:
    """The error for a part, saying where it lies and what helps."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    where = " to ".join("(" + ", ".join(f"{v:.3g}" for v in corner) + ")" for corner in (low, high))
    return UnsupportedMeshError(
        f"add_triangle_mesh: {place} ({len(triangles)} triangles, {where} m) cannot be collided "
        f"with: {reason}. MuJoCo collides meshes as convex hulls. Split it into convex closed "
        "parts, or pass the ground as a grid of heights "
        "(terrain_utils.convert_heightfield_to_trimesh)"
    )


def quaternion(axes: np.ndarray) -> Quat:
    """Rotation whose matrix has these columns."""
    wxyz = np.zeros(4)
    mujoco.mju_mat2Quat(wxyz, np.ascontiguousarray(axes, dtype=float).ravel())
    return Quat(*(float(wxyz[index]) for index in (1, 2, 3, 0)))
