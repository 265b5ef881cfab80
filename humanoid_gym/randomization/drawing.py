"""Numbers of many parameters, drawn for all environments in one go.

All parameters lie side by side as columns of one tensor, so that a redraw is a handful of
operations however many there are, and the same ones each time, as a CUDA graph needs.
"""

import math
from typing import Dict, List, NamedTuple, Tuple

import torch
from torch import Tensor

from humanoid_gym.randomization.batch import Batch
from humanoid_gym.randomization.ranges import GAUSSIAN, LOG_UNIFORM, Draw

_CUT = 2.0
"""Standard deviations from the middle of a range to its ends."""


class Column(NamedTuple):
    """One parameter: equally distributed, independent numbers."""

    name: str
    """Of the parameter."""
    draw: Draw
    """What they are drawn from."""
    width: int
    """How many in each environment."""
    origin: float
    """The value that a schedule starts from."""
    integer: bool = False
    """Whether they are whole, ends of the range included."""


class DrawnNumbers:
    """The present numbers of several parameters, shape (num_envs, columns).

    Args:
        columns: the parameters.
        batch: rows, and what is drawn with.
    """

    def __init__(self, columns: List[Column], batch: Batch) -> None:
        self.columns = columns
        self._generator = batch.generator
        self.slices: Dict[str, slice] = {}
        """Columns of each parameter by name."""
        size = 0
        for column in columns:
            self.slices[column.name] = slice(size, size + column.width)
            size += column.width
        self.values = batch.zeros(size)

        def constants(numbers: List[float]) -> Tensor:
            each = [n for n, column in zip(numbers, columns) for _ in range(column.width)]
            return torch.tensor(each, device=batch.device)

        self._low = constants([c.draw.range[0] for c in columns])
        self._high = constants([c.draw.range[1] for c in columns])
        self._origin = constants([c.origin for c in columns])
        growth = [_growth(c.draw) for c in columns]
        self._first = constants([start for start, _ in growth])
        self._per_step = constants([rate for _, rate in growth])
        self._kinds = {
            kind: constants([float(holds(c)) for c in columns]).bool()
            for kind, holds in _KINDS.items()
            if any(holds(c) for c in columns)
        }
        self._grows = any(c.draw.schedule for c in columns)

    def __getitem__(self, name: str) -> Tensor:
        """View of a parameter's numbers, shape (num_envs, width); raises KeyError."""
        return self.values[:, self.slices[name]]

    def __contains__(self, name: object) -> bool:
        """Whether a parameter is among the columns."""
        return name in self.slices

    @property
    def bounds(self) -> Tensor:
        """Smallest and largest value of each column, schedules over, shape (2, columns)."""
        return torch.stack((self._low, self._high))

    def redraw(self, steps: Tensor) -> Tensor:
        """Draw new numbers for all environments.

        Args:
            steps: control steps so far, for schedules, shape ().

        Returns:
            Shape (num_envs, columns); `values` does not change.
        """
        low, high = self._bounds(steps)
        u = torch.empty_like(self.values).uniform_(generator=self._generator)
        drawn = low + u * (high - low)
        if "log_uniform" in self._kinds:
            drawn = torch.where(self._kinds["log_uniform"], low * (high / low) ** u, drawn)
        if "gaussian" in self._kinds:
            bell = 0.5 + normal_within(u) / (2.0 * _CUT)
            drawn = torch.where(self._kinds["gaussian"], low + bell * (high - low), drawn)
        if "integer" in self._kinds:
            whole = torch.floor(low + u * (high - low + 1.0))
            drawn = torch.where(self._kinds["integer"], torch.minimum(whole, high.ceil()), drawn)
        return drawn

    def _bounds(self, steps: Tensor) -> Tuple[Tensor, Tensor]:
        if not self._grows:
            return self._low, self._high
        part = (self._first + self._per_step * steps).clamp(max=1.0)
        origin = self._origin
        return origin + part * (self._low - origin), origin + part * (self._high - origin)


def normal_within(u: Tensor) -> Tensor:
    """Turn U(0, 1) into a standard normal distribution that is cut off at ±2."""
    return math.sqrt(2.0) * torch.erfinv((2.0 * u - 1.0) * math.erf(_CUT / math.sqrt(2.0)))


def _growth(draw: Draw) -> Tuple[float, float]:
    """Part of the range at the first step, and growth of it per step."""
    schedule = draw.schedule
    return (1.0, 0.0) if schedule is None else (schedule.start, schedule.rate)


_KINDS = {
    "log_uniform": lambda column: column.draw.distribution == LOG_UNIFORM,
    "gaussian": lambda column: column.draw.distribution == GAUSSIAN,
    "integer": lambda column: column.integer,
}
