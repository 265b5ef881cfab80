"""Errors of sensors: readings that scatter, and biases that stay for an episode."""

import math
from typing import Dict, List, Protocol, Sequence

import torch
from torch import Tensor

from humanoid_gym.randomization.batch import Batch
from humanoid_gym.randomization.configuration import Noise
from humanoid_gym.randomization.drawing import Column, DrawnNumbers
from humanoid_gym.randomization.ranges import RESET, Draw
from humanoid_gym.randomization.targets import BIAS, STD, unknown

STD_OF = "noise."
BIAS_OF = "bias."
_HALF_WIDTH = math.sqrt(3.0)
"""Of a uniform distribution with a standard deviation of 1."""


class Group(Protocol):
    """Neighbouring columns of an observation; `ObservationTerm` is one."""

    @property
    def name(self) -> str:
        """Name of the quantity."""
        ...

    @property
    def width(self) -> int:
        """Number of columns."""
        ...

    @property
    def scale(self) -> float:
        """Factor from the quantity to the observation."""
        ...


def noise_columns(noise: Dict[str, Noise], groups: Sequence[Group]) -> List[Column]:
    """Return what is drawn for each environment: standard deviations and biases.

    Raises:
        ValueError: noise on a group that the observation lacks.
    """
    widths = {group.name: group.width for group in groups}
    columns: List[Column] = []
    for name, entry in noise.items():
        if name not in widths:
            raise ValueError(f"noise: {unknown('group of the observation', name, list(widths))}")
        std = Draw(range=entry.spread, schedule=entry.schedule, when=RESET)
        columns.append(Column(STD_OF + name, std, 1, STD.origin))
        if entry.bias is not None:
            columns.append(Column(BIAS_OF + name, entry.bias, widths[name], BIAS.origin))
    return columns


class SensorNoise:
    """What is added to an observation in this step.

    Args:
        noise: settings by group.
        groups: of the observation, in order.
        batch: the environments.
    """

    def __init__(self, noise: Dict[str, Noise], groups: Sequence[Group], batch: Batch) -> None:
        self._generator = batch.generator
        self._scales = {group.name: group.scale for group in groups}
        self._slices: Dict[str, slice] = {}
        size = 0
        for group in groups:
            self._slices[group.name] = slice(size, size + group.width)
            size += group.width
        uniform = torch.zeros(size, dtype=torch.bool, device=batch.device)
        for name, entry in noise.items():
            uniform[self._slices[name]] = entry.distribution == "uniform"
        kinds = {entry.distribution for entry in noise.values()}
        self._mixed = uniform if len(kinds) > 1 else None
        self._all_uniform = kinds == {"uniform"}
        self._std = batch.zeros(size)
        self._bias = batch.zeros(size)
        self._sample = batch.zeros(size)
        self._error = batch.zeros(size)

    def state(self) -> Dict[str, Tensor]:
        """Return the tensors that go on from step to step."""
        return {
            "std": self._std,
            "bias": self._bias,
            "sample": self._sample,
            "error": self._error,
        }

    def take(self, *drawn: DrawnNumbers) -> None:
        """Take over standard deviations and biases that were drawn."""
        for name, columns in self._slices.items():
            for numbers in drawn:
                if STD_OF + name in numbers:
                    self._std[:, columns] = numbers[STD_OF + name] * self._scales[name]
                if BIAS_OF + name in numbers:
                    self._bias[:, columns] = numbers[BIAS_OF + name] * self._scales[name]
        torch.addcmul(self._bias, self._std, self._sample, out=self._error)

    def draw(self) -> None:
        """Draw the readings' errors of this step."""
        if self._all_uniform:
            self._uniform(self._sample)
        else:
            self._sample.normal_(generator=self._generator)
        if self._mixed is not None:
            uniform = self._uniform(torch.empty_like(self._sample))
            self._sample.copy_(torch.where(self._mixed, uniform, self._sample))
        torch.addcmul(self._bias, self._std, self._sample, out=self._error)

    def observed(self, observation: Tensor) -> Tensor:
        """Return an observation (num_envs, size) as the sensors report it."""
        return observation + self._error

    def _uniform(self, out: Tensor) -> Tensor:
        return out.uniform_(-_HALF_WIDTH, _HALF_WIDTH, generator=self._generator)
