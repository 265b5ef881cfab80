"""How a robot's feet lie to each other, found in its description: no names are looked at."""

from typing import Dict, NamedTuple, Sequence, Tuple

import numpy as np

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment.kinematics import link_poses
from humanoid_gym.deployment.robot_description import read_body
from humanoid_gym.mirror import VECTOR
from humanoid_gym.tasks.mirrored_robot import APART
from humanoid_gym.tasks.task_config import find_asset


class FootLayout(NamedTuple):
    """A robot's feet in the order of the settings."""

    names: Tuple[str, ...]
    """Of their links."""
    places: np.ndarray
    """Of the links' origins in the base's frame, in the default pose [m], shape (F, 3)."""
    counterparts: Tuple[int, ...]
    """The foot that is nearest to each one's mirror image; itself in the middle of the robot."""
    balls: Tuple[bool, ...]
    """Whether each of them is a ball, which has neither a sole nor a direction."""

    @property
    def sides(self) -> Tuple[int, ...]:
        """1 for each foot on the left, -1 on the right, 0 in the middle."""
        y = self.places[:, 1]
        pairs = enumerate(self.counterparts)
        return tuple(int(np.sign(y[i] - y[k])) if k != i else 0 for i, k in pairs)

    @property
    def pairs(self) -> Tuple[Tuple[int, int], ...]:
        """Each left foot with its right one, from the front to the back."""
        left = [i for i, side in enumerate(self.sides) if side > 0]
        left.sort(key=lambda i: -float(self.places[i, 0]))
        return tuple((i, self.counterparts[i]) for i in left)

    @property
    def are_pairs(self) -> bool:
        """Whether every foot belongs to a pair."""
        return 2 * len(self.pairs) == len(self.names)

    def check_symmetry(self, asset: str) -> None:
        """Refuse feet that are not each other's mirror images.

        Raises:
            ValueError: they are not; the message names one.
        """
        for name, place, k in zip(self.names, self.places, self.counterparts):
            x, y, z = image = place * VECTOR.sign
            if np.linalg.norm(self.places[k] - image) > APART:
                raise ValueError(
                    f"'{asset}' is not symmetric: there is no foot within {APART} m of "
                    f"({x:.3f}, {y:.3f}, {z:.3f}) in the base's frame, where '{name}' is in the "
                    "mirror"
                )


def read_feet(asset: str, names: Sequence[str], joint_position: Dict[str, float]) -> FootLayout:
    """Find feet in a robot's description.

    Args:
        asset: the robot's URDF, as in `TaskConfig.asset`.
        names: of the links.
        joint_position: of the default pose, by joint [rad].

    Raises:
        ConfigError: the description cannot be read, lacks a link, or one is named twice.
    """
    twice = [name for name in names if list(names).count(name) > 1]
    if twice:
        raise ConfigError(f"task.feet: '{twice[0]}' appears twice")
    body = read_body(find_asset(asset), names, bare_feet=True)
    poses = dict(zip([link.name for link in body.links], link_poses(body.links, joint_position)))
    places = np.stack([poses[name][0] for name in names])
    balls = tuple(len(foot.points) == 1 for foot in body.feet)
    return FootLayout(tuple(names), places, _counterparts(places), balls)


def _counterparts(places: np.ndarray) -> Tuple[int, ...]:
    """Pair those that are nearest to each other's mirror image; others are alone."""
    if len(places) == 2:
        return (1, 0)
    images = places * np.array(VECTOR.sign)
    found = np.linalg.norm(images[:, None] - places[None], axis=-1).argmin(1).tolist()
    return tuple(k if found[k] == i else i for i, k in enumerate(found))
