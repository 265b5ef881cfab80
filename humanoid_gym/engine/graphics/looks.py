"""The shapes that an actor shows in each environment: assets in one place may have others."""

from __future__ import annotations

import mujoco
import numpy as np

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.compilation.env_spec import COLLISION_GEOM_GROUP, add_geom, mesh_name
from humanoid_gym.engine.scene.scene import Env

ALL_GROUPS = range(6)
VISUAL_ONLY, VISUAL_AND_COLLISION, COLLISION_ONLY = 0, 1, COLLISION_GEOM_GROUP
HIDDEN, STATIC = 4, 5
"""Geom groups of the display model. The shapes of an asset without visual ones are both."""


class Looks:
    """The sets of shapes that the assets in one actor's place show.

    Assets that differ in numbers only share a set, whose numbers are written for each environment.

    Args:
        envs: all environments.
        handle: the actor's.
    """

    def __init__(self, envs: list[Env], handle: int) -> None:
        numbers: dict[tuple[object, ...], int] = {}
        self._sets: list[Asset] = []
        """The first asset of each."""
        self._number: dict[Asset, int] = {}
        for asset in dict.fromkeys(env.actors[handle].asset for env in envs):
            number = numbers.setdefault(look_of(asset), len(numbers))
            if number == len(self._sets):
                self._sets.append(asset)
            self._number[asset] = number
        counts = [[len(body.shapes) for body in asset.model.bodies] for asset in self._sets]
        first = np.zeros(len(counts[0]), dtype=int)
        self._ends = np.vstack((first, np.cumsum(counts, axis=0)))
        """Geoms of each body up to each set, shape (num_sets + 1, num_bodies)."""

    def geoms(self, asset: Asset, row: int) -> slice:
        """Which of the geoms of a body, in their order, an asset shows."""
        number = self._number[asset]
        return slice(*self._ends[number : number + 2, row].tolist())

    def add_to(self, spec: mujoco.MjSpec, bodies: list[mujoco.MjsBody]) -> None:
        """Add the shapes of all sets, one set after another in each body."""
        for asset in self._sets:
            shapes = [shape for body in asset.model.bodies for shape in body.shapes]
            visual = any(not shape.collides for shape in shapes)
            for new, body in zip(bodies, asset.model.bodies, strict=True):
                for shape in body.shapes:
                    own = COLLISION_ONLY if shape.collides else VISUAL_ONLY
                    group = own if visual else VISUAL_AND_COLLISION
                    add_geom(spec, new, shape, group=group, contype=0, conaffinity=0)


def look_of(asset: Asset) -> tuple[object, ...]:
    """Kinds, meshes and colours of an asset's shapes by body: all but numbers."""
    return tuple(
        tuple(
            (shape.kind, shape.mesh and mesh_name(shape.mesh), shape.collides, shape.color)
            for shape in body.shapes
        )
        for body in asset.model.bodies
    )
