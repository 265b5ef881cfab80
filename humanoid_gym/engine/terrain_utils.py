"""Isaac Gym's `terrain_utils`: height fields of common terrains, and their triangle meshes.

A terrain is a grid of integer heights. Each function below changes the grid of a `SubTerrain` and
returns that object. Lengths are given in metres and become samples or units of height by
truncation; random numbers come from NumPy's global generator.
"""

from __future__ import annotations

import numpy as np
from numpy.random import choice

__all__ = [
    "SubTerrain",
    "choice",
    "convert_heightfield_to_trimesh",
    "discrete_obstacles_terrain",
    "np",
    "pyramid_sloped_terrain",
    "pyramid_stairs_terrain",
    "random_uniform_terrain",
    "sloped_terrain",
    "stairs_terrain",
    "stepping_stones_terrain",
    "wave_terrain",
]

OBSTACLE_RASTER = 4
"""Samples that sizes and positions of discrete obstacles are multiples of."""


class SubTerrain:
    """A grid of heights.

    Args:
        terrain_name: for the client's use.
        width: samples along the first axis, x.
        length: samples along the second axis, y.
        vertical_scale: height of one unit [m].
        horizontal_scale: distance of two samples [m].

    Raises:
        ValueError: a size that is not positive.
    """

    def __init__(
        self,
        terrain_name: str = "terrain",
        width: int = 256,
        length: int = 256,
        vertical_scale: float = 1.0,
        horizontal_scale: float = 1.0,
    ) -> None:
        if min(width, length) < 1 or min(vertical_scale, horizontal_scale) <= 0:
            raise ValueError(
                f"SubTerrain: width, length and scales must be positive, got width={width}, "
                f"length={length}, vertical_scale={vertical_scale}, "
                f"horizontal_scale={horizontal_scale}"
            )
        self.terrain_name = terrain_name
        self.vertical_scale = vertical_scale
        self.horizontal_scale = horizontal_scale
        self.width = width
        self.length = length
        self.height_field_raw = np.zeros((width, length), dtype=np.int16)
        """Heights in units of vertical_scale, shape (width, length)."""


def random_uniform_terrain(
    terrain: SubTerrain,
    min_height: float,
    max_height: float,
    step: float = 1,
    downsampled_scale: float | None = None,
) -> SubTerrain:
    """Add random heights, drawn on a coarser grid and interpolated linearly.

    Args:
        terrain: changed.
        min_height: lowest height drawn [m].
        max_height: highest height drawn [m].
        step: distance of the heights that can be drawn [m].
        downsampled_scale: distance of the drawn heights on the ground [m]; None: every sample.
            It may be shorter than that of the samples, which then lie between drawn heights.

    Raises:
        ValueError: step is less than one unit of height, or downsampled_scale is negative.
    """
    downsampled_scale = downsampled_scale or terrain.horizontal_scale
    if downsampled_scale < 0:
        raise ValueError(
            f"random_uniform_terrain: downsampled_scale must be positive, got {downsampled_scale} m"
        )
    lowest, highest = in_units(terrain, min_height), in_units(terrain, max_height)
    distance = in_units(terrain, step)
    if distance < 1:
        raise ValueError(
            f"random_uniform_terrain: step {step} m is less than one unit of height, "
            f"{terrain.vertical_scale} m; use a larger step or a smaller vertical_scale"
        )
    heights = np.arange(lowest, highest + distance, distance)
    shape = [
        max(int(samples * terrain.horizontal_scale / downsampled_scale), 1)
        for samples in (terrain.width, terrain.length)
    ]
    drawn = choice(heights, shape).astype(float)
    add(terrain, np.rint(resampled(drawn, terrain.width, terrain.length)))
    return terrain


def sloped_terrain(terrain: SubTerrain, slope: float = 1) -> SubTerrain:
    """Add a ramp that rises along the width by slope [m/m]."""
    add(terrain, slope_per_sample(terrain, slope) * np.arange(terrain.width)[:, None])
    return terrain


def pyramid_sloped_terrain(
    terrain: SubTerrain, slope: float = 1, platform_size: float = 1.0
) -> SubTerrain:
    """Add a four-sided pyramid with a flat top; negative slopes make a pit.

    Args:
        terrain: changed.
        slope: of each side [m/m].
        platform_size: side of the flat square in the centre [m].
    """
    inward = np.minimum(*centre_distances(terrain))
    flat = in_samples(terrain, platform_size) // 2
    inward = np.minimum(inward, max(inward.max() - flat, 0))
    add(terrain, slope_per_sample(terrain, slope) * inward)
    return terrain


def discrete_obstacles_terrain(
    terrain: SubTerrain,
    max_height: float,
    min_size: float,
    max_size: float,
    num_rects: int,
    platform_size: float = 1.0,
) -> SubTerrain:
    """Set random rectangles to heights of -h, -h/2, h/2 or h, and the centre to zero.

    Args:
        terrain: changed.
        max_height: h [m].
        min_size: shortest side of a rectangle [m].
        max_size: longest side of a rectangle [m], not included.
        num_rects: number of rectangles.
        platform_size: side of the flat square in the centre [m].
    """
    height = in_units(terrain, max_height)
    heights = [-height, -height // 2, height // 2, height]
    shortest, longest = in_samples(terrain, min_size), in_samples(terrain, max_size)
    sides = raster(shortest, longest)
    field = terrain.height_field_raw
    for _ in range(num_rects):
        across, along = choice(sides), choice(sides)
        x = choice(raster(0, terrain.width - across))
        y = choice(raster(0, terrain.length - along))
        field[x : x + across, y : y + along] = choice(heights)
    set_platform(terrain, platform_size)
    return terrain


def wave_terrain(terrain: SubTerrain, num_waves: int = 1, amplitude: float = 1.0) -> SubTerrain:
    """Add a cosine along the length and a sine along the width.

    Args:
        terrain: changed.
        num_waves: periods over the terrain; 0 and less: no waves.
        amplitude: of the sum of both [m].
    """
    if num_waves > 0:
        half = in_units(terrain, 0.5 * amplitude)
        x = np.arange(terrain.width)[:, None] * (2 * np.pi * num_waves / terrain.width)
        y = np.arange(terrain.length)[None, :] * (2 * np.pi * num_waves / terrain.length)
        add(terrain, half * np.cos(y) + half * np.sin(x))
    return terrain


def stairs_terrain(terrain: SubTerrain, step_width: float, step_height: float) -> SubTerrain:
    """Add stairs that rise along the width; the first step starts at the edge.

    Args:
        terrain: changed.
        step_width: depth of a tread [m], at least one sample.
        step_height: height of a riser [m]; negative: stairs down.
    """
    depth = max(in_samples(terrain, step_width), 1)
    steps = np.arange(terrain.width) // depth + 1
    add(terrain, in_units(terrain, step_height) * steps[:, None])
    return terrain


def pyramid_stairs_terrain(
    terrain: SubTerrain, step_width: float, step_height: float, platform_size: float = 1.0
) -> SubTerrain:
    """Set heights to square steps around a platform in the centre.

    Args:
        terrain: changed.
        step_width: depth of a tread [m], at least one sample.
        step_height: height of a riser [m]; negative: a pit with stairs down.
        platform_size: least side of the flat square in the centre [m].
    """
    depth = max(in_samples(terrain, step_width), 1)
    riser = in_units(terrain, step_height)
    platform = in_samples(terrain, platform_size)
    inset = height = 0
    while min(terrain.width, terrain.length) - 2 * inset > platform:
        inset += depth
        height += riser
        inside = slice(inset, terrain.width - inset), slice(inset, terrain.length - inset)
        terrain.height_field_raw[inside] = height
    return terrain


def stepping_stones_terrain(
    terrain: SubTerrain,
    stone_size: float,
    stone_distance: float,
    max_height: float,
    platform_size: float = 1.0,
    depth: float = -10,
) -> SubTerrain:
    """Set the terrain to a pit with rows of square stones, and a platform in the centre at zero.

    Args:
        terrain: changed.
        stone_size: side of a stone [m], at least one sample.
        stone_distance: gap between stones [m].
        max_height: stones have random heights between -max_height and max_height [m].
        platform_size: side of the flat square in the centre [m].
        depth: height of the pit's bottom [m].
    """
    size = max(in_samples(terrain, stone_size), 1)
    pitch = size + in_samples(terrain, stone_distance)
    highest = in_units(terrain, abs(max_height))
    heights = np.arange(-highest, highest + 1)
    field = terrain.height_field_raw
    field[:] = in_units(terrain, depth)
    for y in range(0, terrain.length, pitch):
        # Each row of stones is shifted, so that gaps do not line up; it starts with a cut stone.
        for x in range(np.random.randint(0, pitch) - pitch, terrain.width, pitch):
            field[max(x, 0) : max(x + size, 0), y : y + size] = choice(heights)
    set_platform(terrain, platform_size)
    return terrain


def convert_heightfield_to_trimesh(
    height_field_raw: np.ndarray,
    horizontal_scale: float,
    vertical_scale: float,
    slope_threshold: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Triangles of a height field, optionally with vertical risers.

    Args:
        height_field_raw: heights in units, shape (rows, columns).
        horizontal_scale: distance of two samples [m].
        vertical_scale: height of one unit [m].
        slope_threshold: where two neighbours differ by more [m/m], the lower vertex moves under
            the higher one, so that the step between them is vertical; None: nothing moves.

    Returns:
        Vertices (row * columns + column) [m], shape (rows * columns, 3), float32, and triangles,
        two per cell, facing up, shape (2 * (rows - 1) * (columns - 1), 3), uint32.
    """
    heights = np.asarray(height_field_raw)
    rows, columns = heights.shape
    x, y = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    if slope_threshold is not None:
        shift_x, shift_y = vertex_shifts(
            heights, slope_threshold * horizontal_scale / vertical_scale
        )
        x, y = x + shift_x, y + shift_y
    vertices = np.empty((rows * columns, 3), dtype=np.float32)
    vertices[:, 0] = (x * horizontal_scale).ravel()
    vertices[:, 1] = (y * horizontal_scale).ravel()
    vertices[:, 2] = heights.ravel() * vertical_scale
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    offsets = [[0, columns, columns + 1], [0, columns + 1, 1]]
    triangles = corner[:, None, None] + np.array(offsets)
    return vertices, triangles.reshape(-1, 3).astype(np.uint32)


def vertex_shifts(heights: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Cells by which each vertex moves along x and y, so that steep steps become vertical.

    A vertex below its neighbour moves to it. One between two higher neighbours stays; a vertex
    that only a diagonal neighbour is above moves to that corner.

    Args:
        heights: shape (rows, columns).
        threshold: difference of two neighbours above which a step is steep.
    """
    h = heights.astype(np.int64)
    shift_x, shift_y, shift_corner = (np.zeros(h.shape, dtype=np.int64) for _ in range(3))
    rise = h[1:] - h[:-1]
    shift_x[:-1] += rise > threshold
    shift_x[1:] -= -rise > threshold
    rise = h[:, 1:] - h[:, :-1]
    shift_y[:, :-1] += rise > threshold
    shift_y[:, 1:] -= -rise > threshold
    rise = h[1:, 1:] - h[:-1, :-1]
    shift_corner[:-1, :-1] += rise > threshold
    shift_corner[1:, 1:] -= -rise > threshold
    return (
        np.where(shift_x == 0, shift_corner, shift_x),
        np.where(shift_y == 0, shift_corner, shift_y),
    )


def in_samples(terrain: SubTerrain, length: float) -> int:
    """A length on the ground [m] in samples, truncated."""
    return int(length / terrain.horizontal_scale)


def in_units(terrain: SubTerrain, height: float) -> int:
    """A height [m] in units, truncated."""
    return int(height / terrain.vertical_scale)


def slope_per_sample(terrain: SubTerrain, slope: float) -> float:
    """Units of height per sample of a slope [m/m]."""
    return slope * terrain.horizontal_scale / terrain.vertical_scale


def add(terrain: SubTerrain, heights: np.ndarray) -> None:
    """Add heights in units, truncated, shape broadcast to the terrain's."""
    terrain.height_field_raw += heights.astype(terrain.height_field_raw.dtype)


def centre_distances(terrain: SubTerrain) -> tuple[np.ndarray, np.ndarray]:
    """Samples from the nearer edge of each axis, shapes (width, 1) and (1, length)."""
    x, y = np.arange(terrain.width), np.arange(terrain.length)
    return np.minimum(x, x[::-1])[:, None], np.minimum(y, y[::-1])[None, :]


def raster(first: int, last: int) -> np.ndarray:
    """Multiples of the obstacles' raster from first to before last; first alone where none fit."""
    return np.arange(first, max(last, first + 1), OBSTACLE_RASTER)


def set_platform(terrain: SubTerrain, platform_size: float) -> None:
    """Set a square in the centre, of this side [m], to height zero."""
    side = in_samples(terrain, platform_size)
    x, y = (terrain.width - side) // 2, (terrain.length - side) // 2
    terrain.height_field_raw[max(x, 0) : x + side, max(y, 0) : y + side] = 0


def resampled(values: np.ndarray, width: int, length: int) -> np.ndarray:
    """Linear interpolation of a grid, ends kept, to shape (width, length)."""
    for axis, samples in enumerate((width, length)):
        values = np.moveaxis(values, axis, 0)
        place = np.linspace(0, len(values) - 1, samples)
        before = np.minimum(place.astype(int), max(len(values) - 2, 0))
        after = np.minimum(before + 1, len(values) - 1)
        weight = (place - before)[:, None]
        values = np.moveaxis((1 - weight) * values[before] + weight * values[after], 0, axis)
    return values
