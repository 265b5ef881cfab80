"""The viewer's camera: looks at a point, and is moved around it with the mouse."""

from __future__ import annotations

import math

import numpy as np

from humanoid_gym.engine.graphics.rendering_view import View, look_at

RADIANS_PER_WINDOW = math.pi
"""Turn of the camera for a drag over the window's height."""
HEIGHT_OVER_WIDTH = 9 / 16
"""Of a common window."""
ZOOM_PER_NOTCH = 0.9
STEEPEST = math.radians(89.0)
"""The camera never looks straight down, where its heading would be undefined."""


class ViewerCamera:
    """Eye and target in global coordinates.

    Args:
        up: the world's, unit vector, shape (3,).
        horizontal_fov: [degrees]
        near: nearest distance that is drawn [m].
        far: farthest distance that is drawn [m].
    """

    def __init__(self, up: np.ndarray, horizontal_fov: float, near: float, far: float) -> None:
        self._up = up
        self._slope = math.tan(math.radians(horizontal_fov) / 2)
        self._near, self._far = near, far
        self.target = 1.0 * up
        self.eye = np.array([5.0, -5.0, 3.0] if up[2] else [5.0, 3.0, 5.0])

    def place(self, eye: np.ndarray, target: np.ndarray) -> None:
        """Look from a point at another [m]."""
        self.eye, self.target = eye.astype(float), target.astype(float)

    @property
    def distance(self) -> float:
        """From eye to target [m]."""
        return float(np.linalg.norm(self.target - self.eye))

    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """Unit vectors forward and up."""
        return look_at(self.eye, self.target, self._up)

    def view(self, width: int, height: int) -> View:
        """The view for a picture of this size [pixels]."""
        forward, up = self.axes()
        slopes = self._slope, self._slope * height / width
        return View(self.eye, forward, up, *slopes, self._near, self._far, width)

    def orbit(self, right: float, down: float) -> None:
        """Turn about the target for a drag, in fractions of the window's height."""
        forward, _ = self.axes()
        pitch = math.asin(float(np.clip(-forward @ self._up, -1.0, 1.0)))
        turned = rotate(forward, self._up, -right * RADIANS_PER_WINDOW)
        steeper = np.clip(pitch + down * RADIANS_PER_WINDOW, -STEEPEST, STEEPEST) - pitch
        side = np.cross(turned, self._up)
        if np.linalg.norm(side) > 1e-6:
            turned = rotate(turned, side / np.linalg.norm(side), -steeper)
        self.eye = self.target - self.distance * turned

    def pan(self, right: float, down: float) -> None:
        """Move sideways for a drag: what is at the target stays under the mouse."""
        forward, up = self.axes()
        metres = 2 * self._slope * self.distance * HEIGHT_OVER_WIDTH
        shift = metres * (down * up - right * np.cross(forward, up))
        self.eye, self.target = self.eye + shift, self.target + shift

    def zoom(self, notches: float) -> None:
        """Come nearer to the target, or go away from it."""
        self.eye = self.target + (self.eye - self.target) * ZOOM_PER_NOTCH**notches


def rotate(vector: np.ndarray, axis: np.ndarray, angle: float) -> np.ndarray:
    """A vector turned about a unit axis [rad], by Rodrigues' formula."""
    sine, cosine = math.sin(angle), math.cos(angle)
    return vector * cosine + np.cross(axis, vector) * sine + axis * (axis @ vector) * (1 - cosine)
