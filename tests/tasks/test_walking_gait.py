"""Gaits of any number of feet, by hand: defaults, pauses, beginnings, mirror images."""

from pathlib import Path

import numpy as np
import pytest
import torch
from legged_settings import feet_of, legged_asset

from humanoid_gym.config import ConfigError
from humanoid_gym.tasks.legged.feet import FootLayout, read_feet
from humanoid_gym.tasks.walking.gait import (
    GaitConfig,
    foot_offsets,
    make_gait,
    mirrored_shift,
    pauses,
)

# front left, front right, rear left, rear right
TROT, PACE, BOUND = (0.0, 0.5, 0.5, 0.0), (0.0, 0.5, 0.0, 0.5), (0.0, 0.0, 0.5, 0.5)
WALK, GALLOP = (0.75, 0.25, 0.0, 0.5), (0.0, 0.1, 0.5, 0.6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("robots")


def layout(folder: Path, rows: int, names: list[str] | None = None) -> FootLayout:
    return read_feet(legged_asset(folder, rows), names or feet_of(rows), {})


def test_feet_are_found_by_their_places(folder: Path):
    pose = {f"{side}{row}_{joint}": angle for side in "LR" for row in "FH"
            for joint, angle in (("thigh", 0.6), ("shank", -1.2))}  # fmt: skip
    feet = read_feet(legged_asset(folder), ["RH_foot", "LF_foot", "LH_foot", "RF_foot"], pose)
    height = -2 * 0.25 * np.cos(0.6)
    expected = [(-0.25, -0.18), (0.25, 0.18), (-0.25, 0.18), (0.25, -0.18)]
    np.testing.assert_allclose(feet.places, [(x, y, height) for x, y in expected], atol=1e-9)
    assert feet.counterparts == (2, 3, 0, 1) and feet.sides == (-1, 1, 1, -1)
    assert feet.pairs == ((1, 3), (2, 0)) and all(feet.balls)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(1, (0.0, 0.5)), (2, TROT), (3, (0.0, 0.5, 0.5, 0.0, 0.0, 0.5))],
)
def test_by_default_neighbours_take_turns(folder: Path, rows: int, expected: tuple):
    assert foot_offsets(GaitConfig(), layout(folder, rows)) == expected
    turned = feet_of(rows)[::-1]  # whatever the order of the settings
    assert foot_offsets(GaitConfig(), layout(folder, rows, turned)) == expected[::-1]


@pytest.mark.parametrize(
    ("offsets", "stance", "expected"),
    [
        ((0.0, 0.5), 0.6, [(0.0, 0.1), (0.5, 0.1)]),
        ((0.0, 0.5), 0.4, [(0.0, 0.0), (0.5, 0.0)]),
        (TROT, 0.6, [(0.0, 0.1), (0.5, 0.1)]),
        (BOUND, 0.75, [(0.0, 0.25), (0.5, 0.25)]),
        ((0.0, 0.0, 0.0, 0.0), 0.6, [(0.0, 0.6)]),
        (WALK, 0.8, [(0.0, 0.05), (0.25, 0.05), (0.5, 0.05), (0.75, 0.05)]),
        (WALK, 0.7, [(0.0, 0.0), (0.25, 0.0), (0.5, 0.0), (0.75, 0.0)]),
        (GALLOP, 0.8, [(0.0, 0.2), (0.5, 0.2)]),  # at 0.4 and 0.9 another foot is in the air
        ((0.7, 0.7, 0.2, 0.2), 0.9, [(0.3, 0.4), (0.8, 0.4)]),
    ],
)
def test_the_clock_may_wait_while_all_feet_are_down(offsets, stance, expected):
    found = pauses(offsets, stance)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_pause_is_not_skipped_and_a_robot_on_the_spot_has_none(folder: Path):
    feet = layout(folder, 2)
    made = make_gait(GaitConfig(stance_fraction=0.5), feet, 0.04, torch.device("cpu"))
    assert made.pause_start.tolist() == [0.0, 0.5]
    np.testing.assert_allclose(made.pause_length, [0.04, 0.04], rtol=1e-6)
    made = make_gait(GaitConfig(stop=False), feet, 0.04, torch.device("cpu"))
    assert made.pauses == () and made.pause_start.shape == (0,)


@pytest.mark.parametrize(
    ("offsets", "stance", "to_left", "to_right"),
    [
        (TROT, 0.6, {0.0, 0.5}, {0.0, 0.5}),  # a foot on either side swings
        (PACE, 0.6, {0.0}, {0.5}),
        (WALK, 0.8, {0.25, 0.5}, {0.0, 0.75}),  # right: rear then front; left: front, rear
    ],
)
def test_episodes_begin_where_feet_swing_that_the_base_moves_from(
    folder: Path, offsets, stance, to_left, to_right
):
    config = GaitConfig(offsets=offsets, stance_fraction=stance)
    made = make_gait(config, layout(folder, 2), 0.03, torch.device("cpu"))
    assert [set(row.tolist()) for row in made.first_start] == [to_left, to_right]


def test_mirror_images_are_the_gait_itself_at_another_phase():
    sides = (1, 0, 3, 2)
    shifts = [mirrored_shift(offsets, sides) for offsets in (TROT, PACE, BOUND, WALK, GALLOP)]
    assert shifts == [0.5, 0.5, 0.0, 0.5, None]
    assert mirrored_shift((0.0, 0.5), (1, 0)) == 0.5
    assert mirrored_shift((0.0, 0.5, 0.2), (1, 0, 2)) is None  # the third one is in the middle
    assert mirrored_shift((0.3, 0.3, 0.2), (1, 0, 2)) == 0.0


@pytest.mark.parametrize(
    ("feet", "offsets", "message"),
    [
        (["LF_foot", "RF_foot", "LH_foot"], (), "offsets: foot 'LH_foot' has no counterpart"),
        (feet_of(2), (0.0, 0.5), "offsets: expected one for each of the 4 feet, got 2; leave it"),
        (["LF_foot", "LF_foot"], (), "task.feet: 'LF_foot' appears twice"),
    ],
)
def test_feet_and_offsets_that_do_not_fit_are_named(folder: Path, feet, offsets, message):
    with pytest.raises(ConfigError, match=message):
        foot_offsets(GaitConfig(offsets=offsets), layout(folder, 2, feet))
