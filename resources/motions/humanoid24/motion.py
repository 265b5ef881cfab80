"""From key poses to frames: what a clip is made of, and how the robot is put into it.

A clip is told by channels, curves over time:

- the 12 joints of waist, head and arms [rad];
- `pelvis_roll`, `pelvis_pitch`, `pelvis_yaw` [rad] and `height`, the pelvis' over that of the
  default pose [m];
- `center_x`, `center_y`: where the centre of mass is, relative to the default pose [m]. With
  `center_z`, its height over that of the default pose, `height` is not used;
- `left_foot_x`, `..._y`, `..._z`, `..._roll`, `..._pitch`, `..._yaw`: where a foot is, relative to
  the default pose, and how it is turned [m, rad]; `right_foot_...` alike.

Legs follow from that: the pelvis is where the centre of mass asks for it.
"""

from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
from body import (
    HIP_OFFSET,
    JOINTS,
    SIDES,
    Body,
    leg_joints,
    read_default_pose,
    standing_height,
    transposed,
    turn,
    turned,
)
from curves import through
from dimensions import ANKLE_HEIGHT, LEG_JOINTS

RATE = 50  # [Hz]
Channels = Dict[str, np.ndarray]
KeyPose = Tuple[float, Dict[str, float]]
"""Time [s], and the channels that get there with their values. A channel moves from the key pose
before to that which names it, and rests where none does. `*_` stands for both sides, with the
left side's sign."""
REST = "rest"
"""In a key pose: all channels return to the default pose."""
DEFAULT_POSE = read_default_pose()
STANDING = np.array([[DEFAULT_POSE[joint] for joint in JOINTS]])
"""The default pose as one frame (1, 24)."""
UPPER_JOINTS = [joint for joint in JOINTS if not joint.endswith(LEG_JOINTS)]
_AXES = ("x", "y", "z", "roll", "pitch", "yaw")
_CHANNELS: Dict[str, float] = {
    **{joint: DEFAULT_POSE[joint] for joint in UPPER_JOINTS},
    **dict.fromkeys(("pelvis_roll", "pelvis_pitch", "pelvis_yaw", "height"), 0.0),
    **dict.fromkeys(("center_x", "center_y"), 0.0),
    **{f"{side}_foot_{axis}": 0.0 for side in SIDES for axis in _AXES},
}
"""Value in the default pose."""
_PASSES = 60
"""Of the iteration that places the pelvis; each leaves less than half of the error."""


class Frames(NamedTuple):
    """A finished clip."""

    time: np.ndarray
    """[s], shape (T,)."""
    place: np.ndarray
    """Of the pelvis in the world [m], shape (T, 3)."""
    rotation: np.ndarray
    """Of the pelvis in the world, shape (T, 3, 3)."""
    joints: np.ndarray
    """In the order of the URDF file [rad], shape (T, 24)."""


def frame_times(duration: float) -> np.ndarray:
    """Return the times of a clip's frames [s]."""
    return np.arange(round(duration * RATE) + 1) / RATE


def flipped(channel: str) -> float:
    """Return the sign that a channel has in the mirror image."""
    return -1.0 if channel.endswith(("_y", "_roll", "_yaw")) else 1.0


def both_sides(pose: Dict[str, float]) -> Dict[str, float]:
    """Return a key pose's channels with `*_` written out, or all of them where it is to rest."""
    if REST in pose:
        return dict(_CHANNELS)
    written = {}
    for channel, value in pose.items():
        if channel.startswith("*_"):
            written["left" + channel[1:]] = value
            written["right" + channel[1:]] = value * flipped(channel)
        else:
            written[channel] = value
    unknown = sorted(set(written) - set(_CHANNELS))
    if unknown:
        raise ValueError(f"no channel '{unknown[0]}'; there are {', '.join(_CHANNELS)}")
    return written


def mirrored(poses: Sequence[KeyPose]) -> List[KeyPose]:
    """Return the mirror image of key poses."""
    other = {"left": "right", "right": "left"}
    result: List[KeyPose] = []
    for time, pose in poses:
        image = {}
        for channel, value in pose.items():
            side, _, rest = channel.partition("_")
            image["_".join((other.get(side, side), rest)) if rest else channel] = (
                value if side == "*" else value * flipped(channel)
            )
        result.append((time, image))
    return result


def later(poses: Sequence[KeyPose], delay: float) -> List[KeyPose]:
    """Return key poses that come later by `delay` [s]."""
    return [(time + delay, pose) for time, pose in poses]


def resting(time: np.ndarray) -> Channels:
    """Return the channels of the default pose."""
    return {name: np.full(len(time), value) for name, value in _CHANNELS.items()}


def keyed(poses: Sequence[KeyPose]) -> "tuple[np.ndarray, Channels]":
    """Return times (T,) and channels of a clip told by key poses; the first is at time 0."""
    time = frame_times(poses[-1][0])
    keys = {name: [(poses[0][0], value)] for name, value in _CHANNELS.items()}
    for (before, _), (now, pose) in zip(poses[:-1], poses[1:]):
        for channel, value in both_sides(pose).items():
            keys[channel] += [(before, keys[channel][-1][1]), (now, value)]
    return time, {name: through(time, sorted(set(found))) for name, found in keys.items()}


def foot_pose(channels: Channels, side: str) -> "tuple[np.ndarray, np.ndarray]":
    """Return a foot's origin (T, 3) [m] and rotation (T, 3, 3) in the world."""
    start = (0.0, SIDES[side] * HIP_OFFSET, ANKLE_HEIGHT)
    x, y, z, roll, pitch, yaw = (channels[f"{side}_foot_{axis}"] for axis in _AXES)
    place = np.stack([x, y, z], -1) + np.array(start)
    return place, turn("z", yaw) @ turn("y", pitch) @ turn("x", roll)


def assembled(channels: Channels, place: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """Return all joint positions (T, 24) [rad] for a pose of the pelvis in the world."""
    joints = {name: channels[name] for name in UPPER_JOINTS}
    for side in SIDES:
        foot, foot_rotation = foot_pose(channels, side)
        to_pelvis = transposed(rotation)
        joints.update(leg_joints(side, turned(to_pelvis, foot - place), to_pelvis @ foot_rotation))
    return np.stack([joints[name] for name in JOINTS], -1)


def solved(time: np.ndarray, channels: Channels, body: Body) -> Frames:
    """Place the pelvis so that the centre of mass is where the channels want it.

    A shift of the pelvis takes more than half of the weight along, so repeating it converges.
    """
    stand = np.array([0.0, 0.0, standing_height(DEFAULT_POSE)])
    start = stand + body.center_of_mass(STANDING)[0]
    target = start + np.stack(
        [channels.get(f"center_{axis}", np.zeros(len(time))) for axis in "xyz"], -1
    )
    rotation = (
        turn("z", channels["pelvis_yaw"])
        @ turn("y", channels["pelvis_pitch"])
        @ turn("x", channels["pelvis_roll"])
    )
    place = stand + target - start
    free = np.array([1.0, 1.0, float("center_z" in channels)])
    if not free[2]:
        place[:, 2] = stand[2] + channels["height"]
    joints = assembled(channels, place, rotation)
    for _ in range(_PASSES):
        center = place + turned(rotation, body.center_of_mass(joints))
        place = place + free * (target - center)
        joints = assembled(channels, place, rotation)
    return Frames(time, place, rotation, joints)
