"""Lines in a viewer's pictures."""

from __future__ import annotations

import logging

import mujoco
import numpy as np

logger = logging.getLogger(__name__)

MAX_LINES = 20_000
LINE_WIDTH = 2.0
"""[pixels]"""


class Lines:
    """Lines that stay until they are cleared."""

    def __init__(self) -> None:
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []
        self.version = 0
        """Another after each change."""

    def add(self, vertices: np.ndarray, colors: np.ndarray) -> None:
        """Add lines; those without an end, such as of a simulation that failed, are left out.

        Args:
            vertices: both ends of each [m], global, shape (n, 2, 3).
            colors: RGB of each, shape (n, 3).
        """
        whole = np.isfinite(vertices).all(axis=(1, 2)) & np.isfinite(colors).all(axis=1)
        self._parts.append((vertices[whole], colors[whole]))
        self.version += 1

    def clear(self) -> None:
        """Drop all."""
        self._parts.clear()
        self.version += 1

    def all(self) -> tuple[np.ndarray, np.ndarray]:
        """Ends [m], global, shape (n, 2, 3), and RGB, shape (n, 3), of the first `MAX_LINES`."""
        if not self._parts:
            return np.zeros((0, 2, 3)), np.zeros((0, 3))
        vertices, colors = (np.concatenate(arrays) for arrays in zip(*self._parts, strict=True))
        if len(vertices) > MAX_LINES:
            logger.debug("%d of %d lines are not drawn", len(vertices) - MAX_LINES, len(vertices))
        return vertices[:MAX_LINES], colors[:MAX_LINES]


def add_lines(scene: mujoco.MjvScene, lines: Lines, reference: np.ndarray) -> None:
    """Append lines to a scene while there is room.

    Args:
        scene: to append to.
        lines: which.
        reference: origin of the frame that the scene is in, global [m].
    """
    line, nothing, axes = mujoco.mjtGeom.mjGEOM_LINE.value, np.zeros(3), np.eye(3).ravel()
    room = scene.maxgeom - scene.ngeom
    vertices, colors = lines.all()
    for ends, color in zip(vertices[:room] - reference, colors[:room], strict=True):
        geom = scene.geoms[scene.ngeom]
        rgba = np.append(color, 1.0).astype(np.float32)
        mujoco.mjv_initGeom(geom, line, nothing, nothing, axes, rgba)
        mujoco.mjv_connector(geom, line, LINE_WIDTH, ends[0], ends[1])
        geom.emission = 1.0  # in their own colour, whatever the lights
        scene.ngeom += 1
