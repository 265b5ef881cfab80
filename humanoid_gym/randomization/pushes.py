"""Blows and pushes that hit the robots at random times."""

import math
from typing import Dict, List, Optional, Tuple

import torch
from torch import Tensor

from humanoid_gym.randomization.batch import Batch
from humanoid_gym.randomization.configuration import ForcePush, VelocityPush
from humanoid_gym.randomization.ranges import Schedule


class Clock:
    """Control steps until the next event of each environment.

    Args:
        interval: time between events [s].
        batch: the environments.
    """

    def __init__(self, interval: Tuple[float, float], batch: Batch) -> None:
        self._interval, self._batch = interval, batch
        # the first events are spread over all that is possible, not bunched like a new interval
        self.left = self.steps((0.0, interval[1]))
        """Shape (num_envs,)."""

    def ticks(self) -> Tensor:
        """Count one control step; return where the event is now, shape (num_envs,) bool."""
        self.left -= 1.0
        return self.left <= 0.0

    def rewind(self, mask: Tensor, lasting: Optional[Tensor] = None) -> None:
        """Draw the time until the next event where `mask` says so.

        Args:
            mask: shape (num_envs,) bool.
            lasting: control steps that the present event takes, shape (num_envs,).
        """
        drawn = self.steps(self._interval)
        drawn = drawn if lasting is None else drawn + lasting
        self.left.copy_(torch.where(mask, drawn, self.left))

    def steps(self, seconds: Tuple[float, float]) -> Tensor:
        """Draw a time, in control steps, at least one; shape (num_envs,)."""
        drawn = self._batch.uniform(*seconds) / self._batch.step_seconds
        return drawn.round().clamp(min=1.0)


class Sizes:
    """Random sizes and directions of pushes.

    Args:
        bounds: of the size.
        schedule: how it grows.
        batch: the environments.
    """

    def __init__(
        self, bounds: Tuple[float, float], schedule: Optional[Schedule], batch: Batch
    ) -> None:
        self._bounds, self._batch = bounds, batch
        self._start, self._rate = 1.0, 0.0
        if schedule is not None:
            self._start, self._rate = schedule.start, schedule.rate

    def horizontal(self, steps: Tensor) -> Tensor:
        """Draw vectors in the x-y plane, shape (num_envs, 3).

        Args:
            steps: control steps so far, shape ().
        """
        angle = self._batch.uniform(0.0, 2.0 * math.pi, 1)
        direction = torch.cat((angle.cos(), angle.sin(), torch.zeros_like(angle)), -1)
        return self._lengths(steps) * direction

    def spatial(self, steps: Tensor) -> Tensor:
        """Draw vectors in any direction, shape (num_envs, 3)."""
        up = self._batch.uniform(-1.0, 1.0, 1)
        angle = self._batch.uniform(0.0, 2.0 * math.pi, 1)
        level = (1.0 - up.square()).sqrt()
        direction = torch.cat((level * angle.cos(), level * angle.sin(), up), -1)
        return self._lengths(steps) * direction

    def _lengths(self, steps: Tensor) -> Tensor:
        part = (self._start + self._rate * steps).clamp(max=1.0)
        return self._batch.uniform(*self._bounds, 1) * part


class VelocityPushes:
    """Changes of the base's velocity.

    Args:
        config: settings.
        batch: the environments.
    """

    def __init__(self, config: VelocityPush, batch: Batch) -> None:
        self._batch = batch
        self._clock = Clock(config.interval, batch)
        self._speed = Sizes(config.speed, config.schedule, batch)
        self._spin = Sizes(config.spin, config.schedule, batch)
        self.change = batch.zeros(6)
        """Of linear and angular velocity in this step [m/s, rad/s], 0 where there was no blow."""

    def state(self) -> Dict[str, Tensor]:
        """Return the tensors that go on from step to step."""
        return {"clock": self._clock.left, "change": self.change}

    def advance(self, steps: Tensor) -> bool:
        """Count one control step and decide on `change`.

        Args:
            steps: control steps so far, shape ().

        Returns:
            Whether there may be a blow.
        """
        now = self._clock.ticks()
        if self._batch.surely_none(now):
            self.change.zero_()
            return False
        change = torch.cat((self._speed.horizontal(steps), self._spin.spatial(steps)), -1)
        self.change.copy_(torch.where(now.unsqueeze(-1), change, torch.zeros_like(change)))
        self._clock.rewind(now)
        return True


class ForcePushes:
    """Forces at the centres of mass of some bodies.

    Args:
        config: settings.
        bodies: rows in an environment of those that can be pushed.
        num_bodies: rows of an environment.
        batch: the environments.
    """

    def __init__(self, config: ForcePush, bodies: List[int], num_bodies: int, batch: Batch) -> None:
        self._batch = batch
        self._duration = config.duration
        self._clock = Clock(config.interval, batch)
        self._sizes = Sizes(config.force, config.schedule, batch)
        self._bodies = torch.tensor(bodies, device=batch.device)
        self._left = batch.zeros()
        self._body = batch.zeros().long()
        self._pushed = batch.zeros(3)
        self.force = batch.zeros(3)
        """In this step [N], world axes."""
        self.forces = batch.zeros(num_bodies, 3)
        """The same for all bodies [N]."""

    def state(self) -> Dict[str, Tensor]:
        """Return the tensors that go on from step to step."""
        return {
            "clock": self._clock.left,
            "left": self._left,
            "body": self._body,
            "pushed": self._pushed,
            "force": self.force,
            "forces": self.forces,
        }

    def advance(self, steps: Tensor) -> None:
        """Count one control step and decide on `forces`.

        Args:
            steps: control steps so far, shape ().
        """
        begins = self._clock.ticks()
        self._left -= 1.0
        if not self._batch.surely_none(begins):
            self._begin(begins, steps)
        acts = (self._left > 0.0).unsqueeze(-1)
        self.force.copy_(torch.where(acts, self._pushed, torch.zeros_like(self._pushed)))
        self.forces.zero_()
        index = self._body.view(-1, 1, 1).expand(-1, 1, 3)
        self.forces.scatter_(1, index, self.force.unsqueeze(1))

    def reset(self, mask: Tensor) -> None:
        """End the pushes of some environments; shape (num_envs,) bool."""
        self._left.masked_fill_(mask, 0.0)

    @property
    def may_act(self) -> bool:
        """Whether somebody may be pushed in this step."""
        return not self._batch.surely_none(self.force)

    def _begin(self, mask: Tensor, steps: Tensor) -> None:
        lasts = self._clock.steps(self._duration)
        force = self._sizes.horizontal(steps)
        which = self._batch.uniform(0.0, float(len(self._bodies))).long()
        body = self._bodies[which.clamp(0, len(self._bodies) - 1)]
        self._left.copy_(torch.where(mask, lasts, self._left))
        self._pushed.copy_(torch.where(mask.unsqueeze(-1), force, self._pushed))
        self._body.copy_(torch.where(mask, body, self._body))
        self._clock.rewind(mask, lasting=lasts)
