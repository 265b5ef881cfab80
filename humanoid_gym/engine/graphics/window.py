"""A window of the desktop with OpenGL in it, and what the user does in it.

MuJoCo's own passive viewer is not used: it reports no key releases and no mouse, keeps most keys
for itself (among them V, R and escape, which Isaac Gym's programs bind), has no picture to save,
and runs in a thread of its own, beside which camera sensors cannot share GLFW safely (on macOS it
also needs another interpreter).
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any, Protocol

from humanoid_gym.engine.graphics.offscreen import load_triton
from humanoid_gym.engine.values.enums import KeyboardInput, MouseInput

logger = logging.getLogger(__name__)

Input = KeyboardInput | MouseInput
NO_WINDOW = (
    "no viewer window: %s; HUMANOID_GYM_VIEWER=browser opens it in a web browser, and pictures "
    "come from camera sensors and videos"
)
SAMPLES = 4
"""Per pixel, against stair-steps."""
RENAMED_KEYS = {"KEY_DEL": "KEY_DELETE", "KEY_NUMPAD_DEL": "KEY_KP_DECIMAL"}
"""GLFW's names of keys that are called otherwise in Isaac Gym."""
MOUSE_BUTTONS = [
    MouseInput.MOUSE_LEFT_BUTTON,
    MouseInput.MOUSE_RIGHT_BUTTON,
    MouseInput.MOUSE_MIDDLE_BUTTON,
    MouseInput.MOUSE_BACK_BUTTON,
    MouseInput.MOUSE_FORWARD_BUTTON,
]
"""By GLFW's number."""


class Screen(Protocol):
    """What a viewer needs of a window."""

    on_input: Callable[[Input, float], None]
    """Called with a key or button and 1 (pressed) or 0 (released), or a movement and its size."""

    def poll(self) -> None:
        """Handle what the user did."""
        ...

    def begin(self) -> tuple[int, int]:
        """Make the window's OpenGL current; return width and height [pixels]."""
        ...

    def show(self) -> None:
        """Show what was drawn."""
        ...

    def end(self) -> None:
        """Release the window's OpenGL, so that others can draw."""
        ...

    def size(self) -> tuple[int, int]:
        """Width and height on the desktop."""
        ...

    def cursor(self) -> tuple[float, float]:
        """Where the mouse is, in fractions of width and height from the upper left corner."""
        ...

    def closed(self) -> bool:
        """Whether the user closed it."""
        ...

    def destroy(self) -> None:
        """Take it from the desktop."""
        ...


class Window:
    """`Screen` on the desktop, through GLFW; to be used from the main thread.

    Args:
        glfw: the module, initialised.
        width: on the desktop.
        height: on the desktop.
        title: of the window.

    Raises:
        OSError: the desktop gives no window.
    """

    def __init__(self, glfw: Any, width: int, height: int, title: str) -> None:  # noqa: ANN401 (a module)
        self._glfw = glfw
        self._keys = key_table(glfw)
        self.on_input: Callable[[Input, float], None] = lambda *_: None
        glfw.default_window_hints()
        glfw.window_hint(glfw.SAMPLES, SAMPLES)
        glfw.window_hint(glfw.VISIBLE, 1)
        self._window = glfw.create_window(width, height, title, None, None)
        if not self._window:
            raise OSError("GLFW made no window")
        self._position = glfw.get_cursor_pos(self._window)
        glfw.set_key_callback(self._window, self._key)
        glfw.set_mouse_button_callback(self._window, self._button)
        glfw.set_scroll_callback(self._window, self._scroll)
        glfw.set_cursor_pos_callback(self._window, self._move)
        self.begin()
        glfw.swap_interval(0)  # sync_frame_time sets the pace
        self.end()

    def poll(self) -> None:
        """See `Screen.poll`."""
        self._glfw.poll_events()

    def begin(self) -> tuple[int, int]:
        """See `Screen.begin`."""
        self._glfw.make_context_current(self._window)
        return self._glfw.get_framebuffer_size(self._window)

    def show(self) -> None:
        """See `Screen.show`."""
        self._glfw.swap_buffers(self._window)

    def end(self) -> None:
        """See `Screen.end`."""
        self._glfw.make_context_current(None)

    def size(self) -> tuple[int, int]:
        """See `Screen.size`."""
        return self._glfw.get_window_size(self._window)

    def cursor(self) -> tuple[float, float]:
        """See `Screen.cursor`."""
        (x, y), (width, height) = self._glfw.get_cursor_pos(self._window), self.size()
        return x / max(width, 1), y / max(height, 1)

    def closed(self) -> bool:
        """See `Screen.closed`."""
        return bool(self._glfw.window_should_close(self._window))

    def destroy(self) -> None:
        """See `Screen.destroy`."""
        if self._window is not None:
            self._glfw.destroy_window(self._window)
            self._window = None

    def _key(self, _: object, key: int, scancode: int, action: int, modifiers: int) -> None:
        if key in self._keys and action != self._glfw.REPEAT:
            self.on_input(self._keys[key], float(action == self._glfw.PRESS))

    def _button(self, _: object, button: int, action: int, modifiers: int) -> None:
        if button < len(MOUSE_BUTTONS):
            self.on_input(MOUSE_BUTTONS[button], float(action == self._glfw.PRESS))

    def _scroll(self, _: object, right: float, up: float) -> None:
        if right:
            scrolled = MouseInput.MOUSE_SCROLL_RIGHT if right > 0 else MouseInput.MOUSE_SCROLL_LEFT
            self.on_input(scrolled, abs(right))
        if up:
            scrolled = MouseInput.MOUSE_SCROLL_UP if up > 0 else MouseInput.MOUSE_SCROLL_DOWN
            self.on_input(scrolled, abs(up))

    def _move(self, _: object, x: float, y: float) -> None:
        right, down = x - self._position[0], y - self._position[1]
        self._position = x, y
        if right:
            moved = MouseInput.MOUSE_MOVE_RIGHT if right > 0 else MouseInput.MOUSE_MOVE_LEFT
            self.on_input(moved, abs(right))
        if down:
            moved = MouseInput.MOUSE_MOVE_DOWN if down > 0 else MouseInput.MOUSE_MOVE_UP
            self.on_input(moved, abs(down))


def open_window(width: int, height: int, title: str) -> Window | None:
    """A window, or None with a line in the log where there is no display."""
    reason = why_no_display()
    if not reason:
        with warnings.catch_warnings():  # the wrapper of GLFW reports errors as warnings
            warnings.simplefilter("ignore")
            try:
                import glfw

                load_triton()
                if glfw.init():
                    return Window(glfw, width, height, title)
                reason = "GLFW finds no display"
            except (ImportError, OSError) as error:
                reason = str(error)
    logger.warning(NO_WINDOW, reason)
    return None


def why_no_display() -> str:
    """Why this process cannot show windows; empty if it may."""
    if sys.platform == "linux":
        if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            return "there is no display (DISPLAY is not set)"
        if os.environ.get("MUJOCO_GL", "").lower() == "osmesa":
            return "MUJOCO_GL=osmesa draws off screen only; unset it"
    return ""


def key_table(glfw: Any) -> dict[int, KeyboardInput]:  # noqa: ANN401 (a module)
    """Isaac Gym's key by GLFW's code."""
    table = {}
    for name, key in KeyboardInput.__members__.items():
        theirs = RENAMED_KEYS.get(name, name.replace("NUMPAD", "KP"))
        table[getattr(glfw, theirs)] = key
    return table
