"""Meshes that differ between environments: which one each has, and where it lies.

MuJoCo moves a mesh into the frame of its own principal axes when it compiles it, and a geom's
bounds are those of its mesh: both follow the mesh that an environment takes. An actor of another
scale has meshes of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.assets.model import ShapeModel
from humanoid_gym.engine.compilation.compiled_scene import CompiledScene
from humanoid_gym.engine.compilation.env_spec import mesh_name, mesh_pose
from humanoid_gym.engine.model_fields.fields import FieldWrite
from humanoid_gym.engine.scene.scaling import scaled_shape
from humanoid_gym.engine.scene.scene import Env, Layout
from humanoid_gym.engine.scene.slots import Slots

FIELDS = ("geom_dataid", "geom_pos", "geom_quat", "geom_size", "geom_aabb", "geom_rbound")
"""What a geom's mesh decides."""


@dataclass(frozen=True)
class MeshVariants:
    """The meshes of one actor's place."""

    rows: np.ndarray
    """Geoms, shape (n,)."""
    variant_of: np.ndarray
    """Which variant each environment has, shape (num_envs,)."""
    fields: dict[str, np.ndarray]
    """By name: each variant's values, shape (num_variants, n, ...)."""


class MeshFields:
    """Turns the meshes of all environments into fields of a compiled model.

    Args:
        compiled: nothing was written into its model yet.
        layout: of the environments.
        envs: all environments.
    """

    def __init__(self, compiled: CompiledScene, layout: Layout, envs: list[Env]) -> None:
        self._places: list[MeshVariants] = []
        for handle, slots in enumerate(layout.slots):
            geoms = compiled.geoms[layout.slot_ranges[handle]]
            made = [(env.actors[handle].asset, env.actors[handle].scale) for env in envs]
            order = {key: index for index, key in enumerate(dict.fromkeys(made))}
            with_mesh = [slot for slot, it in enumerate(slots.list) if it.shape.mesh is not None]
            if len(order) > 1 and with_mesh:
                fields = mesh_table(compiled.model, slots, geoms, list(order))
                rows, variant_of = geoms[with_mesh], np.array([order[key] for key in made])
                own = {name: table[:, with_mesh] for name, table in fields.items()}
                self._places.append(MeshVariants(rows, variant_of, own))

    @property
    def rows(self) -> np.ndarray:
        """Geoms that are written here, shape (n,)."""
        return np.concatenate([np.empty(0, np.int64), *(place.rows for place in self._places)])

    def writes(self, envs: np.ndarray) -> list[FieldWrite]:
        """The fields for some environments, shape (n,)."""
        return [
            FieldWrite(name, place.rows, None, table[place.variant_of[envs]])
            for place in self._places
            for name, table in place.fields.items()
        ]


def mesh_table(
    model: mujoco.MjModel, slots: Slots, geoms: np.ndarray, made: list[tuple[Asset, float]]
) -> dict[str, np.ndarray]:
    """Fields of all slots for each asset and scale; what one leaves out stays as compiled."""
    tables = {
        name: np.repeat(getattr(model, name)[geoms][None], len(made), axis=0) for name in FIELDS
    }
    for number, (asset, scale) in enumerate(made):
        for slot, (_, shape) in zip(slots.of(asset), asset.collision_shapes, strict=True):
            if shape.mesh is not None:
                for name, value in mesh_values(model, scaled_shape(shape, scale)).items():
                    tables[name][number, slot] = value
    return tables


def mesh_values(model: mujoco.MjModel, shape: ShapeModel) -> dict[str, np.ndarray | float]:
    """What MuJoCo's compiler makes of a geom with a mesh of the model."""
    assert shape.mesh is not None
    mesh = model.mesh(mesh_name(shape.mesh)).id
    first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
    vertices = model.mesh_vert[first : first + count].astype(np.float64)
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    furthest = np.maximum(np.abs(low), np.abs(high))
    position, rotation = mesh_pose(model, mesh, shape.pose)
    return {
        "geom_dataid": mesh,
        "geom_pos": position,
        "geom_quat": rotation,
        "geom_size": furthest,
        "geom_aabb": np.concatenate(((low + high) / 2, (high - low) / 2)),
        "geom_rbound": float(np.linalg.norm(furthest)),
    }
