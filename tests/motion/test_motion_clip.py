"""Clips: what the constructor refuses, what it mends, and cutting."""

import numpy as np
import pytest
from motion_samples import STRAIGHT, clip_of, random_clip

from humanoid_gym.config import ConfigError
from humanoid_gym.motion import make_clip


def parts(**changes):
    good = {
        "time": np.array([0.0, 0.1, 0.2]),
        "joint_names": ("hip", "knee"),
        "base_position": np.zeros((3, 3)),
        "base_orientation": np.tile(STRAIGHT, (3, 1)),
        "joint_position": np.zeros((3, 2)),
    }
    return {**good, **changes}


def with_value(shape, place, value):
    array = np.zeros(shape)
    array[place] = value
    return array


QUATERNIONS = np.tile(STRAIGHT, (3, 1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"joint_names": ("hip", "hip")}, "joint 'hip' appears twice; name each column once"),
        ({"joint_names": ("hip", "")}, "'' is no name of a joint; give each a word"),
        ({"joint_names": ("hip", "a\nb")}, r"'a\\nb' is no name of a joint"),
        (
            {"joint_names": ("hip",)},
            r"expected joint_position of shape \(3, 1\), for 3 times and 1 joints, got \(3, 2\)",
        ),
        ({"base_position": np.zeros((3, 2))}, r"base_position of shape \(3, 3\).* got \(3, 2\)"),
        ({"base_orientation": np.zeros((2, 4))}, r"base_orientation of shape \(3, 4\).* \(2, 4\)"),
        ({"time": np.zeros((3, 1))}, r"expected time of shape \(3,\).* got \(3, 1\)"),
        ({"time": 0.0}, r"expected time of shape \(0,\)"),
        ({"time": ["a", "b", "c"]}, "expected arrays of numbers: could not convert"),
        (
            {"joint_position": with_value((3, 2), (1, 1), np.nan)},
            "frame 1: 'knee' is nan, expected a finite number; cut the frame out or fill it in",
        ),
        ({"base_position": with_value((3, 3), (2, 0), np.inf)}, "frame 2: 'base_x' is inf"),
        ({"base_orientation": QUATERNIONS * [1, 1, 1, np.nan]}, "frame 0: 'base_qw' is nan"),
        ({"time": [0.0, np.nan, 0.2]}, "frame 1: 'time' is nan"),
        (
            {"time": [0.0, 0.1, 0.1]},
            "time must increase, but frame 2 is at 0.1 s after 0.1 s; remove repeated frames",
        ),
        (
            {"base_orientation": QUATERNIONS * [[1.0], [0.0], [1.0]]},
            r"frame 1: expected a unit quaternion x y z w, got 0 0 0 0, of length 0;",
        ),
        ({"base_orientation": 2.0 * QUATERNIONS}, "frame 0: .* of length 2; look at the order of"),
    ],
)
def test_what_is_no_motion_is_refused_in_one_line(changes, message):
    with pytest.raises(ConfigError, match=message) as refused:
        make_clip("folder/walk.csv", **parts(**changes))
    assert str(refused.value).startswith("folder/walk.csv: ")
    assert "\n" not in str(refused.value)


def test_one_frame_is_no_motion():
    with pytest.raises(ConfigError, match=r"walk.npz: expected two or more frames, got 1"):
        make_clip("walk.npz", [0.0], (), np.zeros((1, 3)), [STRAIGHT], np.zeros((1, 0)))


def test_it_is_named_after_the_file_and_begins_at_zero():
    clip = make_clip("folder/a.walk.csv", **parts(time=[7.0, 7.5, 8.5]))
    assert clip.name == "a.walk"
    assert clip.time.tolist() == [0.0, 0.5, 1.5]
    assert clip.duration == 1.5


def test_quaternions_are_normalised_and_of_one_hemisphere():
    angle = np.linspace(0.0, 14.0, 50)  # more than two turns
    turn = np.stack((np.sin(angle / 2), 0 * angle, 0 * angle, np.cos(angle / 2)), axis=1)
    mixed = turn * np.where(np.arange(50) % 3 == 0, -1.05, 0.95)[:, None]
    clip = clip_of(np.arange(50.0), orientation=mixed)
    np.testing.assert_allclose(clip.base_orientation, -turn, atol=1e-12)  # as the first one is


def test_a_cut_has_the_frames_at_both_ends():
    clip = random_clip(("hip",), frames=31, fps=30.0)
    cut = clip.between(0.2, 0.5)
    assert cut.name == clip.name
    np.testing.assert_allclose(cut.time, np.arange(10) / 30, atol=1e-12)
    np.testing.assert_array_equal(cut.joint_position, clip.joint_position[6:16])
    np.testing.assert_array_equal(cut.base_position, clip.base_position[6:16])
    np.testing.assert_array_equal(cut.base_orientation, clip.base_orientation[6:16])
    assert len(clip.between(0.5).time) == 16
    assert len(clip.between().time) == 31


def test_a_cut_without_frames_is_refused():
    clip = random_clip((), frames=31, fps=30.0, name="dance")
    with pytest.raises(ConfigError, match=r"clip 'dance': .* from 2 s to 3 s, got 0; .* lasts 1 s"):
        clip.between(2.0, 3.0)
