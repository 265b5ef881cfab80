"""Attractors: springs that pull a body towards a pose, along and about the axes that are chosen.

Each is a set of MuJoCo actuators between a site on the body and the target pose, one per axis:
force = -stiffness x displacement - damping x velocity. The integrator solves them together with
drives and contacts, implicitly: they are stable at any stiffness, and a load F displaces the body
by F / stiffness.

Implicit as it is, a very stiff spring covers any distance to its target in one substep, at a speed
that no chain of links survives. The target of a spring is therefore never further away than such a
spring would carry the body at `MAX_SPEED` or `MAX_SPIN`; soft springs never notice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import mujoco
import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.backend import Backend
from humanoid_gym.engine.compilation.attractor_spec import AXES, attractor_bodies
from humanoid_gym.engine.scene.scene import Env, Scene
from humanoid_gym.engine.state.state import unit, wxyz, xyzw
from humanoid_gym.engine.values.math_types import Transform
from humanoid_gym.engine.values.properties import AttractorProperties
from humanoid_gym.rotation import (
    quat_conjugate,
    quat_from_axis_angle,
    quat_multiply,
    quat_rotate,
    quat_rotate_inverse,
)

MAX_SPEED = 3.0
"""Speed at which a spring of infinite stiffness pulls a body to its target [m/s]."""
MAX_SPIN = 10.0
"""Speed at which it turns a body [rad/s]."""


@dataclass
class Places:
    """Where the model holds each attractor, arrays of shape (num_slots, ...)."""

    sites: Tensor
    bodies: Tensor
    """MuJoCo body that is pulled."""
    mocap: Tensor
    """Mocap index of the target of translations and of rotations, shape (num_slots, 2)."""
    actuators: Tensor
    """One for each axis, shape (num_slots, 6)."""


class Attractors:
    """The attractors of all environments in a running simulation.

    Args:
        scene: holds their properties.
        backend: simulations of the compiled model.
        substep: length of one MuJoCo step [s].
    """

    def __init__(self, scene: Scene, backend: Backend, substep: float) -> None:
        bodies = attractor_bodies(scene)
        self.count = len(bodies)
        if not self.count:
            return
        self._backend, self._substep = backend, substep
        self._bodies = bodies
        self._places = find_places(backend.model, self.count, backend.device)
        shape = (len(scene.envs), self.count)
        double = {"dtype": torch.float64, "device": backend.device}
        self._targets = torch.zeros(*shape, 7, **double)
        self._targets[..., 6] = 1.0
        self._active = torch.zeros(*shape, AXES, **double)
        self._reach = torch.full((*shape, 2), torch.inf, **double)
        for env in scene.envs:
            self.update(env)

    def update(self, env: Env) -> None:
        """Take over the properties of an environment's attractors."""
        places, backend = self._places, self._backend
        gains = backend.model_field("actuator_biasprm")
        for slot, properties in zip(self.slots(env), env.attractors, strict=True):
            bits = (np.array(properties.axes) >> np.arange(AXES)) & 1
            active = torch.from_numpy(bits.astype(np.float64)).to(backend.device)
            self._active[env.index, slot] = active
            for column, rate in ((1, properties.stiffness), (2, properties.damping)):
                gains[env.index, places.actuators[slot], column] = (-rate * active).to(gains.dtype)
            self._targets[env.index, slot] = as_pose(properties.target).to(backend.device)
            offset = as_pose(properties.offset).to(backend.device)
            site = places.sites[slot]
            position, turn = backend.model_field("site_pos"), backend.model_field("site_quat")
            position[env.index, site] = offset[:3].to(position.dtype)
            turn[env.index, site] = wxyz(offset[3:]).to(turn.dtype)
            self._reach[env.index, slot] = self._reach_of(env.index, slot, properties.stiffness)

    def set_target(self, env: Env, attractor: int) -> None:
        """Take over the target of one attractor."""
        slot = self.slots(env)[attractor]
        target = as_pose(env.attractors[attractor].target)
        self._targets[env.index, slot] = target.to(self._backend.device)

    def slots(self, env: Env) -> list[int]:
        """The model's attractor that stands for each of an environment's."""
        taken: Counter[int] = Counter()
        slots = []
        for properties in env.attractors:
            body = properties.rigid_handle
            slots.append(self._bodies.index(body) + taken[body])
            taken[body] += 1
        return slots

    def follow(self) -> None:
        """Place the springs' ends at the targets, or on the way to those too far away.

        The bodies' poses have to be up to date.
        """
        backend, places = self._backend, self._places
        position = backend.output("site_xpos")[:, places.sites].double()
        rotation = xyzw(backend.output("site_xquat")[:, places.sites]).double()
        target, turn = self._targets[..., :3], self._targets[..., 3:]
        gap = quat_rotate_inverse(turn, position - target)
        gap = shorten(gap, self._active[..., :3], self._reach[..., :1])
        angle = rotation_vector(quat_multiply(quat_conjugate(turn), rotation))
        angle = shorten(angle, self._active[..., 3:], self._reach[..., 1:])
        back = quat_from_axis_angle(-angle, torch.linalg.vector_norm(angle, dim=-1))
        moved, mocap = backend.state("mocap_pos"), backend.state("mocap_quat")
        moved[:, places.mocap[:, 0]] = (position - quat_rotate(turn, gap)).to(moved.dtype)
        mocap[:, places.mocap[:, 0]] = wxyz(turn).to(mocap.dtype)
        moved[:, places.mocap[:, 1]] = position.to(moved.dtype)
        mocap[:, places.mocap[:, 1]] = wxyz(quat_multiply(rotation, back)).to(mocap.dtype)

    def _reach_of(self, env: int, slot: int, stiffness: float) -> Tensor:
        """Largest displacement [m] and turn [rad] that the spring is given, shape (2,).

        From rest, an implicit spring covers the part r / (1 + r) of its displacement in a substep,
        with r = stiffness h^2 / mass.
        """
        weights = self._backend.constants("body_invweight0")
        inverse = weights[env if len(weights) > 1 else 0, self._places.bodies[slot]]
        limits = torch.tensor([MAX_SPEED, MAX_SPIN], dtype=torch.float64, device=inverse.device)
        ratio = stiffness * self._substep**2 * inverse
        return limits * self._substep * (1.0 + 1.0 / ratio)


def find_places(model: mujoco.MjModel, count: int, device: torch.device) -> Places:
    """Where a compiled model holds its attractors."""
    slots = range(count)
    sites = [model.site(f"attractor{slot}").id for slot in slots]
    targets = [[f"attractor{slot}/{part}" for part in ("place", "turn")] for slot in slots]
    actuators = [
        [model.actuator(f"{pair[axis // 3]}{axis}").id for axis in range(AXES)] for pair in targets
    ]
    mocap = [[model.body_mocapid[model.body(name).id] for name in pair] for pair in targets]
    return Places(
        sites=torch.tensor(sites, device=device),
        bodies=torch.tensor(model.site_bodyid[sites], dtype=torch.int64, device=device),
        mocap=torch.tensor(np.array(mocap, dtype=np.int64), device=device),
        actuators=torch.tensor(actuators, device=device),
    )


def check_attractor(properties: AttractorProperties, env: Env, call: str) -> None:
    """Raise where an attractor cannot be.

    Raises:
        TypeError: not AttractorProperties.
        IndexError: the environment has no such body.
        ValueError: a negative or non-finite gain.
    """
    if not isinstance(properties, AttractorProperties):
        raise TypeError(f"{call}: AttractorProperties expected, got {type(properties).__name__}")
    if not 0 <= properties.rigid_handle < env.num_bodies:
        raise IndexError(
            f"{call}: rigid_handle {properties.rigid_handle} does not exist; environment "
            f"{env.index} has {env.num_bodies} bodies"
        )
    for name in ("stiffness", "damping"):
        value = getattr(properties, name)
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(f"{call}: {name} must be a number >= 0, got {value}")


def as_pose(transform: Transform) -> Tensor:
    """Position and unit quaternion xyzw, shape (7,), float64."""
    p, r = transform.p, transform.r
    position = torch.tensor([p.x, p.y, p.z], dtype=torch.float64)
    return torch.cat((position, unit(torch.tensor([r.x, r.y, r.z, r.w], dtype=torch.float64))))


def shorten(vector: Tensor, active: Tensor, limit: Tensor) -> Tensor:
    """A vector, scaled down until its active components have a length of at most `limit`."""
    length = torch.linalg.vector_norm(vector * active, dim=-1, keepdim=True)
    return torch.where(length > limit, vector * (limit / length.clamp_min(1e-12)), vector)


def rotation_vector(quaternion: Tensor) -> Tensor:
    """Axis times angle of at most pi, shape (..., 3)."""
    xyz, w = quaternion[..., :3], quaternion[..., 3:]
    sine = torch.linalg.vector_norm(xyz, dim=-1, keepdim=True)
    angle = 2.0 * torch.atan2(sine, w.abs()) * torch.where(w < 0, -1.0, 1.0)
    return torch.where(sine > 1e-12, xyz / sine.clamp_min(1e-300) * angle, 2.0 * xyz)
