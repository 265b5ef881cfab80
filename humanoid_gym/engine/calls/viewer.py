"""The viewer: a window, its camera, lines, subscribed keys."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from humanoid_gym.engine.calls.cameras import array, quaternion
from humanoid_gym.engine.graphics.rendering import origin
from humanoid_gym.engine.graphics.viewer import Viewer
from humanoid_gym.engine.graphics.viewer_choice import open_viewer
from humanoid_gym.engine.scene.scene import Env
from humanoid_gym.engine.sim import Sim
from humanoid_gym.engine.values.enums import KeyboardInput, MouseInput
from humanoid_gym.engine.values.math_types import Int2, Transform, Vec2, Vec3
from humanoid_gym.engine.values.parameters import CameraProperties
from humanoid_gym.engine.values.properties import ActionEvent

logger = logging.getLogger(__name__)

TITLE = "Isaac Gym on MuJoCo"
VIEWER_CAMERA = -2
"""Handle of the viewer's camera, which no camera sensor has."""


class ViewerCalls:
    """Methods of Gym about the viewer; call them from the main thread."""

    def create_viewer(self, sim: Sim, props: CameraProperties | None = None) -> Viewer | None:
        """Open a window, or a page for web browsers, that shows the environments side by side.

        The environment variable HUMANOID_GYM_VIEWER says which: window (as without it), browser,
        browser:PORT or browser:HOST:PORT.

        Args:
            sim: simulation; created with a graphics device (0, not -1).
            props: size, field of view, clipping planes.

        Returns:
            None where there is no display or no graphics device, with a line in the log.

        Raises:
            ValueError: HUMANOID_GYM_VIEWER cannot be read, or wants a browser and viser is not
                installed.
        """
        props = props or CameraProperties()
        if sim.graphics_device < 0:
            logger.warning("no viewer window: the simulation was created with graphics device -1")
            return None
        viewer = open_viewer(sim.graphics, props, TITLE)
        if viewer is not None:
            sim.viewers.append(viewer)
        return viewer

    def destroy_viewer(self, viewer: Viewer) -> None:
        """Close the window."""
        opened(viewer, "destroy_viewer").destroy()

    def draw_viewer(self, viewer: Viewer, sim: Sim, render_collision: bool = True) -> None:
        """Draw what the last `step_graphics` saw.

        Args:
            viewer: window.
            sim: simulation.
            render_collision: without effect: visual shapes are drawn.
        """
        simulation = sim.running("draw_viewer") if sim.simulation is not None else None
        opened(viewer, "draw_viewer").draw(simulation)

    def poll_viewer_events(self, viewer: Viewer) -> None:
        """Handle the user's input without drawing."""
        opened(viewer, "poll_viewer_events").poll()

    def query_viewer_has_closed(self, viewer: Viewer) -> bool:
        """Whether the user closed the window."""
        return opened(viewer, "query_viewer_has_closed").closed()

    def subscribe_viewer_keyboard_event(
        self, viewer: Viewer, key: KeyboardInput, action: str
    ) -> None:
        """Report a key under a name, when it is pressed and when it is released."""
        called = "subscribe_viewer_keyboard_event"
        opened(viewer, called).subscribe(KeyboardInput(key), str(action))

    def subscribe_viewer_mouse_event(self, viewer: Viewer, what: MouseInput, action: str) -> None:
        """Report a button, a turn of the wheel or a movement of the mouse under a name."""
        opened(viewer, "subscribe_viewer_mouse_event").subscribe(MouseInput(what), str(action))

    def query_viewer_action_events(self, viewer: Viewer) -> list[ActionEvent]:
        """What was subscribed and happened since the last query.

        The value is 1 for pressed and 0 for released, pixels for movements, notches for the wheel.
        """
        return opened(viewer, "query_viewer_action_events").take_events()

    def viewer_camera_look_at(
        self, viewer: Viewer, env: Env | None, position: Vec3, target: Vec3
    ) -> None:
        """Place the camera at a point, looking at another [m]; env None: global coordinates."""
        place = offset(env)
        camera = opened(viewer, "viewer_camera_look_at").camera
        camera.place(array(position) + place, array(target) + place)

    def get_viewer_camera_transform(self, viewer: Viewer, env: Env | None) -> Transform:
        """Where the camera is: its z axis looks ahead, y is up. env None: global coordinates."""
        camera = opened(viewer, "get_viewer_camera_transform").camera
        forward, up = camera.axes()
        axes = np.stack((np.cross(up, forward), up, forward), axis=1)
        return Transform(Vec3(*(camera.eye - offset(env))), quaternion(axes))

    def get_viewer_camera_handle(self, viewer: Viewer) -> int:
        """A number for the viewer's camera; camera-sensor calls do not take it."""
        opened(viewer, "get_viewer_camera_handle")
        return VIEWER_CAMERA

    def get_viewer_size(self, viewer: Viewer) -> Int2:
        """Width and height of the window on the desktop."""
        return Int2(*opened(viewer, "get_viewer_size").size())

    def get_viewer_mouse_position(self, viewer: Viewer) -> Vec2:
        """Where the mouse is, from (0, 0) in the upper left to (1, 1) in the lower right corner."""
        return Vec2(*opened(viewer, "get_viewer_mouse_position").cursor())

    def add_lines(
        self,
        viewer: Viewer,
        env: Env | None,
        num_lines: int,
        vertices: np.ndarray,
        colors: np.ndarray,
    ) -> None:
        """Add lines to the viewer's pictures until `clear_lines`; camera sensors do not show them.

        Args:
            viewer: window.
            env: environment whose origin vertices are relative to; None: global coordinates.
            num_lines: how many.
            vertices: 6 numbers per line, or 2 of Vec3.dtype [m]; any shape, float32 or a list.
            colors: 3 numbers per line, or one of Vec3.dtype, RGB in [0, 1].

        Raises:
            ValueError: fewer numbers than lines need.
        """
        count = int(num_lines)
        ends = numbers(vertices, 6 * count, "vertices").reshape(count, 2, 3)
        shades = numbers(colors, 3 * count, "colors").reshape(count, 3)
        opened(viewer, "add_lines").lines.add(ends + offset(env), shades)

    def clear_lines(self, viewer: Viewer) -> None:
        """Drop all lines."""
        opened(viewer, "clear_lines").lines.clear()

    def write_viewer_image_to_file(self, viewer: Viewer, filename: str) -> None:
        """Write what the window shows as a picture file; the extension says which kind.

        Raises:
            RuntimeError: nothing was drawn yet.
        """
        from PIL import Image  # only textures and picture files need it

        picture = opened(viewer, "write_viewer_image_to_file").picture()
        Image.fromarray(np.ascontiguousarray(picture)).save(Path(filename))


def opened(viewer: Viewer | None, call: str) -> Viewer:
    """The viewer, if it is one and still there.

    Raises:
        RuntimeError: create_viewer returned None, or destroy_viewer was called.
        TypeError: no viewer.
    """
    if viewer is None:
        raise RuntimeError(
            f"{call}: the viewer is None: create_viewer found no display; run the program headless "
            "or on a machine with a display"
        )
    if not isinstance(viewer, Viewer):
        raise TypeError(f"{call}: a viewer from create_viewer expected, got {viewer!r}")
    if viewer.destroyed:
        raise RuntimeError(f"{call}: the viewer was destroyed")
    return viewer


def offset(env: Env | None) -> np.ndarray:
    """Global position of an environment's origin, zero without one, shape (3,)."""
    return np.zeros(3) if env is None else origin(env)


def numbers(values: object, count: int, what: str) -> np.ndarray:
    """The first numbers of an array of any shape or of records, float64, shape (count,)."""
    given = np.asarray(values)
    if given.dtype.names:
        given = np.ascontiguousarray(given).view(np.float32)
    flat = given.astype(np.float64).ravel()
    if flat.size < count:
        raise ValueError(f"add_lines: {what} hold {flat.size} numbers, {count} are needed")
    return flat[:count]
