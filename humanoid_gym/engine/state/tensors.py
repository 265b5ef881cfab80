"""The tensors that clients acquire, refresh, edit and set."""

from __future__ import annotations

from collections.abc import Callable, KeysView
from enum import Enum

import torch
from torch import Tensor

from humanoid_gym.engine.scene.scene import Scene
from humanoid_gym.engine.simulation import Simulation
from humanoid_gym.engine.state import checks


class Kind(Enum):
    """A state tensor; the value is the name that its API calls share."""

    ROOT = "actor_root_state_tensor"
    DOF = "dof_state_tensor"
    BODY = "rigid_body_state_tensor"
    CONTACT = "net_contact_force_tensor"
    DOF_FORCE = "dof_force_tensor"
    FORCE_SENSOR = "force_sensor_tensor"


SENSED = (Kind.CONTACT, Kind.FORCE_SENSOR)
"""Tensors that come from the last substep and cannot be computed again from a state."""


class StateTensors:
    """One float32 buffer per kind, the same object from its first acquisition on.

    Args:
        scene: decides the shapes; it may still grow while nothing was acquired.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._buffers: dict[Kind, Tensor] = {}
        self._published: dict[Kind, tuple[int, Tensor]] = {}
        self._shapes: dict[Kind, tuple[int, int, int]] = {}
        """Of a complete scene."""

    @property
    def acquired(self) -> KeysView[Kind]:
        """Kinds that a client asked for."""
        return self._buffers.keys()

    def shape(self, kind: Kind) -> tuple[int, int, int]:
        """(environments, rows per environment, columns)."""
        if kind in self._shapes:
            return self._shapes[kind]
        env = self._scene.template
        sensors = sum(len(actor.asset.force_sensors) for actor in env.actors)
        rows, columns = {
            Kind.ROOT: (len(env.actors), 13),
            Kind.DOF: (env.num_dofs, 2),
            Kind.BODY: (env.num_bodies, 13),
            Kind.CONTACT: (env.num_bodies, 3),
            Kind.DOF_FORCE: (env.num_dofs, 1),
            Kind.FORCE_SENSOR: (sensors, 6),
        }[kind]
        shape = len(self._scene.envs), rows, columns
        if self._scene.complete:
            self._shapes[kind] = shape
        return shape

    def acquire(self, kind: Kind, device: torch.device) -> Tensor:
        """The buffer, shape (rows of all environments, columns) or (rows,) for DOF forces."""
        if kind not in self._buffers:
            num_envs, rows, columns = self.shape(kind)
            flat = (num_envs * rows, columns) if kind != Kind.DOF_FORCE else (num_envs * rows,)
            self._buffers[kind] = torch.zeros(flat, dtype=torch.float32, device=device)
        return self._buffers[kind]

    def check_shapes(self) -> None:
        """Raise RuntimeError where a tensor was acquired before the scene was complete."""
        for kind, buffer in self._buffers.items():
            num_envs, rows, columns = self.shape(kind)
            if buffer.numel() != num_envs * rows * columns:
                raise RuntimeError(
                    f"acquire_{kind.value} was called before all environments and actors were "
                    "created; create them first"
                )

    def refresh(self, kind: Kind, simulation: Simulation) -> None:
        """Copy the simulation's current values into the buffer, if there is one."""
        buffer = self._buffers.get(kind)
        if buffer is None or not buffer.numel():
            return
        if kind == Kind.BODY:  # the largest: straight into the buffer
            simulation.update_poses()
            target = buffer.view(self.shape(kind))
            if buffer.device == simulation.device:
                simulation.bodies.read(target)
            else:
                there = torch.empty_like(target, device=simulation.device)
                simulation.bodies.read(there)
                target.copy_(there)
        else:
            buffer.view(self.shape(kind)).copy_(self.current(kind, simulation))

    def current(self, kind: Kind, simulation: Simulation) -> Tensor:
        """What a refresh publishes now, float32, private to the engine."""
        version = {Kind.ROOT: simulation.root_version, Kind.DOF: simulation.dof_version}.get(
            kind, simulation.forces_version
        )
        known = self._published.get(kind)
        if known is not None and known[0] == version:
            return known[1]
        if kind in SENSED and not simulation.forces_known:
            return torch.zeros(self.shape(kind), device=simulation.device)
        value = READERS[kind](simulation).to(torch.float32).reshape(self.shape(kind))
        self._published[kind] = (version, value)
        return value

    def write(
        self, kind: Kind, simulation: Simulation, given: object, actors: Tensor | None, call: str
    ) -> None:
        """Set root or DOF states from a client's tensor.

        Only entries that differ, bit by bit, from what a refresh would publish are written:
        everything else keeps its float64 state and its solver warm start.

        Args:
            kind: ROOT or DOF.
            simulation: to write into.
            given: descriptor of the full tensor.
            actors: actors to write, (num_envs, actors per environment), bool; None: all.
            call: name of the API call, for messages.
        """
        shape = self.shape(kind)
        values = checks.buffer(call, given, shape, self._scene.backend_choice.pipeline_device)
        values = values.to(simulation.device)
        published = self.current(kind, simulation)
        differs = values.view(torch.int32) != published.view(torch.int32)
        if kind == Kind.ROOT:
            mask = differs.any(dim=2)
            simulation.set_roots(values, mask if actors is None else mask & actors)
        else:
            if actors is not None:
                differs &= actors[:, simulation.dof_owners, None]
            simulation.set_dofs(values, differs)

    def save(self, simulation: Simulation) -> dict[str, Tensor]:
        """Sensed tensors, which no state can bring back."""
        return {
            kind.value: self.current(kind, simulation).clone()
            for kind in SENSED
            if kind in self._buffers and self._buffers[kind].numel()
        }

    def load(self, simulation: Simulation, saved: dict[str, Tensor]) -> None:
        """Serve saved sensed tensors until the next simulate."""
        self._published = {
            kind: (simulation.forces_version, saved[kind.value].clone())
            for kind in SENSED
            if kind.value in saved
        }


def read_force_sensors(simulation: Simulation) -> Tensor:
    """Force sensors, shape (num_envs, num_sensors, 6)."""
    assert simulation.force_sensors is not None  # compiled with the tensor's acquisition
    return simulation.force_sensors.read()


READERS: dict[Kind, Callable[[Simulation], Tensor]] = {
    Kind.ROOT: lambda simulation: simulation.root_states(),
    Kind.DOF: lambda simulation: simulation.dofs.read(),
    Kind.CONTACT: lambda simulation: simulation.contact_forces(),
    Kind.DOF_FORCE: lambda simulation: simulation.dof_forces(),
    Kind.FORCE_SENSOR: read_force_sensors,
}
