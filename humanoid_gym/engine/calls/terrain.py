"""Ground and terrain: planes, height fields and triangle meshes, shared by all environments."""

from __future__ import annotations

import logging

import mujoco
import numpy as np

from humanoid_gym.engine.compilation.env_spec import as_array
from humanoid_gym.engine.sim import Sim
from humanoid_gym.engine.terrain.height_fields import refined, subdivision
from humanoid_gym.engine.terrain.meshes import MeshGround
from humanoid_gym.engine.terrain.shapes import HeightField, Plane, up_rotation, vec3
from humanoid_gym.engine.values.math_types import Quat, Transform, Vec3
from humanoid_gym.engine.values.parameters import (
    HeightFieldParams,
    PlaneParams,
    StaticGeometryParams,
    TriangleMeshParams,
    parameters_without_effect,
)

logger = logging.getLogger(__name__)

Y_TO_Z_UP = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
"""Turns points of a world with y up so that z is up."""


class TerrainCalls:
    """Methods of Gym that add ground. It never moves and collides with every group."""

    def add_ground(self, sim: Sim, params: PlaneParams) -> None:
        """An infinite plane, normal . p + distance = 0.

        Raises:
            ValueError: the normal is zero, or a number is not finite.
            RuntimeError: after prepare_sim.
        """
        scene = sim.growing("add_ground")
        normal = as_array(params.normal)
        check_finite("add_ground", normal=normal, distance=params.distance)
        if not normal.any():
            raise ValueError("add_ground: the plane's normal is zero; use Vec3(0, 0, 1) for z-up")
        check_material("add_ground", params)
        normal = normal / np.linalg.norm(normal)
        wxyz = np.zeros(4)
        mujoco.mju_quatZ2Vec(wxyz, normal)
        rotation = Quat(*(float(wxyz[index]) for index in (1, 2, 3, 0)))
        pose = Transform(vec3(-params.distance * normal), rotation)
        scene.add_static(Plane(pose, params.static_friction, params.segmentation_id))

    def add_heightfield(self, sim: Sim, samples: np.ndarray, params: HeightFieldParams) -> None:
        """Ground as a grid of integer heights, its corner at the transform's position.

        The samples are stored column after column, nbColumns columns of nbRows samples: columns
        follow each other along x, a column runs along y (along -z where y is up). So a NumPy array
        whose first axis is x, of shape (nbColumns, nbRows), is passed as it is or flattened. A
        two-dimensional array of shape (nbRows, nbColumns) is understood likewise: its first axis
        is x.

        Args:
            sim: before prepare_sim.
            samples: heights in units of vertical_scale, integers that fit int16.
            params: counts, scales, material, place.

        Raises:
            TypeError: samples that are not integers.
            ValueError: counts or values that cannot be.
            RuntimeError: after prepare_sim.
        """
        call = "add_heightfield"
        scene = sim.growing(call)
        check_material(call, params)
        pose = checked_pose(call, params.transform)
        heights, spacing = height_samples(np.asarray(samples), params)
        parts = subdivision(heights.shape, spacing)
        field = HeightField(
            pose * Transform(Vec3(), up_rotation(scene.params.up_axis)),
            params.static_friction,
            params.segmentation_id,
            refined(heights * np.float64(params.vertical_scale), parts),
            (spacing[0] / parts, spacing[1] / parts),
        )
        scene.add_static(field)

    def add_triangle_mesh(
        self, sim: Sim, vertices: np.ndarray, triangles: np.ndarray, params: TriangleMeshParams
    ) -> None:
        """Ground as triangles.

        A grid of heights (also with vertices shifted under steep steps, as
        `terrain_utils.convert_heightfield_to_trimesh` makes them) and any surface with one height
        at every place become height fields; closed convex parts collide exactly.

        Args:
            sim: before prepare_sim.
            vertices: [m], nb_vertices times 3 numbers.
            triangles: rows of vertices, nb_triangles times 3 numbers.
            params: counts, material, place.

        Raises:
            TypeError: vertices that are no floats, triangles that are no integers.
            ValueError: counts or values that cannot be; a mesh with overhangs.
            RuntimeError: after prepare_sim.
        """
        call = "add_triangle_mesh"
        scene = sim.growing(call)
        check_material(call, params)
        pose = checked_pose(call, params.transform)
        points = mesh_vertices(np.asarray(vertices), params.nb_vertices)
        corners = mesh_triangles(np.asarray(triangles), params.nb_triangles, len(points))
        up = up_rotation(scene.params.up_axis)
        if up != Quat():
            points = points @ Y_TO_Z_UP.T
        ground = MeshGround(
            pose * Transform(Vec3(), up), params.static_friction, params.segmentation_id
        )
        for shape in ground.shapes(points, corners):
            scene.add_static(shape)


def height_samples(
    samples: np.ndarray, params: HeightFieldParams
) -> tuple[np.ndarray, tuple[float, float]]:
    """Check samples; return them with x along the first axis, and their spacing [m]."""
    call, rows, columns = "add_heightfield", params.nbRows, params.nbColumns
    if samples.dtype.kind not in "iu":
        raise TypeError(
            f"{call}: samples are heights in whole units, int16 expected, got {samples.dtype}; use "
            "samples.astype(numpy.int16)"
        )
    if min(rows, columns) < 2:
        raise ValueError(
            f"{call}: HeightFieldParams.nbRows and nbColumns must be at least 2, got {rows} and "
            f"{columns}"
        )
    if samples.size != rows * columns:
        raise ValueError(
            f"{call}: nbRows {rows} times nbColumns {columns} is {rows * columns} samples, got "
            f"{samples.size} of shape {samples.shape}"
        )
    if samples.min() < -(2**15) or samples.max() >= 2**15:
        raise ValueError(
            f"{call}: samples from {samples.min()} to {samples.max()} do not fit int16; use a "
            "larger vertical_scale"
        )
    check_finite(call, vertical_scale=params.vertical_scale)
    if not (0 < params.row_scale < np.inf and 0 < params.column_scale < np.inf):
        raise ValueError(
            f"{call}: row_scale and column_scale must be positive, got {params.row_scale} and "
            f"{params.column_scale} m"
        )
    shape, spacing = (columns, rows), (params.column_scale, params.row_scale)
    if samples.ndim == 2 and samples.shape == (rows, columns):
        shape, spacing = (rows, columns), (params.row_scale, params.column_scale)
    elif samples.ndim > 1 and samples.shape != shape:
        raise ValueError(
            f"{call}: samples of shape {samples.shape}; expected (nbColumns, nbRows) = {shape}, or "
            "the same flattened"
        )
    return samples.reshape(shape), spacing


def mesh_vertices(vertices: np.ndarray, count: int) -> np.ndarray:
    """Check vertices; return them in rows, shape (count, 3)."""
    call = "add_triangle_mesh"
    if vertices.dtype.kind != "f":
        raise TypeError(f"{call}: vertices must be float32, got {vertices.dtype}")
    if count < 3 or vertices.size != 3 * count:
        raise ValueError(
            f"{call}: TriangleMeshParams.nb_vertices is {count}, which is {3 * count} numbers; got "
            f"{vertices.size} of shape {vertices.shape}"
        )
    rows = vertices.reshape(count, 3)
    wrong = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(wrong):
        raise ValueError(
            f"{call}: {len(wrong)} vertices are not finite, the first is {wrong[0]}: "
            f"{rows[wrong[0]].tolist()}"
        )
    return rows


def mesh_triangles(triangles: np.ndarray, count: int, num_vertices: int) -> np.ndarray:
    """Check triangles; return them in rows, shape (count, 3), int64."""
    call = "add_triangle_mesh"
    if triangles.dtype.kind not in "iu":
        raise TypeError(f"{call}: triangles must be uint32, got {triangles.dtype}")
    if count < 1 or triangles.size != 3 * count:
        raise ValueError(
            f"{call}: TriangleMeshParams.nb_triangles is {count}, which is {3 * count} numbers; "
            f"got {triangles.size} of shape {triangles.shape}"
        )
    rows = triangles.reshape(count, 3).astype(np.int64)
    if rows.min() < 0 or rows.max() >= num_vertices:
        raise ValueError(
            f"{call}: triangles name vertices {rows.min()} to {rows.max()}; there are "
            f"{num_vertices}, counted from 0"
        )
    a, b, c = rows.T
    wrong = np.flatnonzero((a == b) | (b == c) | (c == a))
    if len(wrong):
        raise ValueError(
            f"{call}: {len(wrong)} triangles name a vertex twice, the first is {wrong[0]}: "
            f"{rows[wrong[0]].tolist()}; leave them out"
        )
    return rows


def checked_pose(call: str, transform: Transform) -> Transform:
    """The transform with a unit quaternion."""
    p, r = transform.p, transform.r
    check_finite(call, position=as_array(p), rotation=np.array([r.x, r.y, r.z, r.w]))
    return Transform(p, r.normalize())


def check_finite(call: str, **values: np.ndarray | float) -> None:
    """Raise ValueError for a value that is not finite."""
    for name, value in values.items():
        if not np.isfinite(value).all():
            raise ValueError(f"{call}: {name} is not finite: {np.asarray(value).tolist()}")


def check_material(call: str, params: StaticGeometryParams) -> None:
    """Raise ValueError for a friction that cannot be; say what has no effect."""
    if not 0 <= params.static_friction < np.inf:
        raise ValueError(
            f"{call}: static_friction must be a coefficient of at least 0, got "
            f"{params.static_friction}"
        )
    ignored = parameters_without_effect(params)
    if params.dynamic_friction != params.static_friction:
        ignored.append(f"dynamic_friction (static_friction {params.static_friction:g} counts)")
    if ignored:
        logger.info("%s: without effect here: %s", call, ", ".join(ignored))
