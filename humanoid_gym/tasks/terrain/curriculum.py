"""Which tile each robot walks on: a game whose next level opens to those who pass this one.

The rules are those of legged_gym (Rudin et al. 2022, "Learning to Walk in Minutes Using Massively
Parallel Deep Reinforcement Learning").
"""

from typing import Callable, Tuple

import torch
from torch import Tensor

from humanoid_gym.tasks.terrain.terrain_config import TerrainConfig

Uniform = Callable[[float, float, Tuple[int, ...]], Tensor]
"""Draws from U(lower, upper) with the task's generator, on its device, as `VecTask.uniform`."""


class TerrainCurriculum:
    """Chooses each environment's tile.

    Args:
        config: number of levels and columns, and the rules.
        level: of each environment's tile, 0 the easiest, written in place, (num_envs,) int64.
        column: of each environment's tile, written in place, shape (num_envs,) int64.
        uniform: the task's `uniform`; what it draws decides.

    With the curriculum, environments keep their column, so that the shares of the kinds stay as
    configured. Without it, each episode is on a tile drawn from all.
    """

    def __init__(
        self, config: TerrainConfig, level: Tensor, column: Tensor, uniform: Uniform
    ) -> None:
        self._config = config
        self._uniform = uniform
        self.level, self.column = level, column
        highest = min(config.highest_first_level, config.levels - 1)
        count = highest + 1 if config.curriculum else config.levels
        level.copy_(self._draw(count))
        if not config.curriculum:
            column.copy_(self._draw(config.columns))

    def update(self, mask: Tensor, walked: Tensor, commanded: Tensor) -> None:
        """Decide where environments whose episode ended go on.

        Promoted: who walked more than half a tile, which leads off it. Demoted: of the others, who
        walked less than half of what was commanded. From beyond the last level the way leads to
        one drawn from all.

        Args:
            mask: which, shape (num_envs,) bool.
            walked: from start to end, straight [m], shape (num_envs,).
            commanded: the same for a robot that follows the command to the end of a full episode
                [m], shape (num_envs,).
        """
        drawn = self._draw(self._config.levels)
        if not self._config.curriculum:
            self.level.copy_(torch.where(mask, drawn, self.level))
            self.column.copy_(torch.where(mask, self._draw(self._config.columns), self.column))
            return
        promoted = mask & (walked > 0.5 * self._config.tile_size)
        demoted = mask & ~promoted & (walked < 0.5 * commanded)
        level = (self.level + promoted.long() - demoted.long()).clamp(min=0)
        self.level.copy_(torch.where(level >= self._config.levels, drawn, level))

    def _draw(self, count: int) -> Tensor:
        # rounding may give U(0, count) its upper end
        values = self._uniform(0.0, float(count), tuple(self.level.shape))
        return values.long().clamp(max=count - 1)
