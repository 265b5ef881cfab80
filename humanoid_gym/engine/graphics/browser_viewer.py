"""The viewer in a web browser, for machines without a display: the browser draws.

viser serves the page and keeps it up to date (https://viser.studio): maintained, made for robots,
draws thousands of alike shapes at once, works through one port, needs neither OpenGL nor a display
here. MuJoCo's own web viewer shows one model in one state, not many environments.
"""

from __future__ import annotations

import logging
import math
import queue
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from humanoid_gym.engine.graphics.browser_scene import BrowserScene
from humanoid_gym.engine.graphics.graphics import Graphics
from humanoid_gym.engine.graphics.page_server import address_of, stop
from humanoid_gym.engine.graphics.viewer import Viewer
from humanoid_gym.engine.graphics.viewer_camera import HEIGHT_OVER_WIDTH
from humanoid_gym.engine.graphics.viewer_lines import MAX_LINES
from humanoid_gym.engine.graphics.window import Input
from humanoid_gym.engine.simulation import Simulation
from humanoid_gym.engine.values.enums import KeyboardInput, MouseInput
from humanoid_gym.engine.values.parameters import CameraProperties

if TYPE_CHECKING:
    import viser

logger = logging.getLogger(__name__)

LEAST_PERIOD = 1 / 60
"""Between two pictures [s]."""
SAME_VIEW = 1e-3
"""Difference between two views that is none, by their distance from the target."""
LEAST_DISTANCE = 1e-3
"""From eye to target [m]: a page's camera needs a direction."""
WAIT = 0.1
"""Between two looks for a browser [s]."""
RENAMED_KEYS = {
    "DEL": "delete",
    "PAGE_UP": "pageup",
    "PAGE_DOWN": "pagedown",
    "RIGHT": "arrowright",
    "LEFT": "arrowleft",
    "DOWN": "arrowdown",
    "UP": "arrowup",
}
"""viser's names of keys that are called otherwise in Isaac Gym."""
LOWER_CASE_KEYS = {"SPACE", "ESCAPE", "TAB", "ENTER", "BACKSPACE", "INSERT", "HOME", "END"}
CAMERA_KEYS = {
    **{letter: f"Key{letter}" for letter in "WASDQE"},
    **{name: f"Arrow{name.capitalize()}" for name in ("UP", "DOWN", "LEFT", "RIGHT")},
}
"""Keys with which viser's pages move the camera, and their names in browsers."""
KEYS_SCRIPT = """<img hidden src="data:," onerror="
if (!window.programKeys) {
  window.addEventListener('keydown', event => event.repeat && event.stopPropagation(), true);
  document.documentElement.addEventListener('keydown',
    event => window.programKeys.includes(event.code) && event.stopPropagation());
}
window.programKeys = '%s'.split(' ')">"""
"""What viser has no setting for: a key that is held is pressed once, as in a window; the program's
keys do not move the camera, which listens one level above the hotkeys."""


class BrowserViewer(Viewer):
    """A viewer that web pages show; the first picture waits for one.

    In the page, the left button turns the camera, the right one moves it, the wheel comes nearer.
    Keys that the program subscribed to work there, as a press and a release at once, and are
    buttons, too. Without a page open, `draw` does nothing.

    Args:
        graphics: of the simulation.
        server: of the pages.
        properties: size of pictures in files, field of view.
    """

    def __init__(
        self, graphics: Graphics, server: viser.ViserServer, properties: CameraProperties
    ) -> None:
        super().__init__(graphics, properties)
        self._server = server
        self._size = properties.width, properties.height
        self._scene = BrowserScene(server, graphics)
        self._own_keys: list[str] = []
        self._script: viser.GuiHtmlHandle | None = None
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        """What happened in viser's threads, to be done in the program's."""
        self._known: set[tuple[type, Input]] = set()
        self._cursor = 0.5, 0.5
        self._stopped, self._awaited = False, True
        self._shown: Simulation | None = None
        self._next_picture = 0.0
        self._page_eye = self._page_target = np.full(3, np.nan)
        """The camera of the pages, in their frame [m]."""
        self._reference = np.zeros(3)
        """Where that frame is, global [m]: it follows what the program's camera follows, so that
        the page's own camera stays the user's."""
        self._furnish(properties)

    def subscribe(self, what: Input, action: str) -> None:
        """See `Viewer.subscribe`; a key becomes a button as well."""
        super().subscribe(what, action)
        if (type(what), what) in self._known:
            return
        self._known.add((type(what), what))
        if isinstance(what, KeyboardInput):
            key = what.name.removeprefix("KEY_")
            pressed = self._later(lambda: self._press(what))
            self._server.gui.add_button(f"{action} ({key.lower()})").on_click(pressed)
            hotkey: Any = hotkey_of(key)
            if hotkey is not None:
                self._own(key)
                self._server.gui.add_command(action, hotkey=hotkey).on_trigger(pressed)
        elif what == MouseInput.MOUSE_LEFT_BUTTON:
            self._server.scene.on_click()(self._clicked)

    @property
    def address(self) -> str:
        """Of the page."""
        return address_of(self._server)

    def watched(self) -> bool:
        """Whether a page is open."""
        return not self.destroyed and bool(self._server.get_clients())

    def poll(self) -> None:
        """See `Viewer.poll`."""
        while True:
            try:
                self._inbox.get_nowait()()
            except queue.Empty:
                return

    def closed(self) -> bool:
        """Whether the user pressed the page's button for that; a page may come back."""
        self.poll()
        return self._stopped

    def size(self) -> tuple[int, int]:
        """Width and height of a page's picture, or of those in files."""
        for client in self._server.get_clients().values():
            return client.camera.image_width, client.camera.image_height
        return self._size

    def cursor(self) -> tuple[float, float]:
        """Where the mouse clicked last; see `Viewer.cursor`."""
        return self._cursor

    def draw(self, simulation: Simulation | None) -> None:
        """See `Viewer.draw`; at most 60 times a second, and the first time once a page is open."""
        self._shown = simulation
        if self._awaited and simulation is not None:
            self._aim()
            self._await_page()
        self.poll()
        if simulation is None or not self.watched() or time.perf_counter() < self._next_picture:
            return
        self._next_picture = time.perf_counter() + LEAST_PERIOD
        with self._server.atomic():
            self._aim()
            self._scene.show(simulation, self._reference, self.camera.target, self.lines)

    def picture(self) -> np.ndarray:
        """What a window would show: drawn here, with OpenGL off screen. See `Viewer.picture`."""
        if self._shown is None:
            raise RuntimeError("write_viewer_image_to_file: call draw_viewer first")
        canvas, scene = self._graphics.viewer_canvas(MAX_LINES)
        self.compose(self._shown, self._graphics.display, scene, self._size)
        return canvas.color(scene, *self._size)

    def destroy(self) -> None:
        """Stop serving pages."""
        if not self.destroyed:
            stop(self._server)
        self.destroyed = True

    def _furnish(self, properties: CameraProperties) -> None:
        """Set up the page: its camera, a button to stop the program, and what it tells us."""
        slope = math.tan(math.radians(properties.horizontal_fov) / 2) * HEIGHT_OVER_WIDTH
        self._server.initial_camera.fov = 2 * math.atan(slope)
        self._server.scene.set_up_direction(tuple(self._graphics.up.tolist()))
        stop = self._server.gui.add_button("Close viewer", color="red")
        stop.on_click(self._later(self._stop))
        self._server.on_client_connect(self._connected)

    def _own(self, key: str) -> None:
        """From now on, a key is the program's alone."""
        if key in CAMERA_KEYS:
            self._own_keys.append(CAMERA_KEYS[key])
        content = KEYS_SCRIPT % " ".join(self._own_keys)
        if self._script is None:
            self._script = self._server.gui.add_html(content, order=math.inf)
        else:
            self._script.content = content

    def _connected(self, client: viser.ClientHandle) -> None:
        def moved(camera: viser.CameraHandle) -> None:
            eye, target = np.array(camera.position), np.array(camera.look_at)
            self._inbox.put(lambda: self._user_moved(eye, target))

        client.camera.on_update(moved)
        # One that connects while the program aims would keep viser's own view.
        self._inbox.put(lambda: self._point([client.camera]))

    def _user_moved(self, eye: np.ndarray, target: np.ndarray) -> None:
        if np.isnan(self._page_eye).any() or not np.isfinite(eye + target).all():
            return  # before the first picture the program's camera counts
        self._aim()  # what the program did before, so that it is not lost
        self._page_eye, self._page_target = eye, target
        self.camera.place(eye + self._reference, target + self._reference)

    def _aim(self) -> None:
        """Follow the program's camera: by moving the world where the view stays the same."""
        eye = self.camera.eye
        offset = -max(self.camera.distance, LEAST_DISTANCE) * self.camera.axes()[0]
        target = eye - offset
        if not np.isfinite(eye + target).all():
            return
        known = self._page_eye - self._page_target
        if np.linalg.norm(offset - known) <= SAME_VIEW * np.linalg.norm(offset):
            self._reference = eye - self._page_eye
            return
        self._reference, self._page_eye, self._page_target = target.copy(), offset, np.zeros(3)
        clients = self._server.get_clients().values()
        self._point([*(client.camera for client in clients), self._server.initial_camera])

    def _point(self, cameras: list[Any]) -> None:
        """Give pages the camera that they should have, if that is known."""
        for camera in cameras if np.isfinite(self._page_eye).all() else []:
            camera.position = self._page_eye
            camera.look_at = self._page_target  # after the position, which moves it along

    def _press(self, key: Input) -> None:
        self.report(key, 1.0)
        self.report(key, 0.0)

    def _clicked(self, event: viser.SceneClickEvent) -> None:
        def click() -> None:
            x, y = event.screen_pos
            self._cursor = float(x), float(y)
            self._press(MouseInput.MOUSE_LEFT_BUTTON)

        self._inbox.put(click)

    def _stop(self) -> None:
        self._stopped = True

    def _later(self, act: Callable[[], None]) -> Callable[[Any], None]:
        """A callback for viser's threads that has something done by the next `poll`."""
        return lambda _: self._inbox.put(act)

    def _await_page(self) -> None:
        self._awaited = False
        if self.watched():
            return
        logger.warning("the viewer waits for a web browser to open %s", self.address)
        while not self.watched():
            time.sleep(WAIT)


def hotkey_of(key: str) -> str | None:
    """Name in viser of a key of Isaac Gym without its prefix KEY_; None for those it has not."""
    if len(key) == 1:
        return key
    return RENAMED_KEYS.get(key) or (key.lower() if key in LOWER_CASE_KEYS else None)
