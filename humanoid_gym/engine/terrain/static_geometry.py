"""Static shapes in MuJoCo's specification: geoms, materials, and their places per environment.

Friction. MuJoCo knows one friction per geom and combines two by the maximum, Isaac Gym averages
two materials. A moving shape therefore carries the average of its own friction and the *base
material's*, that of most static shapes, with priority over static geoms. Static shapes of other
materials meet moving ones through explicit pairs, each with its own average.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping

import mujoco
import numpy as np
import torch

from humanoid_gym.engine.backend import Backend
from humanoid_gym.engine.compilation import contact_parameters as contact
from humanoid_gym.engine.compilation.collision import add_pair
from humanoid_gym.engine.terrain.shapes import Box, ConvexSolid, HeightField, Plane, StaticShape
from humanoid_gym.engine.values.math_types import Vec3

logger = logging.getLogger(__name__)

BASE_THICKNESS = 1000.0
"""Solid ground below the lowest point of a height field [m].

MuJoCo cuts a field into prisms and looks for the way out of each along the line to its centre: the
taller the prisms, the nearer is that to straight up. At 10 m, feet still catch on the edges between
prisms on level ground, as measured by what a sliding box loses; at 1000 m they do not."""
COLLISION_TOLERANCE = 1e-8
"""Of MuJoCo's convex collider [m]: at its default of 1e-6 depths on height fields are 5 % off."""
LEAST_RANGE = 1e-3
"""Range of heights that MuJoCo is told for a level field [m]; it must not be zero."""
MAX_PAIRS = 2000
"""Explicit pairs of shapes at most: each costs time in every substep, near or far."""


def base_friction(shapes: Mapping[str, StaticShape]) -> float | None:
    """Friction of the base material, None without static shapes."""
    counts = Counter(shape.friction for shape in shapes.values())
    return counts.most_common(1)[0][0] if counts else None


def add_static_geometry(spec: mujoco.MjSpec, shapes: Mapping[str, StaticShape]) -> None:
    """Add the geoms of static shapes, by name."""
    base = base_friction(shapes)
    for name, shape in shapes.items():
        geom = spec.worldbody.add_geom(
            name=name,
            contype=0,
            # Other materials touch moving shapes through pairs.
            conaffinity=int(shape.friction == base),
            condim=contact.CONTACT_DIMENSIONS,
            friction=[shape.friction, 0, 0],
            solref=contact.CONTACT_SOLREF,
            solimp=contact.CONTACT_SOLIMP,
        )
        set_form(spec, geom, shape)
    if any(isinstance(shape, HeightField) for shape in shapes.values()):
        # MuJoCo's newer collider returns the shortest way out of the one prism it looks at, which
        # near an edge leads sideways into the next prism: bodies catch on level ground, and sink.
        spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_NATIVECCD
        spec.option.ccd_tolerance = COLLISION_TOLERANCE


def set_form(spec: mujoco.MjSpec, geom: mujoco.MjsGeom, shape: StaticShape) -> None:
    """Type, size and place of a static shape's geom, and its mesh or height field."""
    place = shape.pose.p
    if isinstance(shape, Plane):
        geom.type = mujoco.mjtGeom.mjGEOM_PLANE
        geom.size = [0, 0, 1]
    elif isinstance(shape, HeightField):
        geom.type = mujoco.mjtGeom.mjGEOM_HFIELD
        geom.hfieldname = geom.name
        place = place + shape.pose.r.rotate(add_height_field(spec, geom.name, shape))
    elif isinstance(shape, Box):
        geom.type = mujoco.mjtGeom.mjGEOM_BOX
        geom.size = shape.half_sizes
    else:
        assert isinstance(shape, ConvexSolid)
        geom.type = mujoco.mjtGeom.mjGEOM_MESH
        geom.meshname = geom.name
        spec.add_mesh(
            name=geom.name,
            uservert=shape.vertices.astype(float).ravel(),
            userface=shape.triangles.astype(np.int32).ravel(),
        )
    rotation = shape.pose.r
    geom.pos = [place.x, place.y, place.z]
    geom.quat = [rotation.w, rotation.x, rotation.y, rotation.z]


def add_height_field(spec: mujoco.MjSpec, name: str, field: HeightField) -> Vec3:
    """Add the asset; return where its centre is, in the shape's frame."""
    nx, ny = field.heights.shape
    lowest, highest = float(field.heights.min()), float(field.heights.max())
    half_x, half_y = 0.5 * (nx - 1) * field.spacing[0], 0.5 * (ny - 1) * field.spacing[1]
    spec.add_hfield(
        name=name,
        nrow=ny,
        ncol=nx,
        size=[half_x, half_y, max(highest - lowest, LEAST_RANGE), BASE_THICKNESS],
        userdata=np.ascontiguousarray(field.heights.T).ravel(),  # MuJoCo normalizes to [0, 1]
    )
    return Vec3(half_x, half_y, lowest)


def add_material_pairs(
    spec: mujoco.MjSpec,
    shapes: Mapping[str, StaticShape],
    moving: Iterable[tuple[str, float]],
) -> None:
    """Let moving shapes touch static ones that are not of the base material.

    Args:
        spec: holds the geoms of both.
        shapes: static ones by name.
        moving: name and friction of every moving shape.
    """
    base = base_friction(shapes)
    moving = list(moving)
    others = {name: shape for name, shape in shapes.items() if shape.friction != base}
    if len(others) * len(moving) > MAX_PAIRS:
        logger.warning(
            "ground of several materials: %d static shapes differ from the most common friction "
            "%g; together with %d moving shapes that is too many pairs, so that all of them have "
            "it. Give them the same friction, or merge them into fewer shapes",
            *(len(others), base, len(moving)),
        )
        for name in others:
            spec.geom(name).conaffinity = 1
        return
    for name, shape in others.items():
        for geom, friction in moving:
            add_pair(spec, name, geom, 0.5 * (shape.friction + friction))


def pair_frictions(
    model: mujoco.MjModel,
    shapes: Mapping[str, StaticShape],
    geoms: np.ndarray,
    friction: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Explicit pairs of a moving and a static shape, and what their materials average to.

    Args:
        model: compiled with `add_material_pairs`.
        shapes: static ones by name.
        geoms: of the moving shapes, shape (num_shapes,).
        friction: of the moving shapes, shape (n, num_shapes).

    Returns:
        Indices of pairs, shape (num_pairs,), and their friction, shape (n, num_pairs).
    """
    static = np.full(model.ngeom, np.nan)
    for name, shape in shapes.items():
        static[model.geom(name).id] = shape.friction
    shape_of = np.full(model.ngeom, -1)
    shape_of[geoms] = np.arange(len(geoms))
    ends = np.stack((model.pair_geom1, model.pair_geom2), axis=1)
    ends = np.where(np.isnan(static[ends[:, :1]]), ends[:, ::-1], ends)  # the static one first
    pairs = np.flatnonzero(~np.isnan(static[ends[:, 0]]) & (shape_of[ends[:, 1]] >= 0))
    ground, moving = ends[pairs].T
    return pairs, 0.5 * (friction[:, shape_of[moving]] + static[ground])


def place_static_geometry(
    backend: Backend, shapes: Mapping[str, StaticShape], origins: np.ndarray
) -> None:
    """Put static geoms where they are as seen from each environment's origin.

    Args:
        backend: simulations, each in the frame of its environment.
        shapes: static ones by name.
        origins: of the environments [m], shape (num_envs, 3).
    """
    shifts = {
        name: origins if normal is None else (origins @ normal)[:, None] * normal
        for name, normal in zip(shapes, map(plane_normal, shapes.values()), strict=True)
    }
    moved = {name: shift for name, shift in shifts.items() if shift.any()}
    if not moved:
        return
    positions = backend.model_field("geom_pos")
    for name, shift in moved.items():
        geom = backend.model.geom(name).id
        positions[:, geom] -= torch.from_numpy(shift).to(positions)
    if any(plane_normal(shapes[name]) is None for name in moved):
        # The bounding volumes of static geoms belong to the model.
        backend.recompute_constants(torch.arange(len(origins), dtype=torch.int32))


def plane_normal(shape: StaticShape) -> np.ndarray | None:
    """Normal of a plane, shape (3,): shifts along it say everything; None for other shapes."""
    if not isinstance(shape, Plane):
        return None
    normal = shape.pose.r.rotate(Vec3(0.0, 0.0, 1.0))
    return np.round(np.array([normal.x, normal.y, normal.z]), 15)
