"""The spaces of a task, for libraries that want to know them as Gym or Gymnasium objects."""

from typing import Any, NamedTuple, Optional

import numpy as np

from humanoid_gym.rl.vec_env import VecEnv

Box = Any  # gymnasium.spaces.Box or gym.spaces.Box


class BoxSpaces(NamedTuple):
    """Spaces of one environment."""

    observation: Box
    """Unbounded, shape (num_obs,)."""
    state: Optional[Box]
    """Unbounded, shape (num_states,); None if the task has none."""
    action: Box
    """Within [-1, 1], shape (num_actions,)."""


def box_spaces(env: VecEnv, spaces: Any) -> BoxSpaces:  # noqa: ANN401 - a module
    """Describe a task's tensors.

    Args:
        env: the task.
        spaces: module with the class `Box`: `gymnasium.spaces` or `gym.spaces`.
    """

    def unbounded(width: int) -> Box:
        return spaces.Box(-np.inf, np.inf, (width,), np.float32)

    return BoxSpaces(
        observation=unbounded(env.num_obs),
        state=unbounded(env.num_states) if env.num_states > 0 else None,
        action=spaces.Box(-1.0, 1.0, (env.num_actions,), np.float32),
    )
