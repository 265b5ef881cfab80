"""Where a picture is taken from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import mujoco
import numpy as np


@dataclass(frozen=True)
class View:
    """Where a picture is taken from, and its optics."""

    eye: np.ndarray
    """[m], shape (3,)."""
    forward: np.ndarray
    """Unit vector, shape (3,)."""
    up: np.ndarray
    """Unit vector at a right angle to forward, shape (3,)."""
    slope_x: float
    """Half the picture's width at distance 1."""
    slope_y: float
    """Half the picture's height at distance 1."""
    near: float
    """Nearest distance that is drawn [m]."""
    far: float
    """Farthest distance that is drawn [m]."""
    width: int
    """Of the picture [pixels]."""

    def moved(self, offset: np.ndarray) -> View:
        """The view from another place."""
        return replace(self, eye=self.eye + offset)


def look_at(eye: np.ndarray, target: np.ndarray, up: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors forward and up of a camera that looks at a point with a level horizon.

    Args:
        eye: [m]
        target: [m]; the eye itself: look along x.
        up: the world's.
    """
    ahead = target - eye
    distance = np.linalg.norm(ahead)
    forward = ahead / distance if distance > 1e-9 else np.array([1.0, 0.0, 0.0])
    right = np.cross(forward, up)
    if np.linalg.norm(right) < 1e-6:  # straight up or down: as on a map, x to the right
        right = np.array([1.0, 0.0, 0.0])
    right = right / np.linalg.norm(right)
    return forward, np.cross(right, forward)


def aim(scene: mujoco.MjvScene, view: View) -> None:
    """Point both eyes of a scene's camera."""
    for camera in scene.camera:
        camera.pos, camera.forward, camera.up = view.eye, view.forward, view.up
        camera.orthographic = 0
        camera.frustum_center = 0.0
        camera.frustum_width = view.near * view.slope_x
        camera.frustum_top = view.near * view.slope_y
        camera.frustum_bottom = -view.near * view.slope_y
        camera.frustum_near, camera.frustum_far = view.near, view.far
