"""Everything about one simulation's pictures: textures, lights, synchronised poses, canvases."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from humanoid_gym.engine.graphics.appearance import Lights, Textures
from humanoid_gym.engine.graphics.display_model import DisplayModel
from humanoid_gym.engine.graphics.offscreen import Canvas, render_flag
from humanoid_gym.engine.graphics.rendering import Display, Poses, origin
from humanoid_gym.engine.graphics.rendering_view import View, look_at
from humanoid_gym.engine.scene.scene import Scene
from humanoid_gym.engine.simulation import Simulation

FIELD_OF_VIEW = 45.0
"""Vertical field of view of videos [degrees]."""
NEAR, FAR = 0.04, 500.0
"""Clipping planes of videos [m]."""
MAX_SHAPES = 20_000
"""Shapes of environments that a viewer shows; of more, the environments nearest to what its camera
looks at."""


@dataclass(frozen=True)
class Quality:
    """How finely pictures are drawn."""

    samples: int
    """Per pixel, against stair-steps on edges; 0: none."""
    shadow_size: int
    """Pixels of the shadow map; 0: no shadows."""
    slices: int
    """Sides of a drawn circle."""


SENSOR_QUALITY = Quality(samples=0, shadow_size=0, slices=16)
HIGH_QUALITY = Quality(samples=4, shadow_size=4096, slices=28)
"""Of windows and videos."""


class Graphics:
    """Draws one simulation; nothing is loaded before the first picture.

    Args:
        scene: may still grow until the first picture.
        up: the world's, unit vector, shape (3,).
    """

    def __init__(self, scene: Scene, up: np.ndarray) -> None:
        self.scene = scene
        self.up = up
        self.textures = Textures()
        self.lights = Lights(up)
        self.poses: Poses | None = None
        """What pictures show: the coordinates at the last `step_graphics`."""
        self._display: tuple[int, Display] | None = None
        self._canvases: dict[str, tuple[Display, Canvas, mujoco.MjvScene]] = {}

    def synchronize(self, simulation: Simulation) -> None:
        """Take over where everything is now."""
        self.poses = Poses.of(simulation)

    def shown_poses(self, simulation: Simulation) -> Poses:
        """What pictures show; without `step_graphics` so far, the present."""
        if self.poses is None:
            self.synchronize(simulation)
        assert self.poses is not None
        return self.poses

    @property
    def display(self) -> Display:
        """The drawable environments, compiled again when textures came or went."""
        if self._display is None or self._display[0] != self.textures.version:
            shown = DisplayModel(self.scene, self.textures.images())
            self._display = self.textures.version, Display(self.scene, shown, self.lights)
        return self._display[1]

    def nearest_envs(
        self, simulation: Simulation, target: np.ndarray, max_shapes: int
    ) -> list[int]:
        """Environments that are shown: all, or the nearest to a point.

        Args:
            simulation: what is shown.
            target: global [m], shape (3,).
            max_shapes: that may be shown at once.
        """
        count = max(1, max_shapes // max(self.display.shown.model.ngeom, 1))
        if count >= simulation.num_envs:
            return list(range(simulation.num_envs))
        poses, root = self.shown_poses(simulation), simulation.compiled.roots[0]
        places = poses.qpos[:, root.qpos : root.qpos + 3] if root.qpos >= 0 else None
        if places is None:
            places = poses.mocap_pos[:, root.mocap]
        places = places + np.array([origin(env) for env in self.scene.envs])
        distance = np.linalg.norm(places - target, axis=1)
        return np.argpartition(distance, count)[:count].tolist()

    def sensor_canvas(self) -> tuple[Canvas, mujoco.MjvScene]:
        """Canvas and empty scene for camera sensors: sharp edges, no shadows, fast."""
        return self._canvas("sensors", SENSOR_QUALITY)

    def viewer_canvas(self, max_lines: int) -> tuple[Canvas, mujoco.MjvScene]:
        """Canvas and scene for what a viewer shows, and lines in it."""
        return self._canvas("viewer", HIGH_QUALITY, MAX_SHAPES + max_lines)

    def picture(
        self,
        index: int,
        poses: Poses,
        eye: np.ndarray,
        target: np.ndarray,
        size: tuple[int, int],
    ) -> np.ndarray:
        """Draw one environment with shadows.

        Args:
            index: environment.
            poses: of all environments.
            eye: camera [m], in the environment's frame.
            target: point it looks at [m].
            size: width and height [pixels].

        Returns:
            RGB, shape (height, width, 3), uint8.
        """
        canvas, scene = self._canvas("pictures", HIGH_QUALITY)
        slope = float(np.tan(np.radians(FIELD_OF_VIEW) / 2))
        forward, up = look_at(eye, target, self.up)
        view = View(eye, forward, up, slope * size[0] / size[1], slope, NEAR, FAR, size[0])
        self.display.compose(scene, view, [index], poses, lamp_target=target)
        return canvas.color(scene, *size)

    def close(self) -> None:
        """Free the OpenGL contexts."""
        for _, canvas, _ in self._canvases.values():
            canvas.close()
        self._canvases.clear()

    def _canvas(self, name: str, quality: Quality, room: int = 0) -> tuple[Canvas, mujoco.MjvScene]:
        display = self.display
        known = self._canvases.get(name)
        if known is None or known[0] is not display:
            if known is not None:
                known[1].close()
            model = display.shown.model
            scene = display.new_scene(model.ngeom + room)
            scene.flags[render_flag("SHADOW")] = quality.shadow_size > 0
            canvas = Canvas(model, quality.samples, quality.shadow_size, quality.slices)
            known = display, canvas, scene
            self._canvases[name] = known
        return known[1], known[2]
