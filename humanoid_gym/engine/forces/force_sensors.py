"""Isaac Gym's force sensors, from MuJoCo's motion sensors on the bodies that carry them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.assets.asset import ForceSensor
from humanoid_gym.engine.backend import Backend
from humanoid_gym.engine.compilation.compiled_scene import CompiledScene
from humanoid_gym.engine.forces.constraint_motion import ConstraintMotion
from humanoid_gym.engine.scene.scene import Layout
from humanoid_gym.engine.state.state import xyzw
from humanoid_gym.rotation import (
    quat_conjugate,
    quat_multiply,
    quat_rotate,
    quat_rotate_inverse,
    quat_to_matrix,
)


class ForceSensors:
    """Net force and torque on bodies, from their acceleration in the last substep.

    Args:
        backend: simulations of the compiled model, with the bodies' present mass properties.
        compiled: holds the acceleration sensors.
        layout: the actors and their sensors.
    """

    def __init__(self, backend: Backend, compiled: CompiledScene, layout: Layout) -> None:
        ids, poses, world = placed_sensors(compiled, layout)
        device = backend.device
        poses = torch.from_numpy(poses).to(device)
        ids = torch.from_numpy(ids).to(device)
        axes = poses[:, 3:7]
        self._backend = backend
        self._values = slice(compiled.force_sensor, compiled.force_sensor + 13 * len(ids))
        # In float32 from here on: the readings are published so, and it takes half the time.
        self._axes = axes.float()
        self._own_axes = bool((axes[:, :3] != 0).any())
        mass, com, moments, inertial_axes = (
            backend.constants(f"body_{name}")[:, ids].double()
            for name in ("mass", "ipos", "inertia", "iquat")
        )
        axes = axes.expand(len(inertial_axes), -1, -1)
        principal = quat_multiply(quat_conjugate(axes), xyzw(inertial_axes))
        to_principal = quat_to_matrix(principal).transpose(-1, -2)
        inertia = to_principal.transpose(-1, -2) @ (moments[..., None] * to_principal)
        self._mass = mass.float()[..., None]  # (num_envs or 1, num_sensors, 1)
        self._inertia = inertia.float()  # (num_envs or 1, num_sensors, 3, 3)
        arm = com - poses[:, :3]
        self._arm = quat_rotate_inverse(axes.expand(len(arm), -1, -1), arm).float()
        self._world = torch.from_numpy(world).to(device)[:, None, None]
        self._any_world = bool(world.any())
        self._gravity = torch.from_numpy(compiled.model.opt.gravity).float().to(device)
        self._place_parts(compiled, layout)

    def change_gravity(self, gravity: np.ndarray) -> None:
        """Take over another gravity [m/s^2], shape (3,), where a recorded step reads it."""
        self._gravity.copy_(torch.from_numpy(gravity))

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
        wrench = self._wrench(rotation, motion_w)  # (num_envs, num_sensors, 2 vectors, 3)
        if self._constraints is not None:
            still = torch.zeros_like(motion_w[..., :1, :])
            motion_w = torch.cat((self._constraints.read(), still), dim=-2)
            wrench = self._net * wrench + self._part * self._wrench(rotation, motion_w)
        return wrench.flatten(2)

    def _wrench(self, rotation: Tensor, motion_w: Tensor) -> Tensor:
        """Force and torque that a motion takes, in the axes that each sensor reports.

        Args:
            rotation: of the sensors, xyzw, shape (num_envs, num_sensors, 1, 4).
            motion_w: acceleration of the COM, angular acceleration and angular velocity, shape
                (num_envs, num_sensors, 3 vectors, 3).

        Returns:
            Shape (num_envs, num_sensors, 2, 3).
        """
        motion = quat_rotate_inverse(rotation, motion_w)  # (num_envs, num_sensors, 3 vectors, 3)
        force = self._mass * motion[..., 0, :]
        weighted = self._weighted(motion[..., 1:3, :])
        torque = weighted[..., 0, :] + torch.linalg.cross(motion[..., 2, :], weighted[..., 1, :])
        torque = torque + torch.linalg.cross(self._arm.expand_as(force), force)
        wrench = torch.stack((force, torque), dim=-2)
        if self._any_world:
            wrench = torch.where(self._world, quat_rotate(rotation, wrench), wrench)
        return wrench

    def _place_parts(self, compiled: CompiledScene, layout: Layout) -> None:
        """Which sensors report forward dynamics, constraints, or the net of both."""
        placed = [placed_sensor(layout, row).properties for row in layout.force_sensors]
        device = self._backend.device
        smooth = [float(p.enable_forward_dynamics_forces) for p in placed]
        solved = [float(p.enable_constraint_solver_forces) for p in placed]
        smooth = torch.tensor(smooth, device=device)
        solved = torch.tensor(solved, device=device)
        self._net, self._part = smooth[:, None, None], (solved - smooth)[:, None, None]
        self._constraints = None
        if self._part.any():
            bodies = sensor_bodies(layout)
            self._constraints = ConstraintMotion(self._backend, compiled, layout, bodies)

    def _weighted(self, vectors: Tensor) -> Tensor:
        """Inertia times vectors (num_envs, num_sensors, 2, 3)."""
        if len(self._inertia) > 1:
            return vectors @ self._inertia
        # Few large products, one per sensor, in place of many small ones.
        weighted = vectors.movedim(1, 0).flatten(1, 2) @ self._inertia[0]
        return weighted.unflatten(1, (-1, 2)).movedim(0, 1)


def placed_sensors(
    compiled: CompiledScene, layout: Layout
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each sensor's MuJoCo body, its pose on it (position, quaternion xyzw), its axes.

    Returns:
        Shapes (num_sensors,), (num_sensors, 7) and (num_sensors,), bool: in world axes.
    """
    poses, world = [], []
    for handle, sensor in layout.force_sensors:
        actor = layout.actors[handle]
        placed = actor.asset.force_sensors[sensor]
        p, r = placed.pose.p, placed.pose.r
        poses.append((p.x, p.y, p.z, r.x, r.y, r.z, r.w))
        world.append(placed.properties.use_world_frame)
    return compiled.bodies[sensor_bodies(layout)], np.array(poses), np.array(world)


def sensor_bodies(layout: Layout) -> np.ndarray:
    """Body row of each sensor, shape (num_sensors,)."""
    first = [layout.actors[handle].first_body for handle, _ in layout.force_sensors]
    own = [placed_sensor(layout, row).body for row in layout.force_sensors]
    return np.array(first) + np.array(own)


def placed_sensor(layout: Layout, row: tuple[int, int]) -> ForceSensor:
    """The sensor of an actor's asset."""
    handle, sensor = row
    return layout.actors[handle].asset.force_sensors[sensor]
