"""Terrain settings that cannot be: one line that names the key and what is valid."""

import re

import pytest

from humanoid_gym.config import ConfigError, build
from humanoid_gym.tasks.terrain import KINDS, TerrainConfig

STAIRS = {"proportions": {"stairs_up": 1.0}}

WRONG = {
    "unknown terrain": (
        {"proportions": {"stares_up": 1.0}},
        "proportions: unknown terrain 'stares_up'; nearest: 'stairs_up' (available: flat, rough, ",
    ),
    "negative share": ({"proportions": {"flat": -1.0}}, "proportions.flat: must be >= 0"),
    "all shares zero": ({"proportions": {"flat": 0.0}}, "proportions: all shares are 0"),
    "share too small": (
        {"proportions": {"flat": 99.0, "rough": 1.0}},
        "proportions: 'rough' has a share of 1, which is less than one of 20 columns",
    ),
    "curriculum without terrain": (
        {"curriculum": True},
        "curriculum: needs a terrain, and proportions is empty, which is a plane; set proportions "
        f"to shares of {', '.join(KINDS)}",
    ),
    "roughness of a plane": ({"roughness": [0.0, 0.02]}, "roughness: needs a terrain"),
    "curriculum of one level": ({**STAIRS, "curriculum": True, "levels": 1}, "at least 2 levels"),
    "low above high": (
        {**STAIRS, "step_height": [0.2, 0.1]},
        "step_height: the lowest value 0.2 is above the highest 0.1",
    ),
    "tile smaller than the robot": ({**STAIRS, "tile_size": 0.5}, "tile_size: 0.5 m leaves no"),
    "platform smaller than the robot": (
        {**STAIRS, "platform_size": 0.3},
        "platform_size: must be >= 1, got 0.3",
    ),
    "start beyond the platform": (
        {**STAIRS, "start_spread": 1.5},
        "start_spread: 1.5 m reaches beyond the platform of 2 m; use at most 1 m",
    ),
    "tread below a sample": (
        {**STAIRS, "step_width": 0.05},
        "step_width: 0.05 m is below the samples' distance, horizontal_scale 0.1 m",
    ),
    "too high for 16 bits": (
        {**STAIRS, "vertical_scale": 0.0005, "step_height": [0.5, 2.0]},
        "step_height: ground of 22 m is more than 8.19175 m, which a vertical_scale of 0.0005 m",
    ),
    "obstacle larger than the tile": (
        {"proportions": {"obstacles": 1.0}, "obstacle_size": [1.0, 9.0]},
        "obstacle_size: must be at most tile_size, 8 m",
    ),
    "negative roughness": ({**STAIRS, "roughness": [-0.1, 0.0]}, "roughness[0]: must be >= 0"),
    "no levels": ({**STAIRS, "levels": 0}, "levels: must be >= 1 and <= 100, got 0"),
    "unknown key": ({"curiculum": True}, "unknown key 'curiculum'; nearest: 'curriculum'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_settings_are_one_line(case):
    settings, message = WRONG[case]
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        build(TerrainConfig, settings, "task.terrain")
    assert str(caught.value).startswith("task.terrain")
    assert "\n" not in str(caught.value)


def test_no_proportions_are_a_plane():
    assert build(TerrainConfig, {}, "").is_plane
    assert not build(TerrainConfig, STAIRS, "").is_plane
