"""Contacts as records and as net forces, for single environments and for all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from humanoid_gym.engine.calls.viewer import offset, opened
from humanoid_gym.engine.forces.contacts import (
    NO_BODY,
    RigidContact,
    env_contact_forces,
    env_contacts,
    touching,
)
from humanoid_gym.engine.graphics.viewer import Viewer
from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.sim import Sim, sim_of
from humanoid_gym.engine.values.math_types import Vec3


class ContactCalls:
    """Methods of Gym about contacts in the last substep of the last simulate.

    Records are tables of `RigidContact`; forces are arrays of Vec3 [N] in world axes. Both are
    empty or zero before the first simulate and where SimParams.physx.contact_collection is
    CC_NEVER. The force that a contact puts on its second body is lambda times the normal (and
    friction), the first gets the opposite.
    """

    def get_env_rigid_contacts(self, env: Env) -> np.ndarray:
        """Contacts in an environment; `body0` and `body1` are body rows of the environment."""
        return env_contacts(sim_of(env, CONTACTS).started(CONTACTS), env)

    def get_rigid_contacts(self, sim: Sim) -> np.ndarray:
        """Contacts in all environments; `body0` and `body1` are body rows of the sim."""
        simulation = sim.started("get_rigid_contacts")
        tables = []
        for env in sim.scene.envs:
            records = env_contacts(simulation, env)
            for column in ("body0", "body1"):
                records[column] += env.index * env.num_bodies * (records[column] != NO_BODY)
            tables.append(records)
        records = np.concatenate(tables) if tables else np.zeros(0, RigidContact.dtype)
        return records.view(np.recarray)

    def get_env_rigid_contact_forces(self, env: Env) -> np.ndarray:
        """Net contact force on each body of an environment, shape (num_bodies,)."""
        return vectors(env_contact_forces(sim_of(env, FORCES).started(FORCES), env))

    def get_rigid_contact_forces(self, sim: Sim) -> np.ndarray:
        """Net contact force on each body of the sim, shape (num_bodies,)."""
        simulation = sim.started("get_rigid_contact_forces")
        return vectors(np.concatenate([env_contact_forces(simulation, e) for e in sim.scene.envs]))

    def draw_env_rigid_contacts(
        self, viewer: Viewer, env: Env, color: Vec3, scale: float, sync_with_viewer: bool = False
    ) -> None:
        """Add a line per contact to the viewer, along the force on the first body.

        Args:
            viewer: window; `clear_lines` drops the lines.
            env: environment.
            color: RGB in [0, 1].
            scale: length [m] of the line of a contact of 1000 N.
            sync_with_viewer: not used; lines are always shown at the next draw.
        """
        found = touching(sim_of(env, DRAW).started(DRAW), env)
        window = opened(viewer, DRAW)
        if found is None:
            return
        force = -found.forces[:, :1] * found.frames[:, 0]
        start = found.points[:, 0] + offset(env)
        ends = np.stack((start, start + 1e-3 * float(scale) * force), axis=1)
        window.lines.add(ends, np.tile(color.to_array(), (len(ends), 1)))

    def get_vec_env_rigid_contact_forces(self, envs: Sequence[Env]) -> np.ndarray:
        """Net contact force on each body of each environment, shape (num_envs, num_bodies)."""
        return np.stack([self.get_env_rigid_contact_forces(env) for env in envs])


CONTACTS, FORCES = "get_env_rigid_contacts", "get_env_rigid_contact_forces"
DRAW = "draw_env_rigid_contacts"


def vectors(forces: np.ndarray) -> np.ndarray:
    """Rows of three float32 numbers as Vec3."""
    return np.ascontiguousarray(forces).view(Vec3.dtype)[:, 0]
