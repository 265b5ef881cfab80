"""Tells of a robot whose collision shapes are stuck in each other in the pose that it begins in."""

import logging
from typing import TYPE_CHECKING, Sequence

if TYPE_CHECKING:
    from humanoid_gym.tasks.simulated_task import SimulatedTask

logger = logging.getLogger(__name__)

LEAST_OVERLAP = 0.005
"""Shapes that overlap less than this [m] slide; convex hulls of neighbours often do."""


def warn_of_stuck_links(task: "SimulatedTask", joint_positions: Sequence[float]) -> None:
    """Warn of each pair of links that overlap: thousands of newtons lock the joints between them.

    A robot learns to stand like that, and nothing else. A simulator without `extensions` cannot
    tell.

    Args:
        task: its simulation is prepared; all environments have one robot each.
        joint_positions: of the robot [rad or m], in the order of its DOFs.
    """
    if task.extensions is None:
        return
    env = task.gym.get_env(task.sim, 0)
    for first, second, depth in task.extensions.self_overlaps(env, joint_positions):
        if depth < LEAST_OVERLAP:
            continue
        logger.warning(
            "collision shapes of '%s' and '%s' overlap by %.0f mm in the default pose, which locks "
            "the joints between them; correct the shapes in the robot's file, or set "
            "task.self_collisions=false",
            first,
            second,
            1e3 * depth,
        )
