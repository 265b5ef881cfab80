"""What constraints (contacts, joint limits) did to bodies: for force sensors that tell it apart."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.backend import Backend
from humanoid_gym.engine.compilation.compiled_scene import CompiledScene
from humanoid_gym.engine.forces.dynamics import ActorDynamics, actor_dynamics
from humanoid_gym.engine.scene.scene import Layout


class ConstraintMotion:
    """Part of the bodies' accelerations in the last substep that constraints caused.

    That is the difference between the accelerations with and without constraints, taken to the
    bodies by their Jacobians; velocities have no share in it.

    Args:
        backend: simulations of the compiled model.
        compiled: where everything is.
        layout: of the environments.
        bodies: body row of each sensor, shape (num_sensors,).
    """

    def __init__(
        self, backend: Backend, compiled: CompiledScene, layout: Layout, bodies: np.ndarray
    ) -> None:
        self._backend = backend
        self._num_sensors = len(bodies)
        self._actors: list[tuple[Tensor, ActorDynamics]] = []
        for handle, actor in enumerate(layout.actors):
            last = actor.first_body + len(actor.asset.model.bodies)
            sensors = np.flatnonzero((bodies >= actor.first_body) & (bodies < last))
            if len(sensors):
                dynamics = actor_dynamics(backend, compiled, layout, handle)
                dynamics.bodies = compiled.bodies[bodies[sensors]]
                rows = torch.from_numpy(sensors).to(backend.device)
                self._actors.append((rows, dynamics))

    def read(self) -> Tensor:
        """Acceleration of the COM [m/s^2] and angular one [rad/s^2], world axes.

        Returns:
            Shape (num_envs, num_sensors, 2, 3), float32.
        """
        backend = self._backend
        change = backend.output("qacc") - backend.output("qacc_smooth")
        out = torch.zeros(backend.num_envs, self._num_sensors, 6, device=backend.device)
        for sensors, dynamics in self._actors:
            out[:, sensors] = body_accelerations(dynamics, change)
        return out.unflatten(-1, (2, 3))


def body_accelerations(dynamics: ActorDynamics, qacc: Tensor) -> Tensor:
    """Accelerations of an actor's bodies from those of its coordinates, velocities aside.

    Args:
        dynamics: of the actor.
        qacc: of MuJoCo's coordinates, shape (num_envs, nv).

    Returns:
        Linear one of the COM, then angular, shape (num_envs, bodies, 6), float32.
    """
    own = dynamics.from_coordinates(qacc).float()
    shape = (len(own), len(dynamics.bodies), 6, own.shape[1])
    jacobian = torch.zeros(shape, device=own.device)
    dynamics.write_jacobian(jacobian)
    return (jacobian.flatten(1, 2) @ own[..., None]).view(shape[:3])
