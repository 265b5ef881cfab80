"""What acts for one simulate only: forces and torques on bodies, classic DOF efforts.

MuJoCo applies external forces at a body's centre of mass in world axes, through all substeps. What
a program gives in a body's own axes is turned into world axes when it is given and stays so: a
local force does not follow a body that turns within the frame.
"""

from __future__ import annotations

import torch
from torch import Tensor

from humanoid_gym.engine.backend import Backend
from humanoid_gym.engine.compilation.compiled_scene import CompiledScene
from humanoid_gym.engine.model_fields.drives import Drives
from humanoid_gym.engine.state.state import DofStates, index, xyzw
from humanoid_gym.engine.values.enums import CoordinateSpace
from humanoid_gym.rotation import quat_rotate

EVERY_ENV = slice(None)


class BodyForces:
    """Forces on bodies during the next simulate; calls add up.

    Args:
        backend: its position outputs belong to the present state wherever poses are needed.
        compiled: where the bodies are.
        origins: of the environments [m], shape (num_envs, 3).
    """

    def __init__(self, backend: Backend, compiled: CompiledScene, origins: Tensor) -> None:
        self._backend = backend
        self._rows = index(compiled.bodies, backend.device)
        self._bodies = torch.from_numpy(compiled.bodies).to(backend.device)
        self._origins = origins
        self.pending = False

    def add(
        self,
        force: Tensor | None,
        torque: Tensor | None,
        position: Tensor | None,
        space: CoordinateSpace,
    ) -> None:
        """Add forces on all bodies of all environments, each shaped (num_envs, num_bodies, 3).

        Args:
            force: [N], None: none.
            torque: [N m], None: none.
            position: where the force acts [m], None: at the centres of mass.
            space: axes of all three, and origin of the positions.
        """
        wrench = self._wrench(EVERY_ENV, self._rows, (force, torque, position), space)
        state = self._state()
        state[:, self._rows] += wrench.to(state.dtype)

    def add_one(
        self,
        env: int,
        body: int,
        force: Tensor | None,
        torque: Tensor | None,
        position: Tensor | None,
        space: CoordinateSpace,
    ) -> None:
        """Add a force on one body, each shaped (3,); see `add`.

        Args:
            env: environment.
            body: row of the body in the environment.
            force: [N], None: none.
            torque: [N m], None: none.
            position: where the force acts [m], None: at the centre of mass.
            space: axes of all three, and origin of the position.
        """
        envs, rows = slice(env, env + 1), self._bodies[body : body + 1]
        state = self._state()
        wrench = self._wrench(envs, rows, (force, torque, position), space)
        state[envs, rows] += wrench.to(state.dtype)

    def clear(self) -> None:
        """Forget everything that was added."""
        if self.pending:
            self._state().zero_()
            self.pending = False

    def _state(self) -> Tensor:
        self.pending = True
        return self._backend.state("xfrc_applied")

    def _wrench(
        self,
        envs: slice,
        rows: slice | Tensor,
        given: tuple[Tensor | None, Tensor | None, Tensor | None],
        space: CoordinateSpace,
    ) -> Tensor:
        """Force and torque at the centres of mass in world axes, shape (..., 6), float64."""
        force, torque, position = (None if value is None else value.double() for value in given)
        output = self._backend.output
        if space == CoordinateSpace.LOCAL_SPACE:
            rotation = xyzw(output("xquat")[envs, rows]).double()
            force, torque, position = (in_world(rotation, v) for v in (force, torque, position))
            position = None if position is None else position + output("xpos")[envs, rows]
        elif space == CoordinateSpace.GLOBAL_SPACE and position is not None:
            position = position - self._origins[envs, None]
        if force is not None and position is not None:
            arm = position - output("xipos")[envs, rows]
            moment = torch.linalg.cross(arm, force.expand_as(arm))
            torque = moment if torque is None else torque + moment
        nothing = torch.zeros(3, dtype=torch.float64, device=self._backend.device)
        parts = [nothing if part is None else part for part in (force, torque)]
        return torch.cat(torch.broadcast_tensors(*parts), dim=-1)


def in_world(rotation: Tensor, vector: Tensor | None) -> Tensor | None:
    """A vector of the bodies' axes in world axes, shape (..., 3)."""
    return None if vector is None else quat_rotate(rotation, vector.expand_as(rotation[..., :3]))


class DofEfforts:
    """Classic efforts: they add up within a frame, join the actuation forces and end with it."""

    def __init__(self) -> None:
        self._pending: Tensor | None = None
        self._actuation: Tensor | None = None
        self.last: Tensor | None = None
        """Efforts that acted in the last simulate, shape (num_envs, num_dofs); None: none did."""

    @property
    def pending(self) -> bool:
        """Whether efforts wait for the next simulate."""
        return self._pending is not None

    def add(self, drives: Drives, env: int, dofs: slice, efforts: Tensor) -> None:
        """Add efforts on DOFs of one environment; only those in mode EFFORT take them.

        Args:
            drives: know the modes.
            env: environment.
            dofs: rows of the environment's DOFs.
            efforts: [N m or N], shape (number of dofs,).
        """
        takes_effort = drives.takes_effort
        if self._pending is None:
            self._pending = torch.zeros_like(takes_effort, dtype=torch.float64)
        efforts = efforts.to(self._pending)
        self._pending[env, dofs] += torch.where(takes_effort[env, dofs], efforts, 0.0)

    def join(self, dofs: DofStates) -> None:
        """Let the efforts act in the next step."""
        if self._pending is not None:
            self._actuation = dofs.applied().clone()
            dofs.apply(self._actuation + self._pending)

    def withdraw(self, dofs: DofStates) -> None:
        """After the step: only the actuation forces stay."""
        if self._actuation is not None:
            dofs.apply(self._actuation)
        self.last, self._pending, self._actuation = self._pending, None, None
