"""The viewer: environments side by side, lines, a camera, subscribed keys, wherever it draws."""

from __future__ import annotations

from abc import ABC, abstractmethod

import mujoco
import numpy as np

from humanoid_gym.engine.graphics.graphics import MAX_SHAPES, Graphics
from humanoid_gym.engine.graphics.rendering import Display, origin
from humanoid_gym.engine.graphics.viewer_camera import ViewerCamera
from humanoid_gym.engine.graphics.viewer_lines import Lines, add_lines
from humanoid_gym.engine.graphics.window import Input
from humanoid_gym.engine.simulation import Simulation
from humanoid_gym.engine.values.parameters import CameraProperties
from humanoid_gym.engine.values.properties import ActionEvent

NEAREST = 0.05
"""Least distance of the near plane [m]: a window's depth buffer is coarse."""


class Viewer(ABC):
    """What `create_viewer` returns.

    Args:
        graphics: of the simulation.
        properties: field of view and clipping planes.
    """

    def __init__(self, graphics: Graphics, properties: CameraProperties) -> None:
        self._graphics = graphics
        near = max(properties.near_plane, NEAREST)
        far = max(properties.far_plane, 2 * near)
        self.camera = ViewerCamera(graphics.up, properties.horizontal_fov, near, far)
        self.lines = Lines()
        # By class as well: members of both enumerations are integers from 0 on, and equal.
        self._actions: dict[tuple[type, Input], list[str]] = {}
        self._events: list[ActionEvent] = []
        self.destroyed = False

    def subscribe(self, what: Input, action: str) -> None:
        """Report a key or a mouse input under a name; several may share one."""
        self._actions.setdefault((type(what), what), []).append(action)

    def take_events(self) -> list[ActionEvent]:
        """What happened since the last call."""
        self.poll()
        events, self._events = self._events, []
        return events

    def report(self, what: Input, value: float) -> None:
        """Remember an input under the names it was subscribed with."""
        for action in self._actions.get((type(what), what), []):
            self._events.append(ActionEvent(action=action, value=value))

    def watched(self) -> bool:
        """Whether somebody can see the pictures now."""
        return not self.destroyed

    @abstractmethod
    def poll(self) -> None:
        """Handle what the user did, without drawing."""

    @abstractmethod
    def closed(self) -> bool:
        """Whether the user closed it."""

    @abstractmethod
    def size(self) -> tuple[int, int]:
        """Width and height of what the user sees."""

    @abstractmethod
    def cursor(self) -> tuple[float, float]:
        """Where the mouse is, from (0, 0) in the upper left to (1, 1) in the lower right corner."""

    @abstractmethod
    def draw(self, simulation: Simulation | None) -> None:
        """Draw the poses of the last `step_graphics`, and handle the user's input.

        Args:
            simulation: None before prepare_sim: nothing is shown.
        """

    @abstractmethod
    def picture(self) -> np.ndarray:
        """What was drawn last, RGB, shape (height, width, 3), uint8.

        Raises:
            RuntimeError: nothing was drawn yet.
        """

    @abstractmethod
    def destroy(self) -> None:
        """Close it."""

    def compose(
        self,
        simulation: Simulation,
        display: Display,
        scene: mujoco.MjvScene,
        size: tuple[int, int],
    ) -> None:
        """Fill a scene with what the camera sees.

        Args:
            simulation: what to show.
            display: of the graphics.
            scene: of this display, with room for `MAX_SHAPES`.
            size: width and height of the picture [pixels].
        """
        poses = self._graphics.shown_poses(simulation)
        envs = self._graphics.nearest_envs(simulation, self.camera.target, MAX_SHAPES)
        reference = origin(self._graphics.scene.envs[envs[0]])
        view = self.camera.view(*size).moved(-reference)
        display.compose(scene, view, envs, poses, lamp_target=self.camera.target - reference)
        add_lines(scene, self.lines, reference)
