"""How a robot's joints change in the mirror, found in its description: no names are looked at."""

from typing import Dict, NamedTuple, Sequence

import numpy as np

from humanoid_gym.deployment.description import Body
from humanoid_gym.deployment.kinematics import link_poses
from humanoid_gym.deployment.robot_description import read_body
from humanoid_gym.mirror import PSEUDOVECTOR, VECTOR, Reflection
from humanoid_gym.tasks.task_config import find_asset

APART = 0.01
"""A joint is another one's mirror image if it is at most so far from the image's place [m]."""
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
    source, sign = [], []
    for name, axis in zip(joint_names, listed):
        image = axis.image()
        far = [image.distance(other) if image.fits(other) else np.inf for other in listed]
        k = int(np.argmin(far))
        if far[k] > APART:
            x, y, z = image.place
            raise ValueError(
                f"'{asset}' is not symmetric: joint '{name}' has no counterpart with the mirrored "
                f"axis within {APART} m of ({x:.3f}, {y:.3f}, {z:.3f}) in the base's frame"
            )
        source.append(k)
        sign.append(float(np.sign(image.direction @ listed[k].direction)))
    return Reflection(tuple(source), tuple(sign))


def _axes(body: Body) -> Dict[str, _Axis]:
    poses = link_poses(body.links, {})
    return {
        link.joint: _Axis(place, turn @ np.array(link.axis), link.prismatic)
        for link, (place, turn) in zip(body.links, poses)
        if link.joint is not None
    }
