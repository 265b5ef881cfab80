"""Base class of tasks with domain randomization."""

import dataclasses
import logging
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional, Sequence

from torch import Tensor

from humanoid_gym.randomization import Randomization, RandomizationConfig
from humanoid_gym.randomization.noise import Group
from humanoid_gym.tasks.task_config import TaskConfig
from humanoid_gym.tasks.vec_task import StepResult, VecTask

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RandomizedTaskConfig(TaskConfig):
    """Settings of a task that can be randomized."""

    randomization: RandomizationConfig = field(default_factory=RandomizationConfig)
    """What is drawn at random, and when; nothing by default."""


class RandomizedTask(VecTask):
    """A task whose robots, sensors and surroundings can be drawn at random.

    Properties of the robot, ground and gravity, delays and pushes need nothing from a subclass. For
    the rest it calls `self.randomization`: `observed` on the observation in `compute_observations`,
    `initial_joints` and `initial_root` in `reset_envs`, `factor` where it computes torques. A class
    with a `before_simulate` of its own calls this one's, too; one whose base moves reads the root
    states in `refresh_tensors`, since blows change the velocities found there. One that observes
    actions keeps them in `note_actions`.
    """

    config: RandomizedTaskConfig

    def observation_groups(self) -> Sequence[Group]:
        """Return the groups of the observation in order, whose sensors may be noisy."""
        return ()

    def note_actions(self, actions: Tensor) -> None:
        """Take note of what the policy answered, which may act some steps later.

        `pre_physics_step` gets the actions that act now. No robot's computer knows those: what a
        task observes of actions, it takes from here.

        Args:
            actions: clipped actions, shape (num_envs, num_actions).
        """

    def before_simulate(self) -> None:
        """Apply the forces of pushes."""
        self.randomization.before_simulate()

    def allocate_buffers(self) -> None:
        """Allocate the buffers that every task has."""
        super().allocate_buffers()
        self.randomization.acquire()

    def step(self, actions: Tensor) -> StepResult:
        """Advance every environment by one control step, see `VecTask.step`.

        `extras["randomization"]` holds what is in force, by parameter.
        """
        self.randomization.between_steps()
        return super().step(actions)

    def state_dict(self) -> Dict[str, Any]:
        """Return what is needed to continue bit for bit."""
        return {**super().state_dict(), "randomization": self.randomization.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> Optional[Dict[str, Tensor]]:
        """Continue from what `state_dict` returned, see `VecTask.load_state_dict`.

        With other randomization than the saved state has, new episodes begin; a warning says so.
        """
        if "randomization" not in state:
            raise ValueError("saved environment state lacks randomization")
        difference = self.randomization.difference(state["randomization"])
        if difference:
            logger.warning("%s: new episodes begin, randomized as this run is", difference)
            return self.reset()
        # the robots' properties first: the engine's state belongs to them
        self.randomization.load_state_dict(state["randomization"])
        return super().load_state_dict(state)

    def _construct(self) -> None:
        duration = self.dt * self.config.control_frequency_inv
        self.randomization = Randomization(self.config.randomization, self, duration)
        plane = self.config.plane
        plane = dataclasses.replace(
            plane,
            static_friction=self.randomization.ground_friction(plane.static_friction),
            dynamic_friction=self.randomization.ground_friction(plane.dynamic_friction),
        )
        self.config = dataclasses.replace(self.config, plane=plane)
        super()._construct()
        self.randomization.prepare(self.observation_groups())

    def _advance(self, actions: Tensor) -> None:
        limit = self.config.clip_actions
        self.note_actions(actions.clamp(-limit, limit))
        super()._advance(self.randomization.before_step(actions))

    def _begin_episodes(self, mask: Tensor) -> None:
        if self.on_gpu or bool(mask.any()):
            self.randomization.reset(mask)
        super()._begin_episodes(mask)

    def _publish_extras(self) -> None:
        super()._publish_extras()
        self.extras["randomization"] = self.randomization.draws()
