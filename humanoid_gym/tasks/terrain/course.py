"""Where on the ground each environment's robot walks, and what a task asks about it there."""

from typing import Any, Dict

import torch
from isaacgym import gymapi
from torch import Tensor

from humanoid_gym.kernels.terrain import followed
from humanoid_gym.tasks.task_config import PlaneConfig
from humanoid_gym.tasks.terrain.curriculum import TerrainCurriculum, Uniform
from humanoid_gym.tasks.terrain.ground import Ground, TerrainGround
from humanoid_gym.tasks.terrain.terrain import Terrain
from humanoid_gym.tasks.terrain.terrain_config import TerrainConfig


class Course:
    """A level plane, on which every episode begins at the environment's origin.

    Args:
        config: the terrain's settings.
        num_envs: number of environments.
        device: of the simulation.
    """

    def __init__(self, config: TerrainConfig, num_envs: int, device: torch.device) -> None:
        self.config = config
        self.ground = Ground(config.height_scan, device)
        """Heights at points."""
        self.level = torch.zeros(num_envs, dtype=torch.long, device=device)
        """Level of each environment's tile, shape (num_envs,)."""
        self.column = torch.arange(num_envs, device=device) * config.columns // num_envs
        """Column of each environment's tile: all get their share of environments, (num_envs,)."""
        self.start = torch.zeros(num_envs, 3, device=device)
        """Where episodes begin, on the ground [m], env-local, shape (num_envs, 3)."""
        self.commanded_way = torch.zeros(num_envs, 2, device=device)
        """Where robots were to walk from the start, so far [m], world axes, (num_envs, 2)."""
        self.commanded_distance = torch.zeros(num_envs, device=device)
        """How far from the start they should be at the end of the whole episode [m]."""

    def tensors(self) -> Dict[str, Tensor]:
        """Return what changes while a task runs, in place, by name.

        A task makes attributes of them, with which they are saved. They are the same on a plane, so
        that a training on a plane can go on on a terrain.
        """
        return {
            "terrain_level": self.level,
            "terrain_column": self.column,
            "terrain_start": self.start,
            "commanded_way": self.commanded_way,
            "commanded_distance": self.commanded_distance,
        }

    def metrics(self) -> Dict[str, Tensor]:
        """Return named quantities of the episodes under way, each of shape (num_envs,)."""
        return {}

    def follow(self, command: Tensor, heading: Tensor, duration: float, steps_left: Tensor) -> None:
        """Note what was commanded in a step.

        Args:
            command: forward velocity and velocity to the left [m/s], shape (num_envs, 2).
            heading: cosine and sine of the robots' yaw, shape (num_envs, 2).
            duration: of the step [s].
            steps_left: until the episode is truncated, shape (num_envs,).
        """

    def begin(self, mask: Tensor, position: Tensor, counted: Tensor) -> None:
        """Choose where new episodes begin.

        Args:
            mask: which environments begin one, shape (num_envs,) bool.
            position: where their robots are at the end of the last one [m], shape (num_envs, 3).
            counted: whether that is where they came to, shape (num_envs,) bool; others were put
                there when their simulation diverged.
        """


class TerrainCourse(Course):
    """A terrain. Environments share it: their origins all have to be the world's.

    Args:
        config: the terrain's settings.
        num_envs: number of environments.
        device: of the simulation.
        seed: what the terrain's shape follows from.
        uniform: the task's `uniform`, which decides where episodes begin.
    """

    def __init__(
        self,
        config: TerrainConfig,
        num_envs: int,
        device: torch.device,
        seed: int,
        uniform: Uniform,
    ) -> None:
        super().__init__(config, num_envs, device)
        self.terrain = Terrain(config, seed)
        self.ground = TerrainGround(self.terrain, config.height_scan, device)
        self._curriculum = TerrainCurriculum(config, self.level, self.column, uniform)
        self._uniform = uniform
        middles = torch.from_numpy(self.terrain.middles).view(-1, 2)
        self._middles = middles.to(device, torch.float32)
        self._choose(torch.ones(num_envs, dtype=torch.bool, device=device))

    def add_to(self, gym: gymapi.Gym, sim: Any, material: PlaneConfig) -> None:  # noqa: ANN401
        """Add the ground to a simulation; see `Terrain.add_to`."""
        self.terrain.add_to(gym, sim, material)

    def metrics(self) -> Dict[str, Tensor]:
        """Return the level of each environment's tile."""
        return {"terrain_level": self.level.float()}

    def follow(self, command: Tensor, heading: Tensor, duration: float, steps_left: Tensor) -> None:
        """Add a step to the commanded way, and look ahead to the end of the episode."""
        way, distance = followed(self.commanded_way, command, heading, duration, steps_left)
        self.commanded_way.copy_(way)
        self.commanded_distance.copy_(distance)

    def begin(self, mask: Tensor, position: Tensor, counted: Tensor) -> None:
        """Let the curriculum decide on the tiles, and choose places near their middles."""
        walked = (position[:, 0:2] - self.start[:, 0:2]).norm(p=2, dim=-1)
        self._curriculum.update(mask & counted, walked, self.commanded_distance)
        self._choose(mask)
        self.commanded_way.masked_fill_(mask.unsqueeze(-1), 0.0)
        self.commanded_distance.masked_fill_(mask, 0.0)

    def _choose(self, mask: Tensor) -> None:
        spread = self.config.start_spread
        tile = self.level * self.config.columns + self.column
        place = self._middles.index_select(0, tile)
        place = place + self._uniform(-spread, spread, (len(tile), 2))
        start = torch.cat((place, self.ground.highest(place).unsqueeze(-1)), dim=-1)
        self.start.copy_(torch.where(mask.unsqueeze(-1), start, self.start))
