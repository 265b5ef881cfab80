"""Per-environment scales of actors as model fields: places and sizes of everything in them.

Meshes have no scale of their own in a compiled model: `mesh_fields` takes one of each size.
"""

from __future__ import annotations

import numpy as np

from humanoid_gym.engine.compilation.compiled_scene import CompiledScene
from humanoid_gym.engine.model_fields.fields import FieldWrite
from humanoid_gym.engine.scene.scene import Layout

WORLD = 0
LENGTHS = {
    "body_pos": "body",
    "geom_pos": "geom",
    "geom_size": "geom",
    "jnt_pos": "jnt",
    "site_pos": "site",
}
"""Fields that are lengths, and what they belong to; the others follow by `set_const`."""


class ScaleFields:
    """Turns scales of actors into fields of a compiled model.

    Args:
        compiled: nothing was written into its model yet.
        layout: actors of the environment it was compiled from, at its scales.
        others: actors that are left out, because `asset_fields` writes them.
        meshes: geoms that are left out, because `mesh_fields` writes them, shape (n,).
    """

    def __init__(
        self, compiled: CompiledScene, layout: Layout, others: list[int], meshes: np.ndarray
    ) -> None:
        model = compiled.model
        self._compiled_scale = np.array([actor.scale for actor in layout.actors])
        owner = np.full(model.nbody, -1)
        owner[compiled.bodies] = np.where(np.isin(layout.body_actor, others), -1, layout.body_actor)
        owners = {
            "body": np.where(model.body_parentid == WORLD, -1, owner),  # roots stay in their place
            "geom": owner[model.geom_bodyid],
            "jnt": owner[model.jnt_bodyid],
            "site": owner[model.site_bodyid],
        }
        owners["geom"][meshes] = -1
        self._fields = []
        for name, kind in LENGTHS.items():
            rows = np.flatnonzero(owners[kind] >= 0)
            if len(rows):
                self._fields.append((name, rows, owners[kind][rows], getattr(model, name)[rows]))

    def writes(self, scale: np.ndarray) -> list[FieldWrite]:
        """The fields for some environments' scales, shape (n, num_actors)."""
        factor = scale / self._compiled_scale
        return [
            FieldWrite(name, rows, None, factor[:, owners, None] * values)
            for name, rows, owners, values in self._fields
        ]
