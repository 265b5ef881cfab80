"""Which motions are found, where episodes begin in them, and when their poses act."""

from pathlib import Path

import pytest
import torch
from tracking_settings import GREET, STILL, config, motion

from humanoid_gym.config import ConfigError
from humanoid_gym.motion import read_clip, write_clip
from humanoid_gym.tasks.tracking.motion_tracking import MotionTracking
from humanoid_gym.tasks.tracking.motions import find_motions

DELAY = 2
"""Control steps."""


def part_of(folder: Path, name: str, seconds: float) -> str:
    write_clip(folder / name, read_clip(GREET).between(4.0, 4.0 + seconds))
    return str(folder / name)


def test_only_the_star_of_a_pattern_is_special(tmp_path, monkeypatch):
    for name in ("walk[1].csv", "walk1.csv", "why?.csv", "whyx.csv"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    found = [[path.name for path in find_motions([p])] for p in ("walk[1].csv", "why?.csv", "w*]*")]
    assert found == [["walk[1].csv"], ["why?.csv"], ["walk[1].csv"]]
    assert find_motions([str(tmp_path / "walk[1].csv")]) == [tmp_path / "walk[1].csv"]


@pytest.mark.parametrize("pattern", ["", "/", ".", "resources/motions"])
def test_a_folder_is_no_motion(pattern):
    with pytest.raises(ConfigError, match=r"expected a file ending in .* got a folder"):
        MotionTracking(config(motion=motion(files=[pattern])))


@pytest.mark.parametrize("pattern", ["a**b.csv", "/none/**x/*.csv", "[.csv"])
def test_a_pattern_that_fits_nothing_is_named(pattern):
    with pytest.raises(FileNotFoundError, match="not found; searched in") as error:
        find_motions([pattern])
    assert f"'{pattern}'" in str(error.value)


def test_parts_longer_than_any_number_are_whole_motions():
    task = MotionTracking(config(motion=motion(part=1e308)))
    assert task.motions.part_length.tolist() == [len(task.motions.last)]


def test_no_episode_begins_where_its_motion_ends(tmp_path):
    """Of two frames the last one has nothing after it."""
    files = [part_of(tmp_path, "blink.csv", 0.02), part_of(tmp_path, "short.csv", 0.1)]
    task = MotionTracking(config(num_envs=64, motion=motion(files=files, part=0.02)))
    task.reset()
    assert sorted(set(task.frame.tolist())) == [0, 2, 3, 4, 5, 6]
    for _ in range(3):
        _, _, reset, extras = task.step(torch.zeros(64, task.num_actions))
        done = extras["time_outs"]
        assert done.any()
        assert (extras["episode_metrics"]["completed"][done] == 1.0).all()
        assert torch.equal(done, reset.bool())


def test_the_reference_s_pose_is_as_late_as_the_action():
    """On a robot both are one number, the command."""
    delay = {"delay": {"range": [DELAY, DELAY]}}
    task = MotionTracking(
        config(**STILL, num_envs=2, motion=motion(start="beginning"), randomization=delay)
    )
    task.motions.first[:] = 50  # bowing
    task.reset()
    reference, scale = task.motions.frames.joint_position, task.robot.action_scale
    actions = [0.1 * torch.randn(2, task.num_actions) for _ in range(5)]
    for step, action in enumerate(actions):
        task.step(action)
        late = step - DELAY
        expected = reference[50] if late < 0 else reference[51 + late] + actions[late] * scale
        torch.testing.assert_close(task.targets, expected.expand(2, -1))
    assert (reference[51] - reference[53]).abs().max() > 1e-3
