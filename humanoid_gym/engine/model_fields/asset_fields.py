"""Places and sizes where environments make an actor from different, but alike, assets.

A cube of another edge, a link of another length: numbers in one model per environment. What assets
must agree in is told by `scene.likeness`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.compilation.compiled_scene import CompiledScene
from humanoid_gym.engine.compilation.env_spec import wxyz
from humanoid_gym.engine.model_fields.fields import FieldWrite
from humanoid_gym.engine.scene.scene import Env, Layout

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
        first_shape = 0
        for handle, actor in enumerate(layout.actors):
            num_shapes = len(actor.shape_properties)
            assets = {id(env.actors[handle].asset): env.actors[handle].asset for env in envs}
            if len(assets) > 1:
                order = {key: index for index, key in enumerate(assets)}
                asset_of = np.array([order[id(env.actors[handle].asset)] for env in envs])
                num_bodies, num_dofs = len(actor.asset.model.bodies), len(actor.asset.dof_names)
                rows = {
                    "body": compiled.bodies[actor.first_body :][:num_bodies][1:],
                    "geom": compiled.geoms[first_shape : first_shape + num_shapes],
                    "jnt": compiled.joints[actor.first_dof : actor.first_dof + num_dofs],
                }
                fields = variant_fields(list(assets.values()), rows)
                self._variants.append(Variants(handle, asset_of, fields))
            first_shape += num_shapes

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
    assets: list[Asset], rows: dict[str, np.ndarray]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Fields of alike assets in one place; meshes are the same ones and stay as compiled."""
    shapes = [[shape for _, shape in asset.collision_shapes] for asset in assets]
    primitive = [index for index, shape in enumerate(shapes[0]) if shape.mesh is None]
    bodies = [asset.model.bodies[1:] for asset in assets]
    joints = [asset.model.dof_joints for asset in assets]
    geoms = rows["geom"][primitive]
    shapes = [[own[index] for index in primitive] for own in shapes]
    values = {
        "body_pos": (rows["body"], [[b.pose.position for b in own] for own in bodies]),
        "body_quat": (rows["body"], [[wxyz(b.pose.rotation) for b in own] for own in bodies]),
        "geom_pos": (geoms, [[s.pose.position for s in own] for own in shapes]),
        "geom_quat": (geoms, [[wxyz(s.pose.rotation) for s in own] for own in shapes]),
        "geom_size": (geoms, [[[*s.size, 0, 0, 0][:3] for s in own] for own in shapes]),
        "jnt_pos": (rows["jnt"], [[joint.anchor for joint in own] for own in joints]),
        "jnt_axis": (rows["jnt"], [[joint.axis for joint in own] for own in joints]),
    }
    return {
        name: (index, np.array(table, dtype=np.float64))
        for name, (index, table) in values.items()
        if len(index)
    }
