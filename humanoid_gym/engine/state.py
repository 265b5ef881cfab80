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
from humanoid_gym.rotation import quat_rotate, quat_rotate_inverse, quat_to_matrix

XYZW = [1, 2, 3, 0]
"""Takes wxyz components to xyzw order."""
WXYZ = [3, 0, 1, 2]
"""Takes xyzw components to wxyz order."""


def index(rows: np.ndarray | list[int]) -> slice | Tensor:
    """Rows as a slice where they are consecutive, which reads without gathering."""
    rows = np.asarray(rows, dtype=np.int64)
    if len(rows) and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
        return slice(int(rows[0]), int(rows[0]) + len(rows))
    return torch.from_numpy(rows)


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
        out = torch.zeros(n, self.num_actors, 13, dtype=torch.float64, device=self._backend.device)
        if self.num_floating:
            qpos = self._backend.state("qpos")[:, self._qpos_rows].reshape(n, -1, 7)
            qvel = self._backend.state("qvel")[:, self._qvel_rows].reshape(n, -1, 6)
            rotation = qpos[..., 3:7][..., XYZW]
            spin_w = quat_rotate(rotation, qvel[..., 3:6])
            arm_w = quat_rotate(rotation, self._com.expand(n, -1, -1))
            velocity_w = qvel[..., 0:3] + torch.linalg.cross(spin_w, arm_w)
            out[:, self.floating] = torch.cat((qpos[..., 0:3], rotation, velocity_w, spin_w), -1)
        if self.num_fixed:
            out[:, self.fixed, 0:3] = self._backend.state("mocap_pos")[:, self._mocap].double()
            quat = self._backend.state("mocap_quat")[:, self._mocap].double()
            out[:, self.fixed, 3:7] = quat[..., XYZW]
        return out

    def write(self, values: Tensor, mask: Tensor) -> None:
        """Set root states.

        Args:
            values: as `read` returns them, float32 or float64.
            mask: actors to write, shape (num_envs, num_actors), bool; others keep their state
                to the last bit.
        """
        values = values.double()
        if self.num_floating:
            self._write_floating(values[:, self.floating], mask[:, self.floating, None])
        if self.num_fixed:
            mask = mask[:, self.fixed, None]
            for name, new in (
                ("mocap_pos", values[:, self.fixed, 0:3]),
                ("mocap_quat", unit(values[:, self.fixed, 3:7])[..., WXYZ]),
            ):
                state = self._backend.state(name)
                state[:, self._mocap] = torch.where(mask, new, state[:, self._mocap])

    def _write_floating(self, values: Tensor, mask: Tensor) -> None:
        n = len(values)
        rotation = unit(values[..., 3:7])
        spin_w = values[..., 10:13]
        arm_w = quat_rotate(rotation, self._com.expand(n, -1, -1))
        velocity_w = values[..., 7:10] - torch.linalg.cross(spin_w, arm_w)
        spin_b = quat_rotate_inverse(rotation, spin_w)
        for name, rows, new in (
            ("qpos", self._qpos_rows, torch.cat((values[..., 0:3], rotation[..., WXYZ]), -1)),
            ("qvel", self._qvel_rows, torch.cat((velocity_w, spin_b), -1)),
        ):
            state = self._backend.state(name)
            old = state[:, rows].reshape(new.shape)
            state[:, rows] = torch.where(mask, new, old).reshape(n, -1).to(state.dtype)


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

    def write(self, values: Tensor, mask: Tensor) -> None:
        """Set the entries of values where mask is true, both shaped (num_envs, num_dofs, 2)."""
        for column, (name, rows) in enumerate(
            (("qpos", self._positions), ("qvel", self._velocities))
        ):
            state = self._backend.state(name)
            new = values[..., column].to(state.dtype)
            state[:, rows] = torch.where(mask[..., column], new, state[:, rows])

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
        rotation = output("xquat")[:, self._bodies][..., XYZW]
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
        self._backend = backend
        self._ids = index(ids)
        self._values = slice(compiled.force_sensor, compiled.force_sensor + 6 * len(ids))
        self._mass = torch.from_numpy(model.body_mass[ids])[:, None, None]
        self._com = torch.from_numpy(model.body_ipos[ids])[..., None]
        self._inertia = torch.from_numpy(model.body_inertia[ids])[..., None]
        self._position = torch.from_numpy(np.array([p for p, _ in poses]))[..., None]
        self._axes = quat_to_matrix(torch.from_numpy(np.array([r for _, r in poses])))
        self._world = torch.tensor(in_world_axes)[:, None, None]
        self._gravity = torch.from_numpy(model.opt.gravity)[:, None]

    def read(self) -> Tensor:
        """Force [N] and torque [N m] of each sensor, shape (num_envs, num_sensors, 6)."""
        sensed = self._backend.output("sensordata")[:, self._values]
        sensed = sensed.reshape(len(sensed), -1, 6, 1)
        body = self._matrices("xmat")
        force_w = self._mass * (sensed[:, :, 0:3] + self._gravity)
        arm_w = body @ (self._com - self._position)
        torque_w = self._moment(sensed[:, :, 3:6]) + torch.linalg.cross(arm_w, force_w, dim=2)
        wrench_w = torch.cat((force_w, torque_w), dim=-1)  # one column each
        wrench = (body @ self._axes).transpose(-1, -2) @ wrench_w
        return torch.where(self._world, wrench_w, wrench).transpose(-1, -2).flatten(2)

    def _moment(self, acceleration_w: Tensor) -> Tensor:
        """Moment about the COM that gives an angular acceleration: Euler's equation.

        Args:
            acceleration_w: [rad/s^2], world axes, shape (num_envs, num_sensors, 3, 1).

        Returns:
            [N m], world axes, same shape.
        """
        principal = self._matrices("ximat")
        spin_w = self._backend.output("cvel")[:, self._ids, 0:3, None]
        to_principal = principal.transpose(-1, -2)
        momentum_w = principal @ (self._inertia * (to_principal @ spin_w))
        torque_w = principal @ (self._inertia * (to_principal @ acceleration_w))
        return torque_w + torch.linalg.cross(spin_w, momentum_w, dim=2)

    def _matrices(self, name: str) -> Tensor:
        """A rotation per sensor body, shape (num_envs, num_sensors, 3, 3)."""
        rows = self._backend.output(name)[:, self._ids]
        return rows.reshape(len(rows), -1, 3, 3)


def unit(quaternion: Tensor) -> Tensor:
    """Normalised quaternion xyzw; zero becomes the identity."""
    norm = torch.linalg.vector_norm(quaternion, dim=-1, keepdim=True)
    identity = torch.zeros_like(quaternion)
    identity[..., 3] = 1.0
    return torch.where(norm > 0, quaternion / norm.clamp_min(1e-300), identity)
