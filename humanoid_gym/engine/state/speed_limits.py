"""Joint and body speed limits, applied to the state after each simulate."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.compilation.compiled_scene import CompiledScene
from humanoid_gym.engine.model_fields.drives import Drives
from humanoid_gym.engine.scene.scene import Layout


class SpeedLimits:
    """Largest speeds of the DOFs (their `velocity` property) and of floating roots.

    A root's linear and angular speed are limited by its asset's max_linear_velocity and
    max_angular_velocity, as norms; a DOF's speed by its own limit.
    """

    def __init__(self, compiled: CompiledScene, layout: Layout, drives: Drives) -> None:
        nv = compiled.model.nv
        num_envs = len(drives.properties)
        self._roots: list[tuple[int, float, float]] = []
        coarse = torch.full((num_envs, nv), torch.inf, dtype=torch.float64)
        columns = torch.from_numpy(compiled.dof_qvel.astype(np.int64))
        max_speed = drives.max_speed.cpu()
        coarse[:, columns] = max_speed
        self._dofs, self._max_speed = columns, max_speed
        self._device = drives.device
        self._by_velocity = coarse.clone()
        for root, actor in zip(compiled.roots, layout.actors, strict=True):
            if root.qvel >= 0:
                linear = actor.asset.options.max_linear_velocity
                angular = actor.asset.options.max_angular_velocity
                self._roots.append((root.qvel, linear, angular))
                # A norm above the limit needs a component above limit / sqrt(3).
                coarse[:, root.qvel : root.qvel + 3] = linear / 3**0.5
                coarse[:, root.qvel + 3 : root.qvel + 6] = angular / 3**0.5
        self._coarse = rows_that_differ(coarse)
        self._coarse_finite = np.minimum(self._coarse.numpy(), np.finfo(np.float64).max)

    @cached_property
    def dof_limits(self) -> Tensor:
        """Of each velocity coordinate, inf for roots, shape (num_envs or 1, nv), float32."""
        return rows_that_differ(self._by_velocity).to(self._device, torch.float32).contiguous()

    @cached_property
    def root_starts(self) -> Tensor:
        """First velocity coordinate of each floating root, int32."""
        starts = [root[0] for root in self._roots]
        return torch.tensor(starts, dtype=torch.int32, device=self._device)

    @cached_property
    def root_limits(self) -> Tensor:
        """Largest linear and angular speed of each, shape (num_roots, 2), float32."""
        limits = torch.tensor([root[1:] for root in self._roots], dtype=torch.float32)
        return limits.reshape(-1, 2).to(self._device)

    def kept(self, qvel: np.ndarray) -> bool:
        """Whether every speed is finite and surely within its limit, shape (num_envs, nv)."""
        return bool((np.abs(qvel) <= self._coarse_finite).all())

    def clamp(self, qvel: Tensor) -> tuple[Tensor, Tensor] | None:
        """Velocities that exceed a limit, brought back to it.

        Args:
            qvel: shape (num_envs, nv).

        Returns:
            The environments concerned, shape (n,), and their new velocities, shape (n, nv); None
            where every speed is within its limit.
        """
        fast = qvel.abs() > self._coarse
        if not fast.any():
            return None
        envs = fast.any(dim=1).nonzero()[:, 0]
        before = qvel[envs]
        after = before.clone()
        limit = self._max_speed[envs]
        after[:, self._dofs] = torch.minimum(torch.maximum(after[:, self._dofs], -limit), limit)
        for first, linear, angular in self._roots:
            for start, largest in ((first, linear), (first + 3, angular)):
                part = after[:, start : start + 3]
                norm = torch.linalg.vector_norm(part, dim=1, keepdim=True)
                part *= (largest / norm.clamp_min(largest)).clamp_max(1.0)
        changed = (after != before).any(dim=1)
        return (envs[changed], after[changed]) if changed.any() else None


def rows_that_differ(values: Tensor) -> Tensor:
    """One row where all are equal, else all of them."""
    return values[:1] if (values == values[0]).all() else values
