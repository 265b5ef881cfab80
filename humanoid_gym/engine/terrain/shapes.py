"""Shapes of the ground: planes, grids of heights, boxes and convex solids, in world coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from humanoid_gym.engine.values.enums import UpAxis
from humanoid_gym.engine.values.math_types import Quat, Transform, Vec3

GROUND = "ground"
"""Name of the first plane; the other static shapes are `static/N`."""
Z_UP_TO_Y_UP = Quat(-(0.5**0.5), 0.0, 0.0, 0.5**0.5)
"""Turns a shape made with z up so that y is up: x stays, y becomes -z."""


@dataclass(frozen=True, eq=False)
class StaticShape:
    """A shape that never moves.

    Attributes:
        pose: of the shape's frame, in the world.
        friction: its material's coefficient; Isaac Gym averages it with the touching shape's.
        segmentation_id: label in segmentation images.
    """

    pose: Transform
    friction: float
    segmentation_id: int


@dataclass(frozen=True, eq=False)
class Plane(StaticShape):
    """All points below z = 0 of the frame."""


@dataclass(frozen=True, eq=False)
class HeightField(StaticShape):
    """Heights over a grid, with its corner at the frame's origin and z up.

    Each cell is two triangles that meet along the line from its lowest corner in x and y to its
    highest, as MuJoCo cuts it.

    Attributes:
        heights: [m], first axis x, second y, shape (nx, ny), float32, nx and ny at least 2.
        spacing: of the samples along x and y [m].
    """

    heights: np.ndarray
    spacing: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Box(StaticShape):
    """A box about the frame's origin.

    Attributes:
        half_sizes: along x, y and z [m], shape (3,).
    """

    half_sizes: np.ndarray


@dataclass(frozen=True, eq=False)
class ConvexSolid(StaticShape):
    """The convex hull of points.

    Attributes:
        vertices: [m], shape (n, 3).
        triangles: of its surface, facing out, shape (m, 3).
    """

    vertices: np.ndarray
    triangles: np.ndarray


def static_name(shape: StaticShape, taken: Mapping[str, StaticShape]) -> str:
    """Name of a new static shape."""
    return GROUND if isinstance(shape, Plane) and GROUND not in taken else f"static/{len(taken)}"


def up_rotation(up_axis: UpAxis) -> Quat:
    """Turns shapes made with z up to the world's up axis."""
    return Quat() if up_axis == UpAxis.UP_AXIS_Z else Z_UP_TO_Y_UP


def vec3(values: np.ndarray) -> Vec3:
    """An array of shape (3,) as Vec3."""
    return Vec3(*(float(value) for value in values))
