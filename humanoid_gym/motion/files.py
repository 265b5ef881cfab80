"""Files of motions: reads those of other programs, writes our own."""

from pathlib import Path
from typing import Callable, Dict, Optional, Sequence, Union

import numpy as np

from humanoid_gym.config import ConfigError
from humanoid_gym.motion.clip import MotionClip
from humanoid_gym.motion.csv_file import csv_content, read_csv
from humanoid_gym.motion.npz_file import read_npz
from humanoid_gym.motion.pickle_file import read_pickle
from humanoid_gym.whole_file import write_atomically

_Reader = Callable[[Path, Optional[Sequence[str]], Optional[float]], MotionClip]
_WRITTEN = ".csv"
_LFS_POINTER = b"version https://git-lfs"
"""What a file begins with that Git left in place of a large one."""
_READERS: Dict[str, _Reader] = {
    _WRITTEN: read_csv,
    ".npz": read_npz,
    ".pkl": read_pickle,
    ".pickle": read_pickle,
}


def read_clip(
    path: Union[str, Path],
    joint_names: Optional[Sequence[str]] = None,
    fps: Optional[float] = None,
) -> MotionClip:
    """Read a motion, by the ending of the file's name; nothing in it is executed.

    Read are our CSV; CSV without a header: base x y z, quaternion x y z w, joints; NPZ with poses
    of all bodies; pickles of NumPy arrays. What a file says of its joints and its rate counts more
    than what is given.

    Args:
        path: `.csv`, `.npz`, `.pkl` or `.pickle`.
        joint_names: of a file that does not name its joints, in its order.
        fps: frames per second of a file that does not say.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: it cannot be read, lacks something, or `make_clip` refuses the motion.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"motion '{path}' not found")
    reader = _READERS.get(path.suffix.lower())
    if reader is None or not path.is_file():
        what = "a folder" if path.is_dir() else f"'{path.suffix}'"
        raise ConfigError(f"{path}: expected a file ending in {', '.join(_READERS)}, got {what}")
    if fps is not None and not (np.isfinite(fps) and fps > 0.0):
        raise ConfigError(f"{path}: expected a rate above 0 frames per second, got {fps:g}")
    try:
        if path.stat().st_size == 0:
            raise ConfigError(f"{path}: the file is empty; expected a motion")
        with path.open("rb") as file:
            if file.read(len(_LFS_POINTER)) == _LFS_POINTER:
                raise ConfigError(f"{path}: a pointer of Git LFS, not the motion; run git lfs pull")
        return reader(path, joint_names, fps)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error


def write_clip(path: Union[str, Path], clip: MotionClip) -> None:
    """Write a motion as CSV that `read_clip` reads, whole or not at all.

    Args:
        path: file to write or replace, `.csv`; its folder is created.
        clip: numbers get 6 decimals.

    Raises:
        ConfigError: another ending, or a joint named like a column of the base.
        OSError: it cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != _WRITTEN:
        raise ConfigError(f"{path}: motions are written as {_WRITTEN}; choose such a name")
    write_atomically(path, csv_content(clip))
