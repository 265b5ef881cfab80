"""The viewer in a window of the desktop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import mujoco
import numpy as np

from humanoid_gym.engine.graphics.graphics import HIGH_QUALITY, MAX_SHAPES, Graphics
from humanoid_gym.engine.graphics.offscreen import PixelReader, render_flag
from humanoid_gym.engine.graphics.rendering import Display
from humanoid_gym.engine.graphics.viewer import Viewer
from humanoid_gym.engine.graphics.viewer_lines import LINE_WIDTH, MAX_LINES
from humanoid_gym.engine.graphics.window import Input, Screen
from humanoid_gym.engine.simulation import Simulation
from humanoid_gym.engine.values.enums import MouseInput
from humanoid_gym.engine.values.parameters import CameraProperties

DRAGS = {MouseInput.MOUSE_LEFT_BUTTON: "orbit", MouseInput.MOUSE_RIGHT_BUTTON: "pan"}
"""What the camera does while a button is held."""
MOVES = {
    MouseInput.MOUSE_MOVE_RIGHT: (1, 0),
    MouseInput.MOUSE_MOVE_LEFT: (-1, 0),
    MouseInput.MOUSE_MOVE_DOWN: (0, 1),
    MouseInput.MOUSE_MOVE_UP: (0, -1),
}
"""How far right and down a movement goes."""


class WindowViewer(Viewer):
    """A viewer that draws into a window with OpenGL.

    The left button turns the camera about what it looks at, the right one moves it sideways, the
    wheel brings it nearer.

    Args:
        graphics: of the simulation.
        screen: where to draw.
        properties: field of view and clipping planes.
    """

    def __init__(self, graphics: Graphics, screen: Screen, properties: CameraProperties) -> None:
        super().__init__(graphics, properties)
        self._screen = screen
        self._held: MouseInput | None = None
        self._drawn: tuple[Display, mujoco.MjrContext, mujoco.MjvScene] | None = None
        screen.on_input = self._input

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

    def draw(self, simulation: Simulation | None) -> None:
        """Draw the poses of the last `step_graphics` into the window, and handle the user's input.

        Args:
            simulation: None before prepare_sim: the window stays empty.
        """
        with self._drawing() as (width, height):
            if simulation is not None and min(width, height) > 0:
                display, context, scene = self._open()
                context.shadowClip = max(4.0, self.camera.distance)
                self.compose(simulation, display, scene, (width, height))
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

    def _input(self, what: Input, value: float) -> None:
        self.report(what, value)
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
