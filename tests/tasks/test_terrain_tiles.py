"""Tiles against geometry computed by hand, and the grid they are put together to."""

import dataclasses

import numpy as np
import pytest

from humanoid_gym.tasks.terrain import KINDS, Terrain, TerrainConfig
from humanoid_gym.tasks.terrain.tiles import make_tile

CONFIG = TerrainConfig(proportions=dict.fromkeys(KINDS, 1.0))
SAMPLES, UNIT = 80, 0.005
MIDDLE = SAMPLES // 2
PLATFORM = slice(MIDDLE - 9, MIDDLE + 9)
"""Less than the platform's 2 m, so that it is level under any convention about edges."""


def tile(kind, difficulty, seed=0, config=CONFIG):
    """Heights in metres."""
    return make_tile(kind, difficulty, config, (seed,)).heights * UNIT


def levels(profile):
    """Heights of a row of samples without repetitions."""
    return [float(h) for h, before in zip(profile, [None, *profile], strict=False) if h != before]


def test_flat_is_flat_at_every_level():
    assert not tile("flat", 1.0).any()


@pytest.mark.parametrize(("kind", "sign"), [("stairs_up", -1), ("stairs_down", 1)])
@pytest.mark.parametrize(("difficulty", "riser"), [(0.0, 0.02), (0.5, 0.1), (1.0, 0.18)])
def test_stairs(kind, sign, difficulty, riser):
    """3 m to the platform of 2 m: ten treads of 0.3 m, then the platform."""
    heights = tile(kind, difficulty)
    profile = heights[: MIDDLE + 1, MIDDLE]
    assert levels(profile) == pytest.approx([sign * riser * step for step in range(11)])
    edges = np.flatnonzero(np.diff(profile)) + 1
    assert edges.tolist() == [3 * step for step in range(1, 11)]
    assert heights[PLATFORM, PLATFORM] == pytest.approx(sign * riser * 10)
    assert np.array_equal(heights, heights[::-1])
    assert np.array_equal(heights, heights.T)


@pytest.mark.parametrize(("kind", "sign"), [("slope_up", -1), ("slope_down", 1)])
@pytest.mark.parametrize("difficulty", [0.25, 1.0])
def test_slopes(kind, sign, difficulty):
    heights = tile(kind, difficulty)
    profile = sign * heights[: MIDDLE - 9, MIDDLE]
    run = 0.1 * np.arange(len(profile))
    assert np.abs(profile - 0.4 * difficulty * np.minimum(run, 2.9)).max() < 2 * UNIT
    assert np.ptp(heights[PLATFORM, PLATFORM]) == 0.0
    assert heights[0, 0] == 0.0


def test_rough_ground_reaches_its_height_on_both_sides():
    heights = tile("rough", 1.0)
    assert heights.min() == pytest.approx(-0.08)
    assert heights.max() == pytest.approx(0.08)
    # U(-h, h) at points 0.2 m apart; between them the interpolated heights vary less
    assert 0.5 < heights.std() / (0.08 / 3**0.5) <= 1.0
    assert abs(heights.mean()) < 0.01


def test_obstacles():
    """Half and full height above and below, on a part of the area that follows from chance."""
    config = dataclasses.replace(CONFIG, obstacle_size=(0.8, 1.2), obstacle_count=20)
    tiles = [tile("obstacles", 1.0, seed, config) for seed in range(30)]
    values = sorted({round(float(h), 6) for heights in tiles for h in np.unique(heights)})
    assert values == pytest.approx([-0.2, -0.1, 0.0, 0.1, 0.2])
    assert not any(heights[PLATFORM, PLATFORM].any() for heights in tiles)
    covered = np.mean([(heights != 0.0).mean() for heights in tiles])
    # 20 rectangles of 0.8 m (the raster has 0.8 m only) leave 1 - (0.8 / 8)^2 each, near the
    # middle; edges of the tile are covered less often, and the platform takes 1/16 away
    assert 0.6 < covered / ((1 - 0.99**20) * 15 / 16) < 1.4


def test_waves():
    heights = tile("waves", 0.5)
    x = np.arange(SAMPLES)[:, None] * 4 * np.pi / SAMPLES
    y = np.arange(SAMPLES)[None, :] * 4 * np.pi / SAMPLES
    assert np.abs(heights - 0.05 * (np.sin(x) + np.cos(y))).max() <= 2 * UNIT


@pytest.mark.parametrize(
    ("difficulty", "stone", "gap"), [(0.0, 1.5, 0.1), (0.5, 0.95, 0.2), (1.0, 0.4, 0.3)]
)
def test_stepping_stones(difficulty, stone, gap):
    made = make_tile("stepping_stones", difficulty, CONFIG, (0,))
    heights = made.heights * UNIT
    assert set(np.unique(heights).round(6)) <= {-1.0, 0.0}
    assert not heights[PLATFORM, PLATFORM].any()
    assert not made.surface.any()
    # along a row of stones (the first one starts at y = 0), whole stones and gaps between them
    runs = levels_and_lengths(heights[:, 1])
    stones = [length for height, length in runs[1:-1] if height == 0.0]
    gaps = [length for height, length in runs[1:-1] if height < 0.0]
    assert set(stones) == {round(stone / 0.1 + 1e-9)}
    assert set(gaps) == {round(gap / 0.1)}


def levels_and_lengths(profile):
    edges = np.flatnonzero(np.diff(profile)) + 1
    parts = np.split(profile, edges)
    return [(float(part[0]), len(part)) for part in parts]


@pytest.mark.parametrize("kind", KINDS)
def test_roughness_comes_on_top(kind):
    config = dataclasses.replace(CONFIG, roughness=(0.02, 0.02))
    bumps = make_tile(kind, 0.5, config, (3,)).heights - make_tile(kind, 0.5, CONFIG, (3,)).heights
    assert (bumps.min(), bumps.max()) == (0, 4)


def test_roughness_is_drawn_for_each_tile():
    config = dataclasses.replace(CONFIG, vertical_scale=0.0005, roughness=(0.005, 0.02))
    drawn = [make_tile("flat", 0.0, config, (seed,)).heights.max() * 0.0005 for seed in range(200)]
    assert 0.005 - 1e-9 <= min(drawn) < 0.006
    assert 0.019 < max(drawn) < 0.02 + 1e-9
    assert np.mean(drawn) == pytest.approx(0.0125, abs=0.001)


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind not in ("flat", "stepping_stones")]
)
def test_each_level_is_harder_than_the_one_before(kind):
    """By how far the ground is from level; of stones, by how much of it is missing."""
    extents = [np.ptp(tile(kind, level / 9)) for level in range(10)]
    assert (np.diff(extents) >= 0).all()
    assert extents[-1] > 1.5 * extents[0]


def test_each_level_of_stones_has_smaller_ones():
    config = dataclasses.replace(CONFIG, horizontal_scale=0.05, stone_gap=(0.05, 0.3))
    missing = [(tile("stepping_stones", level / 4, 0, config) < 0).mean() for level in range(5)]
    assert (np.diff(missing) > 0).all()


def test_proportions_decide_how_many_columns_each_kind_has():
    config = TerrainConfig(proportions={"waves": 3.0, "flat": 1.0, "rough": 6.0}, columns=20)
    kinds = config.column_kinds()
    assert kinds == ("flat",) * 2 + ("rough",) * 12 + ("waves",) * 6


@pytest.mark.parametrize("columns", [1, 2, 3, 7, 50])
def test_every_column_has_a_kind(columns):
    config = TerrainConfig(proportions={"rough": 1.0}, columns=columns)
    assert config.column_kinds() == ("rough",) * columns


def test_the_grid():
    """Level 2 of column 1 lies from (16, 8) to (24, 16) m, its middle at its samples' middle."""
    config = TerrainConfig(
        proportions={"stairs_up": 1.0, "slope_down": 1.0}, levels=3, columns=2, border=5.0
    )
    terrain = Terrain(config, seed=4)
    assert terrain.kinds == ("slope_down", "stairs_up")
    assert terrain.heights.shape == (50 + 240 + 50, 50 + 160 + 50)
    assert terrain.corner == pytest.approx(-5.0)
    assert terrain.middles[2, 1] == pytest.approx([19.95, 11.95])
    place = slice(50 + 160, 50 + 240), slice(50 + 80, 50 + 160)
    assert np.array_equal(terrain.heights[place], make_tile("stairs_up", 1.0, config, ()).heights)
    terrain.heights[50:-50, 50:-50] = 0
    assert not terrain.heights.any()


def test_the_terrain_follows_from_the_seed_and_leaves_numpy_alone():
    config = TerrainConfig(proportions={"rough": 1.0, "obstacles": 1.0}, levels=2, columns=2)
    np.random.seed(7)
    expected = np.random.rand(2)
    np.random.seed(7)
    first = Terrain(config, seed=1).heights
    assert np.random.rand() == expected[0]
    assert np.array_equal(first, Terrain(config, seed=1).heights)
    assert np.random.rand() == expected[1]
    assert not np.array_equal(first, Terrain(config, seed=2).heights)
    # tiles of the same kind and level differ from each other
    wide = Terrain(dataclasses.replace(config, columns=4, border=0.0), seed=1).heights
    assert not np.array_equal(wide[:80, 0:80], wide[:80, 80:160])
