"""One tile of ground of each kind, at a difficulty between 0 and 1.

A robot starts in the middle. "Up" is up for a robot that walks away from there: the tile is a pit.
"""

import contextlib
from typing import Callable, Dict, Iterator, NamedTuple, Sequence, Tuple

import numpy as np
from isaacgym import terrain_utils

from humanoid_gym.tasks.terrain.terrain_config import TerrainConfig


class Tile(NamedTuple):
    """Heights in units of `vertical_scale`, int16, first axis x, second y."""

    heights: np.ndarray
    """What robots collide with, shape (samples, samples)."""
    surface: np.ndarray
    """What robots are meant to walk on: the same with the gaps between stepping stones filled."""


def make_tile(kind: str, difficulty: float, config: TerrainConfig, seed: Sequence[int]) -> Tile:
    """Make one tile.

    Args:
        kind: one of `KINDS`.
        difficulty: 0 is the easy end of the configuration's ranges, 1 the hard one.
        config: sizes and ranges.
        seed: what random places and heights follow from.
    """
    size = samples_of(config.tile_size, config)
    ground = terrain_utils.SubTerrain(
        kind, size, size, config.vertical_scale, config.horizontal_scale
    )
    with global_random_numbers(seed):
        SHAPES[kind](ground, difficulty, config)
        gaps = ground.height_field_raw <= -units_of(config.stone_depth, config)
        add_roughness(ground, config)
    heights = ground.height_field_raw
    filled = gaps if kind == "stepping_stones" else np.zeros_like(gaps)
    return Tile(heights, np.where(filled, 0, heights).astype(heights.dtype))


def samples_of(length: float, config: TerrainConfig) -> int:
    """Return a length on the ground [m] in samples, rounded."""
    return round(length / config.horizontal_scale)


def units_of(height: float, config: TerrainConfig) -> int:
    """Return a height [m] in units, rounded."""
    return round(height / config.vertical_scale)


def flat(ground: terrain_utils.SubTerrain, difficulty: float, config: TerrainConfig) -> None:
    """Level ground at every difficulty."""


def rough(ground: terrain_utils.SubTerrain, difficulty: float, config: TerrainConfig) -> None:
    """Random bumps above and below the level, also where the robot starts."""
    height = _height(between(config.rough_height, difficulty), config)
    _bumps(ground, -height, height, config)


def slope_up(ground: terrain_utils.SubTerrain, difficulty: float, config: TerrainConfig) -> None:
    """A pit with four sloped sides and a level bottom."""
    slope = between(config.slope, difficulty)
    platform = _length(config.platform_size, config)
    terrain_utils.pyramid_sloped_terrain(ground, -slope, platform)


def slope_down(ground: terrain_utils.SubTerrain, difficulty: float, config: TerrainConfig) -> None:
    """A pyramid with a level top."""
    slope = between(config.slope, difficulty)
    platform = _length(config.platform_size, config)
    terrain_utils.pyramid_sloped_terrain(ground, slope, platform)


def stairs_up(ground: terrain_utils.SubTerrain, difficulty: float, config: TerrainConfig) -> None:
    """A square pit with stairs on all sides."""
    _stairs(ground, -between(config.step_height, difficulty), config)


def stairs_down(ground: terrain_utils.SubTerrain, difficulty: float, config: TerrainConfig) -> None:
    """A square pyramid of steps."""
    _stairs(ground, between(config.step_height, difficulty), config)


def obstacles(ground: terrain_utils.SubTerrain, difficulty: float, config: TerrainConfig) -> None:
    """Random rectangular blocks and hollows on level ground."""
    terrain_utils.discrete_obstacles_terrain(
        ground,
        _height(between(config.obstacle_height, difficulty), config),
        _length(config.obstacle_size[0], config),
        _length(config.obstacle_size[1], config),
        config.obstacle_count,
        _length(config.platform_size, config),
    )


def waves(ground: terrain_utils.SubTerrain, difficulty: float, config: TerrainConfig) -> None:
    """Waves along x and along y, also where the robot starts."""
    height = 2.0 * _height(0.5 * between(config.wave_height, difficulty), config)
    terrain_utils.wave_terrain(ground, config.wave_count, height)


def stepping_stones(
    ground: terrain_utils.SubTerrain, difficulty: float, config: TerrainConfig
) -> None:
    """Square stones with gaps between them, around a platform."""
    terrain_utils.stepping_stones_terrain(
        ground,
        _length(between(config.stone_size, 1.0 - difficulty), config),
        _length(between(config.stone_gap, difficulty), config),
        0.0,
        _length(config.platform_size, config),
        -_height(config.stone_depth, config),
    )


SHAPES: Dict[str, Callable[[terrain_utils.SubTerrain, float, TerrainConfig], None]] = {
    shape.__name__: shape
    for shape in (
        *(flat, rough, slope_up, slope_down, stairs_up),
        *(stairs_down, obstacles, waves, stepping_stones),
    )
}


def add_roughness(ground: terrain_utils.SubTerrain, config: TerrainConfig) -> None:
    """Add bumps from 0 up to a height that is drawn from U(low, high) of `roughness`."""
    if config.roughness[1] > 0.0:
        height = _height(np.random.uniform(*config.roughness), config)
        _bumps(ground, 0.0, height, config)


def between(values: Tuple[float, float], share: float) -> float:
    """Return the value at a share of the way from the lowest to the highest."""
    return values[0] + share * (values[1] - values[0])


@contextlib.contextmanager
def global_random_numbers(seed: Sequence[int]) -> Iterator[None]:
    """Let NumPy's global generator, which `terrain_utils` draws from, start from a seed.

    Afterwards it goes on from where it was.
    """
    before = np.random.get_state()
    np.random.seed(np.random.SeedSequence(list(seed)).generate_state(4))
    try:
        yield
    finally:
        np.random.set_state(before)


def _stairs(ground: terrain_utils.SubTerrain, height: float, config: TerrainConfig) -> None:
    width, platform = _length(config.step_width, config), _length(config.platform_size, config)
    terrain_utils.pyramid_stairs_terrain(ground, width, _height(height, config), platform)


def _bumps(
    ground: terrain_utils.SubTerrain, lowest: float, highest: float, config: TerrainConfig
) -> None:
    step, spacing = _height(config.vertical_scale, config), _length(config.rough_spacing, config)
    terrain_utils.random_uniform_terrain(ground, lowest, highest, step, spacing)


def _height(height: float, config: TerrainConfig) -> float:
    """A whole number of units [m], a trifle longer: terrain_utils truncates, 0.29 / 0.01 to 28."""
    return units_of(height, config) * config.vertical_scale * (1.0 + 1e-9)


def _length(length: float, config: TerrainConfig) -> float:
    return samples_of(length, config) * config.horizontal_scale * (1.0 + 1e-9)
