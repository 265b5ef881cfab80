"""Isaac Gym's state tensors and MuJoCo's state: the one border between their conventions.

Isaac Gym: quaternions xyzw; linear velocity of the centre of mass; angular velocity in world axes.
MuJoCo: quaternions wxyz; a free joint's linear velocity is the body origin's and its angular
velocity is in body axes. Positions are relative to the environment's origin on both sides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.backend import Backend
from humanoid_gym.rotation import quat_rotate, quat_rotate_inverse

if TYPE_CHECKING:
    from humanoid_gym.engine.compilation.compiled_scene import CompiledScene


def xyzw(quaternion: Tensor) -> Tensor:
    """MuJoCo's order w, x, y, z as Isaac Gym's, shape (..., 4)."""
    return quaternion.roll(-1, -1)


def wxyz(quaternion: Tensor) -> Tensor:
    """Isaac Gym's order x, y, z, w as MuJoCo's, shape (..., 4)."""
    return quaternion.roll(1, -1)


Rows = slice | Tensor
"""Indices of rows: consecutive ones, or an int64 tensor."""


def index(rows: np.ndarray | list[int], device: torch.device) -> Rows:
    """Rows as a slice where they are consecutive, which reads without gathering."""
    rows = np.asarray(rows, dtype=np.int64)
    if len(rows) and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
        return slice(int(rows[0]), int(rows[0]) + len(rows))
    return torch.from_numpy(rows).to(device)


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

    def __init__(self, backend: Backend, compiled: CompiledScene, *, measured: bool) -> None:
        roots, device = compiled.roots, backend.device
        self.measured = measured and backend.measures_bodies
        """Whether they are read as states of bodies, which are then served anyway."""
        self._bodies = index([root.body - 1 for root in roots], device)
        self.num_actors = len(roots)
        self.floating = index([i for i, root in enumerate(roots) if root.mocap < 0], device)
        self.fixed = index([i for i, root in enumerate(roots) if root.mocap >= 0], device)
        free = [root for root in roots if root.mocap < 0]
        self.num_floating, self.num_fixed = len(free), len(roots) - len(free)
        self._mocap = index([root.mocap for root in roots if root.mocap >= 0], device)
        self._backend = backend
        self._qpos_rows = index([root.qpos + i for root in free for i in range(7)], device)
        self._qvel_rows = index([root.qvel + i for root in free for i in range(6)], device)
        bodies = torch.tensor([root.body for root in free], dtype=torch.int64, device=device)
        self._com = backend.constants("body_ipos")[:, bodies]
        """Centre of mass in the body frame, shape (num_envs, floating, 3); one row for all."""

    def read(self) -> Tensor:
        """Root states as Isaac Gym reads them, shape (num_envs, num_actors, 13)."""
        if self.measured:
            return self._backend.output("body_state")[:, self._bodies]
        n = self._backend.num_envs
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
        position = self._backend.state("mocap_pos")[:, self._mocap]
        quat = self._backend.state("mocap_quat")[:, self._mocap]
        still = torch.zeros(n, self.num_fixed, 6, dtype=position.dtype, device=position.device)
        fixed = torch.cat((position, xyzw(quat), still), -1)
        if not self.num_floating:
            return fixed
        out = torch.empty(n, self.num_actors, 13, dtype=position.dtype, device=position.device)
        out[:, self.floating], out[:, self.fixed] = states, fixed
        return out

    def write(self, values: Tensor, mask: Tensor, envs: Rows) -> None:
        """Set root states.

        Args:
            values: as `read` returns them, float32 or float64.
            mask: actors to write, shape (num_envs, num_actors), bool; others keep their state
                to the last bit.
            envs: environments with such actors, from `changed_envs`.
        """
        values, mask = values[envs].to(self._com.dtype), mask[envs]
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
        com = self._com if len(self._com) == 1 else self._com[envs]
        arm_w = quat_rotate(rotation, com.expand(n, -1, -1))
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
        self._positions = index(compiled.dof_qpos, backend.device)
        self._velocities = index(compiled.dof_qvel, backend.device)

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
        state = self._backend.state("qfrc_applied")
        state[:, self._velocities] = force.to(state.dtype)


class BodyStates:
    """Poses and velocities of all bodies."""

    def __init__(self, backend: Backend, compiled: CompiledScene) -> None:
        self._backend = backend
        self._bodies = index(compiled.bodies, backend.device)
        self._measured = index(compiled.bodies - 1, backend.device)
        trees = compiled.model.body_rootid[compiled.bodies]
        one_tree = len(trees) > 0 and (trees == trees[0]).all()
        self._trees = index(trees[:1] if one_tree else trees, backend.device)
        """Body whose subtree's centre of mass `cvel` refers to; one for all if it is the same."""

    def read(self, out: Tensor) -> None:
        """Write body states as Isaac Gym reads them into shape (num_envs, num_bodies, 13).

        In `out`'s type wherever nothing is lost by it: half the memory to move.
        """
        output, bodies = self._backend.output, self._bodies
        if self._backend.measures_bodies:
            out.copy_(output("body_state")[:, self._measured])
            return
        rotation = output("xquat")[:, bodies]
        out[..., 0:3] = output("xpos")[:, bodies]
        out[..., 3:6] = rotation[..., 1:4]
        out[..., 6] = rotation[..., 0]
        twist = output("cvel")[:, bodies].to(out.dtype)  # angular, linear at the tree's COM
        arm = (output("xipos")[:, bodies] - output("subtree_com")[:, self._trees]).to(out.dtype)
        out[..., 7:10] = torch.linalg.cross(twist[..., 0:3], arm).add_(twist[..., 3:6])
        out[..., 10:13] = twist[..., 0:3]


def unit(quaternion: Tensor) -> Tensor:
    """Normalised quaternion xyzw; zero becomes the identity."""
    norm = torch.linalg.vector_norm(quaternion, dim=-1, keepdim=True)
    identity = torch.zeros_like(quaternion)
    identity[..., 3] = 1.0
    return torch.where(norm > 0, quaternion / norm.clamp_min(1e-300), identity)
