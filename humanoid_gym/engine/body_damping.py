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
    """Write an actor's damping into a compiled model, where it can act.

    Args:
        model: holds the actor.
        root: where its root lives.
        actor: its asset's options say how much.
    """
    if root.mocap >= 0 or not damping_acts(actor):
        return
    options, body = actor.asset.options, actor.asset.model.bodies[0]
    first = root.qvel
    model.dof_damping[first : first + 3] = options.linear_damping * body.mass
    model.dof_damping[first + 3 : first + 6] = options.angular_damping * np.diag(body.inertia)


def damping_acts(actor: Actor) -> bool:
    """Whether an actor is one body whose principal axes are its own."""
    bodies = actor.asset.model.bodies
    inertia = bodies[0].inertia
    aligned = np.allclose(inertia, np.diag(np.diag(inertia)))
    return len(bodies) == 1 and aligned and not np.any(bodies[0].com)


def report_ineffective_damping(actors: list[Actor]) -> None:
    """Log, once per asset, that a damping which was asked for has no effect."""
    for asset in {
        id(actor.asset): actor.asset for actor in actors if not damping_acts(actor)
    }.values():
        if asset.options.linear_damping or asset.options.angular_damping:
            logger.info(
                "%s: linear_damping and angular_damping have no effect on articulations and on "
                "bodies whose principal axes are not their own",
                asset.source,
            )
