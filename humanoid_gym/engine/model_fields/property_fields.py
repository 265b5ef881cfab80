"""What the actors' properties decide in the running simulations, per environment.

The properties of all actors are gathered in arrays, turned into model fields and compared with what
was written before: only what changed in the environments concerned is written, and the constants
that follow from it (inverse weights and so on) are computed again in those only.
"""

from __future__ import annotations

from collections.abc import Iterable

import mujoco
import numpy as np
import torch

from humanoid_gym.engine.backend import Backend
from humanoid_gym.engine.backend.cpu import quiet_warnings
from humanoid_gym.engine.compilation.compiled_scene import CompiledScene
from humanoid_gym.engine.compilation.env_spec import combined_friction
from humanoid_gym.engine.model_fields.asset_fields import AssetFields
from humanoid_gym.engine.model_fields.body_damping import damping_fields
from humanoid_gym.engine.model_fields.drives import Drives
from humanoid_gym.engine.model_fields.fields import FieldWrite, ModelFields
from humanoid_gym.engine.model_fields.inertial_fields import InertialFields
from humanoid_gym.engine.model_fields.mesh_fields import MeshFields
from humanoid_gym.engine.model_fields.scale_fields import ScaleFields
from humanoid_gym.engine.model_fields.tendons import TendonFields
from humanoid_gym.engine.scene.scene import Env, Layout, Scene
from humanoid_gym.engine.terrain.static_geometry import base_friction, pair_frictions


class PropertyTables:
    """Properties of the actors of all environments, gathered in arrays.

    Args:
        envs: all environments.
        layout: of them.
    """

    def __init__(self, envs: list[Env], layout: Layout) -> None:
        self._layout = layout
        self.dofs = np.stack([env_dofs(env) for env in envs])
        """DOF properties, structured array (num_envs, num_dofs)."""
        self.bodies = np.stack([env_bodies(env) for env in envs])
        """Mass properties, shape (num_envs, num_bodies, columns)."""
        self.scales = np.array([[actor.scale for actor in env.actors] for env in envs])
        """Shape (num_envs, num_actors)."""
        self.frictions = np.stack([env_frictions(env, layout) for env in envs])
        """Friction of the collision shapes by slots, shape (num_envs, num_slots)."""
        self.tendons = np.stack([env_tendons(env) for env in envs])
        """Settings of the tendons, structured array (num_envs, num_tendons)."""
        self.coefficients = np.stack([env_coefficients(env) for env in envs])
        """Of the tendons' joints, shape (num_envs, num_coefficients)."""

    def gather(self, envs: Iterable[Env]) -> None:
        """Look again at some environments."""
        for env in envs:
            self.dofs[env.index] = env_dofs(env)
            self.bodies[env.index] = env_bodies(env)
            self.scales[env.index] = [actor.scale for actor in env.actors]
            self.frictions[env.index] = env_frictions(env, self._layout)
            self.tendons[env.index] = env_tendons(env)
            self.coefficients[env.index] = env_coefficients(env)


def env_dofs(env: Env) -> np.ndarray:
    """DOF properties of an environment, structured array (num_dofs,)."""
    return np.concatenate([actor.dof_properties for actor in env.actors])


def env_bodies(env: Env) -> np.ndarray:
    """Mass properties of an environment, shape (num_bodies, columns)."""
    return np.concatenate([actor.body_properties for actor in env.actors])


def env_frictions(env: Env, layout: Layout) -> np.ndarray:
    """Friction of an environment's collision shapes by slots, 1 where it has none, (num_slots,)."""
    table = np.ones(layout.num_slots)
    own = [shape.friction for actor in env.actors for shape in actor.shape_properties]
    table[layout.slots_of(env)] = own
    return table


def env_tendons(env: Env) -> np.ndarray:
    """Settings of an environment's tendons, structured array (num_tendons,)."""
    return np.concatenate([actor.tendons.settings for actor in env.actors])


def env_coefficients(env: Env) -> np.ndarray:
    """Coefficients of an environment's tendons, one tendon after another."""
    tendons = [values for actor in env.actors for values in actor.tendons.coefficients]
    return np.concatenate([np.empty(0), *tendons])


def left_out_geoms(compiled: CompiledScene, layout: Layout, envs: list[Env]) -> torch.Tensor | None:
    """Geoms that an environment has no shape for, shape (num_envs, ngeom); None: there are none."""
    if all(slots.shared for slots in layout.slots):
        return None
    table = np.zeros((len(envs), compiled.model.ngeom), dtype=bool)
    table[:, compiled.geoms] = True
    for env in envs:
        table[env.index, compiled.geoms[layout.slots_of(env)]] = False
    return torch.from_numpy(table)


class PropertyFields:
    """Keeps one compiled model and its simulations in step with the properties.

    Args:
        scene: for the ground.
        layout: actors of the environment that was compiled.
        compiled: the model as the compiler left it.
        tables: properties of all environments.
        drives: made of the same properties.
    """

    def __init__(
        self,
        scene: Scene,
        layout: Layout,
        compiled: CompiledScene,
        tables: PropertyTables,
        drives: Drives,
    ) -> None:
        self._compiled, self._layout, self._tables, self._drives = compiled, layout, tables, drives
        self._static_shapes = scene.static_shapes
        self._inertial = InertialFields(compiled, layout)
        self._assets = AssetFields(compiled, layout, scene.envs)
        self._meshes = MeshFields(compiled, layout, scene.envs)
        self._scale = ScaleFields(compiled, layout, self._assets.handles, self._meshes.rows)
        self._left_out = left_out_geoms(compiled, layout, scene.envs)
        assets = [actor.asset for actor in layout.actors]
        self._tendons = TendonFields(
            compiled.model, [(asset.model.tendons, asset.dof_names) for asset in assets]
        )
        self._fields = ModelFields(compiled.model)
        self._envs = np.arange(len(tables.scales))
        self._different: list[FieldWrite] = []

    def write_model(self) -> None:
        """Write what all environments share into the model, before simulations are made of it."""
        model = self._compiled.model
        self._different = self._fields.share(self._inertia_fields(self._envs))
        with quiet_warnings():
            mujoco.mj_setConst(model, mujoco.MjData(model))
        self._drives.cap_stiffness(self._inertias(model.dof_invweight0[None]))
        self._different += self._fields.share(self._other_fields(self._envs))

    def write_backend(self, backend: Backend) -> None:
        """Write the rest, once, into the simulations made of the model."""
        stale = self._fields.write(backend, self._different, self._envs)
        self._different = []
        if len(stale):
            self._recompute(backend, stale)
            self._fields.write(backend, self._drives.fields(self._compiled), self._envs)
        if self._left_out is not None:
            backend.leave_out(self._left_out)

    def update(self, backend: Backend, envs: np.ndarray) -> None:
        """Take over properties that were gathered again.

        Args:
            backend: simulations of the model.
            envs: environments whose properties changed, shape (n,).
        """
        stale = self._fields.write(backend, self._inertia_fields(envs), envs)
        self._recompute(backend, stale)
        self._fields.write(backend, self._other_fields(envs), envs)
        if self._left_out is not None:
            backend.leave_out(self._left_out)

    def _recompute(self, backend: Backend, stale: np.ndarray) -> None:
        """Derive the constants of some environments, and the gains that depend on them."""
        if len(stale):
            backend.recompute_constants(torch.from_numpy(stale.astype(np.int32)))
        self._drives.cap_stiffness(
            self._inertias(backend.constants("dof_invweight0").cpu().double().numpy())
        )

    def _inertia_fields(self, envs: np.ndarray) -> list[FieldWrite]:
        """Fields that the derived constants follow from."""
        armature = self._drives.armature_field(self._compiled)
        return [
            *self._inertial.writes(self._tables.bodies[envs]),
            *self._scale.writes(self._tables.scales[envs]),
            *self._assets.writes(envs, self._tables.scales[envs]),
            *self._meshes.writes(envs),
            FieldWrite(armature.name, armature.index, None, armature.values[envs]),
            *self._tendons.writes(self._tables.tendons[envs], self._tables.coefficients[envs]),
        ]

    def _other_fields(self, envs: np.ndarray) -> list[FieldWrite]:
        """Fields that nothing follows from."""
        drives = self._drives.fields(self._compiled)
        return [
            *(FieldWrite(w.name, w.index, w.column, w.values[envs]) for w in drives),
            *damping_fields(self._compiled, self._layout, self._tables.bodies[envs]),
            *self._friction_fields(self._tables.frictions[envs]),
        ]

    def _friction_fields(self, friction: np.ndarray) -> list[FieldWrite]:
        """Friction of shapes and of explicit pairs of them, from shape (n, num_slots)."""
        model, geoms = self._compiled.model, self._compiled.geoms
        if not len(geoms):
            return []
        ground_pairs, with_ground = pair_frictions(model, self._static_shapes, geoms, friction)
        friction = combined_friction(friction, base_friction(self._static_shapes))
        writes = [FieldWrite("geom_friction", geoms, 0, friction)]
        if model.npair:
            shape_of = np.full(model.ngeom, -1)
            shape_of[geoms] = np.arange(len(geoms))
            first, second = shape_of[model.pair_geom1], shape_of[model.pair_geom2]
            pairs = np.flatnonzero((first >= 0) & (second >= 0))
            sliding = np.maximum(friction[:, first[pairs]], friction[:, second[pairs]])
            pairs, sliding = np.append(pairs, ground_pairs), np.hstack((sliding, with_ground))
            writes += [FieldWrite("pair_friction", pairs, column, sliding) for column in (0, 1)]
        return writes

    def _inertias(self, invweight: np.ndarray) -> np.ndarray:
        """Inertia that each DOF moves, shape (num_envs or 1, num_dofs)."""
        return 1.0 / np.maximum(invweight[:, self._compiled.dof_qvel], 1e-12)
