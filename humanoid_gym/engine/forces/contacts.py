"""Contacts of the last substep as records: who touches whom, where and how hard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import mujoco
import numpy as np
from torch import Tensor

from humanoid_gym.engine.backend.cpu import quiet_warnings
from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.values.enums import ContactCollection
from humanoid_gym.engine.values.math_types import Vec2, Vec3

if TYPE_CHECKING:
    from humanoid_gym.engine.backend import Backend
    from humanoid_gym.engine.simulation import Simulation

__all__ = ["RigidContact"]

NO_BODY = -1


class RigidContact:
    """Table with one row per contact point.

    Columns have Isaac Gym's names in camel case (`localPos0`) and also answer to snake case
    (`local_pos0`).
    """

    dtype: ClassVar[np.dtype[Any]] = np.dtype(
        [
            ("env0", np.int32),  # environment of the first body
            ("env1", np.int32),  # of the second; -1 for static geometry
            ("body0", np.int32),  # body row, in the environment or in the sim as the call says
            ("body1", np.int32),  # -1 for static geometry
            (("local_pos0", "localPos0"), Vec3.dtype),  # [m] in the first body's frame
            (("local_pos1", "localPos1"), Vec3.dtype),  # in the second's, or the environment's
            (("min_dist", "minDist"), np.float32),  # [m] that the shapes keep
            (("initial_overlap", "initialOverlap"), np.float32),  # [m] depth at the substep's start
            ("normal", Vec3.dtype),  # from the first body to the second, world axes
            ("offset0", Vec3.dtype),  # zero: shapes have no margin of their own
            ("offset1", Vec3.dtype),
            ("lambda", np.float32),  # [N] normal force
            (("lambda_friction", "lambdaFriction"), Vec2.dtype),  # [N] along two tangents
            ("friction", np.float32),  # combined coefficient
            (("torsion_friction", "torsionFriction"), np.float32),
            (("rolling_friction", "rollingFriction"), np.float32),
        ]
    )


class LastSubstep:
    """Remembers where the last substep started, once contacts are asked for.

    Contacts and their forces follow from that state by MuJoCo's own functions, to the last bit; no
    simulation carries them otherwise.
    """

    def __init__(self) -> None:
        self._wanted = False
        self._start: Tensor | None = None

    def step(self, backend: Backend, substeps: int) -> None:
        """Advance, and keep the state before the last substep if contacts were ever asked for."""
        if not self._wanted:
            backend.step(substeps)
            return
        if substeps > 1:
            backend.step(substeps - 1, last=False)
        self._start = backend.save()
        backend.step(1)

    def forget(self) -> None:
        """The simulations are other ones."""
        self._start = None

    def data(self, backend: Backend, env: int) -> tuple[mujoco.MjModel, mujoco.MjData]:
        """One environment with the contacts and forces of the last substep.

        The first time there is nothing to look back to: then with those of the present state.
        """
        if not self._wanted and backend.graphs is not None:
            backend.graphs.clear()  # recorded steps did not keep the state
        self._wanted = True
        model, data = backend.snapshot(env)
        if self._start is not None:
            start = self._start[env].cpu().numpy()
            if np.isfinite(start).all():  # else the environment was reset
                mujoco.mj_setState(model, data, start, mujoco.mjtState.mjSTATE_INTEGRATION)
        with quiet_warnings():
            mujoco.mj_forward(model, data)
        return model, data


@dataclass(frozen=True)
class Touching:
    """An environment's contacts that carry force or may do so at once, n of them."""

    bodies: np.ndarray
    """MuJoCo bodies, shape (n, 2)."""
    rows: np.ndarray
    """Their rows among the environment's bodies, -1 for static ones, shape (n, 2)."""
    points: np.ndarray
    """Where each body is touched [m], relative to the environment's origin, shape (n, 2, 3)."""
    frames: np.ndarray
    """Rows: the normal from the first body to the second, two tangents, shape (n, 3, 3)."""
    forces: np.ndarray
    """Force on the second body along them [N], shape (n, 3)."""
    distance: np.ndarray
    """Negative where the shapes overlap [m], shape (n,)."""
    friction: np.ndarray
    """Sliding coefficient, shape (n,)."""
    data: mujoco.MjData


def touching(simulation: Simulation, env: Env) -> Touching | None:
    """The environment's contacts in the last substep; None where there are none to tell of."""
    collection = simulation.scene.params.physx.contact_collection
    if collection == ContactCollection.CC_NEVER or not simulation.num_steps:
        return None
    model, data = simulation.last_substep.data(simulation.backend, env.index)
    contact = data.contact
    active = np.flatnonzero(contact.efc_address >= 0)
    forces, force = np.zeros((len(active), 3)), np.zeros(6)
    for index, row in enumerate(active):
        mujoco.mj_contactForce(model, data, row, force)
        forces[index] = force[:3]
    bodies = model.geom_bodyid[contact.geom[active]]
    frames = contact.frame[active].reshape(-1, 3, 3)
    half = 0.5 * contact.dist[active, None] * frames[:, 0]
    centre = contact.pos[active]
    points = np.stack((centre - half, centre + half), axis=1)
    rows = body_rows(simulation, model)
    # Static geometry comes second: all three axes turn round, so that the forces along them stay.
    turned = rows[bodies[:, 0]] == NO_BODY
    bodies[turned], points[turned] = bodies[turned, ::-1], points[turned, ::-1]
    frames[turned] *= -1.0
    return Touching(
        bodies=bodies,
        rows=rows[bodies],
        points=points,
        frames=frames,
        forces=forces,
        distance=contact.dist[active],
        friction=contact.friction[active, 0],
        data=data,
    )


def body_rows(simulation: Simulation, model: mujoco.MjModel) -> np.ndarray:
    """Row of each MuJoCo body among the environment's bodies, NO_BODY for others."""
    rows = np.full(model.nbody, NO_BODY)
    rows[simulation.compiled.bodies] = np.arange(simulation.layout.num_bodies)
    return rows


def env_contacts(simulation: Simulation, env: Env) -> np.ndarray:
    """Contacts in an environment, array of RigidContact; bodies are rows of the environment's."""
    found = touching(simulation, env)
    records = np.zeros(0 if found is None else len(found.rows), RigidContact.dtype)
    if found is None:
        return records.view(np.recarray)
    records["env0"], records["body0"], records["body1"] = env.index, *found.rows.T
    records["env1"] = np.where(found.rows[:, 1] == NO_BODY, NO_BODY, env.index)
    data = found.data
    for side, column in enumerate(("localPos0", "localPos1")):
        bodies = found.bodies[:, side]
        moving = found.rows[:, side, None] != NO_BODY
        turn = data.xmat[bodies].reshape(-1, 3, 3)
        local = np.einsum("nji,nj->ni", turn, found.points[:, side] - data.xpos[bodies])
        fill(records[column], np.where(moving, local, found.points[:, side]))
    fill(records["normal"], found.frames[:, 0])
    fill(records["lambdaFriction"], found.forces[:, 1:])
    records["lambda"], records["friction"] = found.forces[:, 0], found.friction
    records["initialOverlap"] = -found.distance
    return records.view(np.recarray)


def fill(column: np.ndarray, values: np.ndarray) -> None:
    """Write rows of numbers into a column of vectors."""
    for name, numbers in zip(column.dtype.names or (), values.T, strict=True):
        column[name] = numbers


def env_contact_forces(simulation: Simulation, env: Env) -> np.ndarray:
    """Net contact force on each body of an environment [N], shape (num_bodies, 3), float32.

    The sum of normal and friction forces, world axes, as the net contact force tensor has it.
    """
    if simulation.served.contact_forces and simulation.forces_known:
        return simulation.contact_forces()[env.index].cpu().numpy().astype(np.float32)
    forces = np.zeros((simulation.layout.num_bodies + 1, 3))  # static bodies' go to the last row
    found = touching(simulation, env)
    if found is not None:
        on_second = np.einsum("nij,ni->nj", found.frames, found.forces)
        np.add.at(forces, found.rows[:, 0], -on_second)
        np.add.at(forces, found.rows[:, 1], on_second)
    return forces[:-1].astype(np.float32)
