"""Jacobians and mass matrices of actors, for all environments at once.

Both use one generalized velocity: of a floating base first the root's state as Isaac Gym shows it
(velocity of its centre of mass, then angular velocity, world axes), then the DOFs. A Jacobian times
it gives the velocity of each body's centre of mass and its angular velocity; half of it times the
mass matrix times it is the kinetic energy. Armature counts as inertia.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import mujoco
import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.backend import Backend
from humanoid_gym.engine.compilation.compiled_scene import CompiledScene
from humanoid_gym.engine.scene.scene import Layout
from humanoid_gym.engine.state.state import index

ROOT_VELOCITIES = 6


def has_still_root(asset: Asset) -> bool:
    """Whether an asset's root body never moves by itself and so has no rows in a Jacobian."""
    return asset.fixed_base and not any(joint.is_dof for joint in asset.model.bodies[0].joints)


def jacobian_shape(asset: Asset) -> tuple[int, int, int]:
    """(bodies, 6, velocities) of one actor's Jacobian; the root of a fixed base has no rows."""
    rows = len(asset.model.bodies) - has_still_root(asset)
    return rows, 6, num_velocities(asset)


def num_velocities(asset: Asset) -> int:
    """Number of an actor's generalized velocities."""
    return len(asset.dof_names) + (0 if asset.fixed_base else ROOT_VELOCITIES)


@dataclass
class ActorDynamics:
    """Jacobian and mass matrix of one actor.

    Args:
        backend: its outputs belong to the present state.
        compiled: where everything is.
        bodies: MuJoCo bodies of the Jacobian's rows.
        dofs: rows of the actor's DOFs in the environment.
        root: MuJoCo body of a floating root; -1 for a fixed base.
        first_velocity: first of the root's coordinates in qvel.
    """

    backend: Backend
    compiled: CompiledScene
    bodies: np.ndarray
    dofs: slice
    root: int
    first_velocity: int

    @property
    def floating(self) -> bool:
        """Whether the root moves freely."""
        return self.root >= 0

    def write_jacobian(self, out: Tensor) -> None:
        """Write into a tensor of shape (num_envs, bodies, 6, velocities)."""
        output = self.backend.output
        com = output("xipos")[:, self._rows]
        first = ROOT_VELOCITIES if self.floating else 0
        if self.floating:
            arm = com - output("xipos")[:, self.root, None]
            out[..., :ROOT_VELOCITIES] = torch.eye(6, device=out.device)
            out[..., :3, 3:6] = -cross_matrix(arm)
        if self.hinges.numel():
            origin = com[:, :1]  # near the actor: float32 resolves distances from here
            axis = output("xaxis")[:, self._joints]
            anchor = output("xanchor")[:, self._joints] - origin
            fields = self._velocity_fields(axis, anchor).float()
            ones = torch.ones_like(com[..., :1])
            points = torch.cat((com - origin, ones), dim=-1).float()
            linear = torch.bmm(points, fields.flatten(2)).unflatten(-1, (3, -1))
            torch.mul(linear, self._moves, out=out[..., :3, first:])
            turning = axis.transpose(1, 2).float()[:, None]
            torch.mul(turning, self._turns, out=out[..., 3:, first:])

    def _velocity_fields(self, axis: Tensor, anchor: Tensor) -> Tensor:
        """Velocity that each DOF gives to the points it moves, as a linear map of (x, y, z, 1).

        Args:
            axis: shape (num_envs, num_dofs, 3).
            anchor: a point on each axis, of the same shape.

        Returns:
            Shape (num_envs, 4, 3, num_dofs).
        """
        turning = axis * self.hinges[:, None]
        constant = torch.where(self.hinges[:, None], torch.linalg.cross(anchor, axis), axis)
        linear = cross_matrix(turning).movedim(1, -1).transpose(1, 2)
        return torch.cat((linear, constant.transpose(1, 2)[:, None]), dim=1)

    def write_mass_matrix(self, out: Tensor) -> None:
        """Write into a tensor of shape (num_envs, velocities, velocities)."""
        places, present = self._mass_places
        matrix = self.backend.output("M")[:, places] * present
        if self.floating:
            change = self._root_change()
            matrix[:, :, :ROOT_VELOCITIES] = matrix[:, :, :ROOT_VELOCITIES] @ change
            rows = change.transpose(1, 2) @ matrix[:, :ROOT_VELOCITIES]
            matrix[:, :ROOT_VELOCITIES] = rows
        out.copy_(matrix)

    def from_coordinates(self, rates: Tensor) -> Tensor:
        """The generalized velocities of MuJoCo's, or their rates of change by forces.

        Args:
            rates: shape (num_envs, nv).

        Returns:
            Shape (num_envs, velocities), float64.
        """
        dofs = rates[:, self._velocities]
        if not self.floating:
            return dofs
        root = rates[:, self.first_velocity : self.first_velocity + ROOT_VELOCITIES]
        spin = (self._root_axes() @ root[:, 3:, None])[..., 0]
        velocity = root[:, :3] + torch.linalg.cross(spin, self._root_arm())
        return torch.cat((velocity, spin, dofs), dim=1)

    def _root_change(self) -> Tensor:
        """Takes a root's velocities to those of MuJoCo's free joint, (num_envs, 6, 6).

        The free joint has the origin's velocity, and the angular velocity in the body's axes.
        """
        arm = self._root_arm()
        change = torch.eye(6, dtype=arm.dtype, device=arm.device).repeat(len(arm), 1, 1)
        change[:, :3, 3:] = cross_matrix(arm)
        change[:, 3:, 3:] = self._root_axes().transpose(1, 2)
        return change

    def _root_arm(self) -> Tensor:
        """From the root's origin to its centre of mass, world axes, shape (num_envs, 3)."""
        output = self.backend.output
        return output("xipos")[:, self.root] - output("xpos")[:, self.root]

    def _root_axes(self) -> Tensor:
        """Rotation matrices of the root, shape (num_envs, 3, 3)."""
        return self.backend.output("xmat")[:, self.root].reshape(-1, 3, 3)

    @cached_property
    def hinges(self) -> Tensor:
        """Whether each DOF turns instead of sliding, shape (num_dofs,)."""
        kinds = self.compiled.model.jnt_type[self.compiled.joints[self.dofs]]
        return torch.from_numpy(kinds == mujoco.mjtJoint.mjJNT_HINGE).to(self.backend.device)

    @cached_property
    def _rows(self) -> slice | Tensor:
        return index(self.bodies, self.backend.device)

    @cached_property
    def _velocities(self) -> slice | Tensor:
        return index(self.compiled.dof_qvel[self.dofs], self.backend.device)

    @cached_property
    def _joints(self) -> slice | Tensor:
        return index(self.compiled.joints[self.dofs], self.backend.device)

    @cached_property
    def _moves(self) -> Tensor:
        """1 where a DOF moves a body, shape (bodies, 1, num_dofs), float32."""
        model = self.compiled.model
        movers = model.jnt_bodyid[self.compiled.joints[self.dofs]]
        rows = [np.isin(movers, ancestors(model, body)) for body in self.bodies]
        moves = np.array(rows, dtype=np.float32).reshape(len(rows), 1, -1)
        return torch.from_numpy(moves).to(self.backend.device)

    @cached_property
    def _turns(self) -> Tensor:
        """1 where a DOF turns a body, shape (bodies, 1, num_dofs), float32."""
        return self._moves * self.hinges

    @cached_property
    def _mass_places(self) -> tuple[Tensor, Tensor]:
        """Place of each element in MuJoCo's sparse mass matrix, and whether it has one."""
        model = self.compiled.model
        first = self.first_velocity
        root = np.arange(first, first + ROOT_VELOCITIES) if self.floating else np.zeros(0, int)
        velocities = np.concatenate((root, self.compiled.dof_qvel[self.dofs]))
        dense = np.full((model.nv, model.nv), -1)
        for row in range(model.nv):
            start, length = model.M_rowadr[row], model.M_rownnz[row]
            columns = model.M_colind[start : start + length]
            dense[row, columns] = dense[columns, row] = np.arange(start, start + length)
        places = torch.from_numpy(dense[np.ix_(velocities, velocities)].astype(np.int64))
        places = places.to(self.backend.device)
        return places.clamp_min(0), places >= 0


def actor_dynamics(
    backend: Backend, compiled: CompiledScene, layout: Layout, handle: int
) -> ActorDynamics:
    """The dynamics of one actor.

    Args:
        backend: simulations of the compiled model.
        compiled: where everything is.
        layout: of the environments.
        handle: the actor.
    """
    actor, root = layout.actors[handle], compiled.roots[handle]
    first = actor.first_body + has_still_root(actor.asset)
    last = actor.first_body + len(actor.asset.model.bodies)
    return ActorDynamics(
        backend,
        compiled,
        bodies=compiled.bodies[first:last],
        dofs=slice(actor.first_dof, actor.first_dof + len(actor.dof_properties)),
        root=-1 if actor.asset.fixed_base else root.body,
        first_velocity=root.qvel,
    )


def ancestors(model: mujoco.MjModel, body: int) -> list[int]:
    """A body and all bodies that it hangs on."""
    chain = []
    while body:
        chain.append(int(body))
        body = model.body_parentid[body]
    return chain


def cross_matrix(vector: Tensor) -> Tensor:
    """The matrix that takes w to vector x w, shape (..., 3, 3)."""
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    rows = (zero, -z, y, z, zero, -x, -y, x, zero)
    return torch.stack(rows, -1).unflatten(-1, (3, 3))
