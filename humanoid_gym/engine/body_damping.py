"""Isaac Gym's linear and angular damping of bodies, on actors that are one free body.

A damped velocity decays as v' = -c v. On a free joint at the centre of mass that is a damper of
mass x c on each linear and of principal inertia x c on each angular coordinate, which MuJoCo
integrates implicitly. An articulation's joints couple its links, so that no such damper exists
there: its damping has no effect, and a log line says so.
"""

from __future__ import annotations

import logging

import mujoco
import numpy as np

from humanoid_gym.engine.compilation import RootAddress
from humanoid_gym.engine.scene import Actor

logger = logging.getLogger(__name__)


def write_body_damping(model: mujoco.MjModel, root: RootAddress, actor: Actor) -> None:
    """Write an actor's damping into a compiled model.

    Args:
        model: holds the actor.
        root: where its root lives.
        actor: its asset's options say how much.
    """
    options = actor.asset.options
    linear, angular = options.linear_damping, options.angular_damping
    if root.mocap >= 0 or (linear == 0.0 and angular == 0.0):
        return
    body = actor.asset.model.bodies[0]
    aligned = np.allclose(body.inertia, np.diag(np.diag(body.inertia)))
    if len(actor.asset.model.bodies) > 1 or np.any(body.com) or not aligned:
        logger.info(
            "%s: linear_damping and angular_damping have no effect on articulations and on bodies "
            "whose principal axes are not their own",
            actor.asset.source,
        )
        return
    model.dof_damping[root.qvel : root.qvel + 3] = linear * body.mass
    model.dof_damping[root.qvel + 3 : root.qvel + 6] = angular * np.diag(body.inertia)
