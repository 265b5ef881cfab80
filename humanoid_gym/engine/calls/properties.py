"""Properties of actors: mass properties, shapes, DOFs and scale, before and after prepare_sim.

Getters return copies: editing one changes nothing until it is set. After prepare_sim a change is in
force at the next call that reads or steps the simulation; changes of many actors are written
together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from humanoid_gym.engine.assets.asset import check_count
from humanoid_gym.engine.scene.handles import actor_of
from humanoid_gym.engine.scene.mass_properties import as_records, edited_table, scaled_table
from humanoid_gym.engine.scene.scaling import scaled_dofs
from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.values.enums import DofDriveMode
from humanoid_gym.engine.values.fields import as_scalar, copy_of
from humanoid_gym.engine.values.properties import (
    DofProperties,
    RigidBodyProperties,
    RigidShapeProperties,
)

DOF_COLUMNS = DofProperties.dtype.names or ()
FLOAT_COLUMNS = [i for i, n in enumerate(DOF_COLUMNS) if DofProperties.dtype[n] == np.float32]
"""Columns of numbers; every column is four bytes wide."""


class PropertyCalls:
    """Methods of Gym that read and set properties of actors."""

    def get_actor_rigid_body_properties(self, env: Env, handle: int) -> list[RigidBodyProperties]:
        """Mass, centre of mass, inertia and flags of each body, as new objects."""
        return as_records(actor_of(env, handle, "get_actor_rigid_body_properties").body_properties)

    def set_actor_rigid_body_properties(
        self,
        env: Env,
        actorHandle: int,  # noqa: N803 (Isaac Gym's spelling)
        props: Sequence[RigidBodyProperties],
        recomputeInertia: bool = False,  # noqa: N803
    ) -> bool:
        """Set mass, centre of mass, inertia and flags of each body.

        Args:
            env: environment.
            actorHandle: actor.
            props: one per body; `invMass` and `invInertia` are not looked at.
            recomputeInertia: keep the bodies' inertia, scaled with their mass, instead of taking
                the one in `props`.

        Raises:
            TypeError: something else than RigidBodyProperties.
            ValueError: another number of bodies; a mass or an inertia that is not positive.
            NotImplementedError: RIGID_BODY_DISABLE_SIMULATION.
        """
        actor = actor_of(env, actorHandle, "set_actor_rigid_body_properties")
        names = actor.asset.body_names
        check_count("rigid body properties", len(props), len(names), actor.name)
        if names:
            recompute = bool(recomputeInertia)
            actor.body_properties = edited_table(actor.body_properties, props, recompute, names)
            env.scene.changed_envs.add(env.index)
        return True

    def get_actor_rigid_shape_properties(self, env: Env, handle: int) -> list[RigidShapeProperties]:
        """Contact properties, one per collision shape in body order, as new objects."""
        actor = actor_of(env, handle, "get_actor_rigid_shape_properties")
        return [copy_of(shape) for shape in actor.shape_properties]

    def set_actor_rigid_shape_properties(
        self, env: Env, handle: int, props: Sequence[RigidShapeProperties]
    ) -> bool:
        """Set the contact properties of each collision shape.

        Another collision filter after prepare_sim must be set in every environment before the
        next step; the scene is then compiled again.

        Raises:
            TypeError: something else than RigidShapeProperties.
            ValueError: another number of shapes; a friction that is no number from 0 on.
        """
        actor = actor_of(env, handle, "set_actor_rigid_shape_properties")
        before = actor.shape_properties
        check_count("shape properties", len(props), len(before), actor.name)
        for shape in props:
            if not isinstance(shape, RigidShapeProperties):
                raise TypeError(
                    "set_actor_rigid_shape_properties: a list of RigidShapeProperties expected, as "
                    "get_actor_rigid_shape_properties returns it; it holds "
                    f"{type(shape).__name__}"
                )
            if not 0.0 <= shape.friction < math.inf:
                raise ValueError(
                    f"set_actor_rigid_shape_properties: friction {shape.friction} of actor "
                    f"{actor.name!r}; a finite number from 0 on expected"
                )
        actor.shape_properties = [copy_of(shape) for shape in props]
        env.scene.changed_envs.add(env.index)
        if any(old.filter != new.filter for old, new in zip(before, props, strict=True)):
            env.scene.needs_compiling = True
        return True

    def get_actor_dof_properties(self, env: Env, handle: int) -> np.ndarray:
        """A copy of the DOF properties, structured array of shape (num_dofs,)."""
        return actor_of(env, handle, "get_actor_dof_properties").dof_properties.copy()

    def set_actor_dof_properties(self, env: Env, handle: int, props: np.ndarray) -> bool:
        """Set the DOF properties.

        Raises:
            TypeError: not a structured array of DofProperties.
            ValueError: another number of DOFs; a value that is not a number, an unknown drive mode.
        """
        actor = actor_of(env, handle, "set_actor_dof_properties")
        actor.dof_properties = checked_dofs(props, len(actor.dof_properties), actor.name)
        env.scene.changed_envs.add(env.index)
        return True

    def get_actor_scale(self, env: Env, handle: int) -> float:
        """Scale set by `set_actor_scale`, 1 at first."""
        return actor_of(env, handle, "get_actor_scale").scale

    def set_actor_scale(self, env: Env, handle: int, scale: float) -> bool:
        """Scale an actor uniformly, relative to its asset.

        Lengths (shapes, places of bodies and joints, centres of mass, limits of prismatic joints)
        scale by s, masses by s^3, inertias by s^5; the properties read back scaled.

        Raises:
            ValueError: not a positive number. At the next step: collision meshes with another scale
                than in the other environments.
        """
        actor = actor_of(env, handle, "set_actor_scale")
        scale = float(as_scalar(scale))
        if not 0.0 < scale < math.inf:
            raise ValueError(f"set_actor_scale: a positive number expected, got {scale}")
        if scale != actor.scale:
            factor = scale / actor.scale
            actor.body_properties = scaled_table(actor.body_properties, factor)
            actor.dof_properties = scaled_dofs(actor.dof_properties, actor.asset.model, factor)
            actor.scale = scale
            env.scene.changed_envs.add(env.index)
            env.scene.needs_compiling |= actor.asset.has_meshes
        return True

    def enable_actor_dof_force_sensors(self, env: Env, handle: int) -> bool:
        """Make the DOF force tensor report this actor's DOFs."""
        actor_of(env, handle, "enable_actor_dof_force_sensors").dof_force_sensors = True
        return True


def checked_dofs(props: np.ndarray, count: int, actor: str) -> np.ndarray:
    """A private copy of a client's DOF properties, structured array (count,)."""
    call = "set_actor_dof_properties"
    names = getattr(getattr(props, "dtype", None), "names", None)
    if names != DofProperties.dtype.names:
        raise TypeError(
            f"{call}: an array as get_actor_dof_properties returns it expected, got "
            f"{getattr(props, 'dtype', type(props).__name__)}"
        )
    check_count("DOF properties", np.size(props), count, actor)
    table = np.array(props, dtype=DofProperties.dtype).reshape(count)
    words = table.view(np.float32).reshape(count, table.itemsize // 4)
    wrong = np.isnan(words[:, FLOAT_COLUMNS]).any(axis=0)
    if wrong.any():
        name = DOF_COLUMNS[FLOAT_COLUMNS[int(wrong.argmax())]]
        raise ValueError(f"{call}: {name!r} of actor {actor!r} is not a number: {table[name]}")
    mode = table["driveMode"]
    if count and not 0 <= mode.min() <= mode.max() < len(DofDriveMode):
        modes = ", ".join(f"{m.name}={int(m)}" for m in DofDriveMode)
        raise ValueError(f"{call}: 'driveMode' of actor {actor!r} is {mode}; it must be of {modes}")
    return table
