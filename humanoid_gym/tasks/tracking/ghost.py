"""A user at the viewer sees the reference: lines from link to link."""

from typing import TYPE_CHECKING, List, Mapping, Sequence, Tuple

import numpy as np

from humanoid_gym.deployment.description import Link
from humanoid_gym.deployment.robot_description import read_body
from humanoid_gym.tasks.task_config import find_asset

if TYPE_CHECKING:
    from humanoid_gym.tasks.tracking.motion_tracking import MotionTracking

COLOR = (0.1, 0.8, 0.2)
"""Of the lines, RGB."""


class Ghost:
    """The reference as a skeleton of lines beside the first environment's robot.

    Args:
        task: that tracks it.
    """

    keys: Mapping[str, str] = {}

    def __init__(self, task: "MotionTracking") -> None:
        self._task = task
        links = read_body(find_asset(task.config.asset), (), bare_feet=True).links
        self._pairs = skeleton(links, task.config.bodies)

    def press(self, action: str) -> None:
        """Do nothing: there are no keys."""

    def frame(self) -> Tuple[np.ndarray, np.ndarray]:
        """Return lines [m] (n, 2, 3) in the first environment's frame, and colors (n, 3)."""
        task = self._task
        places = np.array(task.reference(task.frame).bodies[0, :, 0:3].tolist())
        lines = places[self._pairs].reshape(-1, 2, 3).astype(np.float32)
        return lines, np.tile(np.array(COLOR, np.float32), (len(lines), 1))


def skeleton(links: Sequence[Link], bodies: Sequence[str]) -> np.ndarray:
    """Return pairs of bodies to join by lines, shape (n, 2) int64.

    Each body is joined to the nearest one between it and the base.

    Args:
        links: of the robot, parents before their children.
        bodies: names of some of them.
    """
    nearest: List[int] = []  # of each link: the body it is, or else the nearest one above it
    pairs: List[Tuple[int, int]] = []
    for link in links:
        above = nearest[link.parent] if link.parent >= 0 else -1
        own = bodies.index(link.name) if link.name in bodies else -1
        if own >= 0 and above >= 0:
            pairs.append((above, own))
        nearest.append(own if own >= 0 else above)
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
