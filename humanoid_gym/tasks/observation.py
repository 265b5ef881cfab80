"""The observation as an ordered table, the source of its size, slices, scales and documentation."""

from dataclasses import dataclass
from typing import Dict, List, Tuple

import torch
from torch import Tensor

from humanoid_gym.deployment.description import ObservationEntry
from humanoid_gym.deployment.observations import SENSOR
from humanoid_gym.kernels.observation import scaled_columns


@dataclass(frozen=True)
class ObservationTerm:
    """One named quantity in the observation."""

    name: str
    """Name of the quantity, in the task's vocabulary."""
    width: int
    """Number of columns."""
    unit: str
    """Unit of the quantity before scaling; '1' if it has none."""
    scale: float = 1.0
    """Factor from the quantity to the observation."""
    source: str = SENSOR
    """How a robot's computer gets it: from the sensor of this name, or computed, by a key of
    `deployment.observations.SOURCES`."""


@dataclass(frozen=True)
class ObservationTable:
    """All terms of an observation, in their order."""

    terms: Tuple[ObservationTerm, ...]

    @property
    def size(self) -> int:
        """Number of columns of the whole observation."""
        return sum(term.width for term in self.terms)

    @property
    def slices(self) -> Dict[str, slice]:
        """Columns of each term by name."""
        slices: Dict[str, slice] = {}
        start = 0
        for term in self.terms:
            slices[term.name] = slice(start, start + term.width)
            start += term.width
        return slices

    def scales(self, device: torch.device) -> Tensor:
        """Return the factor of every column, shape (size,)."""
        columns = [term.scale for term in self.terms for _ in range(term.width)]
        return torch.tensor(columns, device=device)

    def assemble(self, quantities: object, scales: Tensor) -> Tensor:
        """Put named quantities together as an observation.

        Args:
            quantities: object with an attribute of shape (N,) or (N, width) for every term.
            scales: what `scales` returned, on the quantities' device.

        Returns:
            Observation, shape (N, size).
        """
        columns: List[Tensor] = [getattr(quantities, term.name) for term in self.terms]
        return scaled_columns(columns, scales)

    def entries(self) -> Tuple[ObservationEntry, ...]:
        """Return the table as a robot's computer reads it."""
        return tuple(
            ObservationEntry(term.name, term.width, term.unit, term.scale, term.source)
            for term in self.terms
        )

    def markdown(self) -> str:
        """Return the table as Markdown, one row per term."""
        rows = ["| columns | quantity | unit | scale |", "|---|---|---|---|"]
        for term in self.terms:
            columns = self.slices[term.name]
            last = columns.stop - 1
            span = f"{columns.start}" if term.width == 1 else f"{columns.start}-{last}"
            rows.append(f"| {span} | {term.name} | {term.unit} | {term.scale:g} |")
        return "\n".join(rows)
