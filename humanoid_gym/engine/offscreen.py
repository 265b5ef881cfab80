"""Which OpenGL library draws pictures where there is no display."""

import ctypes
import os
import sys

LIBRARIES = {"egl": "libEGL.so.1", "osmesa": "libOSMesa.so.8"}
"""Libraries that render off screen, by their name in MUJOCO_GL, the better one first."""

INSTALL_HINT = (
    "install a library that renders off screen, on Debian and Ubuntu: apt-get install libosmesa6 "
    "(and set MUJOCO_GL=osmesa if another one is chosen and fails)"
)


def choose_opengl() -> None:
    """Set MUJOCO_GL on a Linux machine without a display, unless the user has set it.

    MuJoCo's default there is GLFW, which needs a display.
    """
    if sys.platform != "linux" or "MUJOCO_GL" in os.environ or os.environ.get("DISPLAY"):
        return
    for name, library in LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            continue
        os.environ["MUJOCO_GL"] = name
        return
