"""Isaac Gym's DOF properties as MuJoCo springs, dampers, actuators and limits.

A DOF has one drive: force = stiffness (position target - q) + damping (velocity target - qd),
within +-effort. In the modes EFFORT and NONE no target reaches it, so that stiffness and damping
are a passive spring and damper about zero; they become MuJoCo's joint stiffness and damping. In
the modes POS and VEL it is an actuator. Both are integrated implicitly, stable at any gain.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import mujoco
import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.backend import Backend
from humanoid_gym.engine.compilation import HUGE_FORCE, CompiledScene
from humanoid_gym.engine.enums import DofDriveMode

logger = logging.getLogger(__name__)

STIFFNESS_CAP = 0.8
"""Largest stiffness of a drive with a finite effort, in units of inertia / h^2.

MuJoCo decides at the start of a substep whether an actuator saturates, and a saturated one pushes
with its whole effort and without its implicit derivative. One such substep moves a DOF by
effort h^2 / inertia; a drive that answers this displacement, or the speed that comes with it, by
saturating again on the other side bangs to and fro for ever. It does not as long as
stiffness h^2 / inertia + damping h / inertia < 2."""

DAMPING_CAP = 0.8
"""Largest damping of a drive whose stiffness is capped, in units of inertia / h."""

UNLIMITED = 1e16
"""Efforts at or above this are no limit [N m or N]."""


@dataclass(frozen=True)
class FieldWrite:
    """Values of one model field, one row per environment."""

    name: str
    index: np.ndarray
    """Rows of the field."""
    column: int | None
    """Column of the field; None where it has none."""
    values: np.ndarray
    """Shape (num_envs, len(index))."""


class Drives:
    """Drive inputs and gains of every DOF of every environment.

    Args:
        properties: DOF properties, structured array of shape (num_envs, num_dofs).
        substep: length of one MuJoCo step [s].
    """

    def __init__(self, properties: np.ndarray, substep: float) -> None:
        self.properties = properties
        self.substep = substep
        shape = properties.shape
        self.position_target = torch.zeros(shape, dtype=torch.float64)
        self.velocity_target = torch.zeros(shape, dtype=torch.float64)
        self._written: dict[tuple[str, int | None], np.ndarray] = {}
        self._capped_before = False
        self.update()

    def update(self) -> None:
        """Derive everything from `properties` after a change."""
        mode = self.properties["driveMode"]
        self.has_target = np.isin(mode, (DofDriveMode.DOF_MODE_POS, DofDriveMode.DOF_MODE_VEL))
        self.takes_effort = torch.from_numpy(mode == DofDriveMode.DOF_MODE_EFFORT)
        self.takes_position = torch.from_numpy(mode == DofDriveMode.DOF_MODE_POS)
        self.takes_velocity = torch.from_numpy(mode == DofDriveMode.DOF_MODE_VEL)
        self.all_take_effort = bool(self.takes_effort.all())
        self.any_has_target = bool(self.has_target.any())
        self.any_friction = bool((self.properties["friction"] > 0).any())
        self.max_speed = torch.from_numpy(self._column("velocity"))
        self.stiffness = torch.from_numpy(self._column("stiffness"))
        self.damping = torch.from_numpy(self._column("damping"))
        effort = np.where(self.has_target, self._column("effort"), np.inf)
        self.max_force = torch.from_numpy(effort)
        self.friction = torch.from_numpy(self._column("friction"))

    @property
    def driven(self) -> np.ndarray:
        """DOFs that need an actuator in some environment, shape (num_dofs,), bool."""
        return np.asarray(self.has_target.any(axis=0))

    def write_model(self, compiled: CompiledScene) -> list[FieldWrite]:
        """Write what all environments share into the model, before simulations are made of it.

        Returns:
            The fields whose values differ between environments, still to be written.
        """
        model = compiled.model
        self.cap_stiffness(compiled)
        different = []
        for write in self.fields(compiled):
            self._written[write.name, write.column] = write.values
            if (write.values == write.values[0]).all():
                place(getattr(model, write.name)[None], write, write.values[:1])
            else:
                different.append(write)
        mujoco.mj_setConst(model, mujoco.MjData(model))
        return different

    def changed_fields(self, compiled: CompiledScene) -> list[FieldWrite]:
        """The fields that `properties` changed since they were last written."""
        self.cap_stiffness(compiled)
        changed = []
        for write in self.fields(compiled):
            before = self._written[write.name, write.column]
            if not np.array_equal(before, write.values):
                self._written[write.name, write.column] = write.values
                changed.append(write)
        return changed

    def fields(self, compiled: CompiledScene) -> list[FieldWrite]:
        """Every model field that the DOF properties decide."""
        joints, dofs = compiled.joints, compiled.dof_qvel
        stiffness, damping = self.stiffness.numpy(), self.damping.numpy()
        passive = ~self.has_target
        limited = self.properties["hasLimits"]
        lower, upper = self._column("lower"), self._column("upper")
        low, high = np.minimum(lower, upper), np.maximum(lower, upper)
        writes = [
            FieldWrite("jnt_stiffness", joints, None, np.where(passive, stiffness, 0.0)),
            FieldWrite("dof_damping", dofs, None, np.where(passive, damping, 0.0)),
            FieldWrite("dof_armature", dofs, None, self._column("armature")),
            FieldWrite("jnt_range", joints, 0, np.where(limited, low, -HUGE_FORCE)),
            FieldWrite("jnt_range", joints, 1, np.where(limited, high, HUGE_FORCE)),
        ]
        driven = np.flatnonzero(compiled.actuators >= 0)
        actuators = compiled.actuators[driven]
        if len(driven):
            force = np.minimum(self.max_force.numpy(), HUGE_FORCE)[:, driven]
            gains = np.where(passive, 0.0, stiffness)[:, driven]
            rates = np.where(passive, 0.0, damping)[:, driven]
            writes += [
                FieldWrite("actuator_gainprm", actuators, 0, self.control_unit.numpy()[:, driven]),
                FieldWrite("actuator_biasprm", actuators, 1, -gains),
                FieldWrite("actuator_biasprm", actuators, 2, -rates),
                FieldWrite("actuator_forcerange", actuators, 0, -force),
                FieldWrite("actuator_forcerange", actuators, 1, force),
            ]
        return writes

    def cap_stiffness(self, compiled: CompiledScene) -> None:
        """Lower the gains of saturating drives that are stiffer than a substep can resolve.

        The properties keep the client's numbers.
        """
        stiffness, damping = self._column("stiffness"), self._column("damping")
        inertia = 1.0 / np.maximum(compiled.model.dof_invweight0[compiled.dof_qvel], 1e-12)
        limit = STIFFNESS_CAP * inertia / self.substep**2
        saturates = self.has_target & (self._column("effort") < UNLIMITED)
        too_stiff = saturates & (stiffness > limit)
        factor = np.where(too_stiff, limit / np.maximum(stiffness, limit), 1.0)
        # An implicit drive answers the position at the end of the substep, h later than now: for a
        # drive that saturates this look ahead has to come from the damping.
        ahead = self.substep + damping / np.maximum(stiffness, 1e-12)
        softened = np.minimum(limit * ahead, DAMPING_CAP * inertia / self.substep)
        self.stiffness = torch.from_numpy(stiffness * factor)
        self.damping = torch.from_numpy(np.where(too_stiff, softened, damping))
        if too_stiff.any() and not self._capped_before:
            self._capped_before = True
            logger.info(
                "%d drives are stiffer than a substep of %.4g s resolves within their effort; "
                "they act with a smaller stiffness, %.3g of it at the least",
                int(too_stiff[0].sum()),
                self.substep,
                factor.min(),
            )

    @property
    def control_unit(self) -> Tensor:
        """Force that a control of one stands for, shape (num_envs, num_dofs).

        MuJoCo refuses controls above 1e10; in these units they stay near the targets.
        """
        return torch.maximum(self.stiffness, self.damping).clamp_min(1.0)

    def target_forces(self) -> Tensor:
        """Target part of the drive force, shape (num_envs, num_dofs): POS and VEL only.

        A drive in mode VEL with a stiffness also pulls towards its last position target.
        """
        pull = self.stiffness * self.position_target
        push = torch.where(self.takes_velocity, self.damping * self.velocity_target, 0.0)
        return torch.where(torch.from_numpy(self.has_target), pull + push, 0.0)

    def forces(self, position: Tensor, velocity: Tensor, applied: Tensor) -> Tensor:
        """Force of each DOF: drive (clamped to the effort) plus applied [N m or N].

        The implicit drive acts with the position and velocity at the end of the substep, so that
        the current state gives the force of the last substep.

        Args:
            position: shape (num_envs, num_dofs).
            velocity: shape (num_envs, num_dofs).
            applied: actuation force, shape (num_envs, num_dofs).
        """
        drive = -self.stiffness * position - self.damping * velocity
        if self.any_has_target:
            drive = drive + self.target_forces()
            drive = torch.minimum(torch.maximum(drive, -self.max_force), self.max_force)
        return drive + applied

    def _column(self, name: str) -> np.ndarray:
        return self.properties[name].astype(np.float64)


def place(target: np.ndarray | Tensor, write: FieldWrite, values: np.ndarray | Tensor) -> None:
    """Put values (n, len(index)) into a field (n, rows[, columns])."""
    if write.column is None:
        target[:, write.index] = values  # pyright: ignore[reportArgumentType] (both array kinds)
    else:
        target[:, write.index, write.column] = values  # pyright: ignore[reportArgumentType]


def write_backend(backend: Backend, writes: list[FieldWrite]) -> None:
    """Write per-environment values into running simulations."""
    for write in writes:
        values = torch.from_numpy(write.values).to(backend.device)
        place(backend.model_field(write.name), write, values)
    if any(write.name in mujoco.MjModel._setconst_inputs for write in writes):
        backend.recompute_constants(torch.arange(backend.num_envs, dtype=torch.int32))
