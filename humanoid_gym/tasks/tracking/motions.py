"""All motions of a task, one after the other, as tensors that environments pick frames of."""

import glob
import os
from pathlib import Path
from typing import List, NamedTuple, Sequence

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.config import ConfigError
from humanoid_gym.deployment.robot_description import read_body, read_joint_names
from humanoid_gym.mirror import PSEUDOVECTOR, VECTOR
from humanoid_gym.motion import MotionClip, ReferenceMotion, read_clip, reference_motion
from humanoid_gym.shipped import SHIPPED
from humanoid_gym.tasks.legged.robot import Robot
from humanoid_gym.tasks.mirrored_robot import mirrored_joints
from humanoid_gym.tasks.task_config import find_asset
from humanoid_gym.tasks.tracking.config import TrackingConfig


class Frames(NamedTuple):
    """One frame of a motion for each environment."""

    joint_position: Tensor
    """[rad], shape (N, D)."""
    joint_velocity: Tensor
    """[rad/s], shape (N, D)."""
    base: Tensor
    """State of the base, see `kernels.tracking`, shape (N, 13)."""
    bodies: Tensor
    """States of the tracked bodies, shape (N, B, 13)."""


class Motions(NamedTuple):
    """F frames of C motions at the control rate, divided into P parts; positions env-local."""

    names: Sequence[str]
    """Of the motions."""
    frames: Frames
    """Of all motions one after the other, shapes (F, ...)."""
    first: Tensor
    """First frame of each motion, int64, shape (C,)."""
    last: Tensor
    """Last frame of the motion that each frame belongs to, int64, shape (F,)."""
    part: Tensor
    """Part that each frame belongs to, int64, shape (F,)."""
    part_first: Tensor
    """First frame of each part, int64, shape (P,)."""
    part_length: Tensor
    """Number of frames of each part, int64, shape (P,)."""
    part_goes_on: Tensor
    """1 where the next part is of the same motion, else 0, shape (P,)."""

    def at(self, frame: Tensor) -> Frames:
        """Return frames, shape (N,) int64, for as many environments."""
        return Frames(*(values.index_select(0, frame) for values in self.frames))

    def outline(self) -> Tensor:
        """Return what tells motions apart: lengths and mean poses of the parts, (P, 2 + D)."""
        joints = self.frames.joint_position
        length = self.part_length.unsqueeze(1)
        pose = joints.new_zeros(len(length), joints.shape[1]).index_add_(0, self.part, joints)
        return torch.cat((length, self.part_goes_on.unsqueeze(1), pose / length), dim=1)


def load_motions(
    config: TrackingConfig, robot: Robot, rate: float, device: torch.device
) -> Motions:
    """Read the motions that the settings name.

    Args:
        config: of the task.
        robot: that is to do as they do.
        rate: of control [Hz].
        device: of the simulation.

    Raises:
        ConfigError: a file cannot be read, does not fit the robot, or is shorter than a step; or a
            robot that is not symmetric is to show mirror images.
        FileNotFoundError: there is no such file.
    """
    asset = find_asset(config.asset)
    body = read_body(asset, (), bare_feet=True)
    order = config.motion.joints or read_joint_names(asset)
    clips = [
        read_clip(path, order, config.motion.fps) for path in find_motions(config.motion.files)
    ]
    names, limits = robot.joint_names, (robot.lower.tolist(), robot.upper.tolist())
    clips = [_centred(clip) for clip in clips]

    def followed(clip: MotionClip) -> ReferenceMotion:
        return reference_motion(clip, body, names, config.bodies, rate, limits)

    references = [followed(clip) for clip in clips]
    if config.motion.mirrored:
        clips += _mirror_images(clips, config.asset, names)
        references += [followed(clip) for clip in clips[len(references) :]]
    lengths = [len(reference.joint_position) for reference in references]
    return _together(
        [clip.name for clip in clips],
        [_frames(reference) for reference in references],
        _parts(lengths, max(1, round(min(config.motion.part * rate, max(lengths))))),
        lengths,
        device,
    )


def find_motions(patterns: Sequence[str]) -> List[Path]:
    """Return the files that patterns stand for, those of each pattern sorted.

    Raises:
        FileNotFoundError: a pattern fits no file; the message names the folders searched.
    """
    found: List[Path] = []
    for pattern in patterns:
        folders = [Path(os.sep)] if os.path.isabs(pattern) else [Path.cwd(), SHIPPED]
        fitting = next((paths for paths in (_fitting(k, pattern) for k in folders) if paths), [])
        if not fitting:
            searched = " and ".join(str(folder) for folder in dict.fromkeys(folders))
            raise FileNotFoundError(f"motion '{pattern}' not found; searched in {searched}")
        found.extend(fitting)
    return found


def _fitting(folder: Path, pattern: str) -> List[Path]:
    """Return the files of a folder that a pattern stands for; only its `*` is special."""
    whole = glob.escape(str(folder / pattern)).replace("[*]", "*")
    return [Path(path) for path in sorted(glob.glob(whole))]


def _centred(clip: MotionClip) -> MotionClip:
    """Let a motion begin above the environment's origin."""
    start = clip.base_position[0] * np.array([1.0, 1.0, 0.0])
    return clip._replace(base_position=clip.base_position - start)


def _mirror_images(
    clips: Sequence[MotionClip], asset: str, joint_names: Sequence[str]
) -> List[MotionClip]:
    """Return motions with left and right exchanged; they have the robot's joints, in its order."""
    try:
        joints = mirrored_joints(asset, joint_names)
    except ValueError as error:
        raise ConfigError(f"task.motion.mirrored: {error}") from error
    images = []
    for clip in clips:
        columns = [clip.joint_names.index(joint_names[k]) for k in joints.source]
        image = clip._replace(
            name=f"{clip.name} mirrored",
            joint_names=tuple(joint_names),
            base_position=clip.base_position * VECTOR.sign,
            base_orientation=clip.base_orientation * (*PSEUDOVECTOR.sign, 1.0),
            joint_position=clip.joint_position[:, columns] * joints.sign,
        )
        images.append(image)
    return images


def _frames(reference: ReferenceMotion) -> List[np.ndarray]:
    """Return what `Frames` holds of one motion."""
    base = (
        reference.base_position,
        reference.base_orientation,
        reference.base_velocity,
        reference.base_angular_velocity,
    )
    bodies = (
        reference.body_position,
        reference.body_orientation,
        reference.body_velocity,
        reference.body_angular_velocity,
    )
    return [
        reference.joint_position,
        reference.joint_velocity,
        np.concatenate(base, -1),
        np.concatenate(bodies, -1),
    ]


def _parts(lengths: Sequence[int], longest: int) -> List[List[int]]:
    """Return the number of frames of each part of each motion, all about as long."""
    counts = [-(-length // longest) for length in lengths]
    return [
        [len(part) for part in np.array_split(np.empty(length), count)]
        for length, count in zip(lengths, counts)
    ]


def _together(
    names: Sequence[str],
    motions: Sequence[List[np.ndarray]],
    parts: Sequence[Sequence[int]],
    lengths: Sequence[int],
    device: torch.device,
) -> Motions:
    ends = np.cumsum(lengths)
    count = np.array([part for motion in parts for part in motion])
    goes_on = np.concatenate([np.arange(len(motion)) < len(motion) - 1 for motion in parts])

    def tensor(values: np.ndarray, kind: torch.dtype = torch.int64) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(device, kind)

    together = [np.concatenate(values) for values in zip(*motions)]
    return Motions(
        names=tuple(names),
        frames=Frames(*(tensor(values, torch.float32) for values in together)),
        first=tensor(ends - lengths),
        last=tensor(np.repeat(ends - 1, lengths)),
        part=tensor(np.repeat(np.arange(len(count)), count)),
        part_first=tensor(np.cumsum(count) - count),
        part_length=tensor(count),
        part_goes_on=tensor(goes_on, torch.float32),
    )
