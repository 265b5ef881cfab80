"""Puts each environment of a task into conditions of its own, through Isaac Gym's interface."""

import math
from typing import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.config import ConfigError
from humanoid_gym.evaluation.robot_state import RobotState
from humanoid_gym.evaluation.scenarios import Conditions
from humanoid_gym.randomization.batch import Batch
from humanoid_gym.randomization.delay import ActionDelay
from humanoid_gym.randomization.properties import ActorProperties
from humanoid_gym.rotation import heading_angle


class Perturbation:
    """What happens to the environments besides the policy's actions.

    Masses, friction and drives are written once; forces that the task sets on joints become weaker
    on their way to the simulator. In each step the policy's observation goes through
    `observe`, its action through `act`, and `after_step` pushes, and disturbs the state of new
    episodes; the observation of that state comes a step later.
    """

    def __init__(
        self, robot: RobotState, conditions: Sequence[Conditions], deviation: Tensor, seed: int
    ) -> None:
        """Write what stays as it is.

        Args:
            robot: of the task, as it was trained.
            conditions: of each environment, N.
            deviation: standard deviation of each observation in training, shape (num_obs,).
            seed: of pushes, noise and initial states.

        Raises:
            ConfigError: the task's ground has friction that the robot's cannot make up for.
        """
        self._robot, self._conditions = robot, conditions
        env, self._device = robot.env, robot.env.device
        self._generator = torch.Generator(self._device).manual_seed(seed)
        self._noise = self._column(lambda c: c.observation_noise).unsqueeze(-1) * deviation
        self._delay = self._column(lambda c: c.action_delay).unsqueeze(-1)
        longest = max(c.action_delay for c in conditions)
        batch = Batch(
            *(env.num_envs, self._device, self._generator, env.on_gpu, robot.control_step)
        )
        self._actions = ActionDelay(longest, env.num_actions, batch)
        self._push_speed = self._column(lambda c: c.push_speed)
        self._push_direction = self._column(lambda c: math.radians(c.push_direction))
        self._interval = self._column(lambda c: c.push_interval) / robot.control_step
        self._steps_left = self._interval.clone()
        self._initial_speed = self._column(lambda c: c.initial_speed)
        self._joint_offset = self._column(lambda c: c.initial_joint_offset).unsqueeze(-1)
        self._strength = self._column(lambda c: c.motor_strength).unsqueeze(-1)
        self._pushes = any(c.push_speed for c in conditions)
        self._disturbs = any(c.initial_speed or c.initial_joint_offset for c in conditions)
        self._write_properties()

    def observe(self, obs: Tensor) -> Tensor:
        """Return what the policy sees in place of `obs`, shape (N, num_obs)."""
        return obs + self._noise * self._normal(obs.shape)

    def act(self, actions: Tensor) -> Tensor:
        """Return what the task gets in place of the policy's actions, shape (N, num_actions)."""
        return self._actions.delayed(actions, self._delay) * self._action_factor

    def begin(self, mask: Tensor) -> None:
        """Disturb the first state of episodes.

        Args:
            mask: where they begin, shape (N,) bool.
        """
        self._actions.reset(mask)
        until_first = self._uniform(mask.shape) * self._interval
        self._steps_left = torch.where(mask, until_first, self._steps_left)
        if not self._disturbs:
            return
        robot, angle = self._robot, 2.0 * math.pi * self._uniform(mask.shape)
        kick = self._initial_speed.unsqueeze(-1) * torch.stack([angle.cos(), angle.sin()], -1)
        robot.root[:, 7:9] += torch.where(mask.unsqueeze(-1), kick, 0.0)
        robot.write_root()
        offset = self._joint_offset * (2.0 * self._uniform(robot.joint_position.shape) - 1.0)
        moved = robot.joint_position + torch.where(mask.unsqueeze(-1), offset, 0.0)
        inside = torch.minimum(torch.maximum(moved, robot.lower), robot.upper)
        kept = robot.limited & mask.unsqueeze(-1)
        robot.joint_position.copy_(torch.where(kept, inside, moved))
        robot.write_joints()

    def after_step(self, done: Tensor) -> None:
        """Push, and disturb new episodes; call it after each step, with a refreshed robot.

        Args:
            done: where an episode ended and the next began, shape (N,) bool.
        """
        if self._pushes:
            self._steps_left -= 1.0
            due = (self._steps_left <= 0.0) & ~done
            self._steps_left += torch.where(due, self._interval, 0.0)
            angle = heading_angle(self._robot.root[:, 3:7]) + self._push_direction
            kick = self._push_speed.unsqueeze(-1) * torch.stack([angle.cos(), angle.sin()], -1)
            self._robot.root[:, 7:9] += torch.where(due.unsqueeze(-1), kick, 0.0)
            self._robot.write_root()
        if self._robot.env.on_gpu or bool(done.any()):
            self.begin(done)

    def _write_properties(self) -> None:
        """Write what differs from the robot's own, in the environments where it does."""
        robot, gym = self._robot, self._robot.env.gym
        motors, held = robot.held | robot.torqued, bool(robot.held.any())
        # without motors in its joints, the task makes other forces of the actions
        self._action_factor = self._strength.clone()
        if bool(motors.any()):
            self._action_factor.fill_(1.0)
            robot.effort *= torch.where(motors, self._strength, 1.0)
        if bool(robot.torqued.any()) and bool((self._strength != 1.0).any()):
            robot.weaken(self._strength)
        added = self._column(lambda c: c.payload) * robot.mass
        robot.mass += added
        for index, conditions in enumerate(self._conditions):
            properties = ActorProperties(gym, robot.handle(index), 0)
            if conditions.payload:
                payload = np.zeros((len(properties.mass), 1))
                payload[0] = float(added[index])
                properties.write_bodies({"payload": payload})
            if conditions.friction is not None:
                friction = self._shape_friction(conditions.friction)
                properties.write_shapes({"friction": np.full((robot.num_shapes, 1), friction)})
            if held and conditions.motor_strength != 1.0:
                strength = np.full((robot.num_joints, 1), conditions.motor_strength)
                properties.write_joints({"motor_strength": strength})

    def _shape_friction(self, friction: float) -> float:
        """Return what the robot's shapes need for contacts, the mean of both, to have `friction`.

        Raises:
            ConfigError: there is no such number.
        """
        ground = self._robot.env.config.plane.static_friction
        if 2.0 * friction < ground:
            raise ConfigError(
                f"friction {friction:g}: the ground's own, {ground:g}, is more than twice that"
            )
        return 2.0 * friction - ground

    def _column(self, value: Callable[[Conditions], float]) -> Tensor:
        return torch.tensor([float(value(c)) for c in self._conditions], device=self._device)

    def _uniform(self, shape: torch.Size) -> Tensor:
        return torch.rand(shape, generator=self._generator, device=self._device)

    def _normal(self, shape: torch.Size) -> Tensor:
        return torch.randn(shape, generator=self._generator, device=self._device)
