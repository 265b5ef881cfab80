"""Motions as pickles of NumPy arrays, as GMR, TWIST, GMT, ASAP and PBHC write them."""

from pathlib import Path
from typing import Any, Mapping, Optional, Sequence, Tuple

import numpy as np

from humanoid_gym.config import ConfigError
from humanoid_gym.motion.clip import MotionClip, make_clip
from humanoid_gym.motion.restricted_pickle import load_arrays
from humanoid_gym.motion.stored_arrays import array_of, frame_rate, joints_of

_LAYOUTS: Tuple[Tuple[str, str, str], ...] = (
    ("root_pos", "root_rot", "dof_pos"),
    ("root_trans_offset", "root_rot", "dof"),
)
"""Keys of the base's position and orientation, x y z w, and of the joints."""


def read_pickle(
    path: Path, joint_names: Optional[Sequence[str]] = None, fps: Optional[float] = None
) -> MotionClip:
    """Read a pickle of arrays, or what joblib writes; nothing in it is executed.

    Args:
        path: of the file: a dictionary of one motion, or of one such dictionary by its name.
        joint_names: in the file's order, where it does not name them.
        fps: frames per second of a file that does not say.

    Raises:
        ConfigError: it cannot be read, holds something else than plain data, lacks an array, or
            `make_clip` refuses it.
    """
    content = _motion(load_arrays(path), path)
    keys = next((keys for keys in _LAYOUTS if keys[0] in content), _LAYOUTS[0])
    position, orientation = (array_of(content, k, n, path) for k, n in zip(keys, (3, 4)))
    joints = array_of(content, keys[2], 0, path)
    joints = joints[..., 0] if joints.ndim == 3 and joints.shape[-1] == 1 else joints
    names = joints_of(content, joint_names, joints.shape[1], path)
    time = np.arange(len(joints)) / frame_rate(content, fps, path)
    return make_clip(path, time, names, position, orientation, joints)


def _motion(content: Any, path: Path) -> Mapping[str, Any]:  # noqa: ANN401 - what a pickle holds
    if isinstance(content, dict) and not any(keys[0] in content for keys in _LAYOUTS):
        inner = [value for value in content.values() if isinstance(value, dict)]
        if len(inner) > 1:
            raise ConfigError(
                f"{path}: expected one motion, got {len(inner)}; write each to a file of its own"
            )
        content = inner[0] if inner else content
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected a dictionary of arrays, got {type(content).__name__}")
    return content
