"""The robot that moves: its joints, its legs' inverse kinematics, masses and soles.

The dimensions are those of `resources/urdf/humanoid24/dimensions.py`. Rotations are matrices
(T, 3, 3), T frames at once.
"""

import xml.etree.ElementTree as ElementTree
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Dict, List, NamedTuple

import numpy as np
import yaml
from dimensions import (
    ANKLE_HEIGHT,
    HIP_PITCH_WIDTH,
    HIP_ROLL_OFFSET,
    LEG_JOINTS,
    SHIN_LENGTH,
    THIGH_LENGTH,
)

from humanoid_gym.deployment.kinematics import link_poses
from humanoid_gym.deployment.robot_description import read_body

ROOT = Path(__file__).resolve().parents[3]
URDF = ROOT / "resources" / "urdf" / "humanoid24" / "humanoid24.urdf"
TASK = ROOT / "cfg" / "task" / "humanoid_walk.yaml"
SIDES: Dict[str, float] = {"left": 1.0, "right": -1.0}
"""Sign of a side's y."""
HIP_OFFSET = HIP_PITCH_WIDTH + HIP_ROLL_OFFSET
"""From the pelvis' origin to the point where a hip's three axes meet [m]."""


class JointLimits(NamedTuple):
    """What the URDF says of a joint."""

    lower: float
    """[rad]"""
    upper: float
    """[rad]"""
    speed: float
    """[rad/s]"""


def read_limits() -> Dict[str, JointLimits]:
    """Return limits by joint, in the order of the URDF file."""
    limits = {}
    for joint in ElementTree.parse(str(URDF)).getroot().findall("joint"):
        limit = joint.find("limit")
        if limit is not None:
            lower, upper, speed = (float(limit.get(k, "")) for k in ("lower", "upper", "velocity"))
            limits[joint.get("name", "")] = JointLimits(lower, upper, speed)
    return limits


LIMITS = read_limits()
JOINTS: List[str] = list(LIMITS)


def read_default_pose() -> Dict[str, float]:
    """Return the walking task's default joint positions [rad]."""
    given = yaml.safe_load(TASK.read_text(encoding="utf-8"))["default_pose"]
    return {
        joint: next((v for pattern, v in given.items() if fnmatchcase(joint, pattern)), 0.0)
        for joint in JOINTS
    }


def turn(axis: str, angle: np.ndarray) -> np.ndarray:
    """Return rotations (T, 3, 3) about a coordinate axis by angles (T,) [rad]."""
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrices = np.tile(np.eye(3), (len(angle), 1, 1))
    matrices[:, i, i] = matrices[:, j, j] = np.cos(angle)
    matrices[:, j, i] = np.sin(angle)
    matrices[:, i, j] = -matrices[:, j, i]
    return matrices


def turned(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return vectors (T, 3) turned by rotations (T, 3, 3)."""
    return (matrices @ vectors[..., None])[..., 0]


def transposed(matrices: np.ndarray) -> np.ndarray:
    """Return the inverse rotations (T, 3, 3)."""
    return np.swapaxes(matrices, -1, -2)


def leg_joints(side: str, place: np.ndarray, rotation: np.ndarray) -> Dict[str, np.ndarray]:
    """Return the joint positions (T,) [rad] that put a foot where it is wanted, in closed form.

    The axes of the hip meet in one point and those of the ankle in another, so the distance of
    the two gives the knee, its direction seen from the foot the ankle, and the rest the hip.

    Args:
        side: `left` or `right`.
        place: of the foot link's origin in the pelvis' frame [m], shape (T, 3).
        rotation: of the foot in the pelvis' frame, shape (T, 3, 3).

    A leg that is too short is stretched, which the margin of the knee's limit rules out.
    """
    hip = np.array([0.0, SIDES[side] * HIP_OFFSET, 0.0])
    away = turned(transposed(rotation), hip - place)  # the hip seen from the foot
    cosine = ((away**2).sum(-1) - THIGH_LENGTH**2 - SHIN_LENGTH**2) / 2 / THIGH_LENGTH / SHIN_LENGTH
    knee = np.arccos(np.clip(cosine, -1.0, 1.0))
    lean = np.arctan2(-THIGH_LENGTH * np.sin(knee), SHIN_LENGTH + THIGH_LENGTH * np.cos(knee))
    upward = np.hypot(away[:, 1], away[:, 2])
    ankle_pitch = lean - np.arctan2(away[:, 0], upward)
    ankle_roll = np.arctan2(away[:, 1], away[:, 2])
    thigh = rotation @ turn("x", -ankle_roll) @ turn("y", -ankle_pitch - knee)
    values = (
        np.arctan2(thigh[:, 0, 2], thigh[:, 2, 2]),
        -np.arcsin(thigh[:, 1, 2]),
        np.arctan2(thigh[:, 1, 0], thigh[:, 1, 1]),
        knee,
        ankle_pitch,
        ankle_roll,
    )
    return {side + end: value for end, value in zip(LEG_JOINTS, values)}


class Body:
    """Where the links' masses are, and the points that a foot stands on."""

    def __init__(self) -> None:
        description = read_body(URDF, [f"{side}_foot" for side in SIDES])
        self._links = description.links
        self._feet = description.feet
        self.masses = np.array([link.mass for link in self._links])  # (L,) [kg]

    def mass_centers(self, joints: np.ndarray) -> np.ndarray:
        """Return each link's centre of mass in the pelvis' frame [m], shape (T, L, 3)."""
        poses = link_poses(self._links, dict(zip(JOINTS, joints.T)))
        centers = [
            place + rotation @ np.array(link.center_of_mass)
            for link, (place, rotation) in zip(self._links, poses)
        ]
        return np.stack(centers, 1)

    def center_of_mass(self, joints: np.ndarray) -> np.ndarray:
        """Return the centre of mass in the pelvis' frame [m], shape (T, 3)."""
        return self.masses @ self.mass_centers(joints) / self.masses.sum()

    def sole_points(self, joints: np.ndarray) -> np.ndarray:
        """Return what feet stand on in the pelvis' frame [m], shape (T, 2, P, 3), left first.

        They lie in the plane of the sole, below the centres of its rounded ends.
        """
        poses = link_poses(self._links, dict(zip(JOINTS, joints.T)))
        names = [link.name for link in self._links]
        feet = []
        for foot in self._feet:
            place, rotation = poses[names.index(foot.link)]
            local = [np.array(p.position) - [0.0, 0.0, p.radius] for p in foot.points]
            feet.append(place[:, None] + np.array(local) @ transposed(rotation))
        return np.stack(feet, 1)


def standing_height(pose: Dict[str, float]) -> float:
    """Return the pelvis' height [m] when it stands upright with level soles in a pose."""
    hip, knee = pose["left_hip_pitch"], pose["left_knee"]
    return float(ANKLE_HEIGHT + THIGH_LENGTH * np.cos(hip) + SHIN_LENGTH * np.cos(hip + knee))
