"""Shapes made of lines, and drawing them in a viewer."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from humanoid_gym.engine.values.math_types import Transform, Vec3

if TYPE_CHECKING:
    from humanoid_gym.engine.graphics.viewer import Viewer
    from humanoid_gym.engine.gymapi import Gym
    from humanoid_gym.engine.scene.scene import Env

RED, GREEN, BLUE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def vec3_array(numbers: Any) -> np.ndarray:  # noqa: ANN401 (whatever NumPy takes)
    """Numbers in the last axis as an array of `Vec3.dtype`: shape (..., 3) becomes (...)."""
    numbers = np.ascontiguousarray(numbers, dtype=np.float32)
    return numbers.view(Vec3.dtype)[..., 0]


class LineGeometry(ABC):
    """A set of coloured lines about an origin."""

    @abstractmethod
    def vertices(self) -> np.ndarray:
        """Ends of the lines [m]: `Vec3.dtype`, shape (num_lines, 2)."""

    @abstractmethod
    def colors(self) -> np.ndarray:
        """Red, green, blue in [0, 1] of each line: `Vec3.dtype`, shape (num_lines,)."""

    def num_lines(self) -> int:
        """Number of lines."""
        return len(self.vertices())

    def instance_verts(self, pose: Transform | None) -> np.ndarray:
        """Ends of the lines after moving the shape to a pose; None leaves it where it is.

        Returns:
            `Vec3.dtype`, shape (num_lines, 2); a copy.
        """
        return self.vertices().copy() if pose is None else pose.transform_points(self.vertices())


class PosedLines(LineGeometry):
    """Lines that were computed once.

    Args:
        ends: ends of the lines [m], shape (num_lines, 2, 3).
        colors: red, green, blue of each line, shape (num_lines, 3).
        pose: where the shape sits in its own frame; None: at the origin.
    """

    def __init__(self, ends: np.ndarray, colors: np.ndarray, pose: Transform | None) -> None:
        vertices = vec3_array(ends)
        self._vertices = vertices if pose is None else pose.transform_points(vertices)
        self._colors = vec3_array(colors)

    def vertices(self) -> np.ndarray:
        """Ends of the lines [m]: `Vec3.dtype`, shape (num_lines, 2)."""
        return self._vertices

    def colors(self) -> np.ndarray:
        """Red, green, blue in [0, 1] of each line: `Vec3.dtype`, shape (num_lines,)."""
        return self._colors


class AxesGeometry(PosedLines):
    """The axes of a frame: x red, y green, z blue.

    Args:
        scale: length of the axes [m].
        pose: of the frame.
    """

    def __init__(self, scale: float = 1.0, pose: Transform | None = None) -> None:
        ends = np.zeros((3, 2, 3))
        ends[:, 1] = float(scale) * np.eye(3)
        super().__init__(ends, np.array([RED, GREEN, BLUE]), pose)


def box_edges(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The twelve edges of the box between two corners. Shape (12, 2, 3)."""
    corners = np.array(list(product((0, 1), repeat=3)))
    pairs = [
        (a, b) for a, b in product(corners, corners) if (b - a).sum() == 1 and abs(b - a).sum() == 1
    ]
    return low + np.array(pairs) * (high - low)


class WireframeBoxGeometry(PosedLines):
    """The edges of a box about the origin.

    Args:
        xdim: full length along x [m].
        ydim: full length along y [m].
        zdim: full length along z [m].
        pose: of the box.
        color: red, green, blue in [0, 1]; red by default.
    """

    def __init__(
        self,
        xdim: float = 1.0,
        ydim: float = 1.0,
        zdim: float = 1.0,
        pose: Transform | None = None,
        color: Sequence[float] | None = None,
    ) -> None:
        half = 0.5 * np.array([float(xdim), float(ydim), float(zdim)])
        super().__init__(box_edges(-half, half), np.tile(as_color(color), (12, 1)), pose)


class WireframeBBoxGeometry(PosedLines):
    """The edges of a box between two corners.

    Args:
        bbox: smallest and largest corner [m], shape (2, 3).
        pose: of the frame that the corners are in.
        color: red, green, blue in [0, 1]; red by default.

    Raises:
        ValueError: bbox has another shape.
    """

    def __init__(
        self,
        bbox: Any,  # noqa: ANN401 (whatever NumPy takes)
        pose: Transform | None = None,
        color: Sequence[float] | None = None,
    ) -> None:
        corners = np.asarray(bbox, dtype=np.float64)
        if corners.shape != (2, 3):
            raise ValueError(
                "bbox: smallest and largest corner expected, shape (2, 3); "
                f"got shape {corners.shape}"
            )
        super().__init__(box_edges(*corners), np.tile(as_color(color), (12, 1)), pose)


class WireframeSphereGeometry(PosedLines):
    """Circles of latitude and longitude on a sphere about the origin; the poles are on z.

    Args:
        radius: [m].
        num_lats: bands between the poles.
        num_lons: sectors about z.
        pose: of the sphere.
        color: red, green, blue of the meridians in [0, 1]; red by default.
        color2: of the circles of latitude; by default that of the meridians.
    """

    def __init__(
        self,
        radius: float = 1.0,
        num_lats: int = 8,
        num_lons: int = 8,
        pose: Transform | None = None,
        color: Sequence[float] | None = None,
        color2: Sequence[float] | None = None,
    ) -> None:
        lat = np.linspace(0.0, math.pi, num_lats + 1)[:, None]
        lon = np.linspace(0.0, 2.0 * math.pi, num_lons + 1)[None, :]
        grid = float(radius) * np.stack(
            np.broadcast_arrays(np.sin(lat) * np.cos(lon), np.sin(lat) * np.sin(lon), np.cos(lat)),
            axis=-1,
        )
        meridians = np.stack([grid[:-1, :-1], grid[1:, :-1]], axis=2).reshape(-1, 2, 3)
        circles = np.stack([grid[1:, :-1], grid[1:, 1:]], axis=2).reshape(-1, 2, 3)
        first, second = as_color(color), as_color(color if color2 is None else color2)
        colors = np.repeat([first, second], len(meridians), axis=0)
        super().__init__(np.concatenate([meridians, circles]), colors, pose)


def as_color(color: Sequence[float] | Vec3 | None) -> np.ndarray:
    """Red, green, blue as an array, shape (3,); None is red.

    Raises:
        ValueError: not three numbers.
    """
    if color is None:
        return np.array(RED)
    if isinstance(color, Vec3):
        return np.array([color.x, color.y, color.z])
    numbers = np.asarray(color, dtype=np.float64)
    if numbers.shape != (3,):
        raise ValueError(f"a colour has three numbers, red, green and blue; got {color!r}")
    return numbers


def draw_lines(
    geom: LineGeometry,
    gym: "Gym",
    viewer: "Viewer",
    env: "Env | None",
    pose: Transform | None,
) -> None:
    """Add a shape to a viewer's lines.

    Args:
        geom: shape.
        gym: the Gym object.
        viewer: what `create_viewer` returned.
        env: environment whose frame the pose is in; None: the world's.
        pose: of the shape.
    """
    gym.add_lines(viewer, env, geom.num_lines(), geom.instance_verts(pose), geom.colors())


def draw_line(
    p1: Vec3,
    p2: Vec3,
    color: Vec3 | Sequence[float],
    gym: "Gym",
    viewer: "Viewer",
    env: "Env | None",
) -> None:
    """Add one line to a viewer's lines.

    Args:
        p1: one end [m].
        p2: the other end [m].
        color: red, green, blue in [0, 1].
        gym: the Gym object.
        viewer: what `create_viewer` returned.
        env: environment whose frame the ends are in; None: the world's.
    """
    ends = vec3_array([[[p1.x, p1.y, p1.z], [p2.x, p2.y, p2.z]]])
    gym.add_lines(viewer, env, 1, ends, vec3_array([as_color(color)]))
