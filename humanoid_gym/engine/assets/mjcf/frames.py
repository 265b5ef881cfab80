"""`<compiler>` settings, and poses in the many ways that MJCF writes an orientation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from humanoid_gym.engine.assets.errors import UnsupportedAssetError
from humanoid_gym.engine.assets.geometry import multiply_quaternions
from humanoid_gym.engine.assets.model import IDENTITY, Pose
from humanoid_gym.engine.assets.xml_source import XmlElement

ORIGIN = (0.0, 0.0, 0.0)
AUTO = "auto"


@dataclass
class Compiler:
    """Settings of a file, with Isaac Gym's defaults."""

    degrees: bool = True
    euler_sequence: str = "xyz"
    mesh_folder: Path = Path()
    strip_path: bool = False
    auto_limits: bool = False
    """A range without `limited` is a limit: on by default in MuJoCo, off in Isaac Gym."""
    inertia_from_geom: str = AUTO
    """'true', 'false' or 'auto': from geoms where there is no `<inertial>`."""
    total_mass: float = -1.0
    """[kg]; not above zero: as the file says."""
    bound_mass: float = 0.0
    bound_inertia: float = 0.0

    @property
    def angle(self) -> str:
        """The file's word for its unit of angle."""
        return "degree" if self.degrees else "radian"

    @property
    def angle_unit(self) -> float:
        """Radians in a unit of the file's angles."""
        return math.radians(1.0) if self.degrees else 1.0

    def limited(self, element: XmlElement, range_attribute: str, attribute: str) -> bool:
        """Whether a range of the element is a limit."""
        word = element.attributes.get(attribute, AUTO).strip()
        if word == AUTO:
            return self.auto_limits and range_attribute in element.attributes
        return is_true(element, attribute)


def read_compiler(document: XmlElement) -> Compiler:
    """Read all `<compiler>` elements; a later one wins.

    Raises:
        UnsupportedAssetError: global coordinates, which MuJoCo gave up as well.
        AssetError: a setting that is none.
    """
    compiler = Compiler(mesh_folder=document.file.parent)
    for element in document.find_all("compiler"):
        _read_settings(element, compiler, document.file.parent)
    return compiler


def _read_settings(element: XmlElement, compiler: Compiler, folder: Path) -> None:
    words = element.attributes
    if words.get("coordinate", "local") != "local":
        error = element.error(
            f'coordinate="{words["coordinate"]}" is not supported',
            "Save the model with local coordinates by an old MuJoCo (2.3.3 or older)",
        )
        raise UnsupportedAssetError(str(error))
    unit = one_of(element, "angle", ("degree", "radian"), compiler.angle)
    compiler.degrees = unit == "degree"
    sequence = words.get("eulerseq", compiler.euler_sequence)
    if len(sequence) != 3 or sequence.strip("xyzXYZ"):
        raise element.error(f'eulerseq="{sequence}"', "Write three letters of xyzXYZ")
    compiler.euler_sequence = sequence
    for name in ("assetdir", "meshdir"):
        if name in words:
            compiler.mesh_folder = folder / words[name]
    compiler.strip_path = is_true(element, "strippath", compiler.strip_path)
    compiler.auto_limits = is_true(element, "autolimits", compiler.auto_limits)
    words_of_inertia = ("true", "false", AUTO)
    compiler.inertia_from_geom = one_of(
        element, "inertiafromgeom", words_of_inertia, compiler.inertia_from_geom
    )
    compiler.total_mass = element.number("settotalmass", compiler.total_mass)
    compiler.bound_mass = element.number("boundmass", compiler.bound_mass, minimum=0.0)
    compiler.bound_inertia = element.number("boundinertia", compiler.bound_inertia, minimum=0.0)


def one_of(element: XmlElement, attribute: str, words: tuple[str, ...], default: str) -> str:
    """The attribute, which must be one of the words; the default where it is missing.

    Raises:
        AssetError: another word.
    """
    word = element.attributes.get(attribute)
    if word is None:
        return default
    if word.strip() not in words:
        raise element.error(
            f'{attribute}="{word}" of <{element.tag}>', f"Write one of {', '.join(words)}"
        )
    return word.strip()


def is_true(element: XmlElement, attribute: str, default: bool = False) -> bool:
    """The attribute as a truth value.

    Raises:
        AssetError: neither true nor false (nor auto, which is false here).
    """
    words = ("true", "false", AUTO, "1", "0")
    word = one_of(element, attribute, words, "true" if default else "false")
    return word in ("true", "1")


def read_pose(element: XmlElement, compiler: Compiler) -> Pose:
    """`pos` and the orientation of an element."""
    return Pose(element.vector("pos", ORIGIN), read_rotation(element, compiler))


def read_rotation(element: XmlElement, compiler: Compiler) -> np.ndarray:
    """The orientation of an element as a unit quaternion xyzw, shape (4,).

    Raises:
        AssetError: a zero axis, a zero quaternion, or parallel axes.
    """
    words = element.attributes
    if "quat" in words:
        w, x, y, z = _unit(element, "quat", element.vector("quat", (0.0,) * 4))
        return np.array([x, y, z, w])
    if "axisangle" in words:
        *axis, angle = element.vector("axisangle", (0.0,) * 4)
        return axis_angle(_unit(element, "axisangle", np.array(axis)), angle * compiler.angle_unit)
    if "euler" in words:
        angles = element.vector("euler", ORIGIN) * compiler.angle_unit
        return euler(angles, compiler.euler_sequence)
    if "xyaxes" in words:
        return _from_xy_axes(element)
    if "zaxis" in words:
        return z_to(_unit(element, "zaxis", element.vector("zaxis", ORIGIN)))
    return np.array(IDENTITY)


def axis_angle(axis: np.ndarray, angle: float) -> np.ndarray:
    """Quaternion xyzw of a turn by angle [rad] about a unit axis, shape (3,)."""
    return np.append(math.sin(0.5 * angle) * axis, math.cos(0.5 * angle))


def euler(angles: np.ndarray, sequence: str) -> np.ndarray:
    """Quaternion xyzw of three turns [rad]; small letters turn with the frame, capitals do not."""
    rotation = np.array(IDENTITY)
    for angle, letter in zip(angles, sequence, strict=True):
        turn = axis_angle(np.eye(3)["xyz".index(letter.lower())], angle)
        pair = (rotation, turn) if letter.islower() else (turn, rotation)
        rotation = multiply_quaternions(*pair)
    return rotation


def z_to(direction: np.ndarray) -> np.ndarray:
    """Quaternion xyzw of the smallest turn that brings z to a unit vector, shape (3,)."""
    axis = np.cross([0.0, 0.0, 1.0], direction)
    sine = np.linalg.norm(axis)
    if sine < 1e-10:
        return np.array(IDENTITY) if direction[2] > 0.0 else np.array([1.0, 0.0, 0.0, 0.0])
    return axis_angle(axis / sine, math.atan2(float(sine), float(direction[2])))


def _from_xy_axes(element: XmlElement) -> np.ndarray:
    values = element.vector("xyaxes", (0.0,) * 6)
    x = _unit(element, "xyaxes", values[:3])
    y = _unit(element, "xyaxes", values[3:] - x * (x @ values[3:]))
    return matrix_to_quaternion(np.column_stack([x, y, np.cross(x, y)]))


def matrix_to_quaternion(matrix: np.ndarray) -> np.ndarray:
    """Quaternion xyzw of a rotation matrix, shape (3, 3)."""
    m = matrix
    squares = 0.25 * np.array(
        [
            1.0 + m[0, 0] - m[1, 1] - m[2, 2],
            1.0 - m[0, 0] + m[1, 1] - m[2, 2],
            1.0 - m[0, 0] - m[1, 1] + m[2, 2],
            1.0 + m[0, 0] + m[1, 1] + m[2, 2],
        ]
    )
    products = 0.25 * np.array(
        [
            [0.0, m[0, 1] + m[1, 0], m[0, 2] + m[2, 0], m[2, 1] - m[1, 2]],
            [m[0, 1] + m[1, 0], 0.0, m[1, 2] + m[2, 1], m[0, 2] - m[2, 0]],
            [m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], 0.0, m[1, 0] - m[0, 1]],
            [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], 0.0],
        ]
    )
    largest = int(np.argmax(squares))
    quaternion = (products + np.diag(squares))[largest]
    return quaternion / np.linalg.norm(quaternion)


def _unit(element: XmlElement, attribute: str, vector: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vector)
    if length < 1e-10:
        raise element.error(
            f'{attribute}="{element.attributes[attribute]}" of <{element.tag}> gives no direction',
            "Give numbers that are not all zero, and axes that are not parallel",
        )
    return vector / length
