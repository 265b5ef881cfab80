"""What all parts of a randomization have in common."""

from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor


class Simulated(Protocol):
    """A task with a simulation; `VecTask` is one."""

    gym: Any
    sim: Any
    num_envs: int
    num_actions: int
    device: torch.device
    generator: torch.Generator
    on_gpu: bool


class Batch(NamedTuple):
    """Environments that step together, and what is drawn for them with."""

    num_envs: int
    """Rows of every tensor."""
    device: torch.device
    """Of every tensor."""
    generator: torch.Generator
    """Source of all random numbers."""
    on_gpu: bool
    """Whether asking for a value makes the host wait."""
    step_seconds: float
    """Duration of a control step [s]."""

    def zeros(self, *columns: int) -> Tensor:
        """Return zeros of shape (num_envs, *columns)."""
        return torch.zeros(self.num_envs, *columns, device=self.device)

    def uniform(self, low: float, high: float, *columns: int) -> Tensor:
        """Draw from U(low, high), shape (num_envs, *columns)."""
        out = torch.empty(self.num_envs, *columns, device=self.device)
        return out.uniform_(low, high, generator=self.generator)

    def surely_none(self, mask: Tensor) -> bool:
        """Return whether a mask holds nowhere, if that can be known without waiting."""
        return not self.on_gpu and not bool(mask.any())
