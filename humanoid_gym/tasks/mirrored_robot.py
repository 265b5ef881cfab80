"""How a robot's joints and links change in the mirror, found in its description.

No names are looked at.
"""

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, TypeVar

import numpy as np

from humanoid_gym.deployment.description import Body
from humanoid_gym.deployment.kinematics import link_poses
from humanoid_gym.deployment.robot_description import read_body
from humanoid_gym.mirror import PSEUDOVECTOR, VECTOR, Reflection
from humanoid_gym.tasks.task_config import find_asset

APART = 0.01
"""A part is another one's mirror image if it is at most so far from the image's place [m]."""
ALIGNED = 0.99
"""… and the cosine of the angle between their axes is at least this."""


class _Axis(NamedTuple):
    """Where a joint is with all joints at 0, in the base's frame."""

    place: np.ndarray
    direction: np.ndarray
    prismatic: bool

    def image(self) -> "_Axis":
        """Return the joint that moves in the mirror as this one does."""
        kind = VECTOR if self.prismatic else PSEUDOVECTOR
        place, direction = self.place * VECTOR.sign, self.direction * kind.sign
        return _Axis(place, direction, self.prismatic)

    def fits(self, other: "_Axis") -> bool:
        """Whether both move the same way, forwards or backwards."""
        aligned = abs(float(self.direction @ other.direction)) > ALIGNED
        return aligned and self.prismatic == other.prismatic

    def distance(self, other: "_Axis") -> float:
        """Return how far the joints are apart [m]."""
        return float(np.linalg.norm(self.place - other.place))


class _Frame(NamedTuple):
    """Where a link is with all joints at 0, in the base's frame, and what moves it."""

    place: np.ndarray
    axes: np.ndarray
    joint: Optional[_Axis]

    def image(self) -> "_Frame":
        """Return the link that is and moves in the mirror as this one does."""
        plane = np.array(VECTOR.sign)
        joint = None if self.joint is None else self.joint.image()
        return _Frame(self.place * plane, plane[:, None] * self.axes * plane, joint)

    def fits(self, other: "_Frame") -> bool:
        """Whether both are turned and move the same way."""
        if self.joint is None or other.joint is None:
            alike = self.joint is other.joint
        else:
            alike = self.joint.fits(other.joint)
        return alike and float((self.axes * other.axes).sum(0).min()) > ALIGNED

    def distance(self, other: "_Frame") -> float:
        """Return how far the links' origins are apart [m]."""
        return float(np.linalg.norm(self.place - other.place))


_Part = TypeVar("_Part", _Axis, _Frame)


def mirrored_joints(asset: str, joint_names: Sequence[str]) -> Reflection:
    """Return how joint positions, velocities and actions change when left and right are exchanged.

    A joint's counterpart is where the plane y = 0 of the base mirrors it to, with the mirrored
    axis; the sign says whether both axes point the same way.

    Args:
        asset: the robot's URDF, as in `TaskConfig.asset`.
        joint_names: the columns.

    Raises:
        ConfigError: the description cannot be read.
        ValueError: it lacks a joint of that name, or a joint has no counterpart.
    """
    axes = _axes(read_body(find_asset(asset), ()))
    absent = [name for name in joint_names if name not in axes]
    if absent:
        raise ValueError(f"'{asset}' has no joint '{absent[0]}'")
    listed = [axes[name] for name in joint_names]
    source = _counterparts(asset, [f"joint '{name}'" for name in joint_names], listed)
    images = [axis.image().direction for axis in listed]
    sign = [float(np.sign(image @ listed[k].direction)) for image, k in zip(images, source)]
    return Reflection(source, tuple(sign))


def mirrored_links(asset: str, names: Sequence[str]) -> Tuple[int, ...]:
    """Return the link that is each one's mirror image; itself in the middle of the robot.

    A link's counterpart is where the plane y = 0 of the base mirrors it to, with mirrored axes,
    moved by the mirrored joint.

    Args:
        asset: the robot's URDF, as in `TaskConfig.asset`.
        names: of the links, which exist.

    Raises:
        ConfigError: the description cannot be read.
        ValueError: a link has no counterpart among them.
    """
    frames = _frames(read_body(find_asset(asset), (), bare_feet=True))
    try:
        return _counterparts(
            asset, [f"link '{name}'" for name in names], [frames[n] for n in names]
        )
    except ValueError as error:
        raise ValueError(f"{error}, among {', '.join(names)}") from None


def _counterparts(asset: str, titles: Sequence[str], parts: Sequence[_Part]) -> Tuple[int, ...]:
    """Return which of the parts is each one's mirror image.

    Raises:
        ValueError: none is.
    """
    found: List[int] = []
    for title, part in zip(titles, parts):
        image = part.image()
        far = [image.distance(other) if image.fits(other) else np.inf for other in parts]
        found.append(int(np.argmin(far)))
        if far[found[-1]] > APART:
            x, y, z = image.place
            raise ValueError(
                f"'{asset}' is not symmetric: {title} has no counterpart with mirrored axes "
                f"within {APART} m of ({x:.3f}, {y:.3f}, {z:.3f}) in the base's frame"
            )
    return tuple(found)


def _axes(body: Body) -> Dict[str, _Axis]:
    return {
        link.joint: frame.joint
        for link, frame in zip(body.links, _frames(body).values())
        if link.joint is not None and frame.joint is not None
    }


def _frames(body: Body) -> Dict[str, _Frame]:
    frames = {}
    for link, (place, turn) in zip(body.links, link_poses(body.links, {})):
        fixed = link.joint is None
        joint = None if fixed else _Axis(place, turn @ np.array(link.axis), link.prismatic)
        frames[link.name] = _Frame(place, turn, joint)
    return frames
