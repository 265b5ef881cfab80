"""What holds for every clip, measured on the numbers that are written.

`tests/resources/test_motions.py` measures the same and more with another simulator's kinematics.
"""

from typing import Dict, List, NamedTuple

import numpy as np
from body import JOINTS, LIMITS, Body
from motion import RATE, STANDING

from humanoid_gym.deployment.kinematics import rotation_matrix

ON_GROUND = 5e-4  # [m] below this height of all its points a foot is planted
DIRECTIONS = np.linspace(0.0, 2.0 * np.pi, 720, endpoint=False)


class Measures(NamedTuple):
    """Extremes over a clip."""

    length: float
    """[s]"""
    limit_margin: float
    """Of joint positions to their limits [rad]."""
    speed: float
    """Of the fastest joint [rad/s]."""
    speed_share: float
    """Of a joint's speed in its motor's peak speed."""
    speed_step: float
    """Of a joint's speed from frame to frame [rad/s]."""
    slip: float
    """Of a foot while it is planted [m]."""
    depth: float
    """Of a sole in the ground [m]."""
    center_margin: float
    """Of the centre of mass' projection to the edge of the support polygon [m]; below 0 outside,
    infinite in flight."""
    restlessness: float
    """Largest joint difference to the default pose in the first two and last two frames [rad]."""


BOUNDS: Dict[str, float] = {
    "limit_margin": 0.1,  # a leg that cannot reach stretches its knee, 0.087 from its limit
    "speed_share": 0.5,
    "speed_step": 6.0,
    "slip": 1e-3,
    "depth": 1e-4,
    "restlessness": 5e-5,
}
"""At most, and of the limit margin at least."""
CENTER_MARGIN = 0.01  # [m] at least, of clips that are slow


def support_margin(points: np.ndarray, center: np.ndarray) -> float:
    """Return the distance [m] of a place (2,) from the convex hull's edge, inside positive."""
    outward = np.stack([np.cos(DIRECTIONS), np.sin(DIRECTIONS)])
    return float(((points @ outward).max(0) - center @ outward).min())


def slip_of(soles: np.ndarray, planted: np.ndarray) -> float:
    """Return how far points of a foot (T, P, 3) move [m] before it leaves the ground again."""
    worst, since = 0.0, 0
    for frame, down in enumerate(planted):
        if not down:
            since = frame + 1
        else:
            worst = max(worst, float(np.abs(soles[frame] - soles[since]).max()))
    return worst


def measured(rows: np.ndarray, body: Body) -> Measures:
    """Return the extremes of a clip's rows (T, 32)."""
    place, rotation, joints = rows[:, 1:4], rotation_matrix(rows[:, 4:8]), rows[:, 8:]
    lower, upper, fastest = np.array([LIMITS[joint] for joint in JOINTS]).T
    speed = np.diff(joints, axis=0) * RATE
    local = body.sole_points(joints)
    soles = place[:, None, None] + local @ np.swapaxes(rotation, 1, 2)[:, None]  # (T, 2, P, 3)
    center = place + (rotation @ body.center_of_mass(joints)[..., None])[..., 0]
    planted = soles[..., 2].max(-1) < ON_GROUND  # (T, 2)
    margins = [
        support_margin(sole[down].reshape(-1, 3)[:, :2], at[:2])
        for sole, down, at in zip(soles, planted, center)
        if down.any()
    ]
    return Measures(
        length=float(rows[-1, 0]),
        limit_margin=float(np.minimum(joints - lower, upper - joints).min()),
        speed=float(np.abs(speed).max()),
        speed_share=float((np.abs(speed) / fastest).max()),
        speed_step=float(np.abs(np.diff(speed, axis=0)).max()),
        slip=max(slip_of(soles[:, foot], planted[:, foot]) for foot in (0, 1)),
        depth=float(-soles[..., 2].min()),
        center_margin=min(margins),
        restlessness=float(np.abs(joints[[0, 1, -2, -1]] - STANDING).max()),
    )


def faults(found: Measures, slow: bool) -> List[str]:
    """Return what is wrong with a clip."""
    wrong = [
        f"{name} is {getattr(found, name):.6g}, the bound {bound:g}"
        for name, bound in BOUNDS.items()
        if (getattr(found, name) < bound) == (name == "limit_margin")
    ]
    if slow and found.center_margin < CENTER_MARGIN:
        wrong.append(f"the centre of mass comes within {found.center_margin:.4f} m of the edge")
    return wrong
