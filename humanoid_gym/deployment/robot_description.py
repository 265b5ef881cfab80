"""Masses, kinematics and foot geometry out of a URDF file, without a simulator."""

import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Sequence, Tuple, Union

import numpy as np

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment.description import (
    Body,
    Foot,
    FootPoint,
    Link,
    Quaternion,
    Vector,
)
from humanoid_gym.deployment.kinematics import rotation_matrix

_RIM_POINTS = 8
"""Points that stand for the rim of a cylinder."""
_Element = ElementTree.Element


def read_body(path: Union[str, Path], feet: Sequence[str], bare_feet: bool = False) -> Body:
    """Read what the stability check needs.

    Args:
        path: URDF file.
        feet: names of the links that the robot stands on. Of a box its lower side bears load, of
            balls, capsules and cylinders all of it; other shapes do not count.
        bare_feet: whether a foot may have nothing that counts.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: the file is not a URDF tree, or a foot has no shape to stand on.
    """
    robot = _read(path)
    try:
        return _body(robot, feet, bare_feet, str(path))
    except ConfigError:
        raise
    except ValueError as error:  # of a number that is none
        raise ConfigError(f"{path}: not readable as URDF: {error}") from error


def read_joint_names(path: Union[str, Path]) -> Tuple[str, ...]:
    """Return the joints of a URDF file that move, in the order in which they stand there.

    That is how many programs order joints that they do not name.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: it is no XML.
    """
    joints = _read(path).findall("joint")
    return tuple(str(joint.get("name")) for joint in joints if _moves(joint))


def _moves(joint: _Element) -> bool:
    return joint.get("type") not in ("fixed", "floating")


def _read(path: Union[str, Path]) -> _Element:
    try:
        return ElementTree.parse(str(path)).getroot()
    except ElementTree.ParseError as error:
        raise ConfigError(f"{path}: not readable as URDF: {error}") from error


def _body(robot: _Element, feet: Sequence[str], bare_feet: bool, path: str) -> Body:
    elements = {str(link.get("name")): link for link in robot.findall("link")}
    joints = {_child(joint): joint for joint in robot.findall("joint")}
    links = _links(elements, joints, path)
    found = tuple(_foot(name, elements, path) for name in feet)
    bare = [foot.link for foot in found if not foot.points]
    if bare and not bare_feet:
        raise ConfigError(
            f"{path}: link '{bare[0]}' has no box, ball, capsule or cylinder to stand on"
        )
    return Body(tuple(links), found)


def _links(elements: Dict[str, _Element], joints: Dict[str, _Element], path: str) -> List[Link]:
    waiting = list(elements)
    links: List[Link] = []
    places: Dict[str, int] = {}
    while waiting:
        ready = [n for n in waiting if n not in joints or _parent(joints[n]) in places]
        if not ready:
            raise ConfigError(f"{path}: link '{waiting[0]}' is not connected to the base")
        for name in ready:
            joint = joints.get(name)
            parent = -1 if joint is None else places[_parent(joint)]
            places[name] = len(links)
            links.append(_link(name, elements[name], joint, parent, path))
        waiting = [name for name in waiting if name not in places]
    if [link.parent for link in links].count(-1) != 1:
        raise ConfigError(f"{path}: expected one base link")
    return links


def _link(name: str, element: _Element, joint: Optional[_Element], parent: int, path: str) -> Link:
    inertial = element.find("inertial")
    mass = inertial.find("mass") if inertial is not None else None
    center, _ = _origin(inertial)
    position, rotation = _origin(joint)
    moves = joint is not None and _moves(joint)
    # files give fixed joints an axis of "0 0 0", too
    axis = joint.find("axis") if joint is not None and moves else None
    direction = np.array(_numbers(axis.get("xyz") if axis is not None else None, "1 0 0"))
    length = float(np.linalg.norm(direction))
    if length == 0.0:
        raise ConfigError(f"{path}: the joint that moves link '{name}' has an axis of length 0")
    return Link(
        name=name,
        parent=parent,
        position=position,
        rotation=rotation,
        mass=float(mass.get("value", 0.0)) if mass is not None else 0.0,
        center_of_mass=center,
        joint=str(joint.get("name")) if joint is not None and moves else None,
        axis=_vector(direction / length),
        prismatic=joint is not None and joint.get("type") == "prismatic",
    )


def _foot(name: str, elements: Dict[str, _Element], path: str) -> Foot:
    if name not in elements:
        raise ConfigError(f"{path}: there is no link '{name}' for a foot")
    points: List[FootPoint] = []
    for collision in elements[name].findall("collision"):
        position, rotation = _origin(collision)
        geometry = collision.find("geometry")
        for shape in geometry if geometry is not None else ():
            for local, radius in _bearing_points(shape):
                place = np.array(position) + rotation_matrix(rotation) @ local
                points.append(FootPoint(_vector(place), radius))
    return Foot(name, tuple(points))


def _bearing_points(shape: _Element) -> List[Tuple[np.ndarray, float]]:
    """Return places in the shape's frame and radii of what may touch the ground."""
    if shape.tag == "box":
        x, y, z = (0.5 * edge for edge in _numbers(shape.get("size"), "0 0 0"))
        return [(np.array([a * x, b * y, -z]), 0.0) for a in (-1, 1) for b in (-1, 1)]
    radius, half = float(shape.get("radius", 0.0)), 0.5 * float(shape.get("length", 0.0))
    if shape.tag == "sphere":
        return [(np.zeros(3), radius)]
    if shape.tag == "capsule":
        return [(np.array([0.0, 0.0, end * half]), radius) for end in (-1, 1)]
    if shape.tag == "cylinder":
        angles = [2.0 * math.pi * k / _RIM_POINTS for k in range(_RIM_POINTS)]
        rim = [(radius * math.cos(a), radius * math.sin(a)) for a in angles]
        return [(np.array([x, y, end * half]), 0.0) for x, y in rim for end in (-1, 1)]
    return []


def _origin(element: Optional[_Element]) -> Tuple[Vector, Quaternion]:
    origin = element.find("origin") if element is not None else None
    if origin is None:
        return (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)
    roll, pitch, yaw = _numbers(origin.get("rpy"), "0 0 0")
    return _vector(_numbers(origin.get("xyz"), "0 0 0")), quaternion_of(roll, pitch, yaw)


def quaternion_of(roll: float, pitch: float, yaw: float) -> Quaternion:
    """Return the quaternion x y z w of rotations about the fixed axes x, then y, then z [rad]."""
    (sx, cx), (sy, cy), (sz, cz) = (
        (math.sin(0.5 * angle), math.cos(0.5 * angle)) for angle in (roll, pitch, yaw)
    )
    return (
        sx * cy * cz - cx * sy * sz,
        cx * sy * cz + sx * cy * sz,
        cx * cy * sz - sx * sy * cz,
        cx * cy * cz + sx * sy * sz,
    )


def _parent(joint: _Element) -> str:
    return _named_link(joint, "parent")


def _child(joint: _Element) -> str:
    return _named_link(joint, "child")


def _named_link(joint: _Element, role: str) -> str:
    element = joint.find(role)
    return str(element.get("link")) if element is not None else ""


def _numbers(text: Optional[str], default: str) -> List[float]:
    return [float(word) for word in (text or default).split()]


def _vector(values: Iterable[float]) -> Vector:
    x, y, z = (float(value) for value in values)
    return x, y, z
