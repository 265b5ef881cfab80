"""The last step of every importer: masses where the file gives none, and armature."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from humanoid_gym.engine.assets.geometry import SUBSTITUTE_RADIUS
from humanoid_gym.engine.assets.model import BodyModel
from humanoid_gym.engine.parameters import AssetOptions

FRAME_MASS = 1e-3
"""Mass [kg] of a body without any (a sensor frame, say): little beside a robot, but MuJoCo can
still move it. Isaac Gym's own number is not public."""


def finish_bodies(bodies: Iterable[BodyModel], options: AssetOptions) -> None:
    """Give massless bodies `FRAME_MASS`, and joints or links the options' armature, in place.

    With `options.use_physx_armature` it is added in joint space, otherwise to each link's inertia.
    """
    for body in bodies:
        if body.mass <= 0.0:
            body.mass = FRAME_MASS
            body.inertia = 0.4 * FRAME_MASS * SUBSTITUTE_RADIUS**2 * np.eye(3)
        if not options.use_physx_armature:
            body.inertia = body.inertia + options.armature * np.eye(3)
        elif body.joint is not None:
            body.joint.armature = options.armature
