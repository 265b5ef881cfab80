"""Where viewers open: in a window of the desktop, or in a web browser."""

from __future__ import annotations

import os

from humanoid_gym.engine.graphics.browser_viewer import BrowserViewer
from humanoid_gym.engine.graphics.graphics import Graphics
from humanoid_gym.engine.graphics.page_server import HIGHEST_PORT, serve
from humanoid_gym.engine.graphics.viewer import Viewer
from humanoid_gym.engine.graphics.window import open_window, why_no_display
from humanoid_gym.engine.graphics.window_viewer import WindowViewer
from humanoid_gym.engine.values.parameters import CameraProperties

VARIABLE = "HUMANOID_GYM_VIEWER"
CHOICES = "window, browser, browser:PORT or browser:HOST:PORT"
HOST, PORT = "127.0.0.1", 8080
"""Of web pages; only this machine's own browsers reach them there."""


def open_viewer(graphics: Graphics, properties: CameraProperties, title: str) -> Viewer | None:
    """Open a viewer where HUMANOID_GYM_VIEWER says; in a window without it.

    Args:
        graphics: of the simulation.
        properties: size, field of view, clipping planes.
        title: of the window or page.

    Returns:
        None where a window is wanted and there is no display, with a line in the log.

    Raises:
        ValueError: the variable cannot be read, or wants a browser and viser is not installed, or
            no page can be served there.
    """
    address = browser_address()
    if address is not None:
        try:
            server = serve(*address, title)
        except (ModuleNotFoundError, OSError) as error:
            raise ValueError(f"{VARIABLE}: {error}") from error
        return BrowserViewer(graphics, server, properties)
    window = open_window(properties.width, properties.height, title)
    return None if window is None else WindowViewer(graphics, window, properties)


def why_no_viewer() -> str:
    """Why this process cannot show viewers; empty if it may."""
    return "" if browser_address() is not None else why_no_display()


def browser_address() -> tuple[str, int] | None:
    """Host and port of the pages; None: windows are wanted.

    Raises:
        ValueError: the variable cannot be read.
    """
    chosen = os.environ.get(VARIABLE, "").strip() or "window"
    kind, _, place = chosen.partition(":")
    host, _, port = place.rpartition(":")
    if kind == "browser" and (not place or (port.isdecimal() and int(port) <= HIGHEST_PORT)):
        return host.strip("[]") or HOST, int(port) if place else PORT
    if chosen == "window":
        return None
    raise ValueError(f"{VARIABLE}={chosen} cannot be read: expected {CHOICES}")
