"""From drawn numbers to the properties of every environment's robot."""

from typing import Dict, List, Mapping, NamedTuple, Sequence

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.randomization.batch import Simulated
from humanoid_gym.randomization.configuration import Chosen
from humanoid_gym.randomization.properties import WRITERS, ActorProperties, Robot
from humanoid_gym.randomization.targets import ADD, BODY, JOINT, SCALE, SHAPE


class Spread(NamedTuple):
    """Which parts of an environment a parameter's numbers belong to."""

    chosen: Chosen
    """The parameter."""
    parts: List[int]
    """Rows among all parts of the kind."""
    index: Tensor
    """The same, on the device."""
    total: int
    """Number of all parts of the kind."""

    @property
    def width(self) -> int:
        """Numbers drawn for an environment."""
        target, draw = self.chosen.target, self.chosen.draw
        return target.width * (1 if target.is_shared(draw) else len(self.parts))

    @property
    def untouched(self) -> float:
        """What stands for parts that the parameter does not concern."""
        operation = self.chosen.target.operation
        return {SCALE: 1.0, ADD: 0.0}.get(operation, float("nan"))

    def over_all(self, drawn: Tensor) -> Tensor:
        """Give each part its number.

        Args:
            drawn: shape (n, width).

        Returns:
            Shape (n, total, numbers per part).
        """
        width = self.chosen.target.width
        each = drawn.view(len(drawn), -1, width).expand(-1, len(self.parts), -1)
        if len(self.parts) == self.total:
            return each
        full = drawn.new_full((len(drawn), self.total, width), self.untouched)
        return full.index_copy_(1, self.index, each)


class PropertyWriter:
    """Writes properties, through one call per kind and environment.

    Args:
        owner: the task; its environments are complete.
        actor: the robot in each of them.
        robot: names of its parts.
        spreads: the parameters that are properties.

    Raises:
        ValueError: a body could come out without mass; names the setting.
    """

    def __init__(
        self, owner: Simulated, actor: int, robot: Robot, spreads: Sequence[Spread]
    ) -> None:
        self._spreads = spreads
        gym, sim = owner.gym, owner.sim
        self._actors = [
            ActorProperties(gym, gym.get_env(sim, i), actor) for i in range(owner.num_envs)
        ]
        for actor_properties in self._actors:
            _check_masses(actor_properties.mass, robot.names[BODY], spreads)

    def concerned(self, names: Sequence[str]) -> List[str]:
        """Return which of these parameters the simulator holds, not the task's own arithmetic."""
        first = self._actors[0]
        idle = set()
        if not first.driven.any():
            idle.add("motor_strength")
        idle.update(column for column in ("stiffness", "damping") if not first.dofs[column].any())
        return [name for name in names if name not in idle]

    def write(
        self, envs: Sequence[int], drawn: Mapping[str, Tensor], changed: Sequence[str] = ()
    ) -> None:
        """Set the properties of some environments.

        Args:
            envs: which.
            drawn: numbers of all environments by parameter, shape (num_envs, width).
            changed: parameters that are new, which spares calls for the others; empty: all.
        """
        for part in (BODY, SHAPE, JOINT):
            spreads = [s for s in self._spreads if s.chosen.target.part == part]
            if not spreads or (changed and not any(s.chosen.name in changed for s in spreads)):
                continue
            rows = torch.tensor(envs, device=spreads[0].index.device)
            numbers: Dict[str, np.ndarray] = {
                s.chosen.name: s.over_all(drawn[s.chosen.name][rows]).cpu().double().numpy()
                for s in spreads
            }
            for row, env in enumerate(envs):
                own = {name: values[row] for name, values in numbers.items()}
                WRITERS[part](self._actors[env], own)


def _check_masses(mass: np.ndarray, names: Sequence[str], spreads: Sequence[Spread]) -> None:
    lowest = mass.copy()
    by_name = {spread.chosen.name: spread for spread in spreads}
    if "link_mass" in by_name:
        spread = by_name["link_mass"]
        lowest[spread.parts] *= spread.chosen.draw.range[0]
    if "payload" not in by_name:
        return
    spread = by_name["payload"]
    lowest[spread.parts] += spread.chosen.draw.range[0]
    for index in spread.parts:
        if lowest[index] <= 0.0:
            raise ValueError(
                f"payload.range: body '{names[index]}' of {mass[index]:.3g} kg would be left with "
                f"{lowest[index]:.3g} kg"
            )
