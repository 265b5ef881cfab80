"""Places and sizes where environments make an actor from different, but alike, assets.

A cube of another edge, a link of another length: numbers in one model per environment. What assets
must agree in is told by `scene.likeness`; meshes are written by `mesh_fields`.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.compilation.compiled_scene import CompiledScene
from humanoid_gym.engine.compilation.env_spec import geom_size, wxyz
from humanoid_gym.engine.model_fields.fields import FieldWrite
from humanoid_gym.engine.scene.scene import Env, Layout
from humanoid_gym.engine.scene.slots import Slots

LENGTHS = frozenset(["body_pos", "geom_pos", "geom_size", "jnt_pos"])
"""Fields that an actor's scale multiplies."""


@dataclass(frozen=True)
class Variants:
    """An actor that several assets stand for."""

    handle: int
    asset_of: np.ndarray
    """Which asset each environment has, shape (num_envs,)."""
    fields: dict[str, tuple[np.ndarray, np.ndarray]]
    """By name: rows of the field, shape (n,), and each asset's values, (num_assets, n, size)."""


class AssetFields:
    """Turns the assets of all environments into fields of a compiled model.

    Args:
        compiled: nothing was written into its model yet.
        layout: actors of the environment it was compiled from.
        envs: all environments.
    """

    def __init__(self, compiled: CompiledScene, layout: Layout, envs: list[Env]) -> None:
        self._variants = []
        for handle, (actor, slots) in enumerate(zip(layout.actors, layout.slots, strict=True)):
            if len(slots.assets) > 1:
                order = {asset: index for index, asset in enumerate(slots.assets)}
                asset_of = np.array([order[env.actors[handle].asset] for env in envs])
                num_bodies, num_dofs = len(actor.asset.model.bodies), len(actor.asset.dof_names)
                fields = variant_fields(
                    slots.assets,
                    compiled.bodies[actor.first_body :][:num_bodies][1:],
                    compiled.joints[actor.first_dof : actor.first_dof + num_dofs],
                )
                geoms = compiled.geoms[layout.slot_ranges[handle]]
                fields.update(shape_fields(slots, geoms, compiled.model))
                self._variants.append(Variants(handle, asset_of, fields))

    @property
    def handles(self) -> list[int]:
        """Actors whose places and sizes are written here."""
        return [variants.handle for variants in self._variants]

    def writes(self, envs: np.ndarray, scale: np.ndarray) -> list[FieldWrite]:
        """The fields for some environments, shape (n,), with their scales, (n, num_actors)."""
        writes = []
        for variants in self._variants:
            factor = scale[:, variants.handle, None, None]
            for name, (rows, values) in variants.fields.items():
                own = values[variants.asset_of[envs]]
                writes.append(
                    FieldWrite(name, rows, None, own * factor if name in LENGTHS else own)
                )
        return writes


def variant_fields(
    assets: list[Asset], body_rows: np.ndarray, joint_rows: np.ndarray
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Places of the bodies, less the root, and of the joints of alike assets."""
    bodies = [asset.model.bodies[1:] for asset in assets]
    joints = [asset.model.dof_joints for asset in assets]
    values = {
        "body_pos": (body_rows, [[b.pose.position for b in own] for own in bodies]),
        "body_quat": (body_rows, [[wxyz(b.pose.rotation) for b in own] for own in bodies]),
        "jnt_pos": (joint_rows, [[joint.anchor for joint in own] for own in joints]),
        "jnt_axis": (joint_rows, [[joint.axis for joint in own] for own in joints]),
    }
    return {
        name: (index, np.array(table, dtype=np.float64))
        for name, (index, table) in values.items()
        if len(index)
    }


def shape_fields(
    slots: Slots, geoms: np.ndarray, model: mujoco.MjModel
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Places and sizes of primitive shapes; slots that an asset leaves out stay as compiled."""
    primitive = [index for index, slot in enumerate(slots.list) if slot.shape.mesh is None]
    rows = geoms[primitive]
    row_of = {slot: row for row, slot in enumerate(primitive)}
    tables = {
        name: np.repeat(getattr(model, name)[rows][None], len(slots.assets), axis=0)
        for name in ("geom_pos", "geom_quat", "geom_size")
    }
    for number, asset in enumerate(slots.assets):
        for slot, (_, shape) in zip(slots.of(asset), asset.collision_shapes, strict=True):
            if shape.mesh is None:
                place = number, row_of[slot]
                tables["geom_pos"][place] = shape.pose.position
                tables["geom_quat"][place] = wxyz(shape.pose.rotation)
                tables["geom_size"][place] = geom_size(shape)
    return {name: (rows, table) for name, table in tables.items() if len(rows)}
