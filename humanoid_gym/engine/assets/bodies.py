"""The last step of every importer: masses where the file gives none, and armature."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from humanoid_gym.engine.assets.geometry import SUBSTITUTE_RADIUS, MassProperties
from humanoid_gym.engine.assets.model import BodyModel
from humanoid_gym.engine.assets.xml_source import XmlElement
from humanoid_gym.engine.values.parameters import AssetOptions

SMALLEST_MASS = 1e-9
"""A body below this mass [kg] counts as one without any: MuJoCo cannot move it."""
SMALLEST_MOMENT = 1e-12
"""Added to inertias [kg m^2] that are smaller, for the same reason."""
FLATNESS = 1e-9
"""Added, relative to the largest moment, to inertias of bodies as flat as that: in rounding the
largest moment of a plate exceeds the sum of the others, which MuJoCo refuses."""
LARGEST_MASS, LARGEST_MOMENT = 1e12, 1e24
"""[kg] and [kg m^2]: what is heavier does not fit in the numbers of a simulation."""
FRAME_MASS = 1e-3
"""Mass [kg] of a body without any (a sensor frame, say): little beside a robot, but MuJoCo can
still move it. Isaac Gym's own number is not public."""


def finish_bodies(bodies: Iterable[BodyModel], options: AssetOptions) -> None:
    """Give massless bodies `FRAME_MASS`, and joints or links the options' armature, in place.

    With `options.use_physx_armature` a joint has its file's or the options', whichever is larger;
    otherwise the options' is added to each link's inertia.
    """
    for body in bodies:
        if body.mass < SMALLEST_MASS:
            body.mass = FRAME_MASS
            body.inertia = 0.4 * FRAME_MASS * SUBSTITUTE_RADIUS**2 * np.eye(3)
        body.inertia = simulable_inertia(body.inertia)
        if not options.use_physx_armature:
            body.inertia = body.inertia + options.armature * np.eye(3)
            continue
        for joint in body.joints:
            joint.armature = max(joint.armature, options.armature)


def simulable_inertia(inertia: np.ndarray) -> np.ndarray:
    """The inertia, shape (3, 3), or one a trifle larger where MuJoCo would refuse it."""
    moments = np.linalg.eigvalsh(inertia)
    margin = FLATNESS * moments[2]
    if moments[0] >= SMALLEST_MOMENT and moments[0] + moments[1] - moments[2] >= margin:
        return inertia
    return inertia + max(SMALLEST_MOMENT, margin) * np.eye(3)


def check_weight(weight: MassProperties, element: XmlElement, name: str) -> None:
    """Raise AssetError where a body is too heavy to be simulated, or its numbers overflow."""
    moment = float(np.abs(weight.inertia).max(initial=0.0))
    if not (weight.mass <= LARGEST_MASS and moment <= LARGEST_MOMENT):  # not a number fails, too
        raise element.error(
            f"body '{name}' has mass {weight.mass:.3g} kg and moments of inertia up to "
            f"{moment:.3g} kg m^2; the most that can be simulated are {LARGEST_MASS:g} and "
            f"{LARGEST_MOMENT:g}",
            "Check sizes, densities and masses",
        )
