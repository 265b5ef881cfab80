"""What Isaac Gym has once for all environments: gravity and the ground's friction."""

from typing import Any, Dict, Sequence

import torch
from isaacgym import gymapi
from torch import Tensor

from humanoid_gym.randomization.batch import Batch
from humanoid_gym.randomization.configuration import RandomizationConfig
from humanoid_gym.randomization.drawing import Column, DrawnNumbers
from humanoid_gym.randomization.targets import WORLD

Handle = Any


class World:
    """One gravity and one ground for the whole simulation.

    Args:
        config: settings.
        batch: the environments.
    """

    def __init__(self, config: RandomizationConfig, batch: Batch) -> None:
        columns = [
            Column(name, draw, target.width, target.origin)
            for name, target, draw in config.chosen()
            if target.part == WORLD
        ]
        self._numbers = DrawnNumbers(columns, batch._replace(num_envs=1))
        self._num_envs = batch.num_envs
        self._beginning = torch.zeros((), device=batch.device)
        self._numbers.values.copy_(self._numbers.redraw(self._beginning))
        self._interval = 0
        if "gravity" in self._numbers and config.gravity_interval > 0.0:
            self._interval = max(1, round(config.gravity_interval / batch.step_seconds))
        self._steps = torch.zeros((), dtype=torch.long)  # counted by the host
        self._gravity: Sequence[float] = (0.0, 0.0, 0.0)

    def state(self) -> Dict[str, Tensor]:
        """Return the tensors that go on from step to step."""
        return {"values": self._numbers.values, "steps": self._steps}

    def difference(self, saved: Tensor) -> str:
        """Tell why this simulation cannot take over saved numbers, empty if it can.

        Args:
            saved: `values` of a saved state.
        """
        if "ground_friction" not in self._numbers:
            return ""
        ours = float(self._numbers["ground_friction"])
        theirs = float(saved[:, self._numbers.slices["ground_friction"]])
        if ours == theirs:
            return ""
        return (
            f"the saved simulation's ground has a friction of {theirs:.4g}, this one's {ours:.4g}"
        )

    def ground_friction(self, own: float) -> float:
        """Return the friction coefficient of the ground, `own` if it is not randomized."""
        if "ground_friction" not in self._numbers:
            return own
        return float(self._numbers["ground_friction"])

    def draws(self) -> Dict[str, Tensor]:
        """Return what was drawn, the same for each environment, shape (num_envs, width)."""
        return {
            column.name: self._numbers[column.name].expand(self._num_envs, -1)
            for column in self._numbers.columns
        }

    def prepare(self, gym: Handle, sim: Handle) -> None:
        """Set the first gravity."""
        g = gym.get_sim_params(sim).gravity
        self._gravity = (g.x, g.y, g.z)
        self.write(gym, sim)

    def count(self, gym: Handle, sim: Handle) -> None:
        """Begin a control step; draw and set a new gravity where the last one had its time."""
        if not self._interval:
            return
        passed = int(self._steps)
        self._steps += 1
        if passed and passed % self._interval == 0:
            drawn = self._numbers.redraw(self._beginning)
            self._numbers["gravity"].copy_(drawn[:, self._numbers.slices["gravity"]])
            self.write(gym, sim)

    def write(self, gym: Handle, sim: Handle) -> None:
        """Set the gravity that was drawn."""
        if "gravity" not in self._numbers:
            return
        offset = self._numbers["gravity"][0].cpu().tolist()
        params = gym.get_sim_params(sim)
        params.gravity = gymapi.Vec3(*(own + more for own, more in zip(self._gravity, offset)))
        gym.set_sim_params(sim, params)
