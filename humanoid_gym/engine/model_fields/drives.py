"""Isaac Gym's DOF properties as MuJoCo springs, dampers, actuators and limits.

A DOF has one drive: force = stiffness (position target - q) + damping (velocity target - qd),
within +-effort. In the modes EFFORT and NONE no target reaches it, so that stiffness and damping
are a passive spring and damper about zero; they become MuJoCo's joint stiffness and damping. In
the modes POS and VEL it is an actuator. Both are integrated implicitly, stable at any gain. Flex
has no gains outside POS and VEL.
"""

from __future__ import annotations

import logging

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.compilation.compiled_scene import CompiledScene
from humanoid_gym.engine.compilation.env_spec import HUGE_FORCE
from humanoid_gym.engine.model_fields.fields import FieldWrite
from humanoid_gym.engine.values.enums import DofDriveMode

logger = logging.getLogger(__name__)

STIFFNESS_CAP = 0.8
"""Largest stiffness of a drive with a finite effort, in units of inertia / h^2.

MuJoCo decides at the start of a substep whether an actuator saturates, and a saturated one pushes
with its whole effort and without its implicit derivative. One such substep moves a DOF by
effort h^2 / inertia; a drive that answers this displacement, or the speed that comes with it, by
saturating again on the other side bangs to and fro for ever. It does not as long as
stiffness h^2 / inertia + damping h / inertia < 2."""

DAMPING_CAP = 0.8
"""Damping of a drive whose stiffness is capped, in units of inertia / h."""

UNLIMITED = 1e16
"""Efforts at or above this are no limit [N m or N]."""


class Drives:
    """Drive inputs and gains of every DOF of every environment.

    Args:
        properties: DOF properties, structured array of shape (num_envs, num_dofs).
        substep: length of one MuJoCo step [s].
        device: of all tensors here.
        passive_gains: whether stiffness and damping act in the modes EFFORT and NONE.
    """

    def __init__(
        self,
        properties: np.ndarray,
        substep: float,
        device: torch.device,
        *,
        passive_gains: bool = True,
    ) -> None:
        self.properties = properties
        self._passive_gains = passive_gains
        self.substep = substep
        self.device = device
        shape = properties.shape
        self.position_target = torch.zeros(shape, dtype=torch.float64, device=device)
        self.velocity_target = torch.zeros(shape, dtype=torch.float64, device=device)
        self._capped_before = False
        self.update()

    def update(self) -> None:
        """Derive everything from `properties` after a change."""
        mode = self.properties["driveMode"]
        self.has_target = np.isin(mode, (DofDriveMode.DOF_MODE_POS, DofDriveMode.DOF_MODE_VEL))
        self._takes_target = self._tensor(self.has_target)
        self.takes_effort = self._tensor(mode == DofDriveMode.DOF_MODE_EFFORT)
        self.takes_velocity = self._tensor(mode == DofDriveMode.DOF_MODE_VEL)
        self.all_take_effort = bool(self.takes_effort.all())
        self.any_has_target = bool(self.has_target.any())
        self.any_friction = bool((self.properties["friction"] > 0).any())
        self.max_speed = self._tensor(self._column("velocity"))
        self.stiffness = self._tensor(self._gain("stiffness"))
        self.damping = self._tensor(self._gain("damping"))
        effort = np.where(self.has_target, self._column("effort"), np.inf)
        self.max_force = self._tensor(effort)
        self.friction = self._tensor(self._column("friction"))

    @property
    def driven(self) -> np.ndarray:
        """DOFs that need an actuator in some environment, shape (num_dofs,), bool."""
        return np.asarray(self.has_target.any(axis=0))

    def armature_field(self, compiled: CompiledScene) -> FieldWrite:
        """The DOFs' own inertia, which the derived constants follow from."""
        return FieldWrite("dof_armature", compiled.dof_qvel, None, self._column("armature"))

    def fields(self, compiled: CompiledScene) -> list[FieldWrite]:
        """Every other model field that the DOF properties decide."""
        joints, dofs = compiled.joints, compiled.dof_qvel
        stiffness, damping = self.stiffness.cpu().numpy(), self.damping.cpu().numpy()
        passive = ~self.has_target
        limited = self.properties["hasLimits"]
        lower, upper = self._column("lower"), self._column("upper")
        low, high = np.minimum(lower, upper), np.maximum(lower, upper)
        writes = [
            FieldWrite("jnt_stiffness", joints, None, np.where(passive, stiffness, 0.0)),
            FieldWrite("dof_damping", dofs, None, np.where(passive, damping, 0.0)),
            FieldWrite("jnt_range", joints, 0, np.where(limited, low, -HUGE_FORCE)),
            FieldWrite("jnt_range", joints, 1, np.where(limited, high, HUGE_FORCE)),
        ]
        driven = np.flatnonzero(compiled.actuators >= 0)
        actuators = compiled.actuators[driven]
        if len(driven):
            force = np.minimum(self.max_force.cpu().numpy(), HUGE_FORCE)[:, driven]
            units = self.control_unit.cpu().numpy()[:, driven]
            gains = np.where(passive, 0.0, stiffness)[:, driven]
            rates = np.where(passive, 0.0, damping)[:, driven]
            writes += [
                FieldWrite("actuator_gainprm", actuators, 0, units),
                FieldWrite("actuator_biasprm", actuators, 1, -gains),
                FieldWrite("actuator_biasprm", actuators, 2, -rates),
                FieldWrite("actuator_forcerange", actuators, 0, -force),
                FieldWrite("actuator_forcerange", actuators, 1, force),
            ]
        return writes

    def cap_stiffness(self, inertia: np.ndarray) -> None:
        """Lower the gains of saturating drives that are stiffer than a substep can resolve.

        The properties keep the client's numbers.

        Args:
            inertia: that each DOF moves [kg m^2 or kg], shape (num_envs or 1, num_dofs).
        """
        stiffness, damping = self._gain("stiffness"), self._gain("damping")
        limit = STIFFNESS_CAP * inertia / self.substep**2
        saturates = self.has_target & (self._column("effort") < UNLIMITED)
        too_stiff = saturates & (stiffness > limit)
        factor = np.where(too_stiff, limit / np.maximum(stiffness, limit), 1.0)
        # An implicit drive answers the position at the end of the substep, h later than now: for a
        # drive that saturates this look ahead has to come from the damping. The capped stiffness
        # times h is already the most of it that a substep resolves.
        softened = DAMPING_CAP * inertia / self.substep
        self.stiffness = self._tensor(stiffness * factor)
        self.damping = self._tensor(np.where(too_stiff, softened, damping))
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
        return torch.where(self._takes_target, pull + push, 0.0)

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

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(self.device)

    def _gain(self, name: str) -> np.ndarray:
        """Stiffness or damping, zero where it does not act, shape (num_envs, num_dofs)."""
        gain = self._column(name)
        return gain if self._passive_gains else np.where(self.has_target, gain, 0.0)

    def _column(self, name: str) -> np.ndarray:
        return self.properties[name].astype(np.float64)
