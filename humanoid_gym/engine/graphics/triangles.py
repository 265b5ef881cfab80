"""Shapes as triangles, for viewers that draw elsewhere: few meshes, and how each shape wears one.

Shapes that are alike but for place and size share a mesh, so that thousands of robots are a few
dozen meshes with many places each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import mujoco
import numpy as np
import trimesh

from humanoid_gym.engine.compilation.env_spec import as_array, wxyz
from humanoid_gym.engine.graphics.terrain_tiles import thinned
from humanoid_gym.engine.terrain.shapes import Box, ConvexSolid, HeightField, Plane, StaticShape
from humanoid_gym.engine.values.math_types import Transform

Key = tuple[int, float]
"""Geom type, and which of that type: mesh, or a capsule's slenderness."""

GEOM = mujoco.mjtGeom
SIDES = 24
"""Of a drawn circle."""
SUBDIVISIONS = 3
"""Of the drawn sphere: an icosahedron cut into 4 ** 3 times as many triangles."""
SLENDERNESS_DIGITS = 2
"""To which capsules share a mesh."""
MAX_HEIGHTS = 250_000
"""Samples of a drawn height field; finer ones are thinned."""


@dataclass(frozen=True)
class Triangles:
    """A surface."""

    vertices: np.ndarray
    """[m], shape (n, 3)."""
    faces: np.ndarray
    """Vertices of each triangle, facing out, shape (m, 3)."""
    smooth: bool = False
    """Shade as a curved surface."""


def mesh_key(model: mujoco.MjModel, geom: int, size: np.ndarray) -> Key:
    """Which mesh a geom of this size [m] wears."""
    kind = int(model.geom_type[geom])
    if kind == GEOM.mjGEOM_MESH:
        return kind, float(model.geom_dataid[geom])
    if kind == GEOM.mjGEOM_CAPSULE:
        return kind, round(float(size[1] / size[0]), SLENDERNESS_DIGITS)
    return kind, 0.0


def stretch(key: Key, size: np.ndarray) -> np.ndarray:
    """By how much the mesh of a key is stretched for geoms of these sizes.

    Args:
        key: of all of them.
        size: MuJoCo's [m], shape (n, 3).

    Returns:
        Along the mesh's axes, shape (n, 3).
    """
    kind = key[0]
    if kind in (GEOM.mjGEOM_SPHERE, GEOM.mjGEOM_CAPSULE):
        return np.repeat(size[:, :1], 3, axis=1)
    if kind == GEOM.mjGEOM_CYLINDER:
        return size[:, [0, 0, 1]]
    if kind in (GEOM.mjGEOM_BOX, GEOM.mjGEOM_ELLIPSOID):
        return size
    return np.ones((len(size), 3))


def triangles_of(model: mujoco.MjModel, key: Key) -> Triangles:
    """The mesh of a key, of size 1 where geoms stretch it.

    Raises:
        ValueError: such geoms have no surface of their own.
    """
    kind, which = key
    if kind == GEOM.mjGEOM_MESH:
        return model_mesh(model, int(which))
    if kind == GEOM.mjGEOM_BOX:
        return surface(trimesh.creation.box(extents=(2.0, 2.0, 2.0)))
    if kind == GEOM.mjGEOM_CYLINDER:
        return surface(trimesh.creation.cylinder(1.0, height=2.0, sections=SIDES))
    if kind == GEOM.mjGEOM_CAPSULE:
        capsule = trimesh.creation.capsule(height=2.0 * which, radius=1.0, count=(SIDES, SIDES))
        return surface(capsule, smooth=True)
    if kind in (GEOM.mjGEOM_SPHERE, GEOM.mjGEOM_ELLIPSOID):
        return surface(trimesh.creation.icosphere(SUBDIVISIONS), smooth=True)
    raise ValueError(f"geoms of type {GEOM(kind).name} cannot be drawn as triangles")


def model_mesh(model: mujoco.MjModel, mesh: int) -> Triangles:
    """A mesh of the model, in its geoms' frame."""
    vertices = slice_of(model.mesh_vertadr, model.mesh_vertnum, mesh)
    faces = slice_of(model.mesh_faceadr, model.mesh_facenum, mesh)
    return Triangles(model.mesh_vert[vertices].copy(), model.mesh_face[faces].copy())


def slice_of(starts: np.ndarray, counts: np.ndarray, index: int) -> slice:
    """Where one entry's rows are."""
    return slice(int(starts[index]), int(starts[index] + counts[index]))


def surface(mesh: trimesh.Trimesh, smooth: bool = False) -> Triangles:
    """A mesh of trimesh."""
    return Triangles(np.asarray(mesh.vertices), np.asarray(mesh.faces), smooth)


def ground_triangles(shapes: Iterable[StaticShape], origin: np.ndarray) -> Triangles:
    """All of the ground but planes, as one surface.

    Args:
        shapes: static ones.
        origin: of the frame that the vertices are in, global [m].
    """
    vertices, faces, count = [np.zeros((0, 3))], [np.zeros((0, 3), dtype=np.int64)], 0
    for shape in shapes:
        if isinstance(shape, Plane):
            continue
        part = static_triangles(shape)
        vertices.append(placed(part.vertices, shape.pose) - origin)
        faces.append(part.faces + count)
        count += len(part.vertices)
    return Triangles(np.concatenate(vertices), np.concatenate(faces))


def static_triangles(shape: StaticShape) -> Triangles:
    """A static shape's surface in its own frame."""
    if isinstance(shape, HeightField):
        return field_triangles(shape)
    if isinstance(shape, Box):
        return surface(trimesh.creation.box(extents=2.0 * shape.half_sizes))
    assert isinstance(shape, ConvexSolid)
    return Triangles(shape.vertices, shape.triangles)


def field_triangles(field: HeightField) -> Triangles:
    """A height field of at most about `MAX_HEIGHTS` samples, cut as `HeightField` says."""
    stride = int(np.ceil(np.sqrt(field.heights.size / MAX_HEIGHTS)))
    heights, spacing = thinned(field.heights, field.spacing, stride)
    rows, columns = heights.shape
    x, y = np.meshgrid(np.arange(rows) * spacing[0], np.arange(columns) * spacing[1], indexing="ij")
    vertices = np.stack((x, y, heights), axis=-1).reshape(-1, 3)
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    lower = np.stack((corner, corner + columns, corner + columns + 1), axis=1)
    upper = np.stack((corner, corner + columns + 1, corner + 1), axis=1)
    return Triangles(vertices, np.concatenate((lower, upper)))


def placed(points: np.ndarray, pose: Transform) -> np.ndarray:
    """Points of a frame in the world, shape (n, 3)."""
    matrix = np.zeros(9)
    rotation = np.array([pose.r.x, pose.r.y, pose.r.z, pose.r.w])
    mujoco.mju_quat2Mat(matrix, wxyz(rotation))
    return points @ matrix.reshape(3, 3).T + as_array(pose.p)
