"""Isaac Gym's state tensors and MuJoCo's state: the one border between their conventions.

Isaac Gym: quaternions xyzw; linear velocity of the centre of mass; angular velocity in world axes.
MuJoCo: quaternions wxyz; a free joint's linear velocity is the body origin's and its angular
velocity is in body axes. Positions are relative to the environment's origin on both sides.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.backend import Backend
from humanoid_gym.engine.compilation import CompiledScene
from humanoid_gym.rotation import (
    quat_conjugate,
    quat_multiply,
    quat_rotate,
    quat_rotate_inverse,
    quat_to_matrix,
)


def xyzw(quaternion: Tensor) -> Tensor:
    """MuJoCo's order w, x, y, z as Isaac Gym's, shape (..., 4)."""
    return quaternion.roll(-1, -1)


def wxyz(quaternion: Tensor) -> Tensor:
    """Isaac Gym's order x, y, z, w as MuJoCo's, shape (..., 4)."""
    return quaternion.roll(1, -1)


Rows = slice | Tensor
"""Indices of rows: consecutive ones, or an int64 tensor."""


def index(rows: np.ndarray | list[int]) -> Rows:
    """Rows as a slice where they are consecutive, which reads without gathering."""
    rows = np.asarray(rows, dtype=np.int64)
    if len(rows) and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
        return slice(int(rows[0]), int(rows[0]) + len(rows))
    return torch.from_numpy(rows)


def changed_envs(mask: Tensor) -> Rows:
    """Environments that a mask of shape (num_envs, ...) touches; on a GPU all of them.

    On a CPU a write to few environments then costs little; on a GPU asking which would make the
    host wait.
    """
    if mask.device.type != "cpu":
        return slice(None)
    return mask.flatten(1).any(dim=1).nonzero()[:, 0]


def write_rows(state: Tensor, envs: Rows, rows: Rows, new: Tensor, mask: Tensor) -> None:
    """Write where a mask is true; everything else keeps every bit.

    Args:
        state: shape (num_envs, size, ...).
        envs: environments to look at, n of them.
        rows: rows of the state to write, m of them.
        new: values, shape (n, m, ...), any floating type.
        mask: broadcastable to new.
    """
    part = state[envs][:, rows]
    part = torch.where(mask, new.to(state.dtype), part)
    if isinstance(envs, Tensor) and isinstance(rows, Tensor):
        state[envs[:, None], rows] = part
    else:
        state[envs, rows] = part


class RootStates:
    """Root states of all actors <-> free joints and mocap bodies."""

    def __init__(self, backend: Backend, compiled: CompiledScene) -> None:
        roots = compiled.roots
        self.num_actors = len(roots)
        self.floating = index([i for i, root in enumerate(roots) if root.mocap < 0])
        self.fixed = index([i for i, root in enumerate(roots) if root.mocap >= 0])
        free = [root for root in roots if root.mocap < 0]
        self.num_floating, self.num_fixed = len(free), len(roots) - len(free)
        self._qpos = [root.qpos + i for root in free for i in range(7)]
        self._qvel = [root.qvel + i for root in free for i in range(6)]
        self._mocap = index([root.mocap for root in roots if root.mocap >= 0])
        self._backend = backend
        self._qpos_rows, self._qvel_rows = index(self._qpos), index(self._qvel)
        com = compiled.model.body_ipos[[root.body for root in free]]
        self._com = torch.from_numpy(com).to(backend.device)  # (floating, 3)

    def read(self) -> Tensor:
        """Root states as Isaac Gym reads them, shape (num_envs, num_actors, 13), float64."""
        n = self._backend.num_envs
        out = torch.empty(n, self.num_actors, 13, dtype=torch.float64, device=self._backend.device)
        if self.num_floating:
            qpos = self._backend.state("qpos")[:, self._qpos_rows].reshape(n, -1, 7)
            qvel = self._backend.state("qvel")[:, self._qvel_rows].reshape(n, -1, 6)
            rotation = xyzw(qpos[..., 3:7])
            body_b = torch.stack((qvel[..., 3:6], self._com.expand(n, -1, -1)), dim=-2)
            spin_w, arm_w = quat_rotate(rotation.unsqueeze(-2), body_b).unbind(-2)
            velocity_w = qvel[..., 0:3] + torch.linalg.cross(spin_w, arm_w)
            states = torch.cat((qpos[..., 0:3], rotation, velocity_w, spin_w), -1)
            if not self.num_fixed:
                return states
            out[:, self.floating] = states
        if self.num_fixed:
            out[:, self.fixed, 0:3] = self._backend.state("mocap_pos")[:, self._mocap].double()
            quat = self._backend.state("mocap_quat")[:, self._mocap].double()
            out[:, self.fixed, 3:7] = xyzw(quat)
            out[:, self.fixed, 7:13] = 0.0
        return out

    def write(self, values: Tensor, mask: Tensor, envs: Rows) -> None:
        """Set root states.

        Args:
            values: as `read` returns them, float32 or float64.
            mask: actors to write, shape (num_envs, num_actors), bool; others keep their state
                to the last bit.
            envs: environments with such actors, from `changed_envs`.
        """
        values, mask = values[envs].double(), mask[envs]
        if self.num_floating:
            self._write_floating(envs, values[:, self.floating], mask[:, self.floating, None])
        if self.num_fixed:
            mask = mask[:, self.fixed, None]
            rotation = wxyz(unit(values[:, self.fixed, 3:7]))
            write_rows(self._backend.state("mocap_quat"), envs, self._mocap, rotation, mask)
            position = values[:, self.fixed, 0:3]
            write_rows(self._backend.state("mocap_pos"), envs, self._mocap, position, mask)

    def _write_floating(self, envs: Rows, values: Tensor, mask: Tensor) -> None:
        n, floating = len(values), self.num_floating
        rotation = unit(values[..., 3:7])
        spin_w = values[..., 10:13]
        arm_w = quat_rotate(rotation, self._com.expand(n, -1, -1))
        velocity_w = values[..., 7:10] - torch.linalg.cross(spin_w, arm_w)
        spin_b = quat_rotate_inverse(rotation, spin_w)
        qpos = torch.cat((values[..., 0:3], wxyz(rotation)), -1).flatten(1)
        qvel = torch.cat((velocity_w, spin_b), -1).flatten(1)
        for name, rows, new in (("qpos", self._qpos_rows, qpos), ("qvel", self._qvel_rows, qvel)):
            whole = mask.expand(-1, -1, new.shape[1] // floating).flatten(1)
            write_rows(self._backend.state(name), envs, rows, new, whole)


class DofStates:
    """DOF positions and velocities <-> qpos and qvel."""

    def __init__(self, backend: Backend, compiled: CompiledScene) -> None:
        self._backend = backend
        self._positions = index(compiled.dof_qpos)
        self._velocities = index(compiled.dof_qvel)

    def position(self) -> Tensor:
        """[rad or m], shape (num_envs, num_dofs)."""
        return self._backend.state("qpos")[:, self._positions]

    def velocity(self) -> Tensor:
        """[rad/s or m/s], shape (num_envs, num_dofs)."""
        return self._backend.state("qvel")[:, self._velocities]

    def applied(self) -> Tensor:
        """Actuation force [N m or N], shape (num_envs, num_dofs)."""
        return self._backend.state("qfrc_applied")[:, self._velocities]

    def read(self) -> Tensor:
        """Shape (num_envs, num_dofs, 2): position, velocity."""
        return torch.stack((self.position(), self.velocity()), dim=-1)

    def write(self, values: Tensor, mask: Tensor, envs: Rows) -> None:
        """Set the entries of values where mask is true, both shaped (num_envs, num_dofs, 2).

        Args:
            values: as `read` returns them, float32 or float64.
            mask: bool.
            envs: environments with such entries, from `changed_envs`.
        """
        values, mask = values[envs], mask[envs]
        for column, (name, rows) in enumerate(
            (("qpos", self._positions), ("qvel", self._velocities))
        ):
            write_rows(
                self._backend.state(name), envs, rows, values[..., column], mask[..., column]
            )

    def apply(self, force: Tensor) -> None:
        """Set the actuation force of every DOF, shape (num_envs, num_dofs)."""
        self._backend.state("qfrc_applied")[:, self._velocities] = force.to(torch.float64)


class BodyStates:
    """Poses and velocities of all bodies."""

    def __init__(self, backend: Backend, compiled: CompiledScene) -> None:
        self._backend = backend
        self._bodies = index(compiled.bodies)
        self._trees = torch.from_numpy(compiled.model.body_rootid[compiled.bodies].astype(np.int64))

    def read(self) -> Tensor:
        """Body states as Isaac Gym reads them, shape (num_envs, num_bodies, 13)."""
        output = self._backend.output
        position = output("xpos")[:, self._bodies]
        rotation = xyzw(output("xquat")[:, self._bodies])
        twist = output("cvel")[:, self._bodies]  # angular, linear at the tree's centre of mass
        arm = output("xipos")[:, self._bodies] - output("subtree_com")[:, self._trees]
        velocity = twist[..., 3:6] + torch.linalg.cross(twist[..., 0:3], arm)
        return torch.cat((position, rotation, velocity, twist[..., 0:3]), dim=-1)


class ForceSensors:
    """Net force and torque on bodies, from their acceleration in the last substep."""

    def __init__(
        self,
        backend: Backend,
        compiled: CompiledScene,
        bodies: list[int],
        poses: list[tuple[np.ndarray, np.ndarray]],
        in_world_axes: list[bool],
    ) -> None:
        """Place the sensors.

        Args:
            backend: simulations of the compiled model.
            compiled: holds the acceleration sensors.
            bodies: body row of each force sensor.
            poses: position and rotation (xyzw) of each in its body's frame.
            in_world_axes: whether each reports in world axes instead of its own.
        """
        model = compiled.model
        ids = compiled.bodies[bodies]
        axes = torch.from_numpy(np.array([rotation for _, rotation in poses]))
        position = torch.from_numpy(np.array([position for position, _ in poses]))
        principal = quat_multiply(
            quat_conjugate(axes), xyzw(torch.from_numpy(model.body_iquat[ids]))
        )
        to_principal = quat_to_matrix(principal).transpose(-1, -2)
        moments = torch.from_numpy(model.body_inertia[ids])[..., None]
        com = torch.from_numpy(model.body_ipos[ids])
        self._backend = backend
        self._values = slice(compiled.force_sensor, compiled.force_sensor + 13 * len(ids))
        # In float32 from here on: the readings are published so, and it takes half the time.
        self._axes = axes.float()
        self._own_axes = bool((axes[:, :3] != 0).any())
        self._mass = torch.from_numpy(model.body_mass[ids]).float()[:, None]
        self._inertia = (to_principal.transpose(-1, -2) @ (moments * to_principal)).float()
        self._arm = quat_rotate_inverse(axes, com - position).float()
        self._world = torch.tensor(in_world_axes)[:, None, None]
        self._any_world = any(in_world_axes)
        self._gravity = torch.from_numpy(model.opt.gravity).float()

    def read(self) -> Tensor:
        """Force [N] and torque [N m] of each sensor, shape (num_envs, num_sensors, 6).

        Newton's and Euler's equations in the sensors' axes, moved from the COM to the sensors.
        """
        sensed = self._backend.output("sensordata")[:, self._values].float().unflatten(-1, (-1, 13))
        rotation = xyzw(sensed[..., 9:13])
        if self._own_axes:
            rotation = quat_multiply(rotation, self._axes.expand_as(rotation))
        rotation = rotation.unsqueeze(-2)
        acceleration_w = sensed[..., 0:3] + self._gravity
        motion_w = torch.stack((acceleration_w, sensed[..., 3:6], sensed[..., 6:9]), dim=-2)
        motion = quat_rotate_inverse(rotation, motion_w)  # (num_envs, num_sensors, 3 vectors, 3)
        force = self._mass * motion[..., 0, :]
        # Few large products, one per sensor, in place of many small ones.
        weighted = motion[..., 1:3, :].movedim(1, 0).flatten(1, 2) @ self._inertia
        weighted = weighted.unflatten(1, (-1, 2)).movedim(0, 1)
        torque = weighted[..., 0, :] + torch.linalg.cross(motion[..., 2, :], weighted[..., 1, :])
        torque = torque + torch.linalg.cross(self._arm.expand_as(force), force)
        wrench = torch.stack((force, torque), dim=-2)
        if self._any_world:
            wrench = torch.where(self._world, quat_rotate(rotation, wrench), wrench)
        return wrench.flatten(2)


def unit(quaternion: Tensor) -> Tensor:
    """Normalised quaternion xyzw; zero becomes the identity."""
    norm = torch.linalg.vector_norm(quaternion, dim=-1, keepdim=True)
    identity = torch.zeros_like(quaternion)
    identity[..., 3] = 1.0
    return torch.where(norm > 0, quaternion / norm.clamp_min(1e-300), identity)
