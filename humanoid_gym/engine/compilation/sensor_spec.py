"""MuJoCo's sensors for the tensors that a program acquired."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mujoco

from humanoid_gym.engine.scene.scene import Layout

if TYPE_CHECKING:
    from humanoid_gym.engine.compilation.compiled_scene import Served

MOTION_SENSORS = (
    (mujoco.mjtSensor.mjSENS_FRAMELINACC, mujoco.mjtObj.mjOBJ_BODY),  # of the COM
    (mujoco.mjtSensor.mjSENS_FRAMEANGACC, mujoco.mjtObj.mjOBJ_BODY),
    (mujoco.mjtSensor.mjSENS_FRAMEANGVEL, mujoco.mjtObj.mjOBJ_BODY),
    (mujoco.mjtSensor.mjSENS_FRAMEQUAT, mujoco.mjtObj.mjOBJ_XBODY),
)
"""What a force sensor is computed from: 3 + 3 + 3 + 4 numbers, world axes."""
CONTACT_FORCE_FIELD = 2
"""Bit mask of the contact sensor's data: the force only."""
CONTACT_NET_FORCE = 3
"""The contact sensor's reduction to one net force in world axes."""


def add_sensors(
    spec: mujoco.MjSpec, layout: Layout, names: list[str], served: Served, *, contacts: bool
) -> tuple[int, int]:
    """Add the sensors asked for; return the first value of each kind, -1 where not asked for.

    Args:
        spec: of one environment.
        layout: its actors.
        names: of its bodies.
        served: what tensors need.
        contacts: whether contact forces are measured by sensors.
    """
    size, contact_first, force_first = 0, -1, -1
    if contacts:
        contact_first = size
        size += 3 * len(names)
        for name in names:
            spec.add_sensor(
                type=mujoco.mjtSensor.mjSENS_CONTACT,
                reftype=mujoco.mjtObj.mjOBJ_BODY,
                refname=name,
                intprm=[CONTACT_FORCE_FIELD, CONTACT_NET_FORCE, 1],
            )
    if served.force_sensors:
        force_first = size
        for handle, sensor in layout.force_sensors:
            actor = layout.actors[handle]
            name = names[actor.first_body + actor.asset.force_sensors[sensor].body]
            for kind, frame in MOTION_SENSORS:
                spec.add_sensor(type=kind, objtype=frame, objname=name)
    return contact_first, force_first
