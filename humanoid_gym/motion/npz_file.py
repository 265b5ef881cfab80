"""Motions as NPZ with the poses of all bodies, as BeyondMimic, mjlab and holosoma write them."""

from pathlib import Path
from typing import Any, Dict, Optional, Sequence

import numpy as np

from humanoid_gym.config import ConfigError
from humanoid_gym.motion.clip import MotionClip, make_clip
from humanoid_gym.motion.stored_arrays import JOINT_NAMES, array_of, frame_rate, joints_of, reason

_KEYS = ("fps", "joint_pos", "body_pos_w", "body_quat_w", "body_names", JOINT_NAMES)
"""What is read; the rest follows from it."""
_WORLD = "world"
"""MuJoCo's first body, which moves nothing."""
_FREE_JOINT = 7
"""Columns of a base that is a joint, too."""


def read_npz(
    path: Path, joint_names: Optional[Sequence[str]] = None, fps: Optional[float] = None
) -> MotionClip:
    """Read an NPZ file of plain arrays; nothing in it is executed.

    `joint_pos` is (T, J), or has seven columns more in front, of the base, where the file names its
    joints. `body_pos_w` (T, B, 3) [m] and `body_quat_w` (T, B, 4), w x y z, have the base first, or
    after the world where the file names its bodies.

    Args:
        path: of the file.
        joint_names: in the order of `joint_pos`, of a file that does not name them. Isaac Lab
            orders joints by their distance from the base, MuJoCo branch by branch.
        fps: frames per second of a file that does not say.

    Raises:
        ConfigError: it cannot be read, an array is missing, or `make_clip` refuses it.
    """
    content = _arrays(path)
    joints = array_of(content, "joint_pos", 0, path)
    if JOINT_NAMES in content and joints.shape[1] == content[JOINT_NAMES].size + _FREE_JOINT:
        joints = joints[:, _FREE_JOINT:]
    names = joints_of(content, joint_names, joints.shape[1], path)
    bodies = content.get("body_names", np.array([], dtype=str)).reshape(-1)
    base = int(len(bodies) > 0 and str(bodies[0]) == _WORLD)
    position = _of_body(array_of(content, "body_pos_w", 3, path), base, "body_pos_w", path)
    turn = _of_body(array_of(content, "body_quat_w", 4, path), base, "body_quat_w", path)
    time = np.arange(len(joints)) / frame_rate(content, fps, path)
    return make_clip(path, time, names, position, turn[:, [1, 2, 3, 0]], joints)


def _of_body(array: np.ndarray, body: int, key: str, path: Path) -> np.ndarray:
    if array.ndim != 3 or array.shape[1] <= body:
        raise ConfigError(
            f"{path}: '{key}' must have dimensions of frames, bodies and coordinates, got shape "
            f"{array.shape}"
        )
    return array[:, body]


def _arrays(path: Path) -> Dict[str, Any]:
    try:
        with open(path, "rb") as file:
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise ValueError("one array, not an archive of arrays")
            found = {name: archive[name] for name in archive.files if name in _KEYS}
            others = {name: None for name in archive.files if name not in _KEYS}
    except Exception as error:  # a damaged one can fail in any way
        raise ConfigError(
            f"{path}: not readable as NPZ of plain arrays: {reason(error)}"
        ) from error
    return {**found, **others}
