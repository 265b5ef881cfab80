"""Drawing without a window: which OpenGL library, and a canvas whose pixels can be read."""

from __future__ import annotations

import atexit
import ctypes
import importlib
import os
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import mujoco

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


def load_triton() -> None:
    """Import Triton, where there is one, before anything draws.

    Both Mesa, which draws where there is no GPU, and Triton, which PyTorch for CUDA imports for its
    first optimizer, bring an LLVM of their own. Mesa's is visible to all libraries that are loaded
    after it: Triton would call into it and end the process. One loaded before keeps to its own.
    """
    with suppress(ImportError):
        importlib.import_module("triton")


class Canvas:
    """An off-screen picture of any size, in an OpenGL context of its own.

    The context is current only while it draws: a thread that has one library's context cannot take
    another's, such as a window's.

    Args:
        model: its meshes and textures are loaded into the context.
        samples: per pixel, against stair-steps on edges; 0: none.
        shadow_size: pixels of the shadow map.
        slices: sides of a drawn circle.

    Raises:
        RuntimeError: there is no OpenGL library that renders off screen.
    """

    def __init__(self, model: mujoco.MjModel, samples: int, shadow_size: int, slices: int) -> None:
        import mujoco  # after the choice of OpenGL library

        quality = model.vis.quality
        quality.offsamples, quality.shadowsize = samples, shadow_size
        quality.numslices, quality.numstacks = slices, slices // 2
        try:
            # Not defined where MUJOCO_GL disables rendering
            from mujoco.rendering.classic.gl_context import GLContext

            load_triton()
            self._gl = GLContext(64, 64)
            with self._gl.as_current():
                self.context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100.value)
        except Exception as error:  # the kind depends on the OpenGL library that is missing
            raise RuntimeError(
                f"cannot render off screen ({type(error).__name__}: {error}); {INSTALL_HINT}"
            ) from None
        self._reader = PixelReader(self.context)
        self._is_current = False
        self.close = weakref.finalize(self, _free, self._gl, self.context)
        # At exit before OpenGL's own clean-up: exit functions run in the reverse order.
        self.close.atexit = False
        atexit.register(self.close)

    @contextmanager
    def current(self) -> Iterator[None]:
        """Within it many pictures can be drawn without changing contexts for each."""
        if self._is_current:
            yield
            return
        with self._gl.as_current():
            self._is_current = True
            try:
                yield
            finally:
                self._is_current = False

    def color(self, scene: mujoco.MjvScene, width: int, height: int) -> np.ndarray:
        """Draw; return RGB, shape (height, width, 3), uint8, top row first."""
        with self.current():
            return self._reader.color(scene, width, height)

    def depth_and_labels(
        self, scene: mujoco.MjvScene, width: int, height: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `PixelReader.depth_and_labels`."""
        with self.current():
            return self._reader.depth_and_labels(scene, width, height)


def _free(gl: Any, context: mujoco.MjrContext) -> None:  # noqa: ANN401 (one class per library)
    with gl.as_current():
        context.free()
    gl.free()


class PixelReader:
    """Draws into a context's off-screen buffer and reads the pixels; its OpenGL is current.

    Args:
        context: of the model that the scenes show.
    """

    def __init__(self, context: mujoco.MjrContext) -> None:
        import mujoco

        self._mujoco = mujoco
        self._context = context
        context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR  # pyright: ignore[reportAttributeAccessIssue] an int to the bindings

    def color(self, scene: mujoco.MjvScene, width: int, height: int) -> np.ndarray:
        """Draw; return RGB, shape (height, width, 3), uint8, top row first."""
        rgb = np.empty((height, width, 3), np.uint8)
        self._draw(scene, width, height, rgb, None)
        return rgb[::-1]

    def depth_and_labels(
        self, scene: mujoco.MjvScene, width: int, height: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw each geom in a colour that counts it.

        Returns:
            Depth along the view axis [m], negative, -inf where there is nothing, float32; and the
            position of the geom among the scene's, -1 where there is none, int32. Both of shape
            (height, width).
        """
        before = scene.flags.copy()
        for flag in ("SEGMENT", "IDCOLOR"):
            scene.flags[render_flag(flag)] = 1
        for flag in ("SHADOW", "SKYBOX"):
            scene.flags[render_flag(flag)] = 0
        rgb = np.empty((height, width, 3), np.uint8)
        depth = np.empty((height, width), np.float32)
        self._draw(scene, width, height, rgb, depth)
        scene.flags[:] = before
        camera = scene.camera[0]
        label = rgb[::-1].astype(np.int32) @ np.array([1, 1 << 8, 1 << 16], np.int32) - 1
        return metres(depth[::-1], camera.frustum_near, camera.frustum_far), label

    def _draw(
        self,
        scene: mujoco.MjvScene,
        width: int,
        height: int,
        rgb: np.ndarray,
        depth: np.ndarray | None,
    ) -> None:
        mujoco, context = self._mujoco, self._context
        if width > context.offWidth or height > context.offHeight:
            size = max(width, context.offWidth), max(height, context.offHeight)
            mujoco.mjr_resizeOffscreen(*size, context)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
        area = mujoco.MjrRect(0, 0, width, height)
        mujoco.mjr_render(area, scene, context)
        mujoco.mjr_readPixels(rgb, depth, area, context)


def render_flag(name: str) -> int:
    """Position of one of MuJoCo's render flags."""
    import mujoco

    return getattr(mujoco.mjtRndFlag, f"mjRND_{name}").value


def metres(depth: np.ndarray, near: float, far: float) -> np.ndarray:
    """Negative distance along the view axis [m] from a depth buffer of 1 (near) to 0 (far)."""
    scale = near * far / (far - near)
    offset = near / (far - near)
    distance = (-scale / (depth.astype(np.float64) + offset)).astype(np.float32)
    distance[depth <= 0.0] = -np.inf
    return distance
