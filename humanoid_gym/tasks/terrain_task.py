"""Base class of tasks on terrain."""

import dataclasses
from dataclasses import dataclass, field

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
    `self.course.begin`; it asks `self.course.ground` for heights, and for a curriculum calls
    `self.course.follow` in `refresh_tensors` and reports `self.course.metrics()`.
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

    def _configure(self, config: TaskConfig, device: torch.device) -> None:
        if isinstance(config, TerrainTaskConfig) and not config.terrain.is_plane:
            config = dataclasses.replace(config, env_spacing=0.0)  # they share one terrain
        super()._configure(config, device)
