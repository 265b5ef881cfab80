"""A tracking task that takes over a saved one: other motions, other settings."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from tracking_settings import GREET, N, config, motion

from humanoid_gym.motion import read_clip, write_clip
from humanoid_gym.tasks.tracking.motion_tracking import MotionTracking

PARTS = 1000.0
"""Longer than any motion [s]: one part each."""


def make(**changes: object) -> MotionTracking:
    task = MotionTracking(config(**changes))
    task.reset()
    return task


def played(**changes: object) -> MotionTracking:
    task = make(**changes)
    for _ in range(5):
        task.step(torch.zeros(N, task.num_actions))
    return task


def shortened(folder: Path) -> str:
    """The first second of a motion."""
    path = folder / "short.csv"
    write_clip(path, read_clip(GREET).between(0.0, 1.0))
    return str(path)


def raised(folder: Path) -> str:
    """A motion as long as another, but with the head turned."""
    clip, path = read_clip(GREET), folder / "raised.csv"
    turn = np.array([name == "head_yaw" for name in clip.joint_names]) * 0.1
    write_clip(path, clip._replace(joint_position=clip.joint_position + turn))
    return str(path)


@pytest.mark.parametrize("other", [shortened, raised])
def test_with_other_motions_new_episodes_begin(other, tmp_path, caplog):
    """Frames of a long motion are none of a short one, though both have as many parts."""
    saved = played(motion=motion(part=PARTS)).state_dict()
    saved["tensors"]["frame"].fill_(560)
    task = make(motion=motion(files=[other(tmp_path)], part=PARTS))
    with caplog.at_level(logging.WARNING):
        first = task.load_state_dict(saved)
    assert "other motions than the checkpoint's" in caplog.text
    assert first is not None
    assert (task.frame < len(task.motions.last)).all()
    assert (task.progress_buf == 0).all()
    assert (task.visits == 0).all()
    for _ in range(3):
        task.step(torch.zeros(N, task.num_actions))


def test_another_number_of_motions_begins_anew_too(caplog):
    saved = played(motion=motion()).state_dict()
    task = make(motion=motion(files=["resources/motions/humanoid24/*.csv"]))
    with caplog.at_level(logging.WARNING):
        assert task.load_state_dict(saved) is not None
    assert "other motions" in caplog.text


def test_the_same_motions_go_on_without_a_warning(caplog):
    task, other = played(), make(seed=9)
    with caplog.at_level(logging.WARNING):
        assert other.load_state_dict(task.state_dict()) is None
    assert caplog.text == ""
    assert torch.equal(other.frame, task.frame)
    assert torch.equal(other.visits, task.visits)


def test_other_bodies_are_those_of_the_settings_not_of_the_checkpoint():
    left = {"bodies": ["pelvis", "left_foot"], "limb_ends": ["left_foot"]}
    right = {"bodies": ["pelvis", "right_foot"], "limb_ends": ["right_foot"]}
    task, fresh = (make(**right, joint_velocity_scale=0.1) for _ in range(2))
    task.load_state_dict(played(**left).state_dict())
    for name in ("tracked", "limb_ends", "untouched", "observation_scale", "state_scale"):
        assert torch.equal(getattr(task, name), getattr(fresh, name)), name
