"""What the engine asks of a backend: one compiled model, many simulations of it, live tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import mujoco
import torch
from torch import Tensor

if TYPE_CHECKING:
    from humanoid_gym.engine.backend.capture import WarpGraphs
    from humanoid_gym.engine.state.speed_limits import SpeedLimits


class Backend(Protocol):
    """`num_envs` simulations of one MuJoCo model.

    Every tensor has the environment as its first axis and shares memory with the simulation: a
    write to a state tensor or a model field acts at the next call. MuJoCo's own names and
    conventions hold here (quaternions wxyz, free-joint angular velocity in the body frame).
    """

    model: mujoco.MjModel
    num_envs: int
    device: torch.device

    @property
    def measures_contacts(self) -> bool:
        """Whether there is an output contact_force; else the model needs contact sensors.

        Net force on each body [N], world axes, shape (num_envs, nbody, 3).
        """
        ...

    @property
    def measures_bodies(self) -> bool:
        """Whether there is an output body_state; else they come from MuJoCo's fields.

        Position, quaternion xyzw, velocity of the centre of mass and angular velocity of each body
        but the world, world axes, at the present state, shape (num_envs, nbody - 1, 13).
        """
        ...

    @property
    def graphs(self) -> WarpGraphs | None:
        """What it launches on a GPU; None for a backend without graphs."""
        ...

    def state(self, name: str) -> Tensor:
        """A part of the simulation state, writable: qpos, qvel, ctrl, qfrc_applied and so on."""
        ...

    def output(self, name: str) -> Tensor:
        """A derived field, refreshed by `step` and `forward`: xpos, cvel, sensordata and so on.

        Position and velocity fields belong to the state after the call if the backend was made so;
        accelerations, forces and the sensors made of them always to the last substep.
        """
        ...

    def model_field(self, name: str) -> Tensor:
        """A model field with one value per environment; shared until this is first called."""
        ...

    def shared_field(self, name: str) -> Tensor | None:
        """A model field that environments cannot differ in, without their axis; None: they can."""
        ...

    def constants(self, name: str) -> Tensor:
        """A model field to read, shape (num_envs, ...), or (1, ...) while all share one value."""
        ...

    def leave_out(self, geoms: Tensor) -> None:
        """Let environments do without some geoms: nothing touches them.

        Args:
            geoms: shape (num_envs, ngeom), bool, on the CPU; each time the same ones.
        """
        ...

    def recompute_constants(self, envs: Tensor) -> None:
        """Derive what depends on model fields (inverse weights …) in the environments listed."""
        ...

    def step(self, substeps: int, *, last: bool = True) -> None:
        """Advance every environment.

        Args:
            substeps: number of MuJoCo's steps.
            last: whether they are the last ones of a simulate.
        """
        ...

    def forward(self, envs: Tensor | None) -> None:
        """Compute positions and velocities of the environments listed, shape (n,), ascending.

        None: of all.

        Without effect where outputs belong to the last substep's start.
        """
        ...

    def limit_speeds(self, limits: SpeedLimits) -> None:
        """Hold the speeds of joints and floating roots within limits at the end of a simulate."""
        ...

    def settle(self) -> Tensor | None:
        """After the last step of a simulate: failed environments are put back, speeds limited.

        Returns:
            Environments that became non-finite or failed since the last call and are at their
            initial state now, shape (num_envs,), bool; None where the host knows that none did.
        """
        ...

    @property
    def initial(self) -> Tensor:
        """State that environments which fail go back to, as `save` returns it."""
        ...

    def start_from(self, state: Tensor) -> None:
        """Take a state, as `save` returns it, as the initial one."""
        ...

    def save(self) -> Tensor:
        """A copy of the whole integration state, shape (num_envs, state size), floating."""
        ...

    def load(self, state: Tensor) -> None:
        """Continue from what `save` returned, bit for bit."""
        ...

    def snapshot(self, env: int) -> tuple[mujoco.MjModel, mujoco.MjData]:
        """One environment as plain MuJoCo objects, to inspect until the next call."""
        ...
