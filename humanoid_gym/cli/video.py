"""Videos without a display: a camera that follows one environment, and a file that takes frames.

An .html file holds a recording in three dimensions instead of pictures.
"""

import math
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, ContextManager, Iterator, Optional, Tuple, Type, Union

import numpy as np

from humanoid_gym.config import ConfigError
from humanoid_gym.tasks.vec_task import VecTask
from humanoid_gym.whole_file import write_atomically

Point = Tuple[float, float, float]

JUMP = 1.0
"""A target that moves further than this in one frame [m] began a new episode."""
SIZES = {".mp4": (1280, 720), ".gif": (640, 360)}
"""Width and height [pixels] by kind of file. H.264 needs multiples of 16 to be played anywhere."""
PAGE = ".html"
PAGE_FPS = 30.0
"""Frames per second of a page at most: a screen's motion is smooth from there on."""
GIF_FPS = 20.0
"""Frames per second of a GIF at most: it counts in 1/100 s and browsers slow down short delays."""


class VideoError(RuntimeError):
    """A video that cannot be written, such as to a full disk; one line."""


class FollowCamera:
    """A camera that moves with its target, without its shaking and without falling behind.

    An alpha-beta filter: it estimates position and velocity of the target, so that steady running
    leaves no lag, which plain smoothing would.

    Args:
        dt: time between frames [s].
        offset: of the camera from its target [m].
        time_constant: how slowly the camera answers [s].
    """

    def __init__(self, dt: float, offset: Point, time_constant: float = 0.4) -> None:
        self._offset = np.array(offset)
        self._dt = dt
        decay = math.exp(-dt / time_constant)
        self._alpha = 1.0 - decay**2  # critically damped
        self._beta = (1.0 - decay) ** 2
        self._position: Optional[np.ndarray] = None
        self._velocity = np.zeros(3)

    def follow(self, target: Point) -> Tuple[Point, Point]:
        """Advance one frame.

        Args:
            target: point to keep in view [m].

        Returns:
            Where the camera is and the point it looks at [m].
        """
        measured = np.array(target, dtype=float)
        position = self._position
        if not np.isfinite(measured).all():  # a robot whose simulation failed is nowhere
            measured = np.zeros(3) if position is None else position
        if position is None or np.linalg.norm(measured - position) > JUMP:
            position, self._velocity = measured, np.zeros(3)
        else:
            predicted = position + self._dt * self._velocity
            error = measured - predicted
            position = predicted + self._alpha * error
            self._velocity = self._velocity + self._beta / self._dt * error
        self._position = position
        return _point(position + self._offset), _point(position)


class VideoWriter:
    """Renders environment 0 into an .mp4 or .gif file; use it as a context.

    Args:
        path: file to write or replace.
        env: environment to draw.

    Raises:
        ConfigError: nothing on this machine can draw.
        VideoError: while frames are added and at the end, if the file cannot be written.
    """

    def __init__(self, path: Path, env: VecTask) -> None:
        self._path = path
        self._env = env
        self._size = SIZES[path.suffix]
        dt = env.dt * env.config.control_frequency_inv
        self._stride = max(1, math.ceil(1.0 / dt / GIF_FPS)) if path.suffix == ".gif" else 1
        self._fps = 1.0 / (dt * self._stride)
        self._camera = FollowCamera(dt, env.camera_offset)
        self._file: Any = None
        self._steps = 0
        target = env.camera_target(0)
        try:  # a machine that cannot draw says so before anything is written
            eye = _point(np.array(target) + env.camera_offset)
            env.render_frame(0, eye, target, *self._size)
        except (RuntimeError, NotImplementedError) as error:
            raise ConfigError(f"--video: {error}") from error

    def __enter__(self) -> "VideoWriter":
        """Open the file, creating its folder."""
        import imageio.v2 as imageio  # only videos need it

        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.suffix == ".gif":
            self._file = imageio.get_writer(self._path, duration=1000.0 / self._fps, loop=0)
        else:
            self._file = imageio.get_writer(self._path, fps=self._fps, quality=8)
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        """Close the file; it can be played even after an error."""
        with self._one_line():
            self._file.close()

    def add_frame(self) -> None:
        """Draw the present state; call it once per control step."""
        eye, target = self._camera.follow(self._env.camera_target(0))
        if self._steps % self._stride == 0:
            frame = self._env.render_frame(0, eye, target, *self._size)
            with self._one_line():
                self._file.append_data(frame)
        self._steps += 1

    def _one_line(self) -> ContextManager[None]:
        return one_line(self._path)


class PageWriter:
    """Records all environments into an .html file, for a web browser; use it as a context.

    The page needs nothing but itself. It plays on its own, and the camera, which follows
    environment 0, can be turned with the mouse.

    Args:
        path: file to write or replace.
        env: what to record.

    Raises:
        ConfigError: the package that draws pages is not installed, or not for this simulator.
        VideoError: at the end, if the file cannot be written.
    """

    def __init__(self, path: Path, env: VecTask) -> None:
        self._path, self._env = path, env
        dt = env.dt * env.config.control_frequency_inv
        self._stride = max(1, math.ceil(1.0 / dt / PAGE_FPS))
        self._seconds = dt * self._stride
        self._camera = FollowCamera(dt, env.camera_offset)
        self._steps = 0
        try:
            self._page = env.record_page(0, env.camera_offset)
        except (ImportError, NotImplementedError) as error:
            raise ConfigError(f"--video {path}: {error}") from error

    def __enter__(self) -> "PageWriter":
        """Create the file's folder."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        """Write the file; after an error, with what was recorded until then."""
        try:
            if self._steps:
                with one_line(self._path):
                    write_atomically(self._path, self._page.html().encode())
        finally:
            self._page.close()

    def add_frame(self) -> None:
        """Record the present state; call it once per control step."""
        _, target = self._camera.follow(self._env.camera_target(0))
        if self._steps % self._stride == 0:
            self._page.add_frame(target, self._seconds)
        self._steps += 1


Writer = Union[VideoWriter, PageWriter]


def open_video(path: Path, env: VecTask) -> Writer:
    """Return what records into a file of this name; see there for what it raises."""
    return PageWriter(path, env) if path.suffix == PAGE else VideoWriter(path, env)


def check_name(path: Path) -> None:
    """Look whether a file of this name can be recorded into.

    Raises:
        ConfigError: there is no such kind of video.
    """
    if path.suffix != PAGE and path.suffix not in SIZES:
        raise ConfigError(f"--video {path}: expected a name that ends in .mp4, .gif or .html")


@contextmanager
def one_line(path: Path) -> Iterator[None]:
    """Shorten what imageio says at length, with the encoder's own output."""
    try:
        yield
    except OSError as error:
        first = str(error).strip().splitlines()[0]
        raise VideoError(f"--video {path}: it cannot be written ({first})") from error


def _point(vector: np.ndarray) -> Point:
    x, y, z = vector.tolist()
    return (x, y, z)
