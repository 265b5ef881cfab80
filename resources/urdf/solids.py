"""Rigid bodies made of capsules, spheres, cylinders and boxes, and their inertia; every robot's."""

import math
from typing import List, NamedTuple, Optional, Tuple

import numpy as np

Vector = Tuple[float, float, float]
ORIGIN: Vector = (0.0, 0.0, 0.0)


class Shape(NamedTuple):
    """A simple solid in its link's frame."""

    kind: str
    """`capsule` or `cylinder`, both along their own z axis, `sphere` or `box`."""
    size: Tuple[float, ...]
    """[m] capsule, cylinder: radius, length without caps; sphere: radius; box: three edges."""
    centre: Vector
    """[m]"""
    rpy: Vector
    """[rad] roll, pitch, yaw as URDF defines them."""
    material: str
    density: float = 1.0
    """[kg/m^3], or relative to the link's other shapes where the link's mass is given."""
    visible: bool = True
    """Part of the body: drawn, and counted in its inertia."""
    collides: bool = True

    @property
    def radius(self) -> float:
        """[m] of all but boxes."""
        return self.size[0]

    def volume(self) -> float:
        """Volume [m^3]."""
        if self.kind == "box":
            return math.prod(self.size)
        length = self.size[1] if self.kind != "sphere" else 0.0
        caps = 4.0 / 3.0 * self.radius if self.kind != "cylinder" else 0.0
        return math.pi * self.radius**2 * (length + caps)

    def rotation(self) -> np.ndarray:
        """Rotation from the shape's axes to the link's, shape (3, 3)."""
        (sr, sp, sy), (cr, cp, cy) = np.sin(self.rpy), np.cos(self.rpy)
        roll = np.array([[1.0, 0.0, 0.0], [0.0, cr, -sr], [0.0, sr, cr]])
        pitch = np.array([[cp, 0.0, sp], [0.0, 1.0, 0.0], [-sp, 0.0, cp]])
        yaw = np.array([[cy, -sy, 0.0], [sy, cy, 0.0], [0.0, 0.0, 1.0]])
        return yaw @ pitch @ roll

    def inertia(self, mass: float) -> np.ndarray:
        """Inertia of this mass [kg] about the centre in the link's axes [kg m^2], shape (3, 3)."""
        turn = self.rotation()
        return mass * turn @ np.diag(self._squared_gyration_radii()) @ turn.T

    def _squared_gyration_radii(self) -> Tuple[float, float, float]:
        """Inertia about the shape's own axes over its mass [m^2]."""
        if self.kind == "box":
            x, y, z = (edge**2 / 12.0 for edge in self.size)
            return y + z, x + z, x + y
        r = self.radius
        h = self.size[1] if self.kind != "sphere" else 0.0
        tube = math.pi * r**2 * h / self.volume()
        caps = 1.0 - tube
        axial = (0.5 * tube + 0.4 * caps) * r**2
        lateral = tube * (h**2 / 12.0 + r**2 / 4.0)
        lateral += caps * (0.4 * r**2 + h**2 / 4.0 + 3.0 / 8.0 * h * r)
        return lateral, lateral, axial


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
    speed: float
    """Limit [rad/s]"""
    moves: bool = True
    """False: fixed in the zero pose."""


class Link(NamedTuple):
    """A rigid body: mass [kg] spread over its visible shapes, by their densities."""

    name: str
    mass: float
    shapes: List[Shape]
    joint: Optional[Joint]

    def solid(self) -> List[Shape]:
        """The shapes that have mass."""
        return [shape for shape in self.shapes if shape.visible]

    def density(self) -> float:
        """Density of the whole [kg/m^3]."""
        return self.mass / sum(shape.volume() for shape in self.solid())

    def inertial(self) -> Tuple[np.ndarray, np.ndarray]:
        """Centre of mass [m], shape (3,), and inertia about it [kg m^2], shape (3, 3)."""
        weights = np.array([shape.density * shape.volume() for shape in self.solid()])
        masses = self.mass * weights / weights.sum()
        com = masses @ np.array([shape.centre for shape in self.solid()]) / self.mass
        inertia = np.zeros((3, 3))
        for shape, mass in zip(self.solid(), masses):
            offset = np.array(shape.centre) - com
            inertia += shape.inertia(mass)
            inertia += mass * (offset @ offset * np.eye(3) - np.outer(offset, offset))
        return com, inertia


def made_of(name: str, shapes: List[Shape], joint: Optional[Joint]) -> Link:
    """A link whose mass follows from its shapes' densities, to a tenth of a gram."""
    mass = sum(shape.density * shape.volume() for shape in shapes if shape.visible)
    return Link(name, round(mass, 4), shapes, joint)
