"""What the compiled model holds for attractors: sites, targets and actuators."""

from __future__ import annotations

from collections import Counter

import mujoco
import numpy as np

from humanoid_gym.engine.scene.scene import Scene

AXES = 6
"""x, y, z, twist (about x), first swing (y), second swing (z), in this order of bits."""


def attractor_bodies(scene: Scene) -> list[int]:
    """Body row of each attractor that the model needs.

    Environments may differ in which bodies they attract; the model has what any of them needs.
    """
    most: Counter[int] = Counter()
    for env in scene.envs:
        most |= Counter(properties.rigid_handle for properties in env.attractors)
    return sorted(most.elements())


def add_attractors(spec: mujoco.MjSpec, scene: Scene, names: list[str]) -> None:
    """Add sites, targets and actuators; gains and places are written per environment.

    Args:
        spec: of one environment, with all other actuators.
        scene: holds the attractors.
        names: MuJoCo's name of each body row.
    """
    unseen = {"rgba": [0.0, 0.0, 0.0, 0.0]}
    for slot, body in enumerate(attractor_bodies(scene)):
        site = spec.body(names[body]).add_site(name=f"attractor{slot}", **unseen)
        # Anywhere but at the body's or its inertia's frame, where MuJoCo would keep it for ever.
        site.pos, site.quat = [0.11, 0.13, 0.17], [0.6, 0.8, 0.0, 0.0]
        for part, first in (("place", 0), ("turn", 3)):
            target = f"attractor{slot}/{part}"
            spec.worldbody.add_body(name=target, mocap=True).add_site(name=target, **unseen)
            for axis in range(first, first + 3):
                spec.add_actuator(
                    name=f"{target}{axis}",
                    trntype=mujoco.mjtTrn.mjTRN_SITE,
                    target=f"attractor{slot}",
                    refsite=target,
                    gear=np.eye(AXES)[axis],
                    gaintype=mujoco.mjtGain.mjGAIN_FIXED,
                    biastype=mujoco.mjtBias.mjBIAS_AFFINE,
                    gainprm=[0.0] * 10,
                    biasprm=[0.0] * 10,
                )
