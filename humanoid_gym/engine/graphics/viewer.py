"""The viewer: environments side by side in a window, lines, a camera, subscribed keys."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import mujoco
import numpy as np

from humanoid_gym.engine.graphics.graphics import HIGH_QUALITY, Graphics
from humanoid_gym.engine.graphics.offscreen import PixelReader, render_flag
from humanoid_gym.engine.graphics.rendering import Display, Poses, origin
from humanoid_gym.engine.graphics.viewer_camera import ViewerCamera
from humanoid_gym.engine.graphics.window import Input, Screen
from humanoid_gym.engine.simulation import Simulation
from humanoid_gym.engine.values.enums import MouseInput
from humanoid_gym.engine.values.parameters import CameraProperties
from humanoid_gym.engine.values.properties import ActionEvent

logger = logging.getLogger(__name__)

MAX_SHAPES = 20_000
"""Shapes of environments in one picture; of more, the environments nearest to the camera's target
are drawn."""
MAX_LINES = 20_000
NEAREST = 0.05
"""Least distance of the near plane [m]: a window's depth buffer is coarse."""
LINE_WIDTH = 2.0
"""[pixels]"""
DRAGS = {MouseInput.MOUSE_LEFT_BUTTON: "orbit", MouseInput.MOUSE_RIGHT_BUTTON: "pan"}
"""What the camera does while a button is held."""
MOVES = {
    MouseInput.MOUSE_MOVE_RIGHT: (1, 0),
    MouseInput.MOUSE_MOVE_LEFT: (-1, 0),
    MouseInput.MOUSE_MOVE_DOWN: (0, 1),
    MouseInput.MOUSE_MOVE_UP: (0, -1),
}
"""How far right and down a movement goes."""


class Viewer:
    """What `create_viewer` returns.

    The left button turns the camera about what it looks at, the right one moves it sideways, the
    wheel brings it nearer.

    Args:
        graphics: of the simulation.
        screen: where to draw.
        properties: field of view and clipping planes.
    """

    def __init__(self, graphics: Graphics, screen: Screen, properties: CameraProperties) -> None:
        self._graphics, self._screen = graphics, screen
        near = max(properties.near_plane, NEAREST)
        far = max(properties.far_plane, 2 * near)
        self.camera = ViewerCamera(graphics.up, properties.horizontal_fov, near, far)
        # By class as well: members of both enumerations are integers from 0 on, and equal.
        self._actions: dict[tuple[type, Input], list[str]] = {}
        self._events: list[ActionEvent] = []
        self._lines: list[tuple[np.ndarray, np.ndarray]] = []
        self._held: MouseInput | None = None
        self._drawn: tuple[Display, mujoco.MjrContext, mujoco.MjvScene] | None = None
        self.destroyed = False
        screen.on_input = self._input

    def subscribe(self, what: Input, action: str) -> None:
        """Report a key or a mouse input under a name; several may share one."""
        self._actions.setdefault((type(what), what), []).append(action)

    def take_events(self) -> list[ActionEvent]:
        """What happened since the last call."""
        self.poll()
        events, self._events = self._events, []
        return events

    def poll(self) -> None:
        """Handle what the user did, without drawing."""
        self._screen.poll()

    def closed(self) -> bool:
        """Whether the user closed the window."""
        self.poll()
        return self._screen.closed()

    def size(self) -> tuple[int, int]:
        """Width and height on the desktop."""
        return self._screen.size()

    def cursor(self) -> tuple[float, float]:
        """Where the mouse is, from (0, 0) in the upper left to (1, 1) in the lower right corner."""
        return self._screen.cursor()

    def add_lines(self, vertices: np.ndarray, colors: np.ndarray) -> None:
        """Add lines that stay until they are cleared.

        Args:
            vertices: both ends of each [m], global, shape (n, 2, 3).
            colors: RGB of each, shape (n, 3).
        """
        self._lines.append((vertices, colors))

    def clear_lines(self) -> None:
        """Drop all lines."""
        self._lines.clear()

    def draw(self, simulation: Simulation | None) -> None:
        """Draw the poses of the last `step_graphics` into the window, and handle the user's input.

        Args:
            simulation: None before prepare_sim: the window stays empty.
        """
        with self._drawing() as (width, height):
            if simulation is not None and min(width, height) > 0:
                context, scene = self._compose(simulation, width, height)
                mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_WINDOW, context)
                mujoco.mjr_render(mujoco.MjrRect(0, 0, width, height), scene, context)
            self._screen.show()
        self.poll()

    def picture(self) -> np.ndarray:
        """What was drawn last, RGB, shape (height, width, 3), uint8.

        Raises:
            RuntimeError: nothing was drawn yet.
        """
        if self._drawn is None:
            raise RuntimeError("write_viewer_image_to_file: call draw_viewer first")
        _, context, scene = self._drawn
        with self._drawing() as (width, height):
            return PixelReader(context).color(scene, width, height)

    def destroy(self) -> None:
        """Close the window."""
        if self._drawn is not None:
            with self._drawing():
                self._drawn[1].free()
            self._drawn = None
        if not self.destroyed:
            self._screen.destroy()
        self.destroyed = True

    @contextmanager
    def _drawing(self) -> Iterator[tuple[int, int]]:
        """The window's OpenGL is current; gives its width and height [pixels]."""
        size = self._screen.begin()
        try:
            yield size
        finally:
            self._screen.end()

    def _compose(
        self, simulation: Simulation, width: int, height: int
    ) -> tuple[mujoco.MjrContext, mujoco.MjvScene]:
        display, context, scene = self._open()
        poses = self._graphics.shown_poses(simulation)
        envs = self._nearest_envs(simulation, poses, display.shown.model.ngeom)
        reference = origin(self._graphics.scene.envs[envs[0]])
        view = self.camera.view(width, height).moved(-reference)
        target = self.camera.target - reference
        context.shadowClip = max(4.0, self.camera.distance)
        display.compose(scene, view, envs, poses, lamp_target=target)
        for vertices, colors in self._lines:
            add_lines(scene, vertices - reference, colors)
        return context, scene

    def _open(self) -> tuple[Display, mujoco.MjrContext, mujoco.MjvScene]:
        """The window's OpenGL is current; load the display's meshes and textures into it, once."""
        display = self._graphics.display
        if self._drawn is None or self._drawn[0] is not display:
            if self._drawn is not None:
                self._drawn[1].free()
            model = display.shown.model
            quality = model.vis.quality
            quality.offsamples, quality.shadowsize = HIGH_QUALITY.samples, HIGH_QUALITY.shadow_size
            quality.numslices, quality.numstacks = HIGH_QUALITY.slices, HIGH_QUALITY.slices // 2
            context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_150.value)
            context.lineWidth = LINE_WIDTH
            scene = display.new_scene(MAX_SHAPES + model.ngeom + MAX_LINES)
            scene.flags[render_flag("SHADOW")] = 1
            self._drawn = display, context, scene
        return self._drawn

    def _nearest_envs(self, simulation: Simulation, poses: Poses, num_shapes: int) -> list[int]:
        """Environments to draw: all, or the nearest to what the camera looks at."""
        count = max(1, MAX_SHAPES // max(num_shapes, 1))
        if count >= simulation.num_envs:
            return list(range(simulation.num_envs))
        root = simulation.compiled.roots[0]
        places = poses.qpos[:, root.qpos : root.qpos + 3] if root.qpos >= 0 else None
        if places is None:
            places = poses.mocap_pos[:, root.mocap]
        places = places + np.array([origin(env) for env in self._graphics.scene.envs])
        distance = np.linalg.norm(places - self.camera.target, axis=1)
        return np.argpartition(distance, count)[:count].tolist()

    def _input(self, what: Input, value: float) -> None:
        for action in self._actions.get((type(what), what), []):
            self._events.append(ActionEvent(action=action, value=value))
        if isinstance(what, MouseInput):
            self._move_camera(what, value)

    def _move_camera(self, what: MouseInput, value: float) -> None:
        if what in DRAGS:
            self._held = what if value > 0 else None
        elif what == MouseInput.MOUSE_SCROLL_UP:
            self.camera.zoom(value)
        elif what == MouseInput.MOUSE_SCROLL_DOWN:
            self.camera.zoom(-value)
        elif what in MOVES and self._held is not None:
            right, down = MOVES[what]
            length = value / max(self._screen.size()[1], 1)
            getattr(self.camera, DRAGS[self._held])(right * length, down * length)


def add_lines(scene: mujoco.MjvScene, vertices: np.ndarray, colors: np.ndarray) -> None:
    """Append lines to a scene while there is room.

    Args:
        scene: to append to.
        vertices: shape (n, 2, 3) [m].
        colors: RGB, shape (n, 3).
    """
    line, nothing, axes = mujoco.mjtGeom.mjGEOM_LINE.value, np.zeros(3), np.eye(3).ravel()
    room = scene.maxgeom - scene.ngeom
    if len(vertices) > room:
        logger.debug("%d of %d lines are not drawn", len(vertices) - room, len(vertices))
    for ends, color in zip(vertices[:room], colors[:room], strict=True):
        geom = scene.geoms[scene.ngeom]
        rgba = np.append(color, 1.0).astype(np.float32)
        mujoco.mjv_initGeom(geom, line, nothing, nothing, axes, rgba)
        mujoco.mjv_connector(geom, line, LINE_WIDTH, ends[0], ends[1])
        geom.emission = 1.0  # in their own colour, whatever the lights
        scene.ngeom += 1
