"""Isaac Gym's linear and angular damping of bodies, on actors that are one free body.

A damped velocity decays as v' = -c v. On a free joint that is a damper of mass x c on each linear
and of principal inertia x c on each angular coordinate, which MuJoCo integrates implicitly. The
linear one is right where the centre of mass is the body's origin, the angular one where the
principal axes are the body's. An articulation's joints couple its links, so that no such damper
exists there: its damping has no effect, and a log line says so.
"""

from __future__ import annotations

import logging

import numpy as np

from humanoid_gym.engine.compilation.compiled_scene import CompiledScene
from humanoid_gym.engine.model_fields.fields import FieldWrite
from humanoid_gym.engine.scene.mass_properties import COM, MASS, inertia_matrices
from humanoid_gym.engine.scene.scene import Actor, Layout

logger = logging.getLogger(__name__)


def damping_fields(compiled: CompiledScene, layout: Layout, table: np.ndarray) -> list[FieldWrite]:
    """Dampers of the actors that can have them.

    Args:
        compiled: where the roots live.
        layout: the environment's actors; their assets' options say how much.
        table: mass properties of some environments' bodies, shape (n, num_bodies, columns).
    """
    writes = []
    for root, actor in zip(compiled.roots, layout.actors, strict=True):
        options = actor.asset.options
        damped = options.linear_damping or options.angular_damping
        if damped and root.mocap < 0 and len(actor.asset.model.bodies) == 1:
            body = table[:, actor.first_body]
            linear, angular = damping_acts(body)
            values = np.empty((len(body), 6))
            mass = np.where(linear, body[:, MASS], 0.0)[:, None]
            values[:, :3] = options.linear_damping * mass
            moments = np.diagonal(inertia_matrices(body), axis1=1, axis2=2)
            values[:, 3:] = options.angular_damping * np.where(angular[:, None], moments, 0.0)
            writes.append(FieldWrite("dof_damping", root.qvel + np.arange(6), None, values))
    return writes


def damping_acts(body: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether linear and angular damping have their dampers on bodies (n, columns)."""
    inertia = inertia_matrices(body)
    off = np.abs(inertia * (1.0 - np.eye(3))).max(axis=(-1, -2))
    aligned = off <= 1e-8 * np.abs(inertia).max(axis=(-1, -2))
    return (body[..., COM] == 0.0).all(axis=-1), aligned


def report_ineffective_damping(actors: list[Actor]) -> None:
    """Log, once per asset, that a damping which was asked for has no effect."""
    for asset in {id(actor.asset): actor.asset for actor in actors}.values():
        options = asset.options
        linear, angular = damping_acts(asset.mass_table[0])
        one = len(asset.model.bodies) == 1
        lost = [
            name
            for name, acts in (("linear_damping", linear), ("angular_damping", angular))
            if getattr(options, name) and not (one and acts)
        ]
        if lost:
            logger.info(
                "%s: %s has no effect on articulations, nor on a body whose centre of mass is not "
                "its origin or whose principal axes are not its own",
                asset.source,
                " and ".join(lost),
            )
