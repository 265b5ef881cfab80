"""The Jacobian and mass-matrix tensors that clients acquire by actor name."""

from __future__ import annotations

from enum import Enum

import torch
from torch import Tensor

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.forces.dynamics import (
    ActorDynamics,
    actor_dynamics,
    jacobian_shape,
    num_velocities,
)
from humanoid_gym.engine.scene.likeness import difference
from humanoid_gym.engine.scene.scene import Scene
from humanoid_gym.engine.simulation import Simulation


class Matrix(Enum):
    """What a tensor holds for each actor; the value is part of its API calls' names."""

    JACOBIAN = "jacobian"
    MASS = "mass_matrix"


class MatrixTensors:
    """One float32 buffer per kind and actor name, the same object from its acquisition on.

    Args:
        scene: decides the shapes.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._buffers: dict[tuple[Matrix, str], Tensor] = {}
        self._actors: dict[int, ActorDynamics] = {}
        self._known_places: dict[str, tuple[list[int], Tensor | None]] = {}

    @property
    def num_acquired(self) -> int:
        """How many a client asked for."""
        return len(self._buffers)

    def acquired(self, kind: Matrix) -> bool:
        """Whether a client asked for one."""
        return any(key[0] == kind for key in self._buffers)

    def shape(self, kind: Matrix, name: str) -> tuple[int, ...]:
        """(actors of this name, ...).

        Raises:
            ValueError: there is none, or they are made from different assets.
        """
        asset, count = self._named(kind, name)
        if kind == Matrix.JACOBIAN:
            return count, *jacobian_shape(asset)
        size = num_velocities(asset)
        return count, size, size

    def acquire(self, kind: Matrix, name: str, device: torch.device) -> tuple[Tensor, bool]:
        """The buffer, and whether it is new."""
        key = (kind, name)
        new = key not in self._buffers
        if new:
            self._buffers[key] = torch.zeros(self.shape(*key), device=device)
        return self._buffers[key], new

    def check_shapes(self) -> None:
        """Raise RuntimeError where a tensor was acquired before the scene was complete."""
        for (kind, name), buffer in self._buffers.items():
            if buffer.shape != self.shape(kind, name):
                raise RuntimeError(
                    f"acquire_{kind.value}_tensor({name!r}) was called before all actors of this "
                    "name were created; create them first"
                )

    def refresh(self, kind: Matrix, simulation: Simulation) -> None:
        """Copy the values at the present state into all buffers of a kind."""
        simulation.update_poses()
        for key, buffer in self._buffers.items():
            if key[0] == kind and buffer.numel():
                self._write(kind, key[1], buffer, simulation)

    def _write(self, kind: Matrix, name: str, buffer: Tensor, simulation: Simulation) -> None:
        """Write an actor's matrices; several actors of one name alternate within environments."""
        handles, rows = self._places(name, simulation.device)
        direct = len(handles) == 1 and rows is None and buffer.device == simulation.device
        values = buffer if direct else None
        parts = []
        for handle in handles:
            shape = (simulation.num_envs, *buffer.shape[1:])
            part = torch.zeros(shape, device=simulation.device) if values is None else values
            dynamics = self._dynamics(handle, simulation)
            if kind == Matrix.JACOBIAN:
                dynamics.write_jacobian(part)
            else:
                dynamics.write_mass_matrix(part)
            parts.append(part)
        if values is None:
            together = torch.stack(parts, dim=1).flatten(0, 1)
            buffer.copy_(together if rows is None else together[rows])

    def _places(self, name: str, device: torch.device) -> tuple[list[int], Tensor | None]:
        """Handles of the actors of a name, and which of all (environment, handle) have it.

        Names usually are the same in all environments; then the rows are None: all of them.
        """
        if name not in self._known_places:
            handles, rows = self._find_places(name)
            listed = None if rows is None else torch.tensor(rows, device=device)
            self._known_places[name] = handles, listed
        return self._known_places[name]

    def _find_places(self, name: str) -> tuple[list[int], list[int] | None]:
        """What `_places` tells, by looking at all environments."""
        owners = [
            [handle for handle, actor in enumerate(env.actors) if actor.name == name]
            for env in self._scene.envs
        ]
        handles = sorted({handle for env in owners for handle in env})
        if all(env == handles for env in owners):
            return handles, None
        rows = [
            index * len(handles) + handles.index(handle)
            for index, env in enumerate(owners)
            for handle in env
        ]
        return handles, rows

    def _dynamics(self, handle: int, simulation: Simulation) -> ActorDynamics:
        """The actor's dynamics in the simulation as it is compiled now."""
        known = self._actors.get(handle)
        if known is None or known.backend is not simulation.backend:
            known = actor_dynamics(
                simulation.backend, simulation.compiled, simulation.layout, handle
            )
            self._actors[handle] = known
        return known

    def _named(self, kind: Matrix, name: str) -> tuple[Asset, int]:
        """Asset and number of the actors of a name."""
        call = f"acquire_{kind.value}_tensor"
        actors = [actor for env in self._scene.envs for actor in env.actors]
        assets = [actor.asset for actor in actors if actor.name == name]
        if not assets:
            names = ", ".join(sorted({repr(actor.name) for actor in actors})) or "none"
            raise ValueError(f"{call}: no actor is named {name!r}; there are: {names}")
        if any(difference(asset, assets[0]) for asset in assets):
            raise ValueError(
                f"{call}: the actors named {name!r} are made from different assets; give each "
                "asset's actors a name of their own"
            )
        return assets[0], len(assets)
