"""A recording of a simulation as one web page, in which the camera can be turned while it plays."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from humanoid_gym.engine.graphics.browser_scene import BrowserScene
from humanoid_gym.engine.graphics.graphics import FIELD_OF_VIEW, Graphics
from humanoid_gym.engine.graphics.page_server import serve, stop
from humanoid_gym.engine.graphics.rendering import origin
from humanoid_gym.engine.graphics.viewer_choice import HOST
from humanoid_gym.engine.graphics.viewer_lines import Lines
from humanoid_gym.engine.simulation import Simulation

logger = logging.getLogger(__name__)

ANY_PORT = 0
"""A free one."""
RESOLUTION = 2.0**-12
"""Of recorded places [m] and quaternions: nobody sees it, and files are half as large."""
BYTES_PER_SHAPE = 28
"""Of a frame: place and quaternion."""
LARGE = 500_000_000
"""Bytes of a recording from which on browsers may fail to open it: its page is half as large."""


class PageRecording:
    """Records what a page in a browser would show.

    Args:
        graphics: of the simulation.
        simulation: gives it.
        env_index: environment whose frame the points below are in.
        eye: where the camera is at first, relative to what it follows [m], shape (3,).

    Raises:
        ModuleNotFoundError: viser is not installed.
    """

    def __init__(
        self,
        graphics: Graphics,
        simulation: Callable[[], Simulation],
        env_index: int,
        eye: np.ndarray,
    ) -> None:
        self._graphics, self._simulation, self._env_index = graphics, simulation, env_index
        self._server = serve(HOST, ANY_PORT, "")
        self._server.scene.set_up_direction(tuple(graphics.up.tolist()))
        camera: Any = self._server.initial_camera
        camera.fov, camera.position, camera.look_at = math.radians(FIELD_OF_VIEW), eye, np.zeros(3)
        self._scene = BrowserScene(self._server, graphics, RESOLUTION)
        self._serializer: Any = None
        self._size = 0
        """Of what was recorded [bytes], about."""

    def add_frame(self, target: tuple[float, float, float], seconds: float) -> None:
        """Record where everything is now.

        Args:
            target: point that the camera follows [m].
            seconds: until the next frame.
        """
        simulation = self._simulation()
        self._graphics.synchronize(simulation)
        place = origin(self._graphics.scene.envs[self._env_index]) + np.array(target)
        self._scene.show(simulation, place, place, Lines())
        if self._serializer is None:
            self._serializer = self._server.get_scene_serializer()
        self._serializer.insert_sleep(seconds)
        before = self._size
        self._size += BYTES_PER_SHAPE * self._scene.num_shapes
        if before <= LARGE < self._size:
            logger.warning(
                "the recorded page becomes larger than browsers may be able to open: "
                "record fewer environments, or for a shorter time"
            )

    def html(self) -> str:
        """The whole page.

        Raises:
            RuntimeError: nothing was recorded, or the page was taken before.
        """
        if self._serializer is None:
            raise RuntimeError("record_page: add_frame first")
        page, self._serializer = self._serializer.as_html(), None
        return page

    def close(self) -> None:
        """End the recording."""
        stop(self._server)
