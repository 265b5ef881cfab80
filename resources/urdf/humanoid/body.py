"""Capsules and spheres as this body uses them."""

import math

import numpy as np
from solids import ORIGIN, Shape, Vector


def vector(values: np.ndarray, digits: int = 4) -> Vector:
    """Rounded, by default to a tenth of a millimetre, which is finer than any anatomy."""
    x, y, z = (round(float(value), digits) + 0.0 for value in values)
    return (x, y, z)


def capsule_volume(radius: float, length: float) -> float:
    """[m^3]; length [m] without the caps."""
    return math.pi * radius**2 * (length + 4.0 / 3.0 * radius)


def sphere(radius: float, material: str) -> Shape:
    """A ball on the link's origin that only adds mass and looks."""
    return Shape("sphere", (radius,), ORIGIN, ORIGIN, material, collides=False)


def capsule(
    start: np.ndarray, end: np.ndarray, radius: float, material: str, **roles: bool
) -> Shape:
    """A capsule whose caps are centred on two points [m]; `roles`: see `Shape`."""
    length = float(np.linalg.norm(end - start))
    x, y, z = (end - start) / length * (-1.0 if end[2] < start[2] else 1.0)
    rpy = vector(np.array([-math.asin(y), math.atan2(x, z), 0.0]), digits=9)
    size = (radius, round(length, 4))
    return Shape("capsule", size, vector((start + end) / 2.0), rpy, material, **roles)


def point(x: float, y: float, z: float) -> np.ndarray:
    """Shape (3,) [m]."""
    return np.array([x, y, z])


def across(
    half_width: float, x: float, z: float, radius: float, material: str, **roles: bool
) -> Shape:
    """A capsule from right to left."""
    return capsule(point(x, -half_width, z), point(x, half_width, z), radius, material, **roles)
