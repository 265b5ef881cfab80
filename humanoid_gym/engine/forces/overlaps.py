"""Shapes of one actor that overlap in a pose: joints between their links do not move there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mujoco
import numpy as np

from humanoid_gym.engine.forces.contacts import NO_BODY, body_rows
from humanoid_gym.engine.scene.scene import Env

if TYPE_CHECKING:
    from humanoid_gym.engine.simulation import Simulation


def overlaps(
    simulation: Simulation, env: Env, dof_positions: np.ndarray
) -> list[tuple[str, str, float]]:
    """Pairs of links that would push each other apart, of the same actor.

    Args:
        simulation: prepared; its state is only read.
        env: environment.
        dof_positions: of all its actors [rad or m], shape (num_dofs,).

    Returns:
        Names of two links and the depth [m] of their deepest contact, the deepest pair first.
    """
    model, data = simulation.backend.snapshot(env.index)
    compiled, layout = simulation.compiled, simulation.layout
    data.qpos[compiled.dof_qpos] = dof_positions
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)  # whose boxes the collision's first stage compares
    mujoco.mj_collision(model, data)
    rows, owners = body_rows(simulation, model), layout.body_actor
    names = [name for actor in env.actors for name in actor.asset.body_names]
    deepest: dict[tuple[int, int], float] = {}
    touching = data.contact.exclude == 0  # not shapes that the environment does not have
    found = zip(data.contact.geom[touching], data.contact.dist[touching], strict=True)
    for geoms, distance in found:
        first, second = sorted(int(row) for row in rows[model.geom_bodyid[geoms]])
        if first != NO_BODY and owners[first] == owners[second] and distance < 0.0:
            deepest[first, second] = max(deepest.get((first, second), 0.0), -float(distance))
    pairs = [(names[first], names[second], depth) for (first, second), depth in deepest.items()]
    return sorted(pairs, key=lambda pair: -pair[2])
