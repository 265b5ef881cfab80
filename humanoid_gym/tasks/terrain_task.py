"""Base class of tasks on terrain."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional

import torch
from torch import Tensor

from humanoid_gym.tasks.task_config import TaskConfig
from humanoid_gym.tasks.terrain import Course, TerrainConfig, TerrainCourse
from humanoid_gym.tasks.vec_task import VecTask


@dataclass(frozen=True)
class TerrainTaskConfig(TaskConfig):
    """Settings of a task whose ground may be a terrain."""

    terrain: TerrainConfig = field(default_factory=TerrainConfig)
    """The ground; a plane by default."""


class TerrainTask(VecTask):
    """A task whose robots begin their episodes somewhere on a terrain, or on a plane.

    The ground, its levels and what is saved of them need nothing from a subclass. It places its
    actors at `self.terrain_start` in `create_envs` and its robots there in `reset_envs`, after
    `self.course.begin`. It asks `self.course.ground` for heights, and for a curriculum calls
    `self.course.follow` in `refresh_tensors` and reports `self.course.metrics()`. The first `begin`
    asks where robots are before any step: `acquire_tensors` has to refresh their root states.
    """

    config: TerrainTaskConfig
    course: Course
    """Where on the ground each environment's robot walks."""
    terrain_start: Tensor
    """Where episodes begin, on the ground [m], env-local, shape (num_envs, 3)."""

    def create_ground(self) -> None:
        """Add the plane or the terrain."""
        terrain, n, device = self.config.terrain, self.num_envs, self.device
        if terrain.is_plane:
            self.course = Course(terrain, n, device)
            super().create_ground()
        else:
            course = TerrainCourse(terrain, n, device, self.config.seed, self.uniform)
            course.add_to(self.gym, self.sim, self.config.plane)
            self.course = course
        vars(self).update(self.course.tensors())  # as attributes they are saved

    def load_state_dict(self, state: Mapping[str, Any]) -> Optional[Dict[str, Tensor]]:
        """Continue from what `state_dict` returned, see `VecTask.load_state_dict`.

        Where new episodes begin instead, they begin on the tiles that the robots had come to.
        """
        terrain = self.config.terrain
        tiles = (("terrain_level", terrain.levels), ("terrain_column", terrain.columns))
        for name, count in tiles:
            saved = state.get("tensors", {}).get(name)
            if saved is not None and saved.shape == getattr(self, name).shape:
                getattr(self, name).copy_(saved.clamp(0, count - 1))
        return super().load_state_dict(state)

    def _configure(self, config: TaskConfig, device: torch.device) -> None:
        if isinstance(config, TerrainTaskConfig) and not config.terrain.is_plane:
            config = dataclasses.replace(config, env_spacing=0.0)  # they share one terrain
        super()._configure(config, device)
