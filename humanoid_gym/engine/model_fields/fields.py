"""Model fields that properties decide: shared by all environments, or one value for each."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.backend import Backend

DERIVING_FIELDS = frozenset(mujoco.MjModel._setconst_inputs)
"""Fields that other constants of the model follow from."""


@dataclass(frozen=True)
class FieldWrite:
    """Values of one model field, one row per environment."""

    name: str
    index: np.ndarray
    """Rows of the field."""
    column: int | None
    """Column of the field; None: whole rows."""
    values: np.ndarray
    """Shape (number of environments, len(index), ...)."""

    @property
    def key(self) -> tuple[str, int | None, bytes]:
        """What tells this part of a field from others."""
        return self.name, self.column, self.index.tobytes()


class ModelFields:
    """What was written where, so that only changes are written.

    Args:
        model: compiled model of one environment.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        self.model = model
        self._written: dict[tuple[str, int | None, bytes], np.ndarray] = {}

    def share(self, writes: list[FieldWrite]) -> list[FieldWrite]:
        """Write what all environments share into the model, before simulations are made of it.

        Args:
            writes: for every environment.

        Returns:
            Those whose values differ between environments, still to be written.
        """
        different = []
        for write in writes:
            if (write.values == write.values[0]).all():
                self._written[write.key] = write.values.copy()
                place(getattr(self.model, write.name)[None], write, write.values[:1])
            else:
                different.append(write)
        return different

    def write(self, backend: Backend, writes: list[FieldWrite], envs: np.ndarray) -> np.ndarray:
        """Write what changed into running simulations.

        Args:
            backend: simulations of the model.
            writes: one row for each of `envs`.
            envs: indices of environments, shape (n,).

        Returns:
            Environments whose derived constants are out of date now, shape (m,).

        Raises:
            NotImplementedError: they differ in something that the backend shares between them.
        """
        stale = np.zeros(len(envs), dtype=bool)
        for write in writes:
            differs = self._differs(write, envs, backend.num_envs)
            if differs.any() and (shared := backend.shared_field(write.name)) is not None:
                self._share_again(shared, write)
            elif differs.any():
                rows = torch.from_numpy(envs[differs]).to(backend.device)
                field = backend.model_field(write.name)
                values = torch.from_numpy(write.values[differs]).to(field.device, field.dtype)
                part = field[rows]
                place(part, write, values)
                field[rows] = part
            if write.name in DERIVING_FIELDS:
                stale |= differs
        return envs[stale]

    def _share_again(self, field: Tensor, write: FieldWrite) -> None:
        """Write what all environments have now into a field that they cannot differ in."""
        values = self._written[write.key]
        if (values != values[0]).any():
            raise NotImplementedError(
                f"the environments differ in MuJoCo's {write.name}, which MuJoCo Warp shares "
                "between them; give all of them the same values, or simulate on the CPU"
            )
        place(field[None], write, torch.from_numpy(values[:1]).to(field.device, field.dtype))
        place(getattr(self.model, write.name)[None], write, values[:1])

    def _differs(self, write: FieldWrite, envs: np.ndarray, num_envs: int) -> np.ndarray:
        """Which environments' values are new, shape (n,); remembers them."""
        before = self._written.get(write.key)
        if before is None:
            before = self._compiled_values(write, num_envs)
            self._written[write.key] = before
        changed = before[envs] != write.values
        before[envs] = write.values
        return changed.reshape(len(envs), -1).any(axis=1)

    def _compiled_values(self, write: FieldWrite, num_envs: int) -> np.ndarray:
        """The model's own values, for every environment."""
        field = getattr(self.model, write.name)[write.index]
        values = field if write.column is None else field[:, write.column]
        return np.repeat(values[None].astype(write.values.dtype), num_envs, axis=0)


def place(target: np.ndarray | Tensor, write: FieldWrite, values: np.ndarray | Tensor) -> None:
    """Put values (n, len(index), ...) into a field (n, rows[, columns])."""
    index = write.index
    if isinstance(target, Tensor):
        index = torch.as_tensor(index, device=target.device)
    if write.column is None:
        values = values.reshape(*values.shape[:2], *target.shape[2:])  # boxes are pairs in Warp
        target[:, index] = values  # pyright: ignore[reportArgumentType] (both array kinds)
    else:
        target[:, index, write.column] = values  # pyright: ignore[reportArgumentType]
