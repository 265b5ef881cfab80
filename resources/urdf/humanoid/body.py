"""Rigid bodies made of capsules and spheres, and their inertia."""

import math
from typing import List, NamedTuple, Optional, Tuple

import numpy as np
from anatomy import Vector


class Shape(NamedTuple):
    """A capsule along its own z axis, or a sphere where length is zero, in the link's frame."""

    centre: Vector
    """[m]"""
    rpy: Vector
    """[rad] roll, pitch, yaw as URDF defines them."""
    radius: float
    """[m]"""
    length: float
    """[m] without the caps"""
    material: str
    visible: bool = True
    """Part of the body: drawn, and counted in its inertia."""
    collides: bool = True

    def volume(self) -> float:
        """Volume [m^3]."""
        return capsule_volume(self.radius, self.length)

    def rotation(self) -> np.ndarray:
        """Rotation from the shape's axes to the link's, shape (3, 3); yaw is always zero."""
        (sr, sp), (cr, cp) = np.sin(self.rpy[:2]), np.cos(self.rpy[:2])
        return np.array([[cp, sp * sr, sp * cr], [0.0, cr, -sr], [-sp, cp * sr, cp * cr]])

    def inertia(self, density: float) -> np.ndarray:
        """Inertia about the shape's centre in the link's axes [kg m^2], shape (3, 3)."""
        r, h = self.radius, self.length
        cylinder = density * math.pi * r**2 * h
        caps = density * 4.0 / 3.0 * math.pi * r**3
        axial = cylinder * r**2 / 2.0 + caps * 2.0 / 5.0 * r**2
        lateral = cylinder * (h**2 / 12.0 + r**2 / 4.0)
        lateral += caps * (2.0 / 5.0 * r**2 + h**2 / 4.0 + 3.0 / 8.0 * h * r)
        turn = self.rotation()
        return turn @ np.diag([lateral, lateral, axial]) @ turn.T


class Joint(NamedTuple):
    """A hinge between a link and its parent."""

    name: str
    parent: str
    origin: Vector
    """[m] in the parent's frame"""
    axis: Vector
    range: Tuple[float, float]
    """[degrees] from the zero pose"""
    effort: float
    """[N m]"""


class Link(NamedTuple):
    """A rigid body: mass [kg] spread uniformly over its visible shapes."""

    name: str
    mass: float
    shapes: List[Shape]
    joint: Optional[Joint]

    def density(self) -> float:
        """Density [kg/m^3]."""
        return self.mass / sum(shape.volume() for shape in self.shapes if shape.visible)

    def inertial(self) -> Tuple[np.ndarray, np.ndarray]:
        """Centre of mass [m], shape (3,), and inertia about it [kg m^2], shape (3, 3)."""
        solid = [shape for shape in self.shapes if shape.visible]
        density = self.density()
        masses = np.array([density * shape.volume() for shape in solid])
        com = masses @ np.array([shape.centre for shape in solid]) / self.mass
        inertia = np.zeros((3, 3))
        for shape, mass in zip(solid, masses):
            offset = np.array(shape.centre) - com
            inertia += shape.inertia(density)
            inertia += mass * (offset @ offset * np.eye(3) - np.outer(offset, offset))
        return com, inertia


def vector(values: np.ndarray, digits: int = 4) -> Vector:
    """Rounded, by default to a tenth of a millimetre, which is finer than any anatomy."""
    x, y, z = (round(float(value), digits) + 0.0 for value in values)
    return (x, y, z)


def capsule_volume(radius: float, length: float) -> float:
    """[m^3]; length [m] without the caps."""
    return math.pi * radius**2 * (length + 4.0 / 3.0 * radius)


def sphere(radius: float, material: str) -> Shape:
    """A ball on the link's origin that only adds mass and looks."""
    zero = (0.0, 0.0, 0.0)
    return Shape(zero, zero, radius, 0.0, material, collides=False)


def capsule(
    start: np.ndarray, end: np.ndarray, radius: float, material: str, **roles: bool
) -> Shape:
    """A capsule whose caps are centred on two points [m]; `roles`: see `Shape`."""
    length = float(np.linalg.norm(end - start))
    x, y, z = (end - start) / length * (-1.0 if end[2] < start[2] else 1.0)
    rpy = vector(np.array([-math.asin(y), math.atan2(x, z), 0.0]), digits=9)
    return Shape(vector((start + end) / 2.0), rpy, radius, round(length, 4), material, **roles)


def point(x: float, y: float, z: float) -> np.ndarray:
    """Shape (3,) [m]."""
    return np.array([x, y, z])


def across(
    half_width: float, x: float, z: float, radius: float, material: str, **roles: bool
) -> Shape:
    """A capsule from right to left."""
    return capsule(point(x, -half_width, z), point(x, half_width, z), radius, material, **roles)
